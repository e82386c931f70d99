//! Versions of resources: `ETag` out, `If-Match` in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest};

use crate::error::{ApiError, ApiResult, Code, FieldError};

/// The ETag of a resource: its settings' version, and for an account its last mutation's sequence number.
#[must_use]
pub fn etag(settings_version: i64, last_seq: Option<i64>) -> HeaderValue {
    let text = match last_seq {
        Some(seq) => format!("\"{settings_version}-{seq}\""),
        None => format!("\"{settings_version}\""),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The settings' version that the client has seen. Mutations that came since do not matter: a busy account can still be
/// edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch {
    settings_version: Option<i64>,
}

impl IfMatch {
    /// Refuses when someone changed the settings since.
    ///
    /// # Errors
    /// 412 `precondition_failed`.
    pub fn check(self, settings_version: i64) -> ApiResult<()> {
        match self.settings_version {
            Some(seen) if seen != settings_version => Err(ApiError::new(Code::PreconditionFailed)),
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> ApiResult<IfMatch> {
    let value = request
        .headers()
        .get(header::IF_MATCH)
        .ok_or_else(|| ApiError::new(Code::PreconditionRequired))?;
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(IfMatch { settings_version: None });
    }
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = inner
        .and_then(|inner| inner.split('-').next())
        .and_then(|version| version.parse().ok());
    if let Some(settings_version) = version {
        return Ok(IfMatch {
            settings_version: Some(settings_version),
        });
    }
    let expected = "expected the ETag of the resource, such as \"3-17\"";
    let error = FieldError::header("If-Match", "invalid_value", expected);
    Err(ApiError::new(Code::BadHeader).detail(error.sentence()).error(error))
}
