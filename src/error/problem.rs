//! A problem as it goes over the wire: `application/problem+json`, RFC 9457.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ApiError, messages};
use crate::http::headers;

/// One thing that is wrong: where it stands and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/lines/0/amount")]
    pub pointer: Option<String>,
    /// Name of a query or path parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Name of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// A stable code for this error.
    #[schema(example = "invalid_value")]
    pub code: String,
    /// What was expected.
    #[schema(example = "expected a decimal string such as \"12.50\"")]
    pub detail: String,
}

impl FieldError {
    /// A wrong field of the body.
    #[must_use]
    pub fn pointer(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError {
            pointer: Some(pointer.into()),
            ..FieldError::bare(code, detail)
        }
    }

    /// A wrong query or path parameter.
    #[must_use]
    pub fn parameter(name: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError {
            parameter: Some(name.into()),
            ..FieldError::bare(code, detail)
        }
    }

    /// A wrong header.
    #[must_use]
    pub fn header(name: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError {
            header: Some(name.into()),
            ..FieldError::bare(code, detail)
        }
    }

    fn bare(code: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError {
            pointer: None,
            parameter: None,
            header: None,
            code: code.into(),
            detail: detail.into(),
        }
    }

    /// "`/lines/0/amount`: expected ..", for the problem's detail.
    #[must_use]
    pub fn sentence(&self) -> String {
        let place = [&self.pointer, &self.parameter, &self.header]
            .into_iter()
            .flatten()
            .next();
        match place {
            Some(place) if !place.is_empty() => format!("{place}: {}", self.detail),
            _ => self.detail.clone(),
        }
    }
}

/// What every refused or failed request answers (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// The page that explains the code, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/problems/limit_exceeded")]
    pub kind: String,
    /// What it is, in a few words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    pub detail: String,
    /// A stable code, for programs.
    #[schema(example = "limit_exceeded")]
    pub code: String,
    /// Find the request in the log by this.
    pub request_id: String,
    /// Each wrong field, parameter or header.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What the till's screen may show, at most 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub till_message: Option<String>,
    /// What the account had left, when that may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Value>,
    /// The account's credit limit, when that may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Value>,
}

impl ApiError {
    /// The problem that goes over the wire.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let details = &self.0;
        let code = details.code;
        Problem {
            kind: format!("/problems/{}", code.as_str()),
            title: messages::title(code, details.language).to_owned(),
            status: code.status().as_u16(),
            detail: details.detail.to_string(),
            code: code.as_str().to_owned(),
            request_id: details.request_id.clone().unwrap_or_default(),
            errors: details.errors.clone(),
            till_message: messages::till_message(code, details.language).map(str::to_owned),
            available: details.members.get("available").cloned(),
            credit_limit: details.members.get("credit_limit").cloned(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(seconds) = self.0.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.0.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if self.0.is_replayed {
            response.insert_header((headers::IDEMPOTENT_REPLAYED, "true"));
        }
        response.json(self.problem())
    }
}
