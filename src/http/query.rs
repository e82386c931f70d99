//! A query string that has the declared parameters and no others.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::table::CsvOptions;
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::period::{Period, PeriodError};

/// The query as a `T`. What `T` declares in the contract is what is known: any other parameter is refused by name.
#[derive(Debug, Clone)]
pub struct ValidQuery<T>(pub T);

impl<T: DeserializeOwned + IntoParams> FromRequest for ValidQuery<T> {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        ready(
            check_names(query, &names::<T>())
                .and_then(|()| parse(query))
                .map(ValidQuery),
        )
    }
}

/// The query of an operation that answers a table: a `T`, and how the CSV is to be written.
#[derive(Debug, Clone)]
pub struct TableQuery<T>(pub T, pub CsvOptions);

impl<T: DeserializeOwned + IntoParams> FromRequest for TableQuery<T> {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_table(request.query_string()))
    }
}

/// The period of the parameters `from` and `to`.
///
/// # Errors
/// 422, naming `to`, when it is before `from` or too far after it.
pub fn period_of(from: NaiveDate, to: NaiveDate) -> ApiResult<Period> {
    Period::try_new(from, to).map_err(|error| {
        let code = match error {
            PeriodError::TurnedRound { .. } => "period_turned_round",
            PeriodError::TooLong { .. } => "period_too_long",
        };
        ApiError::parameter("to", code, error.to_string())
    })
}

fn parse_table<T: DeserializeOwned + IntoParams>(query: &str) -> ApiResult<TableQuery<T>> {
    let mut known = names::<T>();
    known.extend(names::<CsvOptions>());
    check_names(query, &known)?;
    Ok(TableQuery(parse(query)?, parse(query)?))
}

/// The names of the parameters that `T` declares in the contract.
fn names<T: IntoParams>() -> Vec<String> {
    let parameters = T::into_params(|| None).into_iter();
    parameters.map(|parameter| parameter.name).collect()
}

fn check_names(query: &str, known: &[String]) -> ApiResult<()> {
    let mut seen = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        if !known.iter().any(|known| *known == name) {
            let detail = match known {
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
    Ok(())
}

/// Reads the parameters of `T`; the names are checked already.
fn parse<T: DeserializeOwned + IntoParams>(query: &str) -> ApiResult<T> {
    let known = names::<T>();
    let own: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| known.iter().any(|known| known == name))
        .collect();
    let own = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(own)
        .finish();
    let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(own.as_bytes()));
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
    use crate::http::table::{DecimalMark, Delimiter};
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
            check_names("colour=red", &names::<Filter>()).unwrap_err().code(),
            Code::UnknownQueryParameter
        );
        for wrong in ["limit=x", "limit=999", "limit=1&limit=2"] {
            let checked = check_names(wrong, &names::<Filter>()).and_then(|()| parse::<Filter>(wrong));
            let error = checked.unwrap_err();
            assert_eq!(error.code(), Code::ValidationFailed, "{wrong}");
            assert_eq!(error.problem().errors[0].parameter.as_deref(), Some("limit"), "{wrong}");
        }
    }

    #[test]
    fn a_table_also_knows_how_its_csv_is_written() {
        let TableQuery(filter, options) = parse_table::<Filter>("delimiter=;&limit=7&bom=true&decimal=comma").unwrap();
        assert_eq!(filter.limit, Some(7));
        assert_eq!(
            (options.delimiter, options.bom),
            (Some(Delimiter::Semicolon), Some(true))
        );
        assert_eq!(options.decimal, Some(DecimalMark::Comma));
        let unknown = parse_table::<Filter>("colour=red").unwrap_err();
        assert_eq!(unknown.code(), Code::UnknownQueryParameter);
        assert!(
            unknown.problem().detail.contains("limit, q, delimiter, decimal, bom"),
            "{unknown}"
        );
        for (wrong, parameter) in [
            ("delimiter=x", "delimiter"),
            ("decimal=dot", "decimal"),
            ("bom=1", "bom"),
            ("limit=x", "limit"),
        ] {
            let error = parse_table::<Filter>(wrong).unwrap_err();
            assert_eq!(
                error.problem().errors[0].parameter.as_deref(),
                Some(parameter),
                "{wrong}"
            );
        }
    }
}
