//! A till takes a sale back.

use serde_json::json;

use crate::harness::Venue;

#[test]
fn a_void_reverses_the_sale() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let path = format!("/v1/sales/{sale_id}/void");
    let by_number = json!({"account_number": "71900001"});
    let mutation = venue.till.post_new(&path, by_number.clone()).expect(201);
    assert_eq!(
        (&mutation["kind"], &mutation["refers_to_id"]),
        (&json!("reversal"), &json!(sale_id))
    );
    assert_eq!(
        (&mutation["balance_after"], &mutation["lines"]),
        (&json!("0.00"), &json!([]))
    );
    venue.till.post_new(&path, by_number).problem(409, "already_reversed");
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({}))
        .problem(409, "already_reversed");
    let found = venue.till.get(&format!("/v1/sales/{sale_id}")).expect(200);
    assert_eq!(found["reversed_by_id"], mutation["id"]);
}

#[test]
fn a_void_that_cannot_be_is_a_precise_problem() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let other_id = venue.account("71900002", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let path = format!("/v1/sales/{sale_id}/void");
    venue
        .till
        .post_new(&path, json!({"account_id": other_id}))
        .problem(422, "unknown_account");
    venue
        .till
        .post_new(&path, json!({"account_number": "nobody"}))
        .problem(422, "unknown_account");
    venue.till.post_new(&path, json!({})).problem(422, "validation_failed");
    let part = json!({"lines": [{"line_no": 1, "quantity": "0.5"}]});
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), part)
        .expect(201);
    venue
        .till
        .post_new(&path, json!({"account_id": account_id}))
        .problem(409, "has_refunds");
    assert_eq!(venue.state(account_id).0, -500);
}
