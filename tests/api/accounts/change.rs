//! Flags, versions, history, isolation.

use serde_json::{Value, json};
use ureq::http::Method;

use super::told;
use crate::harness::{Venue, walk};

#[test]
fn flags_change_on_the_version_that_was_seen() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    let body = json!({"on_account_allowed": true});
    let bare = venue
        .clerk
        .send(Method::PATCH, &account.path, Some(body.to_string().into_bytes()));
    bare.problem(428, "precondition_required");
    venue
        .clerk
        .patch(&account.path, "1-0", body.clone())
        .problem(400, "bad_header");
    let answer = venue.clerk.patch(&account.path, "\"1-0\"", body.clone());
    let changed = answer.expect(200);
    assert_eq!(
        (&changed["on_account_allowed"], &changed["shown_on_till"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(answer.header("etag"), "\"2-0\"");
    let both = json!({"on_account_allowed": false, "shown_on_till": true});
    venue
        .clerk
        .patch(&account.path, "\"1-0\"", both.clone())
        .problem(412, "precondition_failed");
    assert_eq!(venue.clerk.get(&account.path).expect(200), changed);
    // What changes nothing makes no version and no history.
    assert_eq!(venue.clerk.patch(&account.path, "\"2-0\"", body).expect(200), changed);
    assert_eq!(
        venue.clerk.patch(&account.path, "\"2-0\"", json!({})).expect(200),
        changed
    );
    venue.clerk.patch(&account.path, "\"2-0\"", both).expect(200);
    let history = venue.backoffice.get(&format!("{}/history", account.path)).expect(200);
    assert_eq!(
        told(&history),
        [
            json!(["Klaas Clerk", "shown_on_till", "false", "true"]),
            json!(["Klaas Clerk", "on_account_allowed", "true", "false"]),
            json!(["Klaas Clerk", "on_account_allowed", "false", "true"]),
            json!(["Suus Superuser", "number", null, account.number]),
        ]
    );
    for (patch, pointer) in [
        (json!({"on_account_allowed": null}), "/on_account_allowed"),
        (json!({"number": "7"}), "/number"),
        (json!({"status": "active"}), "/status"),
        (json!({"balance": "0.00"}), "/balance"),
    ] {
        let problem = venue
            .clerk
            .patch(&account.path, "*", patch)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[test]
fn a_busy_account_can_be_edited_and_its_etag_tells_of_money() {
    use diesel::prelude::*;
    use onaccount::db::schema::accounts;
    let venue = Venue::open();
    let account = venue.open_account("0");
    let seen = venue.clerk.get(&account.path);
    let etag = seen.header("etag").to_owned();
    let ask = || venue.clerk.with("If-None-Match", etag.as_str()).get(&account.path);
    let unchanged = ask();
    assert_eq!((unchanged.status, unchanged.text().as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), etag);
    // A mutation comes in between.
    let (tenant_id, id) = (venue.tenant_id, account.id.parse::<onaccount::id::Id>().unwrap());
    venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, id)))
            .set((
                accounts::balance_minor.eq(-3500),
                accounts::credit_limit_minor.eq(2000),
                accounts::credits_standing.eq(1),
                accounts::last_seq.eq(2),
            ))
            .execute(connection)
    });
    let read = ask().expect(200);
    assert_eq!(
        (&read["balance"], &read["credit_limit"], &read["available"]),
        (&json!("-35.00"), &json!("20.00"), &json!("-15.00"))
    );
    assert_eq!(
        (&read["is_credit_account"], &read["last_seq"]),
        (&json!(true), &json!(2))
    );
    let answer = venue.clerk.patch(&account.path, &etag, json!({"shown_on_till": false}));
    assert_eq!(answer.expect(200)["balance"], "-35.00");
    assert_eq!(answer.header("etag"), "\"3-2\"");
}

#[test]
fn history_comes_in_pages() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    for number in 0..6 {
        let body = json!({"shown_on_till": number % 2 == 0});
        venue.clerk.patch(&account.path, "*", body).expect(200);
    }
    let path = format!("{}/history?limit=3", account.path);
    let ids = walk(&venue.clerk, &path);
    assert_eq!(ids.len(), 7);
    assert!(ids.is_sorted_by(|a, b| a > b), "the latest first: {ids:?}");
    let page = venue.clerk.get(&path).expect(200);
    let other = venue.new_account(json!({}));
    let cursor = page["next_cursor"].as_str().unwrap();
    venue
        .clerk
        .get(&format!("{}/history?cursor={cursor}", other.path))
        .problem(400, "bad_cursor");
}

#[test]
fn another_tenant_s_account_does_not_exist() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let account = venue.open_account("0");
    let before = venue.clerk.get(&account.path).expect(200);
    for path in [
        account.path.as_str(),
        "/v1/accounts/01938f5e-3c00-7000-8000-000000000001",
        "/v1/accounts/71900001",
    ] {
        neighbour.get(path).problem(404, "not_found");
        neighbour.get(&format!("{path}/history")).problem(404, "not_found");
        neighbour
            .patch(path, "*", json!({"shown_on_till": false}))
            .problem(404, "not_found");
    }
    assert_eq!(neighbour.get("/v1/accounts").expect(200)["items"], json!([]));
    let by_holder = format!("/v1/accounts?holder={}", account.holder_id);
    assert_eq!(neighbour.get(&by_holder).expect(200)["items"], json!([]));
    assert_eq!(venue.clerk.get(&account.path).expect(200), before);
    // A portal administrator works in a tenant by its header, and stands in its trail.
    let portal = venue.portal_admin.with("Onaccount-Tenant", venue.tenant_id.to_string());
    portal
        .patch(&account.path, "*", json!({"shown_on_till": false}))
        .expect(200);
    let history = venue
        .clerk
        .get(&format!("{}/history?limit=1", account.path))
        .expect(200);
    assert_eq!(
        told(&history),
        [json!(["Petra Portal", "shown_on_till", "true", "false"])]
    );
}

#[test]
fn reading_and_writing_need_their_permissions() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    venue.backoffice.get(&account.path).expect(200);
    venue.backoffice.get("/v1/accounts").expect(200);
    venue
        .backoffice
        .post("/v1/accounts", json!({}))
        .problem(403, "forbidden");
    venue
        .backoffice
        .patch(&account.path, "*", json!({}))
        .problem(403, "forbidden");
    venue
        .backoffice
        .get("/v1/accounts/number-proposal")
        .problem(403, "forbidden");
    venue.till.get(&account.path).problem(403, "forbidden");
    venue.till.get("/v1/accounts").problem(403, "forbidden");
    let list: Value = venue.clerk.get("/v1/accounts").expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}
