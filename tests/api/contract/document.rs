//! What the document says of every operation, whether it is true of the code, and whether its examples are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Operation, document, operations, whole_schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Collects what is wrong, so that one run tells everything.
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }

    #[track_caller]
    fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let committed = fs::read_to_string(root().join("openapi/openapi.json")).unwrap();
    let generated = format!(
        "{}\n",
        serde_json::to_string_pretty(&onaccount::app::contract()).unwrap()
    );
    assert!(
        committed == generated,
        "stale: cargo run -- openapi > openapi/openapi.json"
    );
}

#[test]
fn every_operation_says_what_it_is() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let mut findings = Findings(Vec::new());
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let label = operation.label();
        let text = |name: &str| operation.value[name].as_str().unwrap_or_default().to_owned();
        findings.check(ids.insert(operation.id.clone()), || {
            format!("{label}: the operationId is not unique")
        });
        findings.check(is_verb_noun(&operation.id), || {
            format!("{label}: operationId is not verb_noun")
        });
        let summary = text("summary");
        findings.check((3..=80).contains(&summary.len()) && !summary.ends_with('.'), || {
            format!("{label}: summary {summary:?}")
        });
        findings.check(text("description").len() >= 20, || {
            format!("{label}: hardly a description")
        });
        let used: Vec<&str> = operation.value["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        findings.check(used.len() == 1 && tags.contains(used[0]), || {
            format!("{label}: tags {used:?}")
        });
        findings.check(operation.value["security"].is_array(), || {
            format!("{label}: security is not said")
        });
    }
    assert!(ids.len() > 1, "the document has no operations");
    findings.assert_none();
}

/// `{id}` is the id of what the path begins with, and a further id says whose it is: `/accounts/{id}/holders/{customer_id}`.
#[test]
fn path_parameters_follow_one_rule() {
    let mut findings = Findings(Vec::new());
    let mut seen = 0;
    for operation in operations(&document()) {
        let segments = operation.path.split('/');
        let names: Vec<&str> = segments
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        seen += names.len();
        let follow = |(place, name): (usize, &&str)| match place {
            0 => *name == "id",
            _ => name.ends_with("_id"),
        };
        findings.check(names.iter().enumerate().all(follow), || {
            format!("{}: path parameters {names:?}", operation.label())
        });
    }
    assert!(seen > 1, "no path has a parameter");
    findings.assert_none();
}

/// Whoever makes something is told what can be done with it.
#[test]
fn an_answer_that_says_where_to_find_what_was_made_has_links() {
    let document = document();
    let all = operations(&document);
    let mut findings = Findings(Vec::new());
    for operation in &all {
        let Some(made) = operation.value["responses"].get("201") else {
            continue;
        };
        let links = made["links"].as_object().cloned().unwrap_or_default();
        let has_location = made["headers"]["Location"].is_object();
        findings.check(links.is_empty() != has_location, || {
            format!("{}: Location is {has_location}, links are {links:?}", operation.label())
        });
        for (name, link) in &links {
            let target = all.iter().find(|target| link["operationId"] == target.id);
            let wanted: Option<BTreeSet<&str>> = target.map(|target| {
                let parameters = target.parameters("path");
                parameters
                    .iter()
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect()
            });
            let given = link["parameters"].as_object().unwrap();
            findings.check(wanted == Some(given.keys().map(String::as_str).collect()), || {
                format!(
                    "{}: link {name} gives {given:?}, {wanted:?} is wanted",
                    operation.label()
                )
            });
        }
    }
    findings.assert_none();
}

fn is_verb_noun(id: &str) -> bool {
    id.split('_').count() >= 2
        && id
            .split('_')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// A frontend developer finds the handler by the operationId, and the other way round.
#[test]
fn every_operation_is_named_after_its_handler() {
    let mut handlers = BTreeSet::new();
    collect_functions(&root().join("src"), &mut handlers);
    let unknown: Vec<String> = operations(&document())
        .into_iter()
        .filter(|operation| !handlers.contains(&operation.id))
        .map(|o| o.label())
        .collect();
    assert!(unknown.is_empty(), "no handler has the name of {unknown:?}");
}

fn collect_functions(path: &Path, names: &mut BTreeSet<String>) {
    if path.is_dir() {
        for child in fs::read_dir(path).unwrap() {
            collect_functions(&child.unwrap().path(), names);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).unwrap();
        let starts = text.split("pub async fn ").skip(1);
        names.extend(starts.map(|rest| rest.split(['(', '<']).next().unwrap_or_default().to_owned()));
    }
}

#[test]
fn every_operation_names_the_errors_it_can_give() {
    let document = document();
    let mut findings = Findings(Vec::new());
    for operation in operations(&document) {
        for status in expected_errors(&operation) {
            let response = resolved(&document, &operation.value["responses"][status]);
            let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
            findings.check(problem == "#/components/schemas/Problem", || {
                format!("{}: {status} is missing, or is no problem", operation.label())
            });
        }
        let answers = operation.value["responses"].as_object().unwrap();
        findings.check(answers.keys().any(|status| status.starts_with('2')), || {
            format!("{}: no 2xx", operation.label())
        });
        for (status, response) in answers {
            let response = resolved(&document, response);
            findings.check(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                || format!("{}: {status} has no description", operation.label()),
            );
        }
    }
    findings.assert_none();
}

/// The response itself, or the component that it refers to.
fn resolved<'a>(document: &'a Value, response: &'a Value) -> &'a Value {
    match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    }
}

fn expected_errors(operation: &Operation) -> Vec<&'static str> {
    let mut expected = vec!["400", "406", "503"];
    if !operation.is_public() {
        expected.extend(["401", "403"]);
    }
    if !operation.parameters("path").is_empty() {
        expected.push("404");
    }
    if operation.value["requestBody"].is_object() {
        expected.extend(["413", "415", "422"]);
    }
    for header in operation.parameters("header") {
        match (header["name"].as_str(), header["required"] == true) {
            (Some("If-Match"), true) => expected.extend(["412", "428"]),
            (Some("If-Match"), false) => expected.push("412"),
            (Some("Idempotency-Key"), _) => expected.extend(["409", "422"]),
            _ => {}
        }
    }
    expected
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    let mut findings = Findings(Vec::new());
    for operation in operations(&document) {
        if operation.value["requestBody"].is_object() {
            let content = operation.value["requestBody"]["content"].as_object().unwrap();
            check_content(
                &document,
                content,
                &format!("{} request", operation.label()),
                &mut findings,
            );
        }
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            if let Some(content) = response["content"].as_object() {
                check_content(
                    &document,
                    content,
                    &format!("{} {status}", operation.label()),
                    &mut findings,
                );
            }
        }
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            if let Some(example) = parameter.get("example") {
                let place = format!("{} parameter {}", operation.label(), parameter["name"]);
                check_example(&document, &parameter["schema"], example, &place, &mut findings);
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for example in examples_of(schema) {
            check_example(&document, schema, example, &format!("schema {name}"), &mut findings);
        }
    }
    findings.assert_none();
}

/// JSON has an example that fits; other media types (files) have one too, and it is text.
fn check_content(document: &Value, content: &serde_json::Map<String, Value>, place: &str, findings: &mut Findings) {
    for (media_type, content) in content {
        let examples: Vec<&Value> = examples_of(content);
        let is_binary = media_type.contains("spreadsheet");
        findings.check(is_binary || !examples.is_empty(), || {
            format!("{place}: no example of {media_type}")
        });
        for example in examples {
            check_example(
                document,
                &content["schema"],
                example,
                &format!("{place} {media_type}"),
                findings,
            );
        }
    }
}

/// Of a media type or schema: `example`, and `examples` in the forms of both.
fn examples_of(value: &Value) -> Vec<&Value> {
    let mut found: Vec<&Value> = value.get("example").into_iter().collect();
    match value.get("examples") {
        Some(Value::Array(examples)) => found.extend(examples),
        Some(Value::Object(examples)) => found.extend(examples.values().map(|example| &example["value"])),
        _ => {}
    }
    found
}

fn check_example(document: &Value, schema: &Value, example: &Value, place: &str, findings: &mut Findings) {
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole_schema(document, schema))
        .unwrap();
    for error in validator.iter_errors(example) {
        findings
            .0
            .push(format!("{place}: {error} at {}", error.instance_path()));
    }
}

/// The walk above is worth nothing if it accepts anything.
#[test]
fn an_example_that_does_not_fit_is_found() {
    let document = document();
    let schema = serde_json::json!({"$ref": "#/components/schemas/Problem"});
    let mut findings = Findings(Vec::new());
    check_example(
        &document,
        &schema,
        &serde_json::json!({"status": "404"}),
        "planted",
        &mut findings,
    );
    assert!(findings.0.len() > 1, "{:?}", findings.0);
    let mut findings = Findings(Vec::new());
    let instant = serde_json::json!({"type": "string", "format": "date-time"});
    check_example(
        &document,
        &instant,
        &serde_json::json!("yesterday"),
        "planted",
        &mut findings,
    );
    assert_eq!(findings.0.len(), 1, "formats are not validated");
}
