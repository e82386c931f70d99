//! `/v1/tenants`: the portal's tenants, and a tenant's own settings.

use diesel::prelude::*;
use onaccount::audit::{self, Subject, SubjectKind};
use onaccount::db::schema::tenants;
use serde_json::{Value, json};

use crate::harness::{Answer, Venue};

const CURRENT: &str = "/v1/tenants/current";

fn change(venue: &Venue, body: Value) -> Answer {
    let etag = venue.director.get(CURRENT).header("etag").to_owned();
    venue.director.patch(CURRENT, &etag, body)
}

#[test]
fn a_portal_administrator_makes_a_tenant_and_its_director() {
    let venue = Venue::open();
    let body = json!({"number": 800, "name": "Hotel Zee", "currency": "EUR", "time_zone": "Europe/Lisbon"});
    let answer = venue.portal_admin.post("/v1/tenants", body.clone());
    let tenant = answer.expect(201);
    let path = format!("/v1/tenants/{}", tenant["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!(
        (&tenant["business_day_start"], &tenant["locale"]),
        (&json!("00:00"), &json!("nl-NL"))
    );
    assert_eq!(venue.portal_admin.get(&path).expect(200), tenant);
    venue
        .portal_admin
        .post("/v1/tenants", body)
        .problem(409, "tenant_number_taken");
    let page = venue.portal_admin.get("/v1/tenants?limit=1").expect(200);
    assert_eq!(page["items"][0]["number"], 719);
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = venue
        .portal_admin
        .get(&format!("/v1/tenants?limit=1&cursor={cursor}"))
        .expect(200);
    assert_eq!(page["items"], json!([tenant]));

    let inside = venue
        .portal_admin
        .with("Onaccount-Tenant", tenant["id"].as_str().unwrap());
    let director =
        json!({"email": "d@example.com", "name": "D", "password": "correct horse battery", "roles": ["director"]});
    // Someone must be there to accept the agreement; until then nothing else works.
    inside.post("/v1/users", director).expect(201);
    let bar = json!({"name": "Bar"});
    inside
        .post("/v1/terminals", bar.clone())
        .problem(403, "gdpr_agreement_required");
    let credentials = json!({"email": "d@example.com", "password": "correct horse battery"});
    let session = venue.service.anybody().post("/v1/sessions", credentials).expect(201);
    let director = venue.service.with_token(session["access_token"].as_str().unwrap());
    let version = json!({"version": onaccount::agreement::CURRENT.version});
    director.post("/v1/agreement/acceptances", version).expect(201);
    director.post("/v1/terminals", bar).expect(201);
}

#[test]
fn only_a_portal_administrator_sees_tenants() {
    let venue = Venue::open();
    let path = format!("/v1/tenants/{}", venue.tenant_id);
    let body = json!({"number": 800, "name": "Hotel Zee", "currency": "EUR", "time_zone": "Europe/Lisbon"});
    for actor in [&venue.director, &venue.clerk, &venue.till] {
        actor.get("/v1/tenants").problem(403, "forbidden");
        actor.get(&path).problem(403, "forbidden");
        actor.post("/v1/tenants", body.clone()).problem(403, "forbidden");
        actor.patch(&path, "*", json!({})).problem(403, "forbidden");
    }
    let unknown = "/v1/tenants/01938f5e-3c00-7000-8000-000000000001";
    venue.portal_admin.get(unknown).problem(404, "not_found");
    venue
        .portal_admin
        .patch(unknown, "*", json!({}))
        .problem(404, "not_found");
}

#[test]
fn a_tenant_to_make_is_checked() {
    let venue = Venue::open();
    let good = json!({"number": 800, "name": "Hotel Zee", "currency": "EUR", "time_zone": "Europe/Lisbon"});
    for (field, wrong) in [
        ("number", json!(0)),
        ("number", json!(1_000_000_000)),
        ("name", json!("")),
        ("currency", json!("EURO")),
        ("currency", json!("XXX")),
        ("time_zone", json!("Europe/Nowhere")),
        ("time_zone", json!("europe/lisbon")),
        ("locale", json!("dutch")),
    ] {
        let mut body = good.clone();
        body[field] = wrong;
        let problem = venue
            .portal_admin
            .post("/v1/tenants", body)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{problem}");
    }
}

#[test]
fn whoever_signed_in_reads_the_settings_and_a_director_changes_them() {
    let venue = Venue::open();
    for actor in [&venue.clerk, &venue.till, &venue.superuser] {
        assert_eq!(actor.get(CURRENT).expect(200)["number"], 719);
        if actor.get("/v1/me").expect(200)["kind"] == "user" {
            actor.patch(CURRENT, "*", json!({})).problem(403, "forbidden");
        }
    }
    let settings = json!({
        "name": "Sportclub Zuid", "time_zone": "America/Curacao", "business_day_start": "04:30", "accept_sales_days": 10,
        "accept_sales_from": "2026-01-01", "shows_available_on_till": false, "accepts_offline_sales": false,
        "offline_sale_max": "25.00", "revenue_at": "sale", "invoice_prefix": "SZ-", "street": "Dorpsstraat 1",
        "postcode": "1234 AB", "city": "Zuid", "country": "NL", "vat_number": "NL123456789B01", "iban": "NL91ABNA0417164300",
        "locale": "nl-BE",
    });
    let changed = change(&venue, settings.clone()).expect(200);
    for (field, value) in settings.as_object().unwrap() {
        assert_eq!(&changed[field], value, "{field}");
    }
    let read = venue.clerk.get(CURRENT);
    assert_eq!(read.expect(200), changed);
    let cleared = change(&venue, json!({"accept_sales_from": null, "offline_sale_max": null})).expect(200);
    assert_eq!(
        (&cleared["accept_sales_from"], &cleared["offline_sale_max"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(cleared["city"], "Zuid");
}

#[test]
fn a_change_names_the_version_it_was_made_from() {
    let venue = Venue::open();
    let etag = venue.director.get(CURRENT).header("etag").to_owned();
    let body = json!({"city": "Noord"});
    let bytes = body.to_string().into_bytes();
    venue
        .director
        .send(ureq::http::Method::PATCH, CURRENT, Some(bytes))
        .problem(428, "precondition_required");
    let changed = venue.director.patch(CURRENT, &etag, body);
    changed.expect(200);
    assert_ne!(changed.header("etag"), etag);
    venue
        .director
        .patch(CURRENT, &etag, json!({"city": "Zuid"}))
        .problem(412, "precondition_failed");
    venue
        .director
        .patch(CURRENT, "3", json!({"city": "Zuid"}))
        .problem(400, "bad_header");
    // What changes nothing makes no new version.
    let same = venue
        .director
        .patch(CURRENT, changed.header("etag"), json!({"city": "Noord"}));
    assert_eq!(same.header("etag"), changed.header("etag"));
}

#[test]
fn wrong_settings_are_named_and_nothing_changes() {
    let venue = Venue::open();
    let before = venue.director.get(CURRENT).expect(200);
    for (field, wrong) in [
        ("business_day_start", json!("24:00")),
        ("business_day_start", json!(240)),
        ("accept_sales_days", json!(0)),
        ("accept_sales_days", json!(3661)),
        ("accept_sales_from", json!("2026-02-30")),
        ("offline_sale_max", json!(25)),
        ("offline_sale_max", json!("-1.00")),
        ("offline_sale_max", json!("1.005")),
        ("currency", json!("EURO")),
        ("country", json!("nl")),
        ("iban", json!("NL91 ABNA")),
        ("name", Value::Null),
        ("number", json!(5)),
    ] {
        let problem = change(&venue, json!({field: wrong})).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{problem}");
    }
    let problem = change(&venue, json!({"offline_sale_max": "1.005"})).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_many_decimals");
    assert_eq!(venue.director.get(CURRENT).expect(200), before);
}

#[test]
fn the_currency_changes_with_the_amounts_it_measures() {
    let venue = Venue::open();
    assert_eq!(
        change(&venue, json!({"currency": "JPY"})).expect(200)["currency"],
        "JPY"
    );
    change(&venue, json!({"currency": "EUR", "offline_sale_max": "25.00"})).expect(200);
    let problem = change(&venue, json!({"currency": "JPY"})).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/offline_sale_max");
    let changed = change(&venue, json!({"currency": "JPY", "offline_sale_max": "2500"})).expect(200);
    assert_eq!(changed["offline_sale_max"], "2500");
}

#[test]
fn the_currency_is_fixed_after_the_first_mutation() {
    let venue = Venue::open();
    let (neighbour_id, neighbour, _) = venue.neighbour(720);
    venue.account("71900001", "100.00");
    change(&venue, json!({"currency": "JPY"})).problem(409, "currency_fixed");
    let inside = format!("/v1/tenants/{}", venue.tenant_id);
    venue
        .portal_admin
        .patch(&inside, "*", json!({"currency": "JPY"}))
        .problem(409, "currency_fixed");
    change(&venue, json!({"currency": "EUR", "city": "Noord"})).expect(200);
    // Another tenant's mutations fix nothing here.
    let path = format!("/v1/tenants/{neighbour_id}");
    venue
        .portal_admin
        .patch(&path, "*", json!({"currency": "JPY"}))
        .expect(200);
    assert_eq!(neighbour.get(CURRENT).expect(200)["currency"], "JPY");
}

#[test]
fn every_change_stands_in_the_trail() {
    let venue = Venue::open();
    change(&venue, json!({"city": "Noord", "business_day_start": "04:00"})).expect(200);
    change(&venue, json!({"city": "Noord"})).expect(200);
    let inside = format!("/v1/tenants/{}", venue.tenant_id);
    let etag = venue.portal_admin.get(&inside).header("etag").to_owned();
    venue
        .portal_admin
        .patch(&inside, &etag, json!({"city": "Zuid"}))
        .expect(200);
    let subject = Subject::new(SubjectKind::Tenant, venue.tenant_id);
    let trail = venue
        .service
        .write(|connection| audit::list(connection, venue.tenant_id, subject, None, 10));
    let found: Vec<_> = trail
        .iter()
        .map(|entry| {
            let values = (entry.old_value.as_deref(), entry.new_value.as_deref());
            (entry.actor_name.as_str(), entry.field.as_str(), values)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Petra Portal", "city", (Some("Noord"), Some("Zuid"))),
            ("Dirk Director", "city", (Some(""), Some("Noord"))),
            ("Dirk Director", "business_day_start", (Some("00:00"), Some("04:00"))),
        ]
    );
    let version: i64 = venue.service.write(|connection| {
        tenants::table
            .find(venue.tenant_id)
            .select(tenants::version)
            .first(connection)
    });
    assert_eq!(version, 3);
}
