//! `/v1/imports`.

mod accounts;
mod customers;
mod files;
mod hostile;
mod jobs;
mod mappings;
mod marked;
mod sales_history;

use serde_json::{Value, json};

use crate::harness::{Actor, Venue};

/// The headings of the twelve fields that a customer must have, and of three that it may have.
pub const HEADINGS: &str = "Naam van de klant;Adres;Postcode;Stad;Land;Bedrijfsnummer;BTW;IBAN;BIC;Taal;\
    Naam van de contactpersoon;Contacttaal;E-mailadres contactpersoon;E-mails van geadresseerden;Klantnummer";

/// Two customers who are right in every field.
pub const DE_BAL: &str = "Kantine De Bal;Dorpsstraat 1;2000;Antwerpen;België;468561072;BE 0468.561.072;be68 5390 0754 7034;\
    GEBABEBB;Nederlands;Vera de Vries;nl;vera@example.com;a@example.org, b@example.org;D-1";
pub const LE_BAR: &str = "Le Bar;Rue du Château 2;6000;Nice;FRANCE;415267764;FR03415267764;FR7630004006455548220925566;;\
    français;Zoë Martin;Frans;zoe@example.com;;D-2";

/// A file with these rows.
pub fn csv(rows: &[&str]) -> Vec<u8> {
    format!("{HEADINGS}\r\n{}\r\n", rows.join("\r\n")).into_bytes()
}

/// An import of this file, validated.
pub fn validated(actor: &Actor, kind: &str, content: &[u8]) -> Value {
    let import = actor.upload(kind, "list.csv", content).expect(201);
    validate(actor, &import)
}

/// Judges the rows, and waits for the end.
pub fn validate(actor: &Actor, import: &Value) -> Value {
    let waiting = actor.with("Prefer", "wait=30");
    waiting.post_empty(&format!("{}/validate", path(import))).expect(200)
}

/// `/v1/imports/{id}`.
pub fn path(import: &Value) -> String {
    format!("/v1/imports/{}", import["id"].as_str().unwrap())
}

/// The codes of an import's findings by their cells: `E7 ambiguous_country`.
pub fn findings(actor: &Actor, import: &Value) -> Vec<String> {
    let page = actor.get(&format!("{}/findings?limit=200", path(import))).expect(200);
    let items = page["items"].as_array().unwrap();
    let place = |item: &Value| {
        item["cell"]
            .as_str()
            .map_or_else(|| item["field"].to_string(), str::to_owned)
    };
    items
        .iter()
        .map(|item| format!("{} {}", place(item), item["code"].as_str().unwrap()))
        .collect()
}

/// Commits, and waits for the end.
pub fn commit(actor: &Actor, import: &Value) -> Value {
    actor
        .with("Prefer", "wait=20")
        .post_empty(&format!("{}/commit", path(import)))
        .expect(200)
}

/// The customers of the venue, by name.
pub fn customers(venue: &Venue) -> Vec<Value> {
    let page = venue.superuser.get("/v1/customers?limit=200").expect(200);
    page["items"].as_array().unwrap().clone()
}

/// The same object without these fields.
pub fn without(value: &Value, fields: &[&str]) -> Value {
    let mut value = value.clone();
    for field in fields {
        value.as_object_mut().unwrap().remove(*field);
    }
    value
}

/// What an empty list of items looks like.
pub fn nothing() -> Value {
    json!([])
}
