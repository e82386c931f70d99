//! `/v1/accounts`.

mod change;
mod close;
mod holders;
mod list;
mod make;
mod status;

use serde_json::{Value, json};

/// Who changed what, the latest first: `[name, field, old, new]`.
fn told(history: &Value) -> Vec<Value> {
    let items = history["items"].as_array().unwrap();
    let line = |entry: &Value| {
        json!([
            entry["actor_name"],
            entry["field"],
            entry["old_value"],
            entry["new_value"]
        ])
    };
    items.iter().map(line).collect()
}
