//! `/v1/sessions`: signing in and out, tokens, throttling.

use onaccount::error::Code;
use serde_json::{Value, json};

use crate::harness::{Actor, Answer, Service, Venue, at};

const PASSWORD: &str = "correct horse battery";

/// A clerk of the venue with a password; the e-mail address.
fn clerk(venue: &Venue) -> String {
    let email = "vera@example.com";
    let body = json!({"email": email, "name": "Vera de Vries", "password": PASSWORD, "roles": ["clerk"]});
    venue.director.post("/v1/users", body).expect(201);
    email.to_owned()
}

fn sign_in(service: &Service, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    service.anybody().post("/v1/sessions", body)
}

fn refresh(service: &Service, token: &Value) -> Answer {
    service
        .anybody()
        .post("/v1/sessions/refresh", json!({"refresh_token": token}))
}

fn bearer(service: &Service, session: &Value) -> Actor {
    service.with_token(session["access_token"].as_str().unwrap())
}

#[test]
fn who_signs_in_gets_tokens_and_their_only_tenant() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let answer = sign_in(&venue.service, &email.to_uppercase(), PASSWORD);
    let session = answer.expect(201);
    assert_eq!(
        answer.header("location"),
        format!("/v1/sessions/{}", session["id"].as_str().unwrap())
    );
    assert_eq!(session["tenant_id"], venue.tenant_id.to_string());
    assert_eq!(session["tenants"][0]["roles"], json!(["clerk"]));
    assert_eq!(session["access_token_expires_at"], "2026-10-15T10:15:00Z");
    assert_eq!(session["expires_at"], "2026-11-14T10:00:00Z");
    let me = bearer(&venue.service, &session).get("/v1/me").expect(200);
    assert_eq!(me["email"], "vera@example.com");
    assert_eq!(me["roles"], json!(["clerk"]));
    assert_eq!(me["tenant"]["agreement"], "accepted");
}

#[test]
fn an_unknown_user_and_a_wrong_password_are_told_alike() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let wrong = sign_in(&venue.service, &email, "a wrong password").problem(401, "sign_in_failed");
    let unknown = sign_in(&venue.service, "nobody@example.com", PASSWORD).problem(401, "sign_in_failed");
    assert_eq!(wrong["detail"], unknown["detail"]);
    for body in [
        json!({"email": "vera", "password": PASSWORD}),
        json!({"email": email, "password": "short"}),
        json!({"email": email}),
    ] {
        let refused = venue.service.anybody().post("/v1/sessions", body);
        refused.problem(422, "validation_failed");
        assert!(!refused.text().contains(PASSWORD));
    }
}

#[test]
fn an_access_token_lives_15_minutes_and_a_session_30_days() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let session = sign_in(&venue.service, &email, PASSWORD).expect(201);
    venue.service.clock.set(at("2026-10-15T10:16:00Z"));
    bearer(&venue.service, &session)
        .get("/v1/me")
        .problem(401, "unauthorized");
    let next = refresh(&venue.service, &session["refresh_token"]).expect(200);
    bearer(&venue.service, &next).get("/v1/me").expect(200);
    assert_eq!(next["expires_at"], session["expires_at"]);
    venue.service.clock.set(at("2026-11-14T10:00:06Z"));
    refresh(&venue.service, &next["refresh_token"]).problem(401, "unauthorized");
}

#[test]
fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let first = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let second = refresh(&venue.service, &first["refresh_token"]).expect(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    venue.service.clock.set(at("2026-10-15T10:00:11Z"));
    let actor = bearer(&venue.service, &second);
    actor.get("/v1/me").expect(200);
    refresh(&venue.service, &first["refresh_token"]).problem(401, "unauthorized");
    actor.get("/v1/me").problem(401, "unauthorized");
    refresh(&venue.service, &second["refresh_token"]).problem(401, "unauthorized");
}

#[test]
fn a_lost_answer_is_given_again_within_ten_seconds() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let first = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let second = refresh(&venue.service, &first["refresh_token"]).expect(200);
    venue.service.clock.set(at("2026-10-15T10:00:09Z"));
    let again = refresh(&venue.service, &first["refresh_token"]).expect(200);
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    let third = refresh(&venue.service, &second["refresh_token"]).expect(200);
    // The successor was used, so the first one is not a lost answer any more, however soon it comes.
    refresh(&venue.service, &first["refresh_token"]).problem(401, "unauthorized");
    bearer(&venue.service, &third)
        .get("/v1/me")
        .problem(401, "unauthorized");
}

#[test]
fn twenty_who_refresh_at_once_get_the_same_successor() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let first = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| refresh(&venue.service, &first["refresh_token"]).expect(200)))
            .collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(
        answers
            .iter()
            .all(|answer| answer["refresh_token"] == answers[0]["refresh_token"])
    );
    refresh(&venue.service, &answers[0]["refresh_token"]).expect(200);
}

#[test]
fn nonsense_and_access_tokens_do_not_refresh() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let session = sign_in(&venue.service, &email, PASSWORD).expect(201);
    for token in [&json!("nonsense"), &session["access_token"]] {
        refresh(&venue.service, token).problem(401, "unauthorized");
    }
    let refresh_as_access = venue.service.with_token(session["refresh_token"].as_str().unwrap());
    refresh_as_access.get("/v1/me").problem(401, "unauthorized");
    bearer(&venue.service, &session).get("/v1/me").expect(200);
}

#[test]
fn signing_out_works_at_once() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let session = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let actor = bearer(&venue.service, &session);
    actor.get("/v1/me").expect(200);
    assert_eq!(actor.delete("/v1/sessions/current").status, 204);
    actor.get("/v1/me").problem(401, "unauthorized");
    refresh(&venue.service, &session["refresh_token"]).problem(401, "unauthorized");
}

#[test]
fn own_sessions_are_listed_and_revoked_and_nobody_elses() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let here = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let lost = sign_in(&venue.service, &email, PASSWORD).expect(201);
    let actor = bearer(&venue.service, &here);
    let page = actor.get("/v1/sessions?limit=1").expect(200);
    assert_eq!(page["items"][0]["id"], lost["id"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = actor.get(&format!("/v1/sessions?limit=1&cursor={cursor}")).expect(200);
    assert_eq!(page["items"][0]["id"], here["id"]);
    assert_eq!(page["next_cursor"], Value::Null);
    let path = format!("/v1/sessions/{}", lost["id"].as_str().unwrap());
    venue.director.delete(&path).problem(404, "not_found");
    bearer(&venue.service, &lost).get("/v1/me").expect(200);
    assert_eq!(actor.delete(&path).status, 204);
    bearer(&venue.service, &lost).get("/v1/me").problem(401, "unauthorized");
    actor.delete(&path).problem(404, "not_found");
}

#[test]
fn a_key_has_no_session() {
    let venue = Venue::open();
    venue.till.get("/v1/sessions").problem(403, "forbidden");
    venue.till.delete("/v1/sessions/current").problem(403, "forbidden");
}

#[test]
fn a_user_of_two_tenants_chooses_one() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let (neighbour_id, ..) = venue.neighbour(720);
    let grant = json!({"email": email, "roles": ["superuser"]});
    let to = |tenant_id: String| venue.portal_admin.with("Onaccount-Tenant", tenant_id);
    to(neighbour_id.to_string()).post("/v1/users/grants", grant).expect(200);
    let session = sign_in(&venue.service, &email, PASSWORD).expect(201);
    assert_eq!(session["tenant_id"], Value::Null);
    assert_eq!(session["tenants"].as_array().unwrap().len(), 2);
    let actor = bearer(&venue.service, &session);
    actor.get("/v1/tenants/current").problem(403, "tenant_not_chosen");
    let path = "/v1/sessions/current/tenant";
    let me = actor.post(path, json!({"tenant_id": neighbour_id})).expect(200);
    assert_eq!(me["roles"], json!(["superuser"]));
    assert_eq!(actor.get("/v1/tenants/current").expect(200)["number"], 720);
    actor.post(path, json!({"tenant_id": venue.tenant_id})).expect(200);
    assert_eq!(actor.get("/v1/me").expect(200)["roles"], json!(["clerk"]));
    let foreign = venue.service.tenant(721);
    actor
        .post(path, json!({"tenant_id": foreign}))
        .problem(422, "unknown_tenant");
    venue
        .director
        .post(path, json!({"tenant_id": neighbour_id}))
        .problem(422, "unknown_tenant");
}

/// Fails until the service asks to wait; how often it failed, and the wait in seconds.
fn fail_until_throttled(service: &Service, email: &str) -> (u32, i64) {
    for failures in 0..100 {
        let answer = sign_in(service, email, "a wrong password");
        if answer.status == 429 {
            answer.problem(429, "too_many_requests");
            return (failures, answer.header("retry-after").parse().unwrap());
        }
        answer.problem(401, "sign_in_failed");
    }
    panic!("never throttled");
}

fn pass(service: &Service, seconds: i64) {
    let now = service.clock.now();
    service.clock.set(now.plus(chrono::TimeDelta::seconds(seconds)));
}

#[test]
fn failures_make_an_account_wait_longer_and_the_right_password_works_after_the_wait() {
    let venue = Venue::open();
    let email = clerk(&venue);
    assert_eq!(fail_until_throttled(&venue.service, &email), (5, 2));
    sign_in(&venue.service, &email, PASSWORD).problem(429, "too_many_requests");
    pass(&venue.service, 2);
    let (failures, wait) = fail_until_throttled(&venue.service, &email);
    assert_eq!((failures, wait), (1, 3));
    pass(&venue.service, wait);
    sign_in(&venue.service, &email, PASSWORD).expect(201);
    // Forgiven: as many mistakes as at first.
    assert_eq!(fail_until_throttled(&venue.service, &email).0, 5);
}

#[test]
fn an_unknown_account_is_throttled_like_any_other() {
    let service = Service::start();
    assert_eq!(fail_until_throttled(&service, "nobody@example.com"), (5, 2));
}

#[test]
fn guesses_sent_at_once_get_no_further() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| sign_in(&venue.service, &email, "a wrong password").status))
            .collect();
        guesses.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7);
}

#[test]
fn an_address_that_guesses_everywhere_waits_and_others_do_not() {
    let venue = Venue::open();
    let email = clerk(&venue);
    // The harness trusts 127.0.0.1 as a reverse proxy.
    let from = |address: &str, email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let asking = venue.service.anybody().with("X-Forwarded-For", address);
        asking.post("/v1/sessions", body)
    };
    for n in 0..21 {
        from("198.51.100.7", &format!("u{n}@example.com"), "a wrong password").problem(401, "sign_in_failed");
    }
    from("198.51.100.7", &email, PASSWORD).problem(429, "too_many_requests");
    from("198.51.100.8", &email, PASSWORD).expect(201);
    pass(&venue.service, 2);
    from("198.51.100.7", &email, PASSWORD).expect(201);
    from("198.51.100.7", &email, PASSWORD).expect(201);
}

#[test]
fn who_guesses_keeps_nobody_out_of_their_account() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let from = |address: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let asking = venue.service.anybody().with("X-Forwarded-For", address);
        asking.post("/v1/sessions", body)
    };
    for _ in 0..5 {
        from("198.51.100.7", "a wrong password").problem(401, "sign_in_failed");
    }
    from("198.51.100.7", PASSWORD).problem(429, "too_many_requests");
    from("198.51.100.8", PASSWORD).expect(201);
    from("198.51.100.7", PASSWORD).problem(429, "too_many_requests");
}

#[test]
fn an_account_that_very_many_addresses_guess_at_waits_but_not_for_long() {
    let venue = Venue::open();
    let email = clerk(&venue);
    let guess = |hosts: std::ops::Range<u32>| {
        let state = &venue.service.state;
        state.db.write_blocking(|connection| {
            hosts.clone().try_for_each(|host| {
                let address = std::net::Ipv4Addr::from(0x0a00_0000 + host);
                let attempt = state.throttle.attempt(&email, Some(address.into()));
                attempt.begin(connection, venue.service.clock.now())
            })
        })
    };
    guess(0..1001).unwrap();
    assert_eq!(guess(1001..1002).unwrap_err().code(), Code::TooManyRequests);
    sign_in(&venue.service, &email, PASSWORD).problem(429, "too_many_requests");
    pass(&venue.service, 31);
    sign_in(&venue.service, &email, PASSWORD).expect(201);
    guess(1001..1003).unwrap();
}
