//! Walks the contract, so that an operation nobody thought of cannot be forgotten.

mod access;
pub mod books;
mod document;
mod isolation;

use serde_json::{Value, json};
use ureq::http::Method;

/// One operation of the contract.
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// Its path template: `/v1/accounts/{id}`.
    pub path: String,
    /// What the document says of it.
    pub value: Value,
}

/// The generated document.
pub fn document() -> Value {
    serde_json::to_value(onaccount::app::contract()).unwrap()
}

/// Every operation of the document, in its order.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, value) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse() else {
                panic!("{path}: {method}")
            };
            if !["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&Method::as_str(&method)) {
                continue;
            }
            let id = value["operationId"].as_str().unwrap_or_default().to_owned();
            found.push(Operation {
                id,
                method,
                path: path.clone(),
                value: value.clone(),
            });
        }
    }
    found
}

impl Operation {
    /// `GET /v1/accounts/{id}`, for a message.
    pub fn label(&self) -> String {
        format!("{} {} ({})", self.method, self.path, self.id)
    }

    /// Its parameters of this place, by name.
    pub fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.value["parameters"].as_array();
        all.into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == place)
            .collect()
    }

    /// Whether it can be used without a token.
    pub fn is_public(&self) -> bool {
        self.value["security"].as_array().is_some_and(Vec::is_empty)
    }

    /// The example of its JSON body, when it takes one.
    pub fn body_example(&self) -> Option<Value> {
        let content = &self.value["requestBody"]["content"]["application/json"];
        content.is_object().then(|| content["example"].clone())
    }

    /// The query parameters that have to be there, with a value that fits: `?from=2026-10-15&to=2026-10-15`.
    pub fn required_query(&self) -> String {
        let required = self
            .parameters("query")
            .into_iter()
            .filter(|parameter| parameter["required"] == true);
        let pairs: Vec<String> = required
            .map(|parameter| {
                let name = parameter["name"].as_str().unwrap();
                assert_eq!(
                    parameter["schema"]["$ref"],
                    "#/components/schemas/BusinessDate",
                    "{}: a value for {name}?",
                    self.label()
                );
                format!("{name}=2026-10-15")
            })
            .collect();
        if pairs.is_empty() {
            String::new()
        } else {
            format!("?{}", pairs.join("&"))
        }
    }

    /// Its path with every parameter replaced.
    pub fn path_with(&self, mut value: impl FnMut(&str) -> String) -> String {
        let mut path = self.path.clone();
        for parameter in self.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            path = path.replace(&format!("{{{name}}}"), &value(name));
        }
        assert!(
            !path.contains('{'),
            "{}: a path parameter is not described",
            self.label()
        );
        path
    }
}

/// The schema with what it refers to, on its own.
pub fn whole_schema(document: &Value, schema: &Value) -> Value {
    json!({"allOf": [schema], "components": document["components"]})
}
