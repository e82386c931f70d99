//! The key that makes a request that moves money safe to send again.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::headers;
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::id::Id;

/// The client's `Idempotency-Key`: a UUID of any version, bare or in quotes. It becomes the id of what is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey(pub Id);

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(IdempotencyKey))
    }
}

fn read(request: &HttpRequest) -> ApiResult<Id> {
    let mut values = request.headers().get_all(headers::IDEMPOTENCY_KEY);
    let value = values
        .next()
        .ok_or_else(|| ApiError::new(Code::IdempotencyKeyMissing))?;
    let bare = |text: &str| {
        let unquoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        unquoted.unwrap_or(text).parse::<Id>().ok()
    };
    let key = value
        .to_str()
        .ok()
        .filter(|_| values.next().is_none())
        .and_then(|text| bare(text.trim()));
    key.ok_or_else(|| {
        let error = FieldError::header("Idempotency-Key", "invalid_value", "expected one UUID");
        ApiError::new(Code::BadHeader).detail(error.sentence()).error(error)
    })
}
