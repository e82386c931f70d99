//! Header names of the contract, and what every answer carries.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The client's key of a request that moves money.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Set on an answer that was given before under the same key.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The tenant that a portal administrator works in.
pub const ONACCOUNT_TENANT: HeaderName = HeaderName::from_static("onaccount-tenant");
/// Whether a marked workbook is the one that was sent, or a new one.
pub const ONACCOUNT_WORKBOOK: HeaderName = HeaderName::from_static("onaccount-workbook");
/// Names the request in logs and problems.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// `Prefer: wait=10` (RFC 7240): wait for a short job.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Adds what every answer carries, unless the handler chose otherwise: no caching, no sniffing, the request's id.
pub fn complete(headers: &mut HeaderMap, request_id: &str) {
    let mut default = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    default(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    default(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    default(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000"),
    );
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
}
