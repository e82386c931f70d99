//! Making, reading and changing customers.

use serde_json::{Value, json};

use crate::harness::Venue;

fn person() -> Value {
    json!({"kind": "person", "first_name": "Zoë", "last_name": "Çelik", "customer_number": "D-1042", "email": "zoe@club.nl",
        "phone": "+31 20 123 4567", "street": "Dorpsstraat 1", "postcode": "1234 AB", "city": "Ons Dorp", "country": "NL",
        "vat_number": "NL123456789B01", "iban": "NL91ABNA0417164300", "language": "nl",
        "enterprise_number": "12345678", "bic": "ABNANL2A", "contact_name": "Jan Peeters", "contact_language": "nl-BE",
        "recipient_emails": ["a@club.nl", "b@club.nl"]})
}

fn with(changes: Value) -> Value {
    let mut body = person();
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => body.as_object_mut().unwrap().remove(field),
            value => body.as_object_mut().unwrap().insert(field.clone(), value.clone()),
        };
    }
    body
}

#[test]
fn a_customer_is_kept_as_it_was_sent() {
    let venue = Venue::open();
    let answer = venue.clerk.post("/v1/customers", person());
    let made = answer.expect(201);
    for (field, value) in person().as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["name"], "Zoë Çelik");
    assert_eq!(made["company_name"], Value::Null);
    assert_eq!(made["email_is_fictional"], false);
    assert_eq!(made["version"], 1);
    assert_eq!(made["created_at"], "2026-10-15T10:00:00Z");
    let path = answer.header("location");
    assert_eq!(path, format!("/v1/customers/{}", made["id"].as_str().unwrap()));
    let read = venue.backoffice.get(path);
    assert_eq!(read.expect(200), made);
    assert_eq!(read.header("etag"), answer.header("etag"));
    let seen = venue.clerk.with("If-None-Match", read.header("etag")).get(path);
    assert_eq!((seen.status, seen.text().as_str()), (304, ""));
    venue.clerk.with("If-None-Match", "\"7\"").get(path).expect(200);
}

#[test]
fn a_company_has_its_name_only() {
    let venue = Venue::open();
    let company = venue.customer("Brouwerij");
    assert_eq!(company["kind"], "company");
    assert_eq!(company["name"], "Brouwerij");
    assert_eq!(company["first_name"], Value::Null);
    for (body, pointer) in [
        (json!({"kind": "company"}), "/company_name"),
        (
            json!({"kind": "company", "company_name": "A", "first_name": "B"}),
            "/first_name",
        ),
        (json!({"kind": "person", "first_name": "A"}), "/last_name"),
        (json!({"kind": "person", "last_name": "A"}), "/first_name"),
        (
            json!({"kind": "person", "first_name": "A", "last_name": "B", "company_name": "C"}),
            "/company_name",
        ),
    ] {
        let problem = venue
            .clerk
            .post("/v1/customers", body)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let all = venue.clerk.get("/v1/customers").expect(200);
    assert_eq!(all["items"], json!([company]), "nothing else was made");
}

#[test]
fn a_wrong_field_is_named() {
    let venue = Venue::open();
    for (changes, pointer) in [
        (json!({"kind": "club"}), "/kind"),
        (json!({"kind": null}), "/kind"),
        (json!({"first_name": ""}), "/first_name"),
        (json!({"first_name": " a"}), "/first_name"),
        (json!({"first_name": "x".repeat(101)}), "/first_name"),
        (json!({"first_name": 7}), "/first_name"),
        (json!({"customer_number": "é"}), "/customer_number"),
        (json!({"customer_number": "1".repeat(41)}), "/customer_number"),
        (json!({"email": "nobody"}), "/email"),
        (json!({"email_is_fictional": "no"}), "/email_is_fictional"),
        (json!({"phone": "call me"}), "/phone"),
        (json!({"postcode": "1".repeat(21)}), "/postcode"),
        (json!({"country": "nl"}), "/country"),
        (json!({"vat_number": "123"}), "/vat_number"),
        (json!({"iban": "NL92ABNA0417164300"}), "/iban"),
        (json!({"iban": "NL91 ABNA 0417 1643 00"}), "/iban"),
        (json!({"language": "Dutch"}), "/language"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let body = with(changes.clone());
        let problem = venue
            .clerk
            .post("/v1/customers", body)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{changes}");
    }
}

#[test]
fn an_email_of_a_reserved_domain_is_fictional_unless_said_otherwise() {
    let venue = Venue::open();
    let made = |changes: Value| {
        let body = with(json!({"customer_number": null}));
        let mut body = body.as_object().unwrap().clone();
        body.extend(changes.as_object().unwrap().clone());
        venue.clerk.post("/v1/customers", Value::Object(body)).expect(201)
    };
    assert_eq!(made(json!({"email": "a@example.com"}))["email_is_fictional"], true);
    assert_eq!(made(json!({"email": "a@club.test"}))["email_is_fictional"], true);
    assert_eq!(made(json!({"email": "a@club.nl"}))["email_is_fictional"], false);
    assert_eq!(
        made(json!({"email": "a@club.nl", "email_is_fictional": true}))["email_is_fictional"],
        true
    );
    let real = made(json!({"email": "a@example.com", "email_is_fictional": false}));
    assert_eq!(real["email_is_fictional"], false);
    assert_eq!(made(json!({"email": null}))["email_is_fictional"], false);
    // The address decides again when it changes; a flag that was set stays while it does not.
    let path = format!("/v1/customers/{}", real["id"].as_str().unwrap());
    let changed = venue
        .clerk
        .patch(&path, "\"1\"", json!({"city": "Utrecht"}))
        .expect(200);
    assert_eq!(changed["email_is_fictional"], false);
    let changed = venue
        .clerk
        .patch(&path, "\"2\"", json!({"email": "b@example.com"}))
        .expect(200);
    assert_eq!(changed["email_is_fictional"], true);
}

#[test]
fn a_customer_number_is_unique_in_its_tenant() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    venue.clerk.post("/v1/customers", person()).expect(201);
    neighbour.post("/v1/customers", person()).expect(201);
    venue
        .clerk
        .post("/v1/customers", person())
        .problem(409, "customer_number_taken");
    let other = venue
        .clerk
        .post("/v1/customers", with(json!({"customer_number": "D-1"})))
        .expect(201);
    let path = format!("/v1/customers/{}", other["id"].as_str().unwrap());
    let taken = json!({"customer_number": "D-1042"});
    venue
        .clerk
        .patch(&path, "\"1\"", taken)
        .problem(409, "customer_number_taken");
    assert_eq!(venue.clerk.get(&path).expect(200), other, "nothing changed");
    venue
        .clerk
        .post("/v1/customers", with(json!({"customer_number": null})))
        .expect(201);
    venue
        .clerk
        .post("/v1/customers", with(json!({"customer_number": null})))
        .expect(201);
}

#[test]
fn a_patch_tells_absent_from_null() {
    let venue = Venue::open();
    let made = venue.clerk.post("/v1/customers", person()).expect(201);
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    venue.service.clock.set(crate::harness::at("2026-10-16T08:00:00Z"));
    let patch = json!({"last_name": "Demir", "phone": null, "customer_number": null, "city": "Utrecht"});
    let answer = venue.clerk.patch(&path, "\"1\"", patch);
    let changed = answer.expect(200);
    assert_eq!(answer.header("etag"), "\"2\"");
    let mut expected = made.clone();
    for (field, value) in [
        ("last_name", json!("Demir")),
        ("name", json!("Zoë Demir")),
        ("phone", Value::Null),
        ("customer_number", Value::Null),
        ("city", json!("Utrecht")),
        ("version", json!(2)),
        ("updated_at", json!("2026-10-16T08:00:00Z")),
    ] {
        expected[field] = value;
    }
    assert_eq!(changed, expected);
    assert_eq!(venue.clerk.get(&path).expect(200), expected);
    // What changes nothing makes no version.
    assert_eq!(venue.clerk.patch(&path, "\"2\"", json!({})).expect(200), expected);
    assert_eq!(
        venue
            .clerk
            .patch(&path, "\"2\"", json!({"city": "Utrecht"}))
            .expect(200),
        expected
    );
    for (patch, pointer) in [
        (json!({"first_name": null}), "/first_name"),
        (json!({"email_is_fictional": null}), "/email_is_fictional"),
        (json!({"company_name": "Club"}), "/company_name"),
        (json!({"kind": "company"}), "/kind"),
        (json!({"iban": "NL91ABNA0417164301"}), "/iban"),
    ] {
        let problem = venue
            .clerk
            .patch(&path, "\"2\"", patch.clone())
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{patch}");
    }
    assert_eq!(venue.clerk.get(&path).expect(200), expected, "nothing changed");
}

#[test]
fn a_change_is_made_on_the_version_that_was_seen() {
    let venue = Venue::open();
    let made = venue.customer("Vera de Vries");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let body = json!({"city": "Utrecht"});
    let patch = |actor: &crate::harness::Actor| {
        actor.send(ureq::http::Method::PATCH, &path, Some(body.to_string().into_bytes()))
    };
    patch(&venue.clerk).problem(428, "precondition_required");
    venue
        .clerk
        .patch(&path, "nonsense", body.clone())
        .problem(400, "bad_header");
    venue.clerk.patch(&path, "\"1\"", body.clone()).expect(200);
    venue
        .clerk
        .patch(&path, "\"1\"", json!({"city": "Zwolle"}))
        .problem(412, "precondition_failed");
    assert_eq!(venue.clerk.get(&path).expect(200)["city"], "Utrecht");
    venue.clerk.patch(&path, "*", json!({"city": "Zwolle"})).expect(200);
}

#[test]
fn changes_stand_in_the_history() {
    let venue = Venue::open();
    let made = venue.customer("Vera de Vries");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    venue
        .clerk
        .patch(&path, "\"1\"", json!({"city": "Utrecht"}))
        .expect(200);
    venue
        .clerk
        .patch(&path, "\"2\"", json!({"city": null, "last_name": "Jansen"}))
        .expect(200);
    venue
        .clerk
        .patch(&path, "\"9\"", json!({"city": "Zwolle"}))
        .problem(412, "precondition_failed");
    let history = venue.backoffice.get(&format!("{path}/history")).expect(200);
    let told: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            json!([
                entry["actor_name"],
                entry["field"],
                entry["old_value"],
                entry["new_value"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["Klaas Clerk", "city", "Utrecht", null]),
            json!(["Klaas Clerk", "last_name", "de Vries", "Jansen"]),
            json!(["Klaas Clerk", "city", null, "Utrecht"]),
            json!(["Suus Superuser", "name", null, "Vera de Vries"]),
        ]
    );
}

#[test]
fn another_tenant_s_customer_does_not_exist() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let made = venue.customer("Vera de Vries");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let unknown = "/v1/customers/01938f5e-3c00-7000-8000-000000000001";
    for path in [path.as_str(), unknown, "/v1/customers/7"] {
        neighbour.get(path).problem(404, "not_found");
        neighbour.get(&format!("{path}/history")).problem(404, "not_found");
        neighbour
            .patch(path, "\"1\"", json!({"city": "Utrecht"}))
            .problem(404, "not_found");
    }
    assert_eq!(neighbour.get("/v1/customers").expect(200)["items"], json!([]));
    assert_eq!(venue.clerk.get(&path).expect(200), made);
}

#[test]
fn reading_and_writing_need_their_permissions() {
    let venue = Venue::open();
    let made = venue.customer("Vera de Vries");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    venue
        .backoffice
        .post("/v1/customers", person())
        .problem(403, "forbidden");
    venue
        .backoffice
        .patch(&path, "\"1\"", json!({}))
        .problem(403, "forbidden");
    venue.till.get(&path).problem(403, "forbidden");
    venue.till.get("/v1/customers").problem(403, "forbidden");
    let closed = Venue::before_agreement();
    closed
        .clerk
        .get("/v1/customers")
        .problem(403, "gdpr_agreement_required");
}
