//! One tenant's things do not exist for another: in the path, in the query and in the body, of every operation.

use onaccount::auth::operations::{Needs, OPERATIONS};
use onaccount::auth::{Permission, TERMINAL};
use serde_json::{Value, json};
use ureq::http::Method;

use super::books::{Books, Kind, MARKER, kind_of, rows_of};
use super::{Operation, document, operations};
use crate::harness::{Actor, Answer, NOON, Venue, key};

/// What nobody has, in the form of an id.
const NOBODYS: &str = "019a5f3e-3c00-7000-8000-00000000dead";
/// Fields of which a body has one.
const ONE_OF: [&[&str]; 3] = [
    &["account_id", "account_number"],
    &["account_ids", "filter", "all"],
    &["customer_ids", "import_id"],
];

/// Two tenants of one portal with the same story; the second one asks.
struct Street {
    venue: Venue,
    theirs: Books,
    ours: Books,
}

impl Street {
    fn new() -> Self {
        let venue = Venue::open();
        let theirs = Books::keep(
            &venue.service,
            venue.tenant_id,
            venue.director.clone(),
            venue.till.clone(),
        );
        let (tenant_id, director, till) = venue.neighbour(720);
        let ours = Books::keep(&venue.service, tenant_id, director, till);
        Street { venue, theirs, ours }
    }

    /// Whoever of ours may use the operation; nothing for an operation of the portal.
    fn asker(&self, operation: &Operation) -> Option<Actor> {
        match OPERATIONS.iter().find(|(id, _)| *id == operation.id).unwrap().1 {
            Needs::Permission(permission) if TERMINAL.contains(&permission) => Some(self.ours.till.clone()),
            Needs::Permission(Permission::OwnRead | Permission::OwnWrite) => Some(self.ours.customer.clone()),
            Needs::Permission(Permission::PortalManage) | Needs::Nothing => None,
            Needs::Permission(_) | Needs::SignIn | Needs::User => Some(self.ours.director.clone()),
        }
    }

    fn our(&self, name: &str, path: &str) -> String {
        let kind = kind_of(name, path).unwrap_or_else(|| panic!("{path}: what does {name} name? Say so in kind_of"));
        self.ours.any(kind).unwrap_or(NOBODYS).to_owned()
    }

    /// A path and query with our own ids, but for the parameter that is named.
    fn path(&self, operation: &Operation, foreign: Option<(&str, &str)>) -> String {
        let path = operation.path_with(|name| match foreign {
            Some((parameter, id)) if parameter == name => id.to_owned(),
            _ => self.our(name, &operation.path),
        });
        path + &operation.required_query()
    }

    /// The body of the contract's example with our own ids in it.
    fn body(&self, operation: &Operation) -> Option<Value> {
        let mut body = operation.body_example()?;
        self.fill(&mut body, &operation.path);
        Some(body)
    }

    fn fill(&self, value: &mut Value, path: &str) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match (kind_of(name, ""), &*field) {
                        (Some(_), Value::String(_)) => *field = json!(self.our(name, path)),
                        (Some(_), Value::Array(_)) => *field = json!([self.our(name, path)]),
                        _ if name == "occurred_at" => *field = json!(NOON),
                        _ => self.fill(field, path),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item, path)),
            _ => {}
        }
    }
}

fn send(actor: &Actor, method: &Method, path: &str, body: Option<&Value>) -> Answer {
    let actor = actor.with("Idempotency-Key", key()).with("If-Match", "*");
    actor.send(method.clone(), path, body.map(|body| body.to_string().into_bytes()))
}

/// What the answer says, without what may differ: its own id and the id that was asked for.
fn said(answer: &Answer, asked: &str) -> String {
    let request_id = answer.header("x-request-id");
    let text = answer.text().replace(asked, "ASKED").replace(request_id, "REQUEST");
    format!("{} {text}", answer.status)
}

/// Collects what is wrong, so that one run tells everything.
#[derive(Default)]
struct Leaks(Vec<String>);

impl Leaks {
    /// The answer about their id must be the answer about an id that nobody has.
    fn compare(&mut self, what: &str, theirs: (&Answer, &str), nobodys: (&Answer, &str)) {
        let (about_theirs, about_nobodys) = (said(theirs.0, theirs.1), said(nobodys.0, nobodys.1));
        if about_theirs != about_nobodys {
            self.0.push(format!(
                "{what}:\n  theirs:   {about_theirs}\n  nobody's: {about_nobodys}"
            ));
        }
        if theirs.0.text().contains(MARKER) {
            self.0.push(format!("{what}: shows {}", theirs.0.text()));
        }
    }
}

#[test]
fn ids_of_another_tenant_in_the_path_do_not_exist() {
    let street = Street::new();
    let before = rows_of(&street.venue.service.database, street.theirs.tenant_id);
    let mut leaks = Leaks::default();
    let mut asked = 0;
    for operation in operations(&document()) {
        let Some(asker) = street.asker(&operation) else {
            continue;
        };
        let body = street.body(&operation);
        for parameter in operation.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            let ask = |id: &str| {
                send(
                    &asker,
                    &operation.method,
                    &street.path(&operation, Some((name, id))),
                    body.as_ref(),
                )
            };
            let nobodys = ask(NOBODYS);
            // a void claims the key of a sale that is still on its way, whoever else may have an id like it
            let expected = if operation.id == "void_sale" { 202 } else { 404 };
            if nobodys.status != expected {
                leaks.0.push(format!(
                    "{} {name}: nobody's id gives {}",
                    operation.label(),
                    said(&nobodys, NOBODYS)
                ));
            }
            for id in street.theirs.all().into_iter().filter(|id| id.len() == NOBODYS.len()) {
                leaks.compare(
                    &format!("{} {name}", operation.label()),
                    (&ask(id), id),
                    (&nobodys, NOBODYS),
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "hardly anything was asked");
    assert!(leaks.0.is_empty(), "\n{}\n", leaks.0.join("\n"));
    assert_eq!(rows_of(&street.venue.service.database, street.theirs.tenant_id), before);
}

#[test]
fn ids_of_another_tenant_in_the_query_find_nothing() {
    let street = Street::new();
    let mut leaks = Leaks::default();
    let mut asked = 0;
    for operation in operations(&document()) {
        let Some(asker) = street.asker(&operation) else {
            continue;
        };
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            let Some(kind) = kind_of(name, &operation.path) else {
                continue;
            };
            let ask = |id: &str| {
                let path = street.path(&operation, None);
                let and = if path.contains('?') { '&' } else { '?' };
                send(&asker, &operation.method, &format!("{path}{and}{name}={id}"), None)
            };
            let nobodys = if kind == Kind::AccountNumber { "nobody" } else { NOBODYS };
            for id in street.theirs.ids[&kind]
                .iter()
                .filter(|id| !street.ours.ids[&kind].contains(id))
            {
                let what = format!("{} ?{name}", operation.label());
                leaks.compare(&what, (&ask(id), id), (&ask(nobodys), nobodys));
                asked += 1;
            }
        }
    }
    assert!(asked > 3, "hardly anything was asked");
    assert!(leaks.0.is_empty(), "\n{}\n", leaks.0.join("\n"));
}

#[test]
fn lists_show_nothing_of_another_tenant() {
    let street = Street::new();
    let theirs = street.theirs.all();
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for operation in operations(&document())
        .into_iter()
        .filter(|operation| operation.method == Method::GET)
    {
        let Some(asker) = street.asker(&operation) else {
            continue;
        };
        let answer = asker.get(&street.path(&operation, None));
        let text = answer.text();
        // The venue has the same account numbers' texts and a user may be in both: ids alone tell.
        let shown: Vec<&&str> = theirs
            .iter()
            .filter(|id| id.len() == NOBODYS.len() && text.contains(**id))
            .collect();
        if !shown.is_empty() {
            wrong.push(format!("{} shows {shown:?}", operation.label()));
        }
        asked += usize::from(answer.status == 200);
    }
    assert!(asked > 10, "hardly anything answered");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn ids_of_another_tenant_in_the_body_are_unknown() {
    let street = Street::new();
    let before = rows_of(&street.venue.service.database, street.theirs.tenant_id);
    let document = document();
    let mut leaks = Leaks::default();
    let mut asked = 0;
    for operation in operations(&document) {
        let (Some(asker), Some(body)) = (street.asker(&operation), street.body(&operation)) else {
            continue;
        };
        let schema = &operation.value["requestBody"]["content"]["application/json"]["schema"];
        for place in id_places(&document, schema, 0) {
            let name = place.rsplit('/').find(|part| *part != "0").unwrap_or_default();
            // the key that the client makes refers to nothing
            if (operation.id.as_str(), place.as_str()) == ("post_sales", "/sales/0/id") {
                continue;
            }
            let Some(kind) = kind_of(name, &operation.path) else {
                panic!("{}: what does {place} name? Say so in kind_of", operation.label());
            };
            let path = street.path(&operation, None);
            let ask = |id: &str| send(&asker, &operation.method, &path, Some(&with(&body, &place, id)));
            let nobodys = if kind == Kind::AccountNumber { "nobody" } else { NOBODYS };
            let about_nobodys = ask(nobodys);
            let what = format!("{} {place}", operation.label());
            let expected = if operation.id == "post_sales" { 207 } else { 422 };
            if about_nobodys.status != expected {
                leaks
                    .0
                    .push(format!("{what}: nobody's id gives {}", said(&about_nobodys, nobodys)));
            }
            for id in street.theirs.ids[&kind]
                .iter()
                .filter(|id| !street.ours.ids[&kind].contains(id))
            {
                leaks.compare(&what, (&ask(id), id), (&about_nobodys, nobodys));
                asked += 1;
            }
        }
    }
    assert!(asked > 5, "hardly anything was asked");
    assert!(leaks.0.is_empty(), "\n{}\n", leaks.0.join("\n"));
    assert_eq!(rows_of(&street.venue.service.database, street.theirs.tenant_id), before);
}

/// The JSON pointers of the schema's ids and account numbers; an array's first item stands for all.
fn id_places(document: &Value, schema: &Value, depth: usize) -> Vec<String> {
    if depth > 8 {
        return Vec::new();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return id_places(document, target, depth + 1);
    }
    let mut found = Vec::new();
    for choice in ["allOf", "oneOf", "anyOf"] {
        for part in schema[choice].as_array().into_iter().flatten() {
            found.extend(id_places(document, part, depth + 1));
        }
    }
    if schema["format"] == "uuid" {
        found.push(String::new());
    }
    found.extend(
        id_places_of(document, &schema["items"], depth)
            .into_iter()
            .map(|place| format!("/0{place}")),
    );
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let places = if name == "account_number" {
            vec![String::new()]
        } else {
            id_places(document, property, depth + 1)
        };
        found.extend(places.into_iter().map(|place| format!("/{name}{place}")));
    }
    found.sort();
    found.dedup();
    found
}

fn id_places_of(document: &Value, items: &Value, depth: usize) -> Vec<String> {
    if items.is_object() {
        id_places(document, items, depth + 1)
    } else {
        Vec::new()
    }
}

/// The body with the id in that place, and without the fields that exclude it.
fn with(body: &Value, place: &str, id: &str) -> Value {
    let mut body = body.clone();
    let mut target = &mut body;
    for part in place.split('/').skip(1) {
        if part == "0" {
            *target = json!([target.get(0).cloned().unwrap_or(Value::Null)]);
            target = &mut target[0];
            continue;
        }
        if !target.is_object() {
            *target = json!({});
        }
        let fields = target.as_object_mut().unwrap();
        for others in ONE_OF.iter().filter(|names| names.contains(&part)) {
            fields.retain(|name, _| name == part || !others.contains(&name.as_str()));
        }
        target = fields.entry(part).or_insert(Value::Null);
    }
    *target = json!(id);
    body
}

/// The id of what one tenant made is another tenant's key like any other.
#[test]
fn a_key_of_another_tenant_is_free() {
    let street = Street::new();
    let their_sale = street.theirs.any(Kind::Sale).unwrap();
    let sale = json!({"account_id": street.ours.any(Kind::Account), "occurred_at": NOON, "amount": "1.00", "lines": [
        {"product_code": "NUTS", "name": "Nuts", "quantity": "1", "amount": "1.00", "vat_rate": "9.00"}]});
    let answer = street.ours.till.post_keyed("/v1/sales", their_sale, sale);
    assert_eq!(answer.expect(201)["id"], their_sale);
    assert_eq!(answer.header("idempotent-replayed"), "");
    let theirs = street.theirs.till.get(&format!("/v1/sales/{their_sale}")).expect(200);
    assert_eq!(theirs["amount"], "6.00");
}
