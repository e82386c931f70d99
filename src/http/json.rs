//! A JSON body that has the declared shape, or a problem that names the field.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::strict::Strict;
use crate::error::{ApiError, ApiResult, Code, FieldError};

/// The largest body of an ordinary request, in bytes. 500 lines of a sale fit several times.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// A body of type `T`. Unknown fields are refused by `T` itself (`deny_unknown_fields`); what types cannot say, such as
/// a rule across fields, `T` says with `Validate`. It has at most `BYTES_MAX` bytes.
#[derive(Debug, Clone)]
pub struct ValidJson<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<T: DeserializeOwned + Validate + 'static, const BYTES_MAX: usize> FromRequest for ValidJson<T, BYTES_MAX> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let typed = check_content_type(request);
        let declared = declared_length(request);
        let mut payload = payload.take();
        Box::pin(async move {
            typed?;
            let body = read_body(&mut payload, declared, BYTES_MAX).await?;
            Ok(ValidJson(parse_valid(&body)?))
        })
    }
}

/// A part of a body that is judged on its own, as [`ValidJson`] judges a whole one.
///
/// # Errors
/// 422 with pointers into the part.
pub fn parse_valid<T: DeserializeOwned + Validate>(text: &[u8]) -> ApiResult<T> {
    let value: T = parse(text)?;
    value.validate().map_err(|errors| refuse(&errors))?;
    Ok(value)
}

fn check_content_type(request: &HttpRequest) -> ApiResult<()> {
    let content_type = request.content_type();
    if content_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = if content_type.is_empty() {
        "expected Content-Type: application/json, found none".to_owned()
    } else {
        format!("expected Content-Type: application/json, found {content_type}")
    };
    Err(ApiError::new(Code::UnsupportedMediaType).detail(detail))
}

fn declared_length(request: &HttpRequest) -> usize {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    declared.and_then(|text| text.parse().ok()).unwrap_or(0)
}

async fn read_body(payload: &mut Payload, declared: usize, bytes_max: usize) -> ApiResult<web::BytesMut> {
    let too_large =
        || ApiError::new(Code::PayloadTooLarge).detail(format!("the body may have at most {bytes_max} bytes"));
    if declared > bytes_max {
        return Err(too_large());
    }
    let mut body = web::BytesMut::with_capacity(declared);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            ApiError::new(Code::BadRequest)
                .detail("the body broke off")
                .cause(error)
        })?;
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    if body.is_empty() {
        return Err(
            ApiError::new(Code::MalformedJson).detail("the body is empty: expected JSON, as in the contract's example")
        );
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Strict(&mut deserializer)).map_err(|error| {
        let pointer = pointer(error.path());
        refuse_parse(error.inner(), pointer)
    })?;
    deserializer
        .end()
        .map_err(|error| refuse_parse(&error, String::new()))?;
    Ok(value)
}

fn refuse_parse(error: &serde_json::Error, pointer: String) -> ApiError {
    let message = error.to_string();
    if !error.is_data() {
        return ApiError::new(Code::MalformedJson).detail(format!("the body is not JSON: {message}"));
    }
    // serde_json ends its messages with the place; the pointer says it better.
    let words = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(words, _)| words);
    let named = |prefix: &str| {
        words
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
            .map(|name| format!("{pointer}/{name}"))
    };
    if let Some(unknown) = words
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next())
    {
        // The path already ends with the unknown field's name.
        let pointer = if pointer.ends_with(&format!("/{unknown}")) {
            pointer
        } else {
            format!("{pointer}/{unknown}")
        };
        return ApiError::field(pointer, "unknown_field", words);
    }
    if let Some(missing) = named("missing field `") {
        return ApiError::field(missing, "missing_field", "this field is required");
    }
    ApiError::field(pointer, "invalid_value", words)
}

/// The JSON pointer (RFC 6901) of a path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

fn refuse(errors: &ValidationErrors) -> ApiError {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    let detail = found.first().map(FieldError::sentence).unwrap_or_default();
    found
        .into_iter()
        .fold(ApiError::new(Code::ValidationFailed).detail(detail), ApiError::error)
}

fn collect(errors: &ValidationErrors, prefix: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        // A rule across fields stands under `__all__`: it points at the whole.
        let pointer = if field == "__all__" {
            prefix.to_owned()
        } else {
            format!("{prefix}/{field}")
        };
        match kind {
            ValidationErrorsKind::Field(errors) => found.extend(errors.iter().map(|error| {
                let detail = error
                    .message
                    .as_deref()
                    .unwrap_or("this value is not allowed")
                    .to_owned();
                FieldError::pointer(pointer.clone(), error.code.to_string(), detail)
            })),
            ValidationErrorsKind::Struct(inner) => collect(inner, &pointer, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{pointer}/{index}"), found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[allow(dead_code, reason = "read by the parser only")]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[allow(dead_code, reason = "read by the parser only")]
        amount: i64,
    }

    fn refused(body: &str) -> (Code, String) {
        let error = parse::<Order>(body.as_bytes()).unwrap_err();
        let pointer = error.problem().errors.first().and_then(|error| error.pointer.clone());
        (error.code(), pointer.unwrap_or_default())
    }

    #[test]
    fn the_pointer_names_the_field() {
        assert_eq!(
            refused(r#"{"lines":[{"amount":1},{"amount":"x"}]}"#),
            (Code::ValidationFailed, "/lines/1/amount".into())
        );
        assert_eq!(
            refused(r#"{"lines":[{"amount":1,"colour":2}]}"#),
            (Code::ValidationFailed, "/lines/0/colour".into())
        );
        assert_eq!(
            refused(r#"{"lines":[{}]}"#),
            (Code::ValidationFailed, "/lines/0/amount".into())
        );
        assert_eq!(refused(r#"{"lines":[]"#), (Code::MalformedJson, String::new()));
        assert_eq!(refused(r#"{"lines":[]} x"#), (Code::MalformedJson, String::new()));
        assert_eq!(refused("[]").0, Code::ValidationFailed);
        let empty = parse::<Order>(b"").unwrap_err();
        assert!(empty.to_string().contains("the body is empty"), "{empty}");
    }
}
