//! Path parameters: what is not an id can name nothing, so it is a 404.

use actix_web::web::PathConfig;

use crate::error::{ApiError, Code};

/// Answers a path parameter of the wrong form as an unknown thing.
#[must_use]
pub fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|_, request| {
        ApiError::new(Code::NotFound)
            .detail(format!("the path names nothing: {}", expected(request.path())))
            .into()
    })
}

fn expected(path: &str) -> &'static str {
    let mut parts = path.split('/').skip(2);
    match parts.next() {
        Some("accounts") => "an id is a UUID; find an account by its number or name with GET /v1/accounts?q=",
        Some("customers") => "an id is a UUID; find a customer by name or number with GET /v1/customers?q=",
        Some("invoices") => "an id is a UUID; find an invoice by its number with GET /v1/invoices?number=",
        _ => "an id is a UUID, as the answer that made or listed the thing has it",
    }
}
