//! The contract's frame: what holds for every operation is added here once, so that handlers state only their own.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Object, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, Ref, RefOr, SecurityRequirement};
use utoipa::{Modify, OpenApi as _};

use super::examples::{Schemas, in_place};
use super::{Cursor, PageLimit, failures, links, parameters};
use crate::auth::operations::{Needs, OPERATIONS};
use crate::error::{FieldError, Problem};

const BEARER: &str = "bearer";
/// How utoipa names the page of a list.
const PAGE_OF: &str = "Page_";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "onaccount",
        description = "House accounts for tills: known customers buy now and pay by invoice.\n\n\
            Money is a decimal string (`\"12.50\"`), never a JSON number. Days are business dates. Every request that moves money \
            carries an `Idempotency-Key`: send the same key again after a lost connection, and nothing is posted twice. \
            Errors are RFC 9457 problems; `code` is stable, and `/problems/<code>` explains it.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(name = "onaccount", url = "https://github.com/onaccount/onaccount"),
    ),
    servers((url = "/", description = "This server")),
    components(schemas(Problem, FieldError, Cursor, PageLimit)),
    modifiers(&Frame),
    tags(
        (name = "access", description = "Sign in and out, choose a tenant, see what one may do."),
        (name = "agreement", description = "The data processing agreement."),
        (name = "portal", description = "Tenants, users, keys and terminals."),
        (name = "customers", description = "Who buys on account."),
        (name = "own", description = "What a customer sees of their own, and looking at it."),
        (name = "accounts", description = "House accounts, their limits and holders."),
        (name = "till", description = "What a till needs: accounts, sales, refunds, totals."),
        (name = "mutations", description = "The ledger's entries."),
        (name = "statements", description = "What happened on one account in one period."),
        (name = "invoicing", description = "Invoice runs and invoices."),
        (name = "imports", description = "Customers and accounts from spreadsheets."),
        (name = "jobs", description = "Long work and its progress."),
    )
)]
struct Base;

struct Frame;

impl Modify for Frame {
    fn modify(&self, document: &mut OpenApi) {
        let description = "An access token of a user, or the key of a terminal or script.";
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(description))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
}

/// The document that operations are added to.
#[must_use]
pub fn base() -> OpenApi {
    Base::openapi()
}

/// Adds to every operation its security and the problems that any request can meet.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    let schemas = Schemas::new(&document);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            complete_operation(operation);
            give_examples(operation, &schemas);
        }
    }
    links::add(&mut document);
    let components = document.components.get_or_insert_default();
    components.responses.extend(failures::components());
    for (name, schema) in &mut components.schemas {
        if let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix(PAGE_OF), schema) {
            refer_to_items(page, item);
        }
    }
    document
}

/// A page names the schema of its items; utoipa writes it out.
fn refer_to_items(page: &mut Object, item: &str) {
    if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
        items.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
    }
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn complete_operation(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let needs = OPERATIONS
        .iter()
        .find(|(operation, _)| *operation == id)
        .map(|(_, needs)| *needs);
    if let Some(tags) = &mut operation.tags {
        tags.dedup();
    }
    if let Some(Needs::Permission(permission)) = needs {
        let description = operation.description.take().unwrap_or_default();
        operation.description = Some(format!("{description}\n\nPermission: `{permission}`."));
    }
    let is_public = needs == Some(Needs::Nothing);
    let bearer = || SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, []);
    operation.security = Some(if is_public { Vec::new() } else { vec![bearer()] });
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            failures::complete(status, response);
        }
    }
    parameters::complete(operation);
    failures::add(operation, is_public);
}

fn give_examples(operation: &mut Operation, schemas: &Schemas) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (media_type, content) in in_place(body.content.iter_mut()) {
            schemas.complete(media_type, content);
        }
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for (media_type, content) in in_place(response.content.iter_mut()) {
            schemas.complete(media_type, content);
        }
    }
}
