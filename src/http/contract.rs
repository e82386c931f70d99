//! The contract as the running server uses it: which methods a path knows, and which media types an operation answers.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, PathItem, RefOr};

use super::negotiation;
use crate::app::AppState;
use crate::error::{ApiError, ApiResult, Code, FieldError};

/// An index of the contract, made once at start from the same list of routes that is served.
#[derive(Debug, Default)]
pub struct Contract {
    /// By method and path template: the media types of its 2xx answers.
    produces: HashMap<(Method, String), Vec<String>>,
    /// By method and path template: the operation's name.
    operation_ids: HashMap<(Method, String), String>,
    /// Those that have no query parameters.
    without_query: HashSet<(Method, String)>,
    paths: Vec<(Vec<String>, Vec<Method>)>,
    /// The methods of the paths that have no parameters.
    literal_paths: HashMap<String, Vec<Method>>,
}

/// The path template that a request was routed to. Matching it anew costs as much as routing did, so it is done once.
#[derive(Debug, Clone)]
struct Template(Option<Rc<str>>);

/// The path template of a request, `None` when no route takes it.
#[must_use]
pub fn template(request: &HttpRequest) -> Option<Rc<str>> {
    if let Some(Template(known)) = request.extensions().get::<Template>() {
        return known.clone();
    }
    let found = request.match_pattern().map(Rc::from);
    request.extensions_mut().insert(Template(found.clone()));
    found
}

impl Contract {
    /// Reads the generated document.
    #[must_use]
    pub fn new(document: &OpenApi) -> Self {
        let mut contract = Contract::default();
        for (path, item) in &document.paths.paths {
            let operations = operations(item);
            for (method, operation) in &operations {
                if !has_query(operation) {
                    contract.without_query.insert((method.clone(), path.clone()));
                }
                if let Some(id) = &operation.operation_id {
                    contract
                        .operation_ids
                        .insert((method.clone(), path.clone()), id.clone());
                }
                contract
                    .produces
                    .insert((method.clone(), path.clone()), media_types(operation));
            }
            let methods: Vec<Method> = operations.into_iter().map(|(method, _)| method).collect();
            if !path.contains('{') {
                contract.literal_paths.insert(path.clone(), methods.clone());
            }
            let segments = path.split('/').map(str::to_owned).collect();
            contract.paths.push((segments, methods));
        }
        contract
    }

    /// The methods of the path that a request names, as an `Allow` header; nothing when no path fits.
    #[must_use]
    pub fn allowed_methods(&self, path: &str) -> Option<String> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |template: &[String]| {
            template.len() == asked.len()
                && template
                    .iter()
                    .zip(&asked)
                    .all(|(part, asked)| part == asked || (part.starts_with('{') && !asked.is_empty()))
        };
        // A path without parameters is meant before one with them: /v1/sessions/current before /v1/sessions/{id}.
        let mut fitting: Vec<_> = self.paths.iter().filter(|(template, _)| fits(template)).collect();
        fitting.sort_by_key(|(template, _)| template.iter().filter(|part| part.starts_with('{')).count());
        let (_, methods) = fitting.first()?;
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        names.sort_unstable();
        Some(names.join(", "))
    }

    /// The name of the operation that stands at a path template, `None` when it is none of the contract.
    #[must_use]
    pub fn operation_id(&self, method: &Method, template: &str) -> Option<&str> {
        let key = (method.clone(), template.to_owned());
        self.operation_ids.get(&key).map(String::as_str)
    }

    /// The media types that the request's operation answers with, or `None` when it is no operation of the contract.
    #[must_use]
    pub fn produced(&self, request: &HttpRequest) -> Option<&[String]> {
        let key = (request.method().clone(), template(request)?.to_string());
        self.produces.get(&key).map(Vec::as_slice)
    }

    /// Refuses a query of an operation that has no query parameters. Where there are some, `ValidQuery` knows their names.
    ///
    /// # Errors
    /// 400 `unknown_query_parameter`, naming the first.
    pub fn check_query(&self, request: &HttpRequest) -> ApiResult<()> {
        let Some(name) = url::form_urlencoded::parse(request.query_string().as_bytes()).next() else {
            return Ok(());
        };
        let key = template(request).map(|template| (request.method().clone(), template.to_string()));
        if !key.is_some_and(|key| self.without_query.contains(&key)) {
            return Ok(());
        }
        let code = Code::UnknownQueryParameter;
        let error = FieldError::parameter(name.0, code.as_str(), "this operation has no query parameters");
        Err(ApiError::new(code).detail(error.sentence()).error(error))
    }

    /// Whether the path stands in the contract as it is, without parameters, and does not know the method: then no path with
    /// parameters is meant either.
    #[must_use]
    fn refuses_method(&self, path: &str, method: &Method) -> bool {
        self.literal_paths
            .get(path)
            .is_some_and(|methods| !methods.contains(method))
    }

    /// Refuses a request whose `Accept` leaves none of the operation's media types.
    ///
    /// # Errors
    /// 406 `not_acceptable`, naming what can be had.
    pub fn check_accept(&self, request: &HttpRequest) -> ApiResult<()> {
        let produced = self.produced(request).unwrap_or_default();
        let offered: Vec<&str> = produced.iter().map(String::as_str).collect();
        let accepted = negotiation::accept_header(request);
        if offered.is_empty() || negotiation::best(&accepted, &offered).is_some() {
            Ok(())
        } else {
            Err(negotiation::not_acceptable(&offered))
        }
    }
}

/// Answers 405 where a path such as `/v1/sessions/refresh` does not know the method, before `/v1/sessions/{id}` takes it.
///
/// # Errors
/// 405 `method_not_allowed`, with `Allow`.
pub async fn check_method(
    app: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if app.contract.refuses_method(request.path(), request.method()) {
        return Err(method_not_allowed(&app.contract, request.path()).into());
    }
    next.call(request).await
}

/// 405 for a path that knows other methods, 404 for one that knows none.
#[must_use]
pub fn method_not_allowed(contract: &Contract, path: &str) -> ApiError {
    match contract.allowed_methods(path) {
        Some(methods) => ApiError::new(Code::MethodNotAllowed)
            .detail(format!("{path} knows {methods}"))
            .allow(methods),
        None => ApiError::new(Code::NotFound).detail("no route has this path; the contract is at /openapi.json"),
    }
}

fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
        .collect()
}

fn has_query(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query | ParameterIn::QueryString),
        RefOr::Ref(_) => true,
    })
}

fn media_types(operation: &Operation) -> Vec<String> {
    let good = operation
        .responses
        .responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'));
    let mut types: Vec<String> = Vec::new();
    for (_, response) in good {
        if let RefOr::T(response) = response {
            types.extend(response.content.keys().cloned());
        }
    }
    types.dedup();
    types
}
