//! A query string that has the declared parameters and no others.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::error::{ApiError, ApiResult, Code, FieldError};

/// The query as a `T`. What `T` declares in the contract is what is known: any other parameter is refused by name.
#[derive(Debug, Clone)]
pub struct ValidQuery<T>(pub T);

impl<T: DeserializeOwned + IntoParams> FromRequest for ValidQuery<T> {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(ValidQuery))
    }
}

fn parse<T: DeserializeOwned + IntoParams>(query: &str) -> ApiResult<T> {
    let known: Vec<String> = T::into_params(|| None)
        .into_iter()
        .map(|parameter| parameter.name)
        .collect();
    let mut seen = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if !known.contains(&name.clone().into_owned()) {
            let detail = match known.as_slice() {
                [] => "this operation has no query parameters".to_owned(),
                known => format!("unknown; the parameters are {}", known.join(", ")),
            };
            let error = FieldError::parameter(name.clone(), Code::UnknownQueryParameter.as_str(), detail);
            return Err(ApiError::new(Code::UnknownQueryParameter)
                .detail(error.sentence())
                .error(error));
        }
        if seen.contains(&name) {
            return Err(ApiError::parameter(
                name,
                "repeated",
                "given more than once; separate several values by commas",
            ));
        }
        seen.push(name);
    }
    let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let words = error.inner().to_string();
        if let Some(missing) = words
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next())
        {
            return ApiError::parameter(missing, "missing_parameter", "this parameter is required");
        }
        ApiError::parameter(error.path().to_string(), "invalid_value", words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, IntoParams)]
    struct Filter {
        limit: Option<u8>,
        #[allow(dead_code, reason = "declared for the parser")]
        q: Option<String>,
    }

    #[test]
    fn only_declared_parameters_are_known() {
        assert_eq!(parse::<Filter>("limit=7").unwrap().limit, Some(7));
        assert_eq!(
            parse::<Filter>("colour=red").unwrap_err().code(),
            Code::UnknownQueryParameter
        );
        for wrong in ["limit=x", "limit=999", "limit=1&limit=2"] {
            let error = parse::<Filter>(wrong).unwrap_err();
            assert_eq!(error.code(), Code::ValidationFailed, "{wrong}");
            assert_eq!(error.problem().errors[0].parameter.as_deref(), Some("limit"), "{wrong}");
        }
    }
}
