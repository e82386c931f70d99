//! Links of the contract: an answer that something was made says which operations take its id.

use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::{OpenApi, RefOr, Response};

/// The statuses that answer what was made, or is being made.
const MADE: [&str; 2] = ["201", "202"];

/// Something that an answer names: the answer's schema, the path of what it names, and where the answer has its id, which is
/// the last parameter of that path. The parameters before it are those of the request.
struct Named(&'static str, &'static str, &'static str);

const NAMED: [Named; 14] = [
    Named("Account", "/v1/accounts/{id}", "/id"),
    Named("ApiKeyWithSecret", "/v1/api-keys/{id}", "/id"),
    Named("CustomerWithLinks", "/v1/customers/{id}", "/id"),
    Named("Import", "/v1/imports/{id}", "/id"),
    Named("Invoice", "/v1/invoices/{id}", "/id"),
    Named("InvoiceRun", "/v1/invoice-runs/{id}", "/id"),
    Named("InvoiceRun", "/v1/jobs/{id}", "/job/id"),
    Named("Mutation", "/v1/mutations/{id}", "/id"),
    Named("Sale", "/v1/sales/{id}", "/id"),
    Named("SessionTokens", "/v1/sessions/{id}", "/id"),
    Named("Tenant", "/v1/tenants/{id}", "/id"),
    Named("Terminal", "/v1/terminals/{id}", "/id"),
    Named("TerminalKeyWithSecret", "/v1/terminals/{id}/keys/{key_id}", "/id"),
    Named("User", "/v1/users/{id}", "/id"),
];

/// An operation that a link can lead to.
struct Target {
    id: String,
    summary: String,
    path: String,
}

/// Adds the links to every answer of the document.
pub(super) fn add(document: &mut OpenApi) {
    let targets: Vec<Target> = document
        .paths
        .paths
        .iter_mut()
        .flat_map(|(path, item)| super::openapi::operations(item).map(move |operation| (path.clone(), operation)))
        .map(|(path, operation)| Target {
            id: operation.operation_id.clone().unwrap_or_default(),
            summary: operation.summary.clone().unwrap_or_default(),
            path,
        })
        .collect();
    for item in document.paths.paths.values_mut() {
        for operation in super::openapi::operations(item) {
            for status in MADE {
                if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                    add_to(response, status, &targets);
                }
            }
        }
    }
}

fn add_to(response: &mut Response, status: &str, targets: &[Target]) {
    let Some(schema) = schema_of(response) else { return };
    for named in NAMED.iter().filter(|named| named.0 == schema) {
        let of_it = targets.iter().filter(|target| is_of(&target.path, named.1));
        for target in of_it.filter(|target| is_there(&target.path, status)) {
            response
                .links
                .insert(target.id.clone(), RefOr::T(link(target, named).build()));
        }
    }
}

/// Whether the path is that of the thing, or one below it that takes no further id.
fn is_of(path: &str, thing: &str) -> bool {
    path.strip_prefix(thing)
        .is_some_and(|below| (below.is_empty() || below.starts_with('/')) && !below.contains('{'))
}

/// Whether what is below the thing is there when it is answered with this status: a job is, once it was asked for.
fn is_there(path: &str, status: &str) -> bool {
    status == "202" || !path.ends_with("/job")
}

fn link(target: &Target, named: &Named) -> LinkBuilder {
    let mut parameters: Vec<&str> = named.1.split('/').filter_map(parameter_of).collect();
    let own = parameters.pop().unwrap_or_default();
    let link = LinkBuilder::new()
        .operation_id(&target.id)
        .description(&target.summary)
        .parameter(own, format!("$response.body#{}", named.2));
    parameters
        .into_iter()
        .fold(link, |link, name| link.parameter(name, format!("$request.path.{name}")))
}

fn parameter_of(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn schema_of(response: &Response) -> Option<String> {
    let RefOr::T(content) = response.content.get("application/json")? else {
        return None;
    };
    let Some(RefOr::Ref(reference)) = &content.schema else {
        return None;
    };
    reference.ref_location.rsplit('/').next().map(str::to_owned)
}
