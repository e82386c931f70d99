//! A customer sees their own, and nothing else.

use serde_json::json;

use super::{Member, ids, invoice};
use crate::harness::Venue;
use crate::invitations::{accept, access_of, invite, path_of, person, token_of};

#[test]
fn a_customer_sees_own_accounts_statements_and_documents() {
    let venue = Venue::open();
    let zoe = Member::join(&venue, "zoe");
    let accounts = zoe.actor.get("/v1/me/accounts").expect(200);
    let expected = json!([{"id": zoe.account.id, "number": zoe.account.number, "name": "zoe de Vries", "status": "active",
        "balance": "-6.00", "credit_limit": "100.00", "available": "94.00"}]);
    assert_eq!(accounts["items"], expected);
    let statement = zoe.actor.get(&zoe.statement_path()).expect(200);
    assert_eq!(statement["sales_total"], "6.00");
    let same = venue.director.get(&zoe.statement_path().replace("/me", "")).expect(200);
    assert_eq!(statement, same);
    let csv = zoe.actor.with("Accept", "text/csv").get(&zoe.statement_path());
    assert!(csv.text().contains("sales_total,,6.00"), "{}", csv.text());
    assert_eq!(ids(&zoe.actor, "/v1/me/documents"), [zoe.invoice_id.as_str()]);
    let document = zoe
        .actor
        .get(&format!("/v1/me/documents/{}", zoe.invoice_id))
        .expect(200);
    assert_eq!(document["total"], "6.00");
    assert_eq!(
        document,
        venue
            .director
            .get(&format!("/v1/invoices/{}", zoe.invoice_id))
            .expect(200)
    );
    let me = zoe.actor.get("/v1/me").expect(200);
    assert_eq!(
        (&me["roles"], &me["permissions"]),
        (&json!(["customer"]), &json!(["own.read", "own.write"]))
    );
}

#[test]
fn two_customers_of_one_venue_see_nothing_of_each_other() {
    let venue = Venue::open();
    let (ann, bob) = (Member::join(&venue, "ann"), Member::join(&venue, "bob"));
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        assert_eq!(ids(&one.actor, "/v1/me/accounts"), [one.account.id.as_str()]);
        assert_eq!(ids(&one.actor, "/v1/me/documents"), [one.invoice_id.as_str()]);
        one.actor.get(&other.statement_path()).problem(404, "not_found");
        one.actor
            .get(&format!("/v1/me/documents/{}", other.invoice_id))
            .problem(404, "not_found");
        // the venue's own paths are closed to both, for their own things too
        for member in [one, other] {
            for path in [
                member.account.path.clone(),
                format!("{}/statement?from=2026-10-01&to=2026-10-31", member.account.path),
                format!("/v1/invoices/{}", member.invoice_id),
                path_of(&member.customer),
                format!("{}/documents", path_of(&member.customer)),
            ] {
                one.actor.get(&path).problem(403, "forbidden");
            }
            one.actor
                .post_empty(&format!("{}/sessions", path_of(&member.customer)))
                .problem(403, "forbidden");
        }
    }
}

#[test]
fn whoever_is_only_linked_sees_the_account_and_no_invoice() {
    let venue = Venue::open();
    let (ann, bob) = (Member::join(&venue, "ann"), Member::join(&venue, "bob"));
    let link = format!("{}/holders/{}", ann.account.path, bob.customer["id"].as_str().unwrap());
    venue.clerk.put(&link, json!({"kind": "viewer"})).expect(200);
    assert_eq!(ids(&bob.actor, "/v1/me/accounts").len(), 2);
    bob.actor.get(&ann.statement_path()).expect(200);
    assert_eq!(ids(&bob.actor, "/v1/me/documents"), [bob.invoice_id.as_str()]);
    assert_eq!(ids(&ann.actor, "/v1/me/accounts").len(), 1);
    venue.clerk.delete(&link).expect(204);
    bob.actor.get(&ann.statement_path()).problem(404, "not_found");
}

#[test]
fn one_user_sees_what_belongs_to_each_of_their_customers() {
    let venue = Venue::open();
    let ann = Member::join(&venue, "ann");
    let club = person(&venue, "Club", "ann@clubnoord.nl");
    let account = venue.open_account_of(&club, "50.00");
    let of_club = invoice(&venue, &account, "club");
    assert_eq!(ids(&ann.actor, "/v1/me/accounts").len(), 1);
    invite(&venue, &club).expect(201);
    accept(&venue, &token_of(&venue, &club), crate::invitations::PASSWORD).expect(201);
    assert_eq!(ids(&ann.actor, "/v1/me/accounts").len(), 2);
    assert_eq!(
        ids(&ann.actor, "/v1/me/documents"),
        [of_club.as_str(), ann.invoice_id.as_str()]
    );
    let first = ann.actor.get("/v1/me/documents?limit=1").expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(
        ids(&ann.actor, &format!("/v1/me/documents?limit=1&cursor={cursor}")),
        [ann.invoice_id.as_str()]
    );
    let first = ann.actor.get("/v1/me/accounts?limit=1").expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(
        ids(&ann.actor, &format!("/v1/me/accounts?limit=1&cursor={cursor}")),
        [account.id.as_str()]
    );
    venue
        .clerk
        .delete(&format!("{}/invitation", path_of(&club)))
        .expect(204);
    assert_eq!(ids(&ann.actor, "/v1/me/accounts"), [ann.account.id.as_str()]);
    ann.actor
        .get(&format!("/v1/me/documents/{of_club}"))
        .problem(404, "not_found");
}

#[test]
fn a_customer_of_two_venues_sees_each_in_its_turn() {
    let venue = Venue::open();
    let ann = Member::join(&venue, "ann");
    let (neighbour_id, neighbour, _) = venue.neighbour(720);
    let new = json!({"kind": "person", "first_name": "Ann", "last_name": "de Vries", "email": "ann@clubnoord.nl"});
    let there = neighbour.post("/v1/customers", new).expect(201);
    neighbour
        .post_empty(&format!("{}/invitation", path_of(&there)))
        .expect(201);
    let session = accept(&venue, &token_of(&venue, &there), crate::invitations::PASSWORD).expect(201);
    assert_eq!(session["tenant_id"], neighbour_id.to_string());
    let visitor = venue.service.with_token(session["access_token"].as_str().unwrap());
    assert!(ids(&visitor, "/v1/me/accounts").is_empty());
    visitor.get(&ann.statement_path()).problem(404, "not_found");
    let back = json!({"tenant_id": venue.tenant_id.to_string()});
    visitor.post("/v1/sessions/current/tenant", back).expect(200);
    assert_eq!(ids(&visitor, "/v1/me/accounts"), [ann.account.id.as_str()]);
    assert_eq!(access_of(&venue, &ann.customer), "active");
}

#[test]
fn only_customers_have_something_of_their_own() {
    let venue = Venue::open();
    for actor in [
        &venue.director,
        &venue.superuser,
        &venue.clerk,
        &venue.backoffice,
        &venue.till,
    ] {
        actor.get("/v1/me/accounts").problem(403, "forbidden");
        actor.get("/v1/me/documents").problem(403, "forbidden");
    }
    assert!(ids(&venue.customer_user, "/v1/me/accounts").is_empty());
}
