//! The problems that any request can meet: described once in the contract's components, and referred to by every operation
//! that can give them. An operation that has more to say of a status says it itself.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Content, Ref, RefOr, Response};

use super::examples;

pub(super) const PROBLEM: &str = "application/problem+json";

/// Which operations can give a failure.
#[derive(Clone, Copy)]
enum Given {
    Always,
    /// With a token or key.
    Authenticated,
    /// With a path parameter.
    Path,
    Body,
    /// With anything that a client fills in: body, query or header.
    Input,
}

struct Failure {
    /// Its name among the components.
    name: &'static str,
    status: &'static str,
    description: &'static str,
    given: Given,
}

const fn failure(name: &'static str, status: &'static str, description: &'static str, given: Given) -> Failure {
    Failure {
        name,
        status,
        description,
        given,
    }
}

const FAILURES: [Failure; 10] = [
    failure(
        "BadRequest",
        "400",
        "`bad_request`, `malformed_json`, `bad_header`, `bad_cursor`, `unknown_query_parameter`, `idempotency_key_missing`",
        Given::Always,
    ),
    failure("Unauthorized", "401", "`unauthorized`", Given::Authenticated),
    failure(
        "Forbidden",
        "403",
        "`forbidden`, `tenant_not_chosen`, `gdpr_agreement_required`",
        Given::Authenticated,
    ),
    failure("NotFound", "404", "`not_found`", Given::Path),
    failure("NotAcceptable", "406", "`not_acceptable`", Given::Always),
    failure("RequestTimeout", "408", "`request_timeout`", Given::Body),
    failure("PayloadTooLarge", "413", "`payload_too_large`", Given::Body),
    failure("UnsupportedMediaType", "415", "`unsupported_media_type`", Given::Body),
    failure("ValidationFailed", "422", "`validation_failed`", Given::Input),
    failure(
        "ServiceUnavailable",
        "503",
        "`service_unavailable`: send the same request again",
        Given::Always,
    ),
];

/// The responses for the contract's components, by name.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Response>)> {
    FAILURES.iter().map(|failure| {
        let mut response = Response::new(failure.description);
        complete(failure.status, &mut response);
        (failure.name.to_owned(), RefOr::T(response))
    })
}

/// Refers to every failure that the operation can give and does not describe itself.
pub(super) fn add(operation: &mut Operation, is_public: bool) {
    for failure in &FAILURES {
        if can_give(operation, failure.given, is_public) {
            let described = operation.responses.responses.entry(failure.status.to_owned());
            described.or_insert_with(|| RefOr::Ref(Ref::from_response_name(failure.name)));
        }
    }
}

fn can_give(operation: &Operation, given: Given, is_public: bool) -> bool {
    let has = |wanted: &[ParameterIn]| {
        operation.parameters.iter().flatten().any(|parameter| match parameter {
            RefOr::T(parameter) => wanted.contains(&parameter.parameter_in),
            RefOr::Ref(_) => false,
        })
    };
    let has_body = operation.request_body.is_some();
    match given {
        Given::Always => true,
        Given::Authenticated => !is_public,
        Given::Path => has(&[ParameterIn::Path]),
        Given::Body => has_body,
        Given::Input => has_body || has(&[ParameterIn::Query, ParameterIn::QueryString, ParameterIn::Header]),
    }
}

/// Gives a failure its problem with an example, and what waits its `Retry-After`.
pub(super) fn complete(status: &str, response: &mut Response) {
    if status.starts_with(['4', '5']) && response.content.is_empty() {
        let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
        content.example = examples::of_problem(response);
        response.content.insert(PROBLEM.to_owned(), RefOr::T(content));
    }
    if matches!(status, "429" | "503" | "202") {
        let header = HeaderBuilder::new().description(Some("Seconds to wait before the next try."));
        response.headers.insert("Retry-After".to_owned(), header.build().into());
    }
}
