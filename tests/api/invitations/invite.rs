//! Inviting one customer.

use chrono::TimeDelta;
use onaccount::auth::Role;
use onaccount::mail::{MailStatus, Round};
use serde_json::json;

use super::{access_of, invite, mails_of, path_of, person, token_of};
use crate::contract::books::rows_of;
use crate::harness::Venue;
use crate::mail::postman;
use crate::mail::smtp::{Act, SmtpServer};

#[test]
fn an_invitation_is_mailed_in_the_customers_language_and_its_link_stands_nowhere_else() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let zoe = person(&venue, "Zoë", "Zoe@clubnoord.nl");
    assert_eq!(zoe["access"], "not_invited");
    let read = venue.clerk.get(&format!("{}/invitation", path_of(&zoe))).expect(200);
    assert_eq!(
        (&read["invited_at"], &read["mail_status"]),
        (&json!(null), &json!(null))
    );
    let patched = venue
        .clerk
        .patch(&path_of(&zoe), "*", json!({"language": "fr-BE"}))
        .expect(200);
    let answer = invite(&venue, &zoe).expect(201);
    assert_eq!(
        (&answer["access"], &answer["mail_status"]),
        (&json!("invited"), &json!("queued"))
    );
    assert_eq!(answer["expires_at"], "2026-10-29T10:00:00Z");
    let invited = venue.clerk.get(&path_of(&zoe)).expect(200);
    assert_eq!(invited["access"], "invited");
    assert!(
        invited["version"].as_i64() > patched["version"].as_i64(),
        "its ETag tells"
    );
    assert_eq!(
        postman(&venue.service, &server.url).deliver_due().unwrap(),
        Round::Worked
    );
    let mail = server.await_mail();
    assert_eq!(mail.recipient, "Zoe@clubnoord.nl");
    assert!(mail.body().starts_with("Bonjour Zoë de Vries,\n"), "{}", mail.body());
    assert!(mail.body().contains("29/10/2026"), "{}", mail.body());
    let token = mail.link_token();
    assert_eq!(token.len(), 43, "256 bits in base64");
    for row in rows_of(&venue.service.database, venue.tenant_id) {
        assert!(!row.contains(&token), "{row}");
    }
    let history = venue.clerk.get(&format!("{}/history", path_of(&zoe))).expect(200);
    let access = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["field"] == "access");
    assert_eq!(access.unwrap()["new_value"], "invited");
    assert_eq!(access.unwrap()["actor_name"], "Klaas Clerk");
}

#[test]
fn whom_no_mail_can_reach_is_not_invited() {
    let venue = Venue::open();
    let nobody = venue.customer("Vera de Vries");
    let for_tests = person(&venue, "Test", "test@example.com");
    let reserved = json!({"email": "vera@club.test", "email_is_fictional": false});
    let called_real = person(&venue, "Real", "real@clubnoord.nl");
    venue.clerk.patch(&path_of(&called_real), "*", reserved).expect(200);
    let called_fictional = person(&venue, "Fictional", "vera@clubnoord.nl");
    let fictional = json!({"email_is_fictional": true});
    venue
        .clerk
        .patch(&path_of(&called_fictional), "*", fictional)
        .expect(200);
    for customer in [nobody, for_tests, called_real, called_fictional] {
        invite(&venue, &customer).problem(409, "customer_unreachable");
        assert_eq!(access_of(&venue, &customer), "not_invited");
        assert!(mails_of(&venue, &customer).is_empty());
    }
    let unknown = json!({"id": venue.tenant_id.to_string()});
    invite(&venue, &unknown).problem(404, "not_found");
}

#[test]
fn a_mail_that_bounces_is_seen_and_the_customer_is_invited_again() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[Act::RefuseRecipient("550 5.1.1 no such user: zoe")]);
    let postman = postman(&venue.service, &server.url);
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    postman.deliver_due().unwrap();
    assert_eq!(access_of(&venue, &zoe), "bounced");
    let found = venue.clerk.get("/v1/customers?access=bounced").expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let read = venue.clerk.get(&format!("{}/invitation", path_of(&zoe))).expect(200);
    assert_eq!(read["mail_status"], "bounced");
    assert!(read["mail_error"].as_str().unwrap().contains("no such user"), "{read}");
    invite(&venue, &zoe).expect(201);
    assert_eq!(access_of(&venue, &zoe), "invited");
    postman.deliver_due().unwrap();
    assert_eq!(access_of(&venue, &zoe), "invited");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_mail_whose_invitation_was_replaced_does_not_go() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    let first = token_of(&venue, &zoe);
    invite(&venue, &zoe).expect(201);
    postman(&venue.service, &server.url).deliver_due().unwrap();
    let statuses: Vec<MailStatus> = mails_of(&venue, &zoe).into_iter().map(|mail| mail.status).collect();
    assert_eq!(statuses, [MailStatus::Failed, MailStatus::Sent]);
    assert_eq!(server.received().len(), 1);
    assert_ne!(server.received()[0].link_token(), first);
    assert_eq!(access_of(&venue, &zoe), "invited");
}

/// The harness lets a tenant send ten within 24 hours.
#[test]
fn a_tenant_sends_only_so_many_invitations_a_day() {
    let venue = Venue::open();
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    for _ in 0..10 {
        invite(&venue, &zoe).expect(201);
    }
    let last = token_of(&venue, &zoe);
    let refused = invite(&venue, &zoe);
    refused.problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), (24 * 60 * 60 + 1).to_string());
    assert_eq!(mails_of(&venue, &zoe).len(), 10);
    super::accept(&venue, &last, super::PASSWORD).expect(201);
    let ann = person(&venue, "Ann", "ann@clubnoord.nl");
    invite(&venue, &ann).problem(429, "too_many_requests");
    // another tenant has its own limit
    let (_, neighbour, _) = venue.neighbour(720);
    let new = json!({"kind": "company", "company_name": "Zuid", "email": "post@zuid.nl"});
    let theirs = neighbour.post("/v1/customers", new).expect(201);
    neighbour
        .post_empty(&format!("{}/invitation", path_of(&theirs)))
        .expect(201);
    venue.service.advance(TimeDelta::hours(24));
    let (_, clerk) = venue
        .service
        .user("Carl", false, Some((venue.tenant_id, &[Role::Clerk])));
    clerk.post_empty(&format!("{}/invitation", path_of(&ann))).expect(201);
}
