//! A mutation is undone by its opposite, once.

use onaccount::id::Id;
use serde_json::json;

use crate::harness::money::text;
use crate::harness::{Answer, Venue};
use crate::ledger::{invoice, post_reset};

fn reverse(venue: &Venue, id: &str) -> Answer {
    venue
        .superuser
        .post_new(&format!("/v1/mutations/{id}/reversal"), json!({"reason": "mistake"}))
}

#[test]
fn a_reversal_undoes_exactly_one_mutation_once() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    venue.sell(account_id, "5.00").expect(201);
    let reversal = reverse(&venue, &sale_id).expect(201);
    assert_eq!(
        (&reversal["kind"], &reversal["balance_change"]),
        (&json!("reversal"), &json!("10.00"))
    );
    assert_eq!(
        (&reversal["refers_to_id"], &reversal["reason"]),
        (&json!(sale_id), &json!("mistake"))
    );
    assert_eq!(venue.state(account_id), (-500, 10_000, 4));
    reverse(&venue, &sale_id).problem(409, "already_reversed");
    reverse(&venue, &text(&reversal["id"])).problem(409, "not_reversible");
    let found = venue.superuser.get(&format!("/v1/mutations/{sale_id}")).expect(200);
    assert_eq!(found["reversed_by_id"], reversal["id"]);
    assert_eq!(found["lines"][0]["amount"], "10.00");
    assert_eq!(venue.state(account_id), (-500, 10_000, 4));
}

#[test]
fn limit_changes_and_credits_are_reversed_too() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let raised = text(&venue.change_limit(account_id, "50.00").expect(201)["id"]);
    let credit = json!({"amount": "20.00", "reason": "prepaid"});
    let credit = venue
        .superuser
        .post_new(&format!("/v1/accounts/{account_id}/credits"), credit)
        .expect(201);
    reverse(&venue, &text(&credit["id"])).expect(201);
    venue.change_limit(account_id, "-10.00").expect(201);
    reverse(&venue, &raised).problem(409, "limit_would_be_negative");
    venue.change_limit(account_id, "10.00").expect(201);
    reverse(&venue, &raised).expect(201);
    assert_eq!(venue.state(account_id), (0, 0, 6));
}

#[test]
fn what_stands_on_an_invoice_is_not_reversed_but_its_void_becomes_a_refund() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let number = invoice(&venue, account_id, &[2]);
    let problem = reverse(&venue, &sale_id).problem(409, "already_invoiced");
    assert!(problem["detail"].as_str().unwrap().contains(&number));
    let part = json!({"lines": [{"line_no": 1, "quantity": "0.4"}]});
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), part)
        .expect(201);
    let path = format!("/v1/sales/{sale_id}/void");
    let void = venue
        .till
        .post_new(&path, json!({"account_id": account_id}))
        .expect(201);
    assert_eq!(
        (&void["kind"], &void["flags"]),
        (&json!("refund"), &json!(["voided_as_refund"]))
    );
    assert_eq!(
        (&void["balance_change"], &void["refers_to_id"]),
        (&json!("6.00"), &json!(sale_id))
    );
    venue
        .till
        .post_new(&path, json!({"account_id": account_id}))
        .problem(409, "nothing_to_refund");
    assert_eq!(venue.state(account_id).0, 0);
}

#[test]
fn a_sale_with_refunds_and_a_reset_are_not_reversed() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let refund = venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({}))
        .expect(201);
    reverse(&venue, &sale_id).problem(409, "has_refunds");
    reverse(&venue, &text(&refund["id"])).expect(201);
    reverse(&venue, &sale_id).expect(201);
    let reset: Id = post_reset(&venue, account_id);
    reverse(&venue, &reset.to_string()).problem(409, "not_reversible");
    reverse(&venue, &crate::harness::key()).problem(404, "not_found");
    venue
        .clerk
        .post_new(&format!("/v1/mutations/{sale_id}/reversal"), json!({}))
        .problem(403, "forbidden");
}
