//! The parameters of the contract: the headers that many operations share have one schema each, and no parameter is null.

use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};

/// The headers' schemas; whether one is required, each operation says.
fn header_schema(name: &str) -> Option<Value> {
    Some(match name {
        "If-Match" => json!({
            "type": "string", "pattern": "^(\\*|\"[0-9]{1,18}(-[0-9]{1,18})?\")$", "examples": ["\"3-17\""],
        }),
        "If-None-Match" => json!({"type": "string", "examples": ["\"3-17\""]}),
        "Prefer" => json!({"type": "string", "examples": ["wait=10"]}),
        _ => return None,
    })
}

/// Gives every parameter of the operation the schema of what can be sent.
pub(super) fn complete(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            complete_parameter(parameter);
        }
    }
}

fn complete_parameter(parameter: &mut Parameter) {
    let known = match parameter.parameter_in {
        ParameterIn::Header => header_schema(&parameter.name),
        _ => None,
    };
    let given = parameter
        .schema
        .as_ref()
        .and_then(|schema| serde_json::to_value(schema).ok());
    let schema = known.or_else(|| given.map(without_null));
    if let Some(schema) = schema.and_then(|schema| serde_json::from_value::<RefOr<Schema>>(schema).ok()) {
        parameter.schema = Some(schema);
    }
}

/// A parameter that is left out is left out: there is no null in a URL or header, and no list without a value.
fn without_null(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else {
        return schema;
    };
    if let Some(kinds) = schema.get_mut("type") {
        *kinds = without_null_kind(kinds.take());
    }
    if schema.get("type").is_some_and(|kind| kind == "array") {
        schema.entry("minItems").or_insert(json!(1));
    }
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [only] = choices.as_slice() {
            return only.clone();
        }
    }
    Value::Object(schema)
}

fn without_null_kind(kinds: Value) -> Value {
    let Value::Array(mut kinds) = kinds else { return kinds };
    kinds.retain(|kind| kind != "null");
    match kinds.as_slice() {
        [only] => only.clone(),
        _ => Value::Array(kinds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_is_null() {
        assert_eq!(
            without_null(json!({"type": ["string", "null"], "maxLength": 3})),
            json!({"type": "string", "maxLength": 3})
        );
        assert_eq!(
            without_null(json!({"type": ["array", "null"]})),
            json!({"type": "array", "minItems": 1})
        );
        let reference = json!({"$ref": "#/components/schemas/Cursor"});
        assert_eq!(without_null(json!({"oneOf": [{"type": "null"}, reference]})), reference);
        assert_eq!(without_null(reference.clone()), reference);
    }
}
