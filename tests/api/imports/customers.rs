//! Customers from a spreadsheet.

use serde_json::{Value, json};

use super::{DE_BAL, LE_BAR, commit, csv, customers, findings, nothing, path, validate, validated, without};
use crate::harness::Venue;

#[test]
fn a_file_becomes_customers_field_by_field() {
    let venue = Venue::open();
    let import = venue
        .superuser
        .upload("customers", "klanten.csv", &csv(&[DE_BAL, LE_BAR]))
        .expect(201);
    assert_eq!(
        (&import["status"], &import["file_format"], &import["header_row"]),
        (&json!("uploaded"), &json!("csv"), &json!(1))
    );
    assert_eq!((&import["missing"], &import["unmapped"]), (&nothing(), &nothing()));
    assert_eq!(import["mapping"]["update_by"], "customer_number");
    assert_eq!(import["preview"][0]["cells"][0], "Kantine De Bal");
    let import = validate(&venue.superuser, &import);
    assert_eq!(
        (&import["status"], &import["row_count"], &import["created_count"]),
        (&json!("valid"), &json!(2), &json!(2))
    );
    assert_eq!(
        findings(&venue.superuser, &import),
        ["F2 zeros_restored", "C3 zeros_restored"]
    );
    assert_eq!(customers(&venue).len(), 0, "nothing is made before the commit");
    let import = commit(&venue.superuser, &import);
    assert_eq!(
        (&import["status"], &import["committed_at"]),
        (&json!("committed"), &json!("2026-10-15T10:00:00Z"))
    );
    let made = customers(&venue);
    assert_eq!(
        without(&made[0], &["id"]),
        json!({"kind": "company", "name": "Kantine De Bal", "first_name": null, "last_name": null,
            "company_name": "Kantine De Bal", "customer_number": "D-1", "email": "vera@example.com", "email_is_fictional": true,
            "phone": null, "street": "Dorpsstraat 1", "postcode": "2000", "city": "Antwerpen", "country": "BE",
            "vat_number": "BE0468561072", "iban": "BE68539007547034", "language": "nl", "enterprise_number": "0468561072",
            "bic": "GEBABEBB", "contact_name": "Vera de Vries", "contact_language": "nl",
            "recipient_emails": ["a@example.org", "b@example.org"], "access": "not_invited", "links": null, "version": 1,
            "created_at": "2026-10-15T10:00:00Z", "updated_at": "2026-10-15T10:00:00Z"})
    );
    assert_eq!(
        (&made[1]["postcode"], &made[1]["country"], &made[1]["language"]),
        (&json!("06000"), &json!("FR"), &json!("fr"))
    );
    let results = venue.superuser.get(&format!("{}/results", path(&import))).expect(200);
    assert_eq!(results["items"][1]["outcome"], "created");
    assert_eq!(results["items"][1]["customer_id"], made[1]["id"]);
    let history = venue
        .superuser
        .get(&format!("/v1/customers/{}/history", made[0]["id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(
        (&history["items"][0]["field"], &history["items"][0]["new_value"]),
        (&json!("name"), &json!("Kantine De Bal"))
    );
}

#[test]
fn every_error_of_every_row_is_told_with_its_cell() {
    let venue = Venue::open();
    let wrong = "Kantine De Bal;;2000;Antwerpen;Kongo;468561073;BE0468561073;BE68539007547035;X;Klingon;Vera;nl;vera;;";
    let import = validated(&venue.superuser, "customers", &csv(&[wrong, LE_BAR]));
    assert_eq!(
        (&import["status"], &import["error_count"]),
        (&json!("invalid"), &json!(7))
    );
    assert_eq!(
        (&import["row_count"], &import["created_count"]),
        (&json!(2), &json!(1)),
        "a row with an error makes nothing"
    );
    let told = [
        "B2 missing_value",
        "E2 ambiguous_country",
        "G2 vat_form",
        "H2 iban_check_digits",
        "I2 bic_form",
        "J2 unknown_language",
        "M2 email_form",
        "C3 zeros_restored",
    ];
    assert_eq!(findings(&venue.superuser, &import), told);
    let page = venue
        .superuser
        .get(&format!("{}/findings?severity=error&limit=2", path(&import)))
        .expect(200);
    assert_eq!(
        page["items"][1],
        json!({"severity": "error", "sheet": "", "row": 2, "column": "E", "cell": "E2", "field": "country", "found": "Kongo",
            "code": "ambiguous_country", "message": "Meer landen heten zo. Schrijf een van: CD, CG."})
    );
    assert!(page["next_cursor"].is_string());
    let file = venue
        .superuser
        .with("Accept", "text/csv")
        .get(&format!("{}/findings", path(&import)));
    assert_eq!(file.text().lines().count(), 9);
    assert!(
        file.text()
            .contains("error,,2,H,H2,iban,BE68539007547035,iban_check_digits,"),
        "{}",
        file.text()
    );
    venue
        .superuser
        .post_empty(&format!("{}/commit", path(&import)))
        .problem(409, "import_not_valid");
    assert_eq!(customers(&venue).len(), 0);
}

#[test]
fn rows_with_a_known_number_change_their_customer_and_leave_what_they_do_not_say() {
    let venue = Venue::open();
    commit(
        &venue.superuser,
        &validated(&venue.superuser, "customers", &csv(&[DE_BAL])),
    );
    let account = venue.open_account_of(&customers(&venue)[0], "10.00");
    let renamed = DE_BAL
        .replace("Kantine De Bal;Dorpsstraat 1", "Café De Bal;Kerkstraat 9")
        .replace("GEBABEBB", "");
    let import = validated(&venue.superuser, "customers", &csv(&[&renamed, LE_BAR]));
    assert_eq!(
        (
            &import["created_count"],
            &import["updated_count"],
            &import["error_count"]
        ),
        (&json!(1), &json!(1), &json!(0))
    );
    commit(&venue.superuser, &import);
    let all = customers(&venue);
    assert_eq!(all.len(), 2);
    let changed = &all[0];
    assert_eq!(
        (&changed["name"], &changed["street"]),
        (&json!("Café De Bal"), &json!("Kerkstraat 9"))
    );
    assert_eq!(
        (&changed["bic"], &changed["version"]),
        (&json!("GEBABEBB"), &json!(2)),
        "an empty cell leaves what stands"
    );
    assert_eq!(venue.superuser.get(&account.path).expect(200)["name"], "Café De Bal");
    let history = format!("/v1/customers/{}/history", changed["id"].as_str().unwrap());
    let history = venue.superuser.get(&history).expect(200);
    let street = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["field"] == "street")
        .unwrap();
    assert_eq!(
        (&street["old_value"], &street["new_value"]),
        (&json!("Dorpsstraat 1"), &json!("Kerkstraat 9"))
    );
}

#[test]
fn what_is_there_twice_names_the_other() {
    let venue = Venue::open();
    let same_number = LE_BAR.replace("D-2", "D-1");
    let import = validated(&venue.superuser, "customers", &csv(&[DE_BAL, &same_number]));
    assert!(findings(&venue.superuser, &import).contains(&"O3 duplicate_in_file".to_owned()));
    let page = venue
        .superuser
        .get(&format!("{}/findings?severity=error", path(&import)))
        .expect(200);
    assert_eq!(page["items"][0]["message"], "Rij 2 van dit bestand heeft hetzelfde.");
    // Without numbers of their own, the VAT number tells.
    let bare = |row: &str| row.rsplit_once(';').unwrap().0.to_owned() + ";";
    commit(
        &venue.superuser,
        &validated(&venue.superuser, "customers", &csv(&[&bare(DE_BAL)])),
    );
    let again = validated(&venue.superuser, "customers", &csv(&[&bare(DE_BAL), &bare(LE_BAR)]));
    let found = findings(&venue.superuser, &again);
    assert!(found.contains(&"G2 duplicate_customer".to_owned()), "{found:?}");
}

#[test]
fn the_commit_is_asked_for_twice_and_happens_once() {
    let venue = Venue::open();
    let import = validated(&venue.superuser, "customers", &csv(&[DE_BAL]));
    let first = commit(&venue.superuser, &import);
    let second = commit(&venue.superuser, &import);
    assert_eq!(first, second);
    assert_eq!(customers(&venue).len(), 1);
    venue
        .superuser
        .post_empty(&format!("{}/validate", path(&import)))
        .problem(409, "import_committed");
    let mapping = json!({"columns": []});
    venue
        .superuser
        .put(&format!("{}/mapping", path(&import)), mapping)
        .problem(409, "import_committed");
    let same = venue
        .superuser
        .upload("customers", "list.csv", &csv(&[DE_BAL]))
        .expect(201);
    assert_eq!(same["same_file_as"], import["id"]);
}

#[test]
fn a_number_that_somebody_takes_meanwhile_fails_the_whole() {
    let venue = Venue::open();
    let import = validated(&venue.superuser, "customers", &csv(&[DE_BAL, LE_BAR]));
    let other = json!({"kind": "company", "company_name": "Somebody", "customer_number": "D-2"});
    venue.superuser.post("/v1/customers", other).expect(201);
    let waiting = venue.superuser.with("Prefer", "wait=20");
    waiting
        .post_empty(&format!("{}/commit", path(&import)))
        .problem(409, "import_outdated");
    assert_eq!(customers(&venue).len(), 1, "all or nothing");
    let import = validate(&venue.superuser, &import);
    assert_eq!(
        (&import["status"], &import["updated_count"]),
        (&json!("valid"), &json!(1))
    );
    commit(&venue.superuser, &import);
    assert_eq!(customers(&venue).len(), 2);
}

#[test]
fn a_missing_column_is_an_error_unless_somebody_says_that_it_may_be() {
    let venue = Venue::open();
    let file = "Naam;Land\nDe Bal;NL\n";
    let import = validated(&venue.superuser, "customers", file.as_bytes());
    assert_eq!(
        (&import["status"], &import["error_count"]),
        (&json!("invalid"), &json!(10))
    );
    assert!(findings(&venue.superuser, &import).contains(&"\"iban\" missing_column".to_owned()));
    let mapping = json!({"columns": [{"column": "A", "field": "name"}, {"column": "B", "field": "country"}],
        "optional_fields": import["missing"]});
    let mapped = venue
        .superuser
        .put(&format!("{}/mapping", path(&import)), mapping)
        .expect(200);
    assert_eq!(
        mapped["mapping"]["update_by"],
        Value::Null,
        "no column has a customer number"
    );
    let import = validate(&venue.superuser, &import);
    assert_eq!(
        (&import["status"], &import["created_count"]),
        (&json!("valid"), &json!(1))
    );
}

#[test]
fn rows_are_judged_although_a_column_is_missing() {
    let venue = Venue::open();
    let file = "Naam;Land;Postcode;Klantnummer\nDe Bal;Kongo;1;D-1\nLe Bar;NL;1234;D-2\nLe Bar;NL;1234 AB;\n";
    let import = validated(&venue.superuser, "customers", file.as_bytes());
    let found = findings(&venue.superuser, &import);
    for expected in [
        "\"iban\" missing_column",
        "\"name\" names_of_companies",
        "B2 ambiguous_country",
        "C3 postcode_form",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:?}");
    }
    assert_eq!(
        (&import["status"], &import["row_count"]),
        (&json!("invalid"), &json!(3))
    );
    let warnings = format!("{}/findings?severity=warning", path(&import));
    let told = venue.superuser.get(&warnings).expect(200);
    assert!(
        told["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["code"] == "postcode_form" && item["found"] == "1234")
    );
}

#[test]
fn a_mapping_keeps_the_customer_number_as_the_key_unless_it_says_otherwise() {
    let venue = Venue::open();
    let import = venue
        .superuser
        .upload("customers", "list.csv", b"Naam;Klantnummer\nDe Bal;D-1\n")
        .expect(201);
    let columns = json!([{"column": "A", "field": "name"}, {"column": "B", "field": "customer_number"}]);
    let map = |body: Value| {
        let mapped = venue
            .superuser
            .put(&format!("{}/mapping", path(&import)), body)
            .expect(200);
        mapped["mapping"]["update_by"].clone()
    };
    assert_eq!(map(json!({"columns": columns})), "customer_number");
    assert_eq!(map(json!({"columns": columns, "update_by": null})), Value::Null);
    assert_eq!(
        map(json!({"columns": columns, "update_by": "contact_email"})),
        "contact_email"
    );
}

#[test]
fn a_duplicate_is_named_as_its_cell_has_it() {
    let venue = Venue::open();
    let file = "Naam;Adres;Postcode\nCafé Noord;Kade 1;2000\nCafé Noord;Kade 1;2000\n";
    let import = validated(&venue.superuser, "customers", file.as_bytes());
    let page = venue
        .superuser
        .get(&format!("{}/findings?limit=200", path(&import)))
        .expect(200);
    let items = page["items"].as_array().unwrap();
    let duplicate = items.iter().find(|item| item["code"] == "duplicate_in_file").unwrap();
    assert_eq!(
        (&duplicate["cell"], &duplicate["found"]),
        (&json!("A3"), &json!("Café Noord"))
    );
}
