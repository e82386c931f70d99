//! `/v1/me`: who one is, one's own name and password.

use serde_json::{Value, json};

use crate::harness::Venue;

const OLD: &str = "correct horse battery";
const NEW: &str = "staple of a new one";

#[test]
fn a_frontend_learns_what_to_show() {
    let venue = Venue::before_agreement();
    let me = venue.director.get("/v1/me").expect(200);
    assert_eq!(me["tenant"]["agreement"], "missing");
    assert_eq!(me["tenant"]["number"], 719);
    assert_eq!(me["roles"], json!(["director"]));
    assert!(me["permissions"].as_array().unwrap().contains(&json!("users.manage")));
    assert!(!me["permissions"].as_array().unwrap().contains(&json!("portal.manage")));
    assert_eq!(me["tenants"][0]["id"], venue.tenant_id.to_string());

    let me = venue.till.get("/v1/me").expect(200);
    assert_eq!((&me["kind"], &me["name"]), (&json!("terminal"), &json!("Bar")));
    assert_eq!(me["permissions"], json!(["till.list", "till.post", "till.totals"]));
    assert_eq!((&me["email"], &me["session_id"]), (&Value::Null, &Value::Null));

    let me = venue.portal_admin.get("/v1/me").expect(200);
    assert_eq!(
        (&me["tenant"], &me["permissions"]),
        (&Value::Null, &json!(["portal.manage"]))
    );
}

#[test]
fn a_portal_administrator_works_in_the_tenant_that_a_header_names() {
    let venue = Venue::open();
    let inside = venue.portal_admin.with("Onaccount-Tenant", venue.tenant_id.to_string());
    let me = inside.get("/v1/me").expect(200);
    assert_eq!(me["tenant"]["number"], 719);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("limits.change")));
    for other in [&venue.director, &venue.till] {
        let naming = other.with("Onaccount-Tenant", venue.tenant_id.to_string());
        naming.get("/v1/me").problem(403, "forbidden");
    }
    let naming = |id: &str| venue.portal_admin.with("Onaccount-Tenant", id);
    naming("719").get("/v1/me").problem(400, "bad_header");
    naming("01938f5e-3c00-7000-8000-000000000001")
        .get("/v1/me")
        .problem(403, "forbidden");
    naming(&venue.tenant_id.to_string())
        .with("Onaccount-Tenant", venue.tenant_id.to_string())
        .get("/v1/me")
        .problem(400, "bad_header");
}

#[test]
fn people_change_their_own_name_and_language() {
    let venue = Venue::open();
    let patch = |body: Value| {
        let bytes = body.to_string().into_bytes();
        venue.clerk.send(ureq::http::Method::PATCH, "/v1/me", Some(bytes))
    };
    let me = patch(json!({"name": "Klaas van Dam", "language": "nl"})).expect(200);
    assert_eq!((&me["name"], &me["language"]), (&json!("Klaas van Dam"), &json!("nl")));
    assert_eq!(venue.clerk.get("/v1/me").expect(200)["name"], "Klaas van Dam");
    for wrong in [
        json!({"name": null}),
        json!({"language": "xx"}),
        json!({"email": "a@b.nl"}),
    ] {
        patch(wrong).problem(422, "validation_failed");
    }
    venue
        .till
        .send(ureq::http::Method::PATCH, "/v1/me", Some(b"{}".to_vec()))
        .problem(403, "forbidden");
}

#[test]
fn changes_at_the_same_time_all_stand_in_the_trail_one_after_the_other() {
    use diesel::prelude::*;
    use onaccount::db::schema::audit_entries;
    let venue = Venue::open();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let clerk = &venue.clerk;
            scope.spawn(move || {
                let body = json!({"name": format!("Klaas {n}")}).to_string().into_bytes();
                clerk.send(ureq::http::Method::PATCH, "/v1/me", Some(body)).expect(200);
            });
        }
    });
    let trail: Vec<(Option<String>, Option<String>)> = venue.service.write(|connection| {
        audit_entries::table
            .filter(audit_entries::field.eq("name"))
            .filter(audit_entries::new_value.like("Klaas %"))
            .select((audit_entries::old_value, audit_entries::new_value))
            .load(connection)
    });
    let (old, new): (std::collections::BTreeSet<_>, std::collections::BTreeSet<_>) = trail.into_iter().unzip();
    assert_eq!((old.len(), new.len()), (4, 4), "two changes of the same name: {old:?}");
    let last: Vec<_> = new.difference(&old).collect();
    assert_eq!(last.len(), 1, "{last:?}");
    assert_eq!(venue.clerk.get("/v1/me").expect(200)["name"], json!(last[0]));
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let venue = Venue::open();
    let email = "vera@example.com";
    let body = json!({"email": email, "name": "Vera", "password": OLD, "roles": ["clerk"]});
    venue.director.post("/v1/users", body).expect(201);
    let sign_in = |password: &str| {
        let body = json!({"email": email, "password": password});
        venue.service.anybody().post("/v1/sessions", body)
    };
    let actor = || {
        venue
            .service
            .with_token(sign_in(OLD).expect(201)["access_token"].as_str().unwrap())
    };
    let (here, elsewhere) = (actor(), actor());
    elsewhere.get("/v1/me").expect(200);
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        here.post("/v1/me/password", body)
    };
    let problem = change("not the password", NEW).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "wrong_password");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    change(OLD, "short").problem(422, "validation_failed");
    elsewhere.get("/v1/me").expect(200);
    assert_eq!(change(OLD, NEW).status, 204);
    elsewhere.get("/v1/me").problem(401, "unauthorized");
    here.get("/v1/me").expect(200);
    sign_in(OLD).problem(401, "sign_in_failed");
    sign_in(NEW).expect(201);
}

#[test]
fn guessing_the_current_password_is_slowed_down() {
    let venue = Venue::open();
    let guess = || {
        let body = json!({"current_password": "not the password", "new_password": NEW});
        venue.clerk.post("/v1/me/password", body)
    };
    for _ in 0..5 {
        guess().problem(422, "validation_failed");
    }
    let answer = guess();
    answer.problem(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "2");
}
