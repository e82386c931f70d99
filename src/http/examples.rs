//! Every body of the contract carries an example. Most are composed here from the examples of the schemas they are made
//! of, so that an example is written once, beside the type, and cannot be forgotten.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Content, OpenApi, RefOr, Response};

use crate::error::Code;

const JSON: &str = "application/json";
/// A schema that holds itself has no end.
const DEPTH_MAX: usize = 12;

/// The document's schemas, as JSON.
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    pub(super) fn new(document: &OpenApi) -> Self {
        let schemas = document.components.as_ref().map(|components| &components.schemas);
        let schemas = schemas.and_then(|schemas| serde_json::to_value(schemas).ok());
        Schemas(match schemas {
            Some(Value::Object(schemas)) => schemas,
            _ => Map::new(),
        })
    }

    /// Gives JSON content its example, where it has none of its own.
    pub(super) fn complete(&self, media_type: &str, content: &mut Content) {
        if media_type != JSON || content.example.is_some() || !content.examples.is_empty() {
            return;
        }
        let schema = content
            .schema
            .as_ref()
            .and_then(|schema| serde_json::to_value(schema).ok());
        content.example = schema.and_then(|schema| self.compose(&schema, 0));
    }

    /// The schema's own example; or one made of the examples of its parts; nothing when a part has none.
    fn compose(&self, schema: &Value, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        own_example(schema).or_else(|| self.composed(schema, depth + 1))
    }

    fn composed(&self, schema: &Value, depth: usize) -> Option<Value> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.rsplit('/').next()?;
            return self.compose(self.0.get(name)?, depth);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.compose(part, depth));
            let objects = parts.map(|part| part.and_then(|part| part.as_object().cloned()));
            return Some(Value::Object(
                objects.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect(),
            ));
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(parts) = schema.get(choice).and_then(Value::as_array) {
                return parts
                    .iter()
                    .filter(|part| !is_null(part))
                    .find_map(|part| self.compose(part, depth));
            }
        }
        match type_of(schema)? {
            "object" => self.composed_object(schema, depth),
            "array" => Some(json!([self.compose(schema.get("items")?, depth)?])),
            kind => simple_example(schema, kind),
        }
    }

    fn composed_object(&self, schema: &Value, depth: usize) -> Option<Value> {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
        let mut example = Map::new();
        for (name, property) in properties {
            match self.compose(property, depth) {
                Some(value) => _ = example.insert(name.clone(), value),
                None if is_required(name) => return None,
                None => {}
            }
        }
        Some(Value::Object(example))
    }
}

fn own_example(schema: &Value) -> Option<Value> {
    let first = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_array)
            .and_then(|values| values.first())
    };
    let found = schema
        .get("example")
        .or_else(|| first("examples"))
        .or_else(|| schema.get("default"));
    found.or_else(|| schema.get("const")).or_else(|| first("enum")).cloned()
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// The type, or of `["string", "null"]` the one that is not null.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

/// Values whose form says enough; free text has to be given by its author.
fn simple_example(schema: &Value, kind: &str) -> Option<Value> {
    match (kind, schema.get("format").and_then(Value::as_str)) {
        ("string", Some("uuid")) => Some(json!("019a5f3e-3c00-7000-8000-000000000001")),
        ("string", Some("date-time")) => Some(json!("2026-11-21T09:30:00Z")),
        ("string", Some("date")) => Some(json!("2026-11-21")),
        ("integer", _) => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(1))),
        ("boolean", _) => Some(json!(true)),
        _ => None,
    }
}

/// The problem of a failure whose description begins with its code: "`not_found`: ..".
pub(super) fn of_problem(response: &Response) -> Option<Value> {
    let code = response.description.split('`').nth(1)?;
    let code = Code::ALL.iter().find(|known| known.as_str() == code)?;
    Some(json!({
        "type": format!("/problems/{}", code.as_str()),
        "title": code.title(),
        "status": code.status().as_u16(),
        "detail": code.help(),
        "code": code.as_str(),
        "request_id": "019a5f3e-3c00-7000-8000-0000000000ff",
    }))
}

/// Every content of a body that stands in place.
pub(super) fn in_place<'a, K: 'a>(
    content: impl Iterator<Item = (&'a K, &'a mut RefOr<Content>)>,
) -> impl Iterator<Item = (&'a K, &'a mut Content)> {
    content.filter_map(|(media_type, content)| match content {
        RefOr::T(content) => Some((media_type, content)),
        RefOr::Ref(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(schemas: Value, schema: Value) -> Option<Value> {
        let Value::Object(schemas) = schemas else {
            panic!("not an object")
        };
        Schemas(schemas).compose(&schema, 0)
    }

    #[test]
    fn an_example_is_made_of_the_examples_of_its_parts() {
        let schemas = json!({
            "Item": {"type": "object", "required": ["id", "amount"], "properties": {
                "id": {"type": "string", "format": "uuid"},
                "amount": {"type": "string", "examples": ["12.50"]},
                "note": {"type": ["string", "null"]}}},
        });
        let page = json!({"type": "object", "required": ["items", "next_cursor"], "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
            "next_cursor": {"oneOf": [{"type": "null"}, {"type": "string", "example": "e30"}]}}});
        let item = json!({"id": "019a5f3e-3c00-7000-8000-000000000001", "amount": "12.50"});
        assert_eq!(
            compose(schemas, page),
            Some(json!({"items": [item], "next_cursor": "e30"}))
        );
    }

    #[test]
    fn required_text_without_an_example_gives_none() {
        let schema = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
        assert_eq!(compose(json!({}), schema), None);
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let schemas = json!({"Node": {"type": "object", "required": ["next"], "properties": {
            "next": {"$ref": "#/components/schemas/Node"}}}});
        assert_eq!(compose(schemas, json!({"$ref": "#/components/schemas/Node"})), None);
    }
}
