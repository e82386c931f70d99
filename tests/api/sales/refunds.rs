//! Refunds: of a sale by line and quantity, and without a sale.

use onaccount::ledger::AccountStatus;
use serde_json::{Value, json};

use crate::harness::money::{line, sale, sale_of, text, with};
use crate::harness::{Answer, Venue};

fn refund(venue: &Venue, sale_id: &str, lines: Value) -> Answer {
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({"lines": lines}))
}

#[test]
fn one_euro_for_three_comes_back_one_by_one_to_the_cent() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let body = sale_of(account_id, "1.00", json!([line("3", "1.00")]));
    let sale_id = text(&venue.till.post_new("/v1/sales", body).expect(201)["id"]);
    let one = json!([{"line_no": 1, "quantity": "1"}]);
    for amount in ["0.33", "0.34", "0.33"] {
        let mutation = refund(&venue, &sale_id, one.clone()).expect(201);
        assert_eq!(
            (&mutation["kind"], &mutation["balance_change"]),
            (&json!("refund"), &json!(amount))
        );
        assert_eq!(mutation["refers_to_id"], json!(sale_id));
        let expected = json!([{"line_no": 1, "product_code": "BEER", "name": "Beer", "category": "", "quantity": "-1",
            "amount": format!("-{amount}"), "vat_rate": "21.00", "sale_line_no": 1}]);
        assert_eq!(mutation["lines"], expected);
    }
    let problem = refund(&venue, &sale_id, one).problem(422, "more_than_sold");
    assert_eq!(problem["detail"], "of line 1 a quantity of 0 is left to refund");
    assert_eq!(venue.state(account_id), (0, 1000, 5));
    let found = venue.till.get(&format!("/v1/sales/{sale_id}")).expect(200);
    assert_eq!(
        found["refunded_lines"],
        json!([{"line_no": 1, "quantity": "3", "amount": "1.00"}])
    );
}

#[test]
fn without_lines_what_is_left_comes_back() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let lines = json!([line("4", "10.00"), line("1", "5.00"), line("0", "-1.00")]);
    let sale_id = text(
        &venue
            .till
            .post_new("/v1/sales", sale_of(account_id, "14.00", lines))
            .expect(201)["id"],
    );
    refund(
        &venue,
        &sale_id,
        json!([{"line_no": 1, "quantity": "3"}, {"line_no": 2}]),
    )
    .expect(201);
    let rest = venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({}))
        .expect(201);
    assert_eq!(rest["balance_change"], "1.50");
    let path = format!("/v1/sales/{sale_id}/refunds");
    venue.till.post_new(&path, json!({})).problem(409, "nothing_to_refund");
    assert_eq!(venue.state(account_id).0, 0);
}

#[test]
fn never_more_than_was_sold_and_never_below_zero() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let lines = json!([line("1", "10.00"), line("1", "-2.50")]);
    let sale_id = text(
        &venue
            .till
            .post_new("/v1/sales", sale_of(account_id, "7.50", lines))
            .expect(201)["id"],
    );
    refund(&venue, &sale_id, json!([{"line_no": 1}])).problem(422, "more_than_sold");
    refund(&venue, &sale_id, json!([{"line_no": 2}])).problem(422, "refund_negative");
    refund(&venue, &sale_id, json!([{"line_no": 1, "quantity": "1.001"}])).problem(422, "more_than_sold");
    let problem = refund(&venue, &sale_id, json!([{"line_no": 3}])).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unknown_line");
    refund(&venue, &sale_id, json!([{"line_no": 1, "quantity": "0"}])).problem(422, "validation_failed");
    refund(&venue, &sale_id, json!([])).problem(422, "validation_failed");
    assert_eq!(venue.state(account_id).0, -750);
    refund(&venue, &sale_id, json!([{"line_no": 1}, {"line_no": 2}])).expect(201);
}

#[test]
fn a_reversed_refund_can_be_given_again() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let refund_id = text(&refund(&venue, &sale_id, json!([{"line_no": 1}])).expect(201)["id"]);
    let path = format!("/v1/mutations/{refund_id}/reversal");
    venue
        .superuser
        .post_new(&path, json!({"reason": "wrong guest"}))
        .expect(201);
    assert_eq!(venue.state(account_id).0, -1000);
    refund(&venue, &sale_id, json!([{"line_no": 1}])).expect(201);
    assert_eq!(venue.state(account_id).0, 0);
}

#[test]
fn a_refund_works_in_any_status_but_inactive() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = venue.sold(account_id, "10.00");
    let part = json!([{"line_no": 1, "quantity": "0.1"}]);
    venue.set_status(account_id, AccountStatus::Inactive);
    refund(&venue, &sale_id, part.clone()).problem(409, "account_inactive");
    for status in [AccountStatus::Blocked, AccountStatus::Closed, AccountStatus::Active] {
        venue.set_status(account_id, status);
        refund(&venue, &sale_id, part.clone()).expect(201);
    }
}

#[test]
fn a_till_says_when_and_people_do_not() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = text(
        &venue
            .till
            .post_new(
                "/v1/sales",
                with(
                    sale(account_id, "10.00"),
                    json!({"occurred_at": "2026-10-14T10:00:00Z"}),
                ),
            )
            .expect(201)["id"],
    );
    let path = format!("/v1/sales/{sale_id}/refunds");
    let at = |time: &str| json!({"occurred_at": time, "lines": [{"line_no": 1, "quantity": "0.1"}]});
    let mutation = venue.till.post_new(&path, at("2026-10-14T11:00:00Z")).expect(201);
    assert_eq!(mutation["business_date"], "2026-10-14");
    venue
        .till
        .post_new(&path, at("2026-10-14T09:59:59Z"))
        .problem(409, "refund_before_sale");
    venue
        .till
        .post_new(&path, at("2026-10-15T10:06:00Z"))
        .problem(409, "occurred_at_ahead");
    let problem = venue
        .superuser
        .post_new(&path, at("2026-10-14T11:00:00Z"))
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/occurred_at");
    let (_, other_till) = venue.another_till("Terrace");
    let mutation = other_till.post_new(&path, json!({})).expect(201);
    assert_eq!(
        (&mutation["business_date"], &mutation["balance_change"]),
        (&json!("2026-10-15"), &json!("9.00"))
    );
}

#[test]
fn a_refund_without_a_sale_needs_a_superuser_and_a_reason() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let body = json!({"account_id": account_id, "amount": "5.00", "lines": [line("1", "5.00")], "reason": "goodwill"});
    venue
        .till
        .post_new("/v1/refunds", body.clone())
        .problem(403, "forbidden");
    venue
        .clerk
        .post_new("/v1/refunds", body.clone())
        .problem(403, "forbidden");
    let no_reason = with(body.clone(), json!({"reason": null}));
    let problem = venue
        .superuser
        .post_new("/v1/refunds", no_reason)
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/reason");
    let too_much = with(body.clone(), json!({"amount": "5.01"}));
    venue
        .superuser
        .post_new("/v1/refunds", too_much)
        .problem(422, "validation_failed");
    let mutation = venue.superuser.post_new("/v1/refunds", body).expect(201);
    assert_eq!(
        (&mutation["balance_after"], &mutation["reason"]),
        (&json!("5.00"), &json!("goodwill"))
    );
    assert_eq!(
        (&mutation["lines"][0]["amount"], &mutation["lines"][0]["quantity"]),
        (&json!("-5.00"), &json!("-1"))
    );
    assert!(mutation["refers_to_id"].is_null());
}
