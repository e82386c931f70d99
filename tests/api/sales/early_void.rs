//! A void that comes before its sale: the till lost its connection, and both are on their way.

use serde_json::{Value, json};

use crate::harness::money::{sale, with};
use crate::harness::{Venue, key};

fn void_path(sale_id: &str) -> String {
    format!("/v1/sales/{sale_id}/void")
}

#[test]
fn the_late_sale_is_refused_for_good() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (sale_id, void_id) = (key(), key());
    let by_number = json!({"account_number": "71900001"});
    let void = venue.till.post_keyed(&void_path(&sale_id), &void_id, by_number.clone());
    let waiting = json!({"status": "awaiting_sale", "sale_id": sale_id, "account_id": account_id});
    assert_eq!(
        (void.expect(202), void.header("idempotent-replayed")),
        (waiting.clone(), "")
    );

    for _ in 0..2 {
        let late = venue.till.post_keyed("/v1/sales", &sale_id, sale(account_id, "2.00"));
        let problem = late.problem(409, "reversed_before_arrival");
        assert_eq!(problem["till_message"], "Sale was voided");
    }
    let again = venue.till.post_keyed(&void_path(&sale_id), &void_id, by_number);
    assert_eq!(
        (again.expect(202), again.header("idempotent-replayed")),
        (waiting, "true")
    );
    let found = venue.till.get(&format!("/v1/sales/{sale_id}")).expect(200);
    let expected = json!({"id": sale_id, "status": "reversed_before_arrival", "account_id": account_id,
        "voided_at": "2026-10-15T10:00:00Z"});
    assert_eq!(found, expected);
    assert_eq!(venue.state(account_id), (0, 10_000, 1));
}

#[test]
fn what_cannot_be_claimed_is_a_precise_problem() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1.00");
    let body = json!({"account_id": account_id});
    let sale_id = key();
    venue
        .till
        .post_new(&void_path(&sale_id), json!({"account_number": "nobody"}))
        .problem(422, "unknown_account");
    venue
        .till
        .post_keyed(&void_path(&sale_id), &sale_id, body.clone())
        .problem(422, "idempotency_key_reused");
    venue
        .till
        .get(&format!("/v1/sales/{sale_id}"))
        .problem(404, "not_found");

    venue.till.post_new(&void_path(&sale_id), body.clone()).expect(202);
    venue
        .till
        .post_new(&void_path(&sale_id), body.clone())
        .problem(409, "already_reversed");

    let declined = key();
    venue
        .till
        .post_keyed("/v1/sales", &declined, sale(account_id, "2.00"))
        .problem(409, "limit_exceeded");
    venue
        .till
        .post_new(&void_path(&declined), body.clone())
        .problem(409, "sale_declined");

    let change = venue.change_limit(account_id, "5.00").expect(201);
    let change_id = change["id"].as_str().unwrap();
    venue
        .till
        .post_new(&void_path(change_id), body)
        .problem(404, "not_found");
}

#[test]
fn a_claimed_key_is_no_other_requests_key() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = key();
    let body = json!({"account_id": account_id});
    venue.till.post_new(&void_path(&sale_id), body).expect(202);
    let credit = json!({"amount": "5.00", "reason": "prepaid"});
    let path = format!("/v1/accounts/{account_id}/credits");
    venue
        .director
        .post_keyed(&path, &sale_id, credit)
        .problem(422, "idempotency_key_reused");
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({}))
        .problem(404, "not_found");
}

#[test]
fn in_a_batch_too_the_late_sale_is_refused() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (voided, meant) = (key(), key());
    venue
        .till
        .post_new(&void_path(&voided), json!({"account_id": account_id}))
        .expect(202);
    let offline = |amount| with(sale(account_id, amount), json!({"offline": true}));
    let body = json!({"sales": [{"id": voided, "sale": offline("2.00")}, {"id": meant, "sale": offline("3.00")}]});
    let results = venue.till.post("/v1/sales/batch", body).expect(207)["results"].clone();
    let told: Vec<(&Value, &Value)> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (&result["outcome"], &result["problem"]["code"]))
        .collect();
    let posted = (&json!("posted_flagged"), &Value::Null);
    assert_eq!(told, [(&json!("declined"), &json!("reversed_before_arrival")), posted]);
    assert_eq!(venue.state(account_id), (-300, 10_000, 2));
}
