//! The outermost middleware: names the request, catches panics, turns every failure into a problem, and logs one line.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;

use super::contract::template;
use super::pace::Pace;
use super::waiting::{Connection, until_sent};
use super::{Language, headers};
use crate::app::AppState;
use crate::error::{ApiError, Code};

const REQUEST_ID_LENGTH_MAX: usize = 100;

/// The id of the request, for those who log or answer within it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Wraps the whole application.
///
/// # Errors
/// Only after a panic, with a complete problem as its answer.
pub async fn boundary(
    app: web::Data<AppState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let request_id = request_id(request.headers(), &app);
    let language = Language::of(request.headers());
    let method = request.method().clone();
    let path = request.path().to_owned();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let work = request.conn_data::<Connection>().map(Connection::begin_work);
    let pace = Pace::set(&mut request);
    // At the level of errors, so that they say whose request they are about whatever else is logged.
    let span = tracing::error_span!("request", request_id, %method, path, tenant = Empty);

    let answered = AssertUnwindSafe(next.call(request))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let _entered = span.entered();
    let outcome = match (pace.refusal(), answered) {
        (Some(too_slow), _) => Err(too_slow),
        (None, Ok(Ok(response))) => Ok(finish(response.map_into_boxed_body(), &request_id, language)),
        (None, Ok(Err(error))) => Err(as_api_error(&error)),
        (None, Err(panic)) => Err(ApiError::panicked(panic.as_ref())),
    };
    let status = outcome
        .as_ref()
        .map_or_else(ResponseError::status_code, ServiceResponse::status);
    let elapsed = started.elapsed();
    let elapsed_ms = elapsed.as_millis();
    let route = outcome.as_ref().ok().and_then(|response| template(response.request()));
    let operation = route
        .as_ref()
        .and_then(|route| app.contract.operation_id(&method, route));
    app.metrics
        .http
        .answered(method.as_str(), route.as_deref(), status.as_u16(), elapsed);
    let failure = match &outcome {
        Err(error) => Some(error),
        Ok(response) => response
            .response()
            .error()
            .and_then(|error| error.as_error::<ApiError>()),
    };
    if let Some(error) = failure {
        log_failure(error, operation);
    }
    tracing::info!(operation, status = status.as_u16(), elapsed_ms, "answered");
    let outcome = outcome.map(|response| response.map_body(|_, body| until_sent(body, work)));
    outcome.map_err(|error| {
        Failed {
            error: error.with_request(&request_id, language),
            request_id,
        }
        .into()
    })
}

/// A failure that left the application without a response of its own: answers like any other problem.
#[derive(Debug)]
struct Failed {
    error: ApiError,
    request_id: String,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        headers::complete(response.headers_mut(), &self.request_id);
        response
    }
}

fn request_id(headers: &HeaderMap, app: &AppState) -> String {
    let is_safe = |id: &&str| {
        (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let sent = headers
        .get(headers::X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(is_safe);
    sent.map_or_else(|| app.clock.new_id().to_string(), str::to_owned)
}

/// Renders the problem with the request's id and language, and completes the headers.
fn finish(response: ServiceResponse<BoxBody>, request_id: &str, language: Language) -> ServiceResponse<BoxBody> {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/problem+json");
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    let ours = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>())
        .map(ApiError::copy);
    let mut response = match ours {
        Some(error) => with_problem(response, error.with_request(request_id, language)),
        None if is_failure && !is_problem => {
            let error = ApiError::new(code_of(response.status()));
            with_problem(response, error.with_request(request_id, language))
        }
        None => response,
    };
    headers::complete(response.headers_mut(), request_id);
    response
}

/// Puts the problem in the place of the answer; headers that others set (CORS) stay.
fn with_problem(response: ServiceResponse<BoxBody>, error: ApiError) -> ServiceResponse<BoxBody> {
    let (request, old) = response.into_parts();
    let mut new = HttpResponse::from_error(error);
    for (name, value) in old.headers() {
        if !new.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

fn as_api_error(error: &Error) -> ApiError {
    match error.as_error::<ApiError>() {
        Some(error) => error.copy(),
        None => ApiError::new(code_of(error.as_response_error().status_code())).cause(error),
    }
}

/// The code for a failure that the framework answered.
fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Code::HeaderTooLarge,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    }
}

fn log_failure(error: &ApiError, operation: Option<&str>) {
    let code = error.code().as_str();
    match error.cause_text() {
        Some(cause) if error.status_code().is_server_error() => tracing::error!(operation, code, cause, "failed"),
        _ => tracing::debug!(operation, code, "refused"),
    }
}
