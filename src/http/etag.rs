//! Versions of resources: `ETag` out, `If-Match` in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

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

/// 200 with the resource and its ETag, or 304 without a body when `If-None-Match` names this version.
#[must_use]
pub fn respond_versioned(request: &HttpRequest, etag: HeaderValue, resource: &impl Serialize) -> HttpResponse {
    if is_seen(request, &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    HttpResponse::Ok().insert_header((header::ETAG, etag)).json(resource)
}

/// The weak comparison of RFC 9110, 13.1.2.
fn is_seen(request: &HttpRequest, etag: &HeaderValue) -> bool {
    let values = request.headers().get_all(header::IF_NONE_MATCH);
    let mut seen = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    seen.any(|seen| {
        let seen = seen.trim();
        seen == "*" || seen.strip_prefix("W/").unwrap_or(seen).as_bytes() == etag.as_bytes()
    })
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

/// [`IfMatch`] where it may be left out: a request that names the state it starts from overwrites nothing unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatchOptional(Option<IfMatch>);

impl IfMatchOptional {
    /// Refuses when the client sent a version and someone changed the settings since.
    ///
    /// # Errors
    /// 412 `precondition_failed`.
    pub fn check(self, settings_version: i64) -> ApiResult<()> {
        self.0.map_or(Ok(()), |seen| seen.check(settings_version))
    }
}

impl FromRequest for IfMatchOptional {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if request.headers().contains_key(header::IF_MATCH) {
            read(request).map(|seen| IfMatchOptional(Some(seen)))
        } else {
            Ok(IfMatchOptional(None))
        })
    }
}

fn is_number(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
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
        .filter(|inner| inner.split('-').count() <= 2 && inner.split('-').all(is_number))
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
