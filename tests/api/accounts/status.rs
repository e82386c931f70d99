//! Activate, block, unblock, close, reopen.

use serde_json::json;

use super::told;
use crate::harness::Venue;

#[test]
fn an_account_goes_through_its_life() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    let post = |change: &str| {
        venue
            .clerk
            .post(&format!("{}/{change}", account.path), json!({"reason": "came back"}))
    };
    for (change, status, version) in [
        ("activate", "active", 2),
        ("block", "blocked", 3),
        ("unblock", "active", 4),
        ("close", "closed", 5),
        ("reopen", "active", 6),
        ("block", "blocked", 7),
        ("close", "closed", 8),
    ] {
        let answer = post(change);
        let changed = answer.expect(200);
        assert_eq!(changed["status"], status, "{change}");
        assert_eq!(answer.header("etag"), format!("\"{version}-0\""));
        assert_eq!(venue.clerk.get(&account.path).expect(200), changed);
    }
    for change in ["activate", "block", "unblock", "close"] {
        let problem = post(change).problem(409, "invalid_status_change");
        assert!(problem["detail"].as_str().unwrap().contains("is closed"), "{problem}");
    }
    assert_eq!(venue.clerk.get(&account.path).expect(200)["settings_version"], 8);
}

#[test]
fn a_new_account_can_only_be_activated() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    for change in ["block", "unblock", "close", "reopen"] {
        venue
            .clerk
            .post(&format!("{}/{change}", account.path), json!({"reason": "x"}))
            .problem(409, "invalid_status_change");
    }
    assert_eq!(venue.clerk.get(&account.path).expect(200)["status"], "inactive");
}

#[test]
fn reopening_needs_a_reason_and_keeps_it() {
    let venue = Venue::open();
    let account = venue.open_account("0.00");
    venue
        .clerk
        .post(&format!("{}/close", account.path), json!({}))
        .expect(200);
    let path = format!("{}/reopen", account.path);
    for (body, pointer) in [
        (json!({}), "/reason"),
        (json!({"reason": ""}), "/reason"),
        (json!({"reason": "x".repeat(501)}), "/reason"),
        (json!({"reason": "x", "status": "active"}), "/status"),
    ] {
        let problem = venue.clerk.post(&path, body).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    venue
        .clerk
        .post(&path, json!({"reason": "the member came back"}))
        .expect(200);
    let history = venue
        .clerk
        .get(&format!("{}/history?limit=3", account.path))
        .expect(200);
    assert_eq!(
        told(&history),
        [
            json!(["Klaas Clerk", "reopen_reason", null, "the member came back"]),
            json!(["Klaas Clerk", "status", "closed", "active"]),
            json!(["Klaas Clerk", "status", "active", "closed"]),
        ]
    );
}

#[test]
fn a_version_that_is_sent_is_compared() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    let path = format!("{}/activate", account.path);
    let post = |etag: &str| venue.clerk.with("If-Match", etag).post(&path, json!({}));
    post("\"2-0\"").problem(412, "precondition_failed");
    post("two").problem(400, "bad_header");
    post("\"1-7\"").expect(200);
}

#[test]
fn changing_a_status_needs_the_permission_and_the_tenant() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let account = venue.new_account(json!({}));
    for change in ["activate", "block", "unblock", "close", "reopen"] {
        let path = format!("{}/{change}", account.path);
        let body = json!({"reason": "x"});
        venue.backoffice.post(&path, body.clone()).problem(403, "forbidden");
        venue.till.post(&path, body.clone()).problem(403, "forbidden");
        neighbour.post(&path, body).problem(404, "not_found");
    }
    assert_eq!(venue.clerk.get(&account.path).expect(200)["status"], "inactive");
}
