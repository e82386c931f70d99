//! The contract's frame: what holds for every operation is added here once, so that handlers state only their own.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, Response, SecurityRequirement};
use utoipa::{Modify, OpenApi as _};

use super::examples::{self, Schemas, in_place};
use crate::auth::operations::{Needs, OPERATIONS};
use crate::error::{FieldError, Problem};

const BEARER: &str = "bearer";
const PROBLEM: &str = "application/problem+json";

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
    components(schemas(Problem, FieldError)),
    modifiers(&Frame),
    tags(
        (name = "access", description = "Sign in and out, choose a tenant, see what one may do."),
        (name = "agreement", description = "The data processing agreement."),
        (name = "portal", description = "Tenants, users, keys and terminals."),
        (name = "customers", description = "Who buys on account."),
        (name = "accounts", description = "House accounts, their limits and holders."),
        (name = "till", description = "What a till needs: accounts, sales, refunds, totals."),
        (name = "mutations", description = "The ledger's entries."),
        (name = "statements", description = "What happened on one account in one period."),
        (name = "invoicing", description = "Invoice runs and invoices."),
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
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
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
    let mut general = vec![
        ("406", "`not_acceptable`"),
        ("503", "`service_unavailable`: send the same request again"),
    ];
    if needs == Some(Needs::Nothing) {
        operation.security = Some(Vec::new());
    } else {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
        general.push(("401", "`unauthorized`"));
        general.push(("403", "`forbidden`, `tenant_not_chosen`, `gdpr_agreement_required`"));
    }
    let parameters = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        });
    let (mut has_path, mut has_query, mut has_header) = (false, false, false);
    for parameter in parameters {
        match parameter.parameter_in {
            ParameterIn::Path => has_path = true,
            ParameterIn::Query | ParameterIn::QueryString => has_query = true,
            ParameterIn::Header => has_header = true,
            ParameterIn::Cookie => {}
        }
    }
    if has_path {
        general.push(("404", "`not_found`"));
    }
    let has_body = operation.request_body.is_some();
    if has_body {
        general.extend([("413", "`payload_too_large`"), ("415", "`unsupported_media_type`")]);
    }
    general.push((
        "400",
        "`bad_request`, `malformed_json`, `bad_header`, `bad_cursor`, `unknown_query_parameter`",
    ));
    if has_body || has_query || has_header {
        general.push(("422", "`validation_failed`"));
    }
    for (status, description) in general {
        let status = status.to_owned();
        operation
            .responses
            .responses
            .entry(status)
            .or_insert_with(|| RefOr::T(Response::new(description)));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            complete_response(status, response);
        }
    }
}

fn give_examples(operation: &mut Operation, schemas: &Schemas) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for (media_type, content) in in_place(body.content.iter_mut()) {
            schemas.complete(media_type, content);
        }
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let problem = examples::of_problem(response);
        for (media_type, content) in in_place(response.content.iter_mut()) {
            if media_type == PROBLEM && content.example.is_none() {
                content.example.clone_from(&problem);
            }
            schemas.complete(media_type, content);
        }
    }
}

fn complete_response(status: &str, response: &mut Response) {
    if status.starts_with(['4', '5']) && response.content.is_empty() {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        response.content.insert(PROBLEM.to_owned(), RefOr::T(content));
    }
    if matches!(status, "429" | "503" | "202") {
        let header = HeaderBuilder::new().description(Some("Seconds to wait before the next try."));
        response.headers.insert("Retry-After".to_owned(), header.build().into());
    }
}
