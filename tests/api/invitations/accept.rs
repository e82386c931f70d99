//! Accepting an invitation.

use chrono::TimeDelta;
use diesel::prelude::*;
use onaccount::db::schema::{customer_users, users};
use onaccount::id::Id;
use serde_json::{Value, json};

use super::{PASSWORD, accept, access_of, invite, join, path_of, person, token_of};
use crate::harness::Venue;
use crate::mail::postman;
use crate::mail::smtp::SmtpServer;

fn without_request_id(mut problem: Value) -> Value {
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}

#[test]
fn the_link_in_a_mail_lets_a_customer_in() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let zoe = person(&venue, "Zoë", "Zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    postman(&venue.service, &server.url).deliver_due().unwrap();
    let answer = accept(&venue, &server.await_mail().link_token(), PASSWORD);
    let session = answer.expect(201);
    assert_eq!(
        answer.header("location"),
        format!("/v1/sessions/{}", session["id"].as_str().unwrap())
    );
    assert_eq!(session["tenant_id"], venue.tenant_id.to_string());
    let me = venue
        .service
        .with_token(session["access_token"].as_str().unwrap())
        .get("/v1/me")
        .expect(200);
    assert_eq!(me["roles"], json!(["customer"]));
    assert_eq!(
        (&me["name"], &me["email"]),
        (&json!("Zoë de Vries"), &json!("Zoe@clubnoord.nl"))
    );
    assert_eq!(access_of(&venue, &zoe), "active");
    invite(&venue, &zoe).problem(409, "customer_active");
    // and from then on with e-mail and password
    let sign_in = json!({"email": "zoe@CLUBNOORD.nl", "password": PASSWORD});
    venue.service.anybody().post("/v1/sessions", sign_in).expect(201);
    let history = venue.clerk.get(&format!("{}/history", path_of(&zoe))).expect(200);
    assert_eq!(history["items"][0]["new_value"], "active");
    assert_eq!(history["items"][0]["actor_name"], "Zoë de Vries");
}

#[test]
fn a_link_that_does_not_work_says_always_the_same() {
    let venue = Venue::open();
    let with_link = |name: &str| {
        let customer = person(&venue, name, &format!("{name}@clubnoord.nl"));
        invite(&venue, &customer).expect(201);
        let token = token_of(&venue, &customer);
        (customer, token)
    };
    let (_, used) = with_link("used");
    accept(&venue, &used, PASSWORD).expect(201);
    let (customer, replaced) = with_link("replaced");
    invite(&venue, &customer).expect(201);
    let (customer, withdrawn) = with_link("withdrawn");
    venue
        .clerk
        .delete(&format!("{}/invitation", path_of(&customer)))
        .expect(204);
    assert_eq!(access_of(&venue, &customer), "not_invited");
    let (customer, moved) = with_link("moved");
    venue
        .clerk
        .patch(&path_of(&customer), "*", json!({"email": "new@clubnoord.nl"}))
        .expect(200);
    assert_eq!(access_of(&venue, &customer), "not_invited");
    let (_, expired) = with_link("expired");
    let unknown = "A".repeat(43);
    let dead = [used, replaced, withdrawn, moved, unknown];
    let refused = |token: &str| without_request_id(accept(&venue, token, PASSWORD).problem(422, "unknown_invitation"));
    let answers: Vec<Value> = dead.iter().map(|token| refused(token)).collect();
    venue.service.advance(TimeDelta::days(14));
    let expired = refused(&expired);
    assert!(answers.iter().all(|answer| *answer == expired), "{answers:?} {expired}");
    accept(&venue, "no token at all", PASSWORD).problem(422, "validation_failed");
}

#[test]
fn a_password_is_judged_before_the_link_is_used_up() {
    let venue = Venue::open();
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    let token = token_of(&venue, &zoe);
    let short = accept(&venue, &token, "short").problem(422, "validation_failed");
    assert_eq!(short["errors"][0]["pointer"], "/password");
    accept(&venue, &token, PASSWORD).expect(201);
}

#[test]
fn two_customers_with_one_address_share_a_user_who_knows_the_password() {
    let venue = Venue::open();
    let (zoe, club) = (
        person(&venue, "Zoë", "zoe@clubnoord.nl"),
        person(&venue, "Club", "ZOE@clubnoord.nl"),
    );
    invite(&venue, &zoe).expect(201);
    invite(&venue, &club).expect(201);
    let (first, second) = (token_of(&venue, &zoe), token_of(&venue, &club));
    accept(&venue, &first, PASSWORD).expect(201);
    assert_eq!(access_of(&venue, &club), "invited");
    let wrong = accept(&venue, &second, "another password").problem(422, "validation_failed");
    assert_eq!(
        (&wrong["errors"][0]["pointer"], &wrong["errors"][0]["code"]),
        (&json!("/password"), &json!("wrong_password"))
    );
    accept(&venue, &second, PASSWORD).expect(201);
    assert_eq!(access_of(&venue, &club), "active");
    let linked: Vec<Id> = venue.service.write(|connection| {
        customer_users::table
            .select(customer_users::user_id)
            .distinct()
            .load(connection)
    });
    assert_eq!(linked.len(), 1);
    // one of them goes, the other stays; with the last one goes the role
    let actor = sign_in(&venue);
    venue.clerk.delete(&format!("{}/invitation", path_of(&zoe))).expect(204);
    assert_eq!(actor.get("/v1/me").expect(200)["roles"], json!(["customer"]));
    venue
        .clerk
        .delete(&format!("{}/invitation", path_of(&club)))
        .expect(204);
    assert_eq!(actor.get("/v1/me").expect(200)["tenants"], json!([]));
    assert_eq!(
        (access_of(&venue, &zoe), access_of(&venue, &club)),
        ("not_invited".into(), "not_invited".into())
    );
}

fn sign_in(venue: &Venue) -> crate::harness::Actor {
    let body = json!({"email": "zoe@clubnoord.nl", "password": PASSWORD});
    let session = venue.service.anybody().post("/v1/sessions", body).expect(201);
    venue.service.with_token(session["access_token"].as_str().unwrap())
}

#[test]
fn whoever_is_a_user_already_keeps_what_they_had() {
    let venue = Venue::open();
    let clerk = json!({"email": "zoe@clubnoord.nl", "name": "Zoë", "password": PASSWORD, "roles": ["clerk"]});
    let user = venue.director.post("/v1/users", clerk).expect(201);
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    let token = token_of(&venue, &zoe);
    // guessing is slowed down as at a sign-in, and does not use the link up
    for _ in 0..5 {
        accept(&venue, &token, "a wrong password").problem(422, "validation_failed");
    }
    let slowed = accept(&venue, &token, PASSWORD);
    slowed.problem(429, "too_many_requests");
    venue.service.advance(TimeDelta::minutes(1));
    accept(&venue, &token, PASSWORD).expect(201);
    let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
    let roles = venue.director.with("If-Match", "*").get(&path).expect(200)["roles"].clone();
    assert_eq!(roles, json!(["clerk", "customer"]));
    // a director who takes the role away takes the access away
    let roles = json!({"roles": ["clerk"]});
    venue
        .director
        .with("If-Match", "*")
        .put(&format!("{path}/roles"), roles)
        .expect(200);
    assert_eq!(access_of(&venue, &zoe), "not_invited");
    let granted = json!({"roles": ["clerk", "customer"]});
    let granted = venue
        .director
        .with("If-Match", "*")
        .put(&format!("{path}/roles"), granted);
    granted.problem(409, "granted_by_invitation");
}

#[test]
fn of_two_who_use_a_link_at_once_one_gets_in() {
    let venue = Venue::open();
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    let token = token_of(&venue, &zoe);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let both: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| accept(&venue, &token, PASSWORD).status))
            .collect();
        both.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    let count: i64 = venue.service.write(|connection| {
        users::table
            .filter(users::email_key.eq("zoe@clubnoord.nl"))
            .count()
            .get_result(connection)
    });
    assert_eq!(count, 1);
}

#[test]
fn an_outsider_learns_nothing_of_a_tenant_by_joining() {
    let venue = Venue::open();
    let zoe = join(&venue, &person(&venue, "Zoë", "zoe@clubnoord.nl"));
    for path in [
        "/v1/customers",
        "/v1/accounts",
        "/v1/users",
        "/v1/invoices",
        "/v1/mutations",
        "/v1/till/accounts",
    ] {
        zoe.get(path).problem(403, "forbidden");
    }
}
