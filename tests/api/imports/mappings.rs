//! Mapping by hand, and mappings that are saved.

use serde_json::{Value, json};

use super::{path, validated};
use crate::harness::Venue;

const FILE: &str = "Wie;Budget (euro);Hoeveel\nDe Bal;10,00;1\n";

fn by_hand(name: &str) -> Value {
    json!({"columns": [{"column": "A", "field": "name"}, {"column": "B", "field": "limit"},
        {"column": "C", "field": "account_count"}], "save_mapping": name})
}

#[test]
fn a_saved_mapping_is_applied_to_the_same_headings() {
    let venue = Venue::open();
    let import = venue.superuser.upload("accounts", "a.csv", FILE.as_bytes()).expect(201);
    assert_eq!(import["missing"], json!(["name", "account_count"]));
    assert_eq!(import["unmapped"], json!(["Wie", "Hoeveel"]));
    let mapped = venue
        .superuser
        .put(&format!("{}/mapping", path(&import)), by_hand("Kassa"))
        .expect(200);
    assert_eq!(mapped["missing"], json!([]));
    let other = FILE.replace("Wie", "WIE ").replace("De Bal", "Ander");
    let next = validated(&venue.superuser, "accounts", other.as_bytes());
    assert_eq!(
        (&next["status"], &next["mapping"]["columns"][0]["field"]),
        (&json!("valid"), &json!("name"))
    );
    let saved = venue.superuser.get("/v1/import-mappings").expect(200);
    let id = saved["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (saved["items"].as_array().unwrap().len(), &saved["items"][0]["name"]),
        (1, &json!("Kassa"))
    );
    let one = format!("/v1/import-mappings/{id}");
    let renamed = venue
        .superuser
        .send("PATCH".parse().unwrap(), &one, Some(br#"{"name":"Bar"}"#.to_vec()))
        .expect(200);
    assert_eq!(renamed["name"], "Bar");
    assert_eq!(venue.superuser.delete(&one).status, 204);
    venue.superuser.delete(&one).problem(404, "not_found");
    let unknown = venue.superuser.upload("accounts", "a.csv", FILE.as_bytes()).expect(201);
    assert_eq!(unknown["missing"], json!(["name", "account_count"]));
}

#[test]
fn a_mapping_that_cannot_be_is_refused() {
    let venue = Venue::open();
    let import = venue.superuser.upload("accounts", "a.csv", FILE.as_bytes()).expect(201);
    for (column, field, pointer) in [
        ("Z", "name", "/columns/1/column"),
        ("B", "iban", "/columns/1/field"),
        ("B", "account_count", "/columns/1/field"),
        ("B", "colour", "/columns/1/field"),
    ] {
        let body = json!({"columns": [{"column": "C", "field": "account_count"}, {"column": column, "field": field}]});
        let problem = venue
            .superuser
            .put(&format!("{}/mapping", path(&import)), body)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    assert_eq!(
        venue.superuser.get(&path(&import)).expect(200)["mapping"],
        import["mapping"]
    );
}

#[test]
fn a_form_that_lacks_something_is_refused_by_name() {
    let venue = Venue::open();
    let upload = |fields: &[(&str, &str)]| venue.superuser.upload_with("a.csv", FILE.as_bytes(), fields);
    for (fields, pointer) in [
        (vec![], "/kind"),
        (vec![("kind", "birds")], "/kind"),
        (vec![("kind", "accounts"), ("colour", "red")], "/colour"),
        (vec![("kind", "accounts"), ("header_row", "0")], "/header_row"),
        (vec![("kind", "accounts"), ("header_row", "9")], "/header_row"),
        (vec![("kind", "accounts"), ("sheet", "Blad9")], "/sheet"),
    ] {
        let problem = upload(&fields).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{fields:?}");
    }
    assert_eq!(
        upload(&[("kind", "accounts"), ("header_row", "2")]).expect(201)["header_row"],
        2
    );
    venue
        .superuser
        .post("/v1/imports", json!({}))
        .problem(415, "unsupported_media_type");
}
