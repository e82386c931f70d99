//! A till posts a sale: accepted or declined, for good.

use diesel::prelude::*;
use onaccount::db::schema::tenants;
use onaccount::ledger::AccountStatus;
use serde_json::json;

use crate::harness::money::{line, sale, sale_of, text, with};
use crate::harness::{Venue, key};

#[test]
fn a_sale_is_posted_with_its_lines() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let lines = json!([
        {"product_code": "BEER-25", "name": "Beer 25 cl", "quantity": "2", "amount": "6.40", "vat_rate": "21.00",
            "unit_price": "3.20", "category": "Drinks"},
        {"product_code": "VOUCHER", "name": "Voucher", "quantity": "0", "amount": "-1.40", "vat_rate": "21"},
    ]);
    let till_says = json!({"receipt_number": "1-20417", "operator": "Sem", "reference": "T12"});
    let key = key();
    let answer = venue
        .till
        .post_keyed("/v1/sales", &key, with(sale_of(account_id, "5.00", lines), till_says));
    let sale = answer.expect(201);
    assert_eq!(answer.header("location"), format!("/v1/sales/{key}"));
    assert_eq!(answer.header("idempotent-replayed"), "");
    let expected = json!({
        "id": key, "status": "posted", "account_id": account_id, "seq": 2, "amount": "5.00",
        "available_after": "95.00", "balance_after": "-5.00", "credit_limit_after": "100.00",
        "business_date": "2026-10-15", "occurred_at": "2026-10-15T10:00:00Z", "posted_at": "2026-10-15T10:00:00Z",
        "offline": false, "flags": [], "posted_by": {"kind": "terminal", "id": venue.till_id, "name": "Bar"},
        "receipt_number": "1-20417", "operator": "Sem", "reference": "T12",
        "lines": [
            {"line_no": 1, "product_code": "BEER-25", "name": "Beer 25 cl", "category": "Drinks", "quantity": "2",
                "amount": "6.40", "vat_rate": "21.00", "unit_price": "3.20"},
            {"line_no": 2, "product_code": "VOUCHER", "name": "Voucher", "category": "", "quantity": "0",
                "amount": "-1.40", "vat_rate": "21.00"},
        ],
    });
    assert_eq!(sale, expected);
    assert_eq!(venue.state(account_id), (-500, 10_000, 2));
    let found = venue.till.get(&format!("/v1/sales/{key}")).expect(200);
    for nothing in ["reversed_by_id", "invoice_number"] {
        assert_eq!(found.get(nothing), Some(&serde_json::Value::Null));
    }
    let since = json!({"refunded": "0.00", "refunded_lines": []});
    let found = with(found, json!({"reversed_by_id": null, "invoice_number": null}));
    assert_eq!(found, with(expected, since));
}

#[test]
fn an_account_is_named_by_its_number_too() {
    let venue = Venue::open();
    let account_id = venue.account("A-17", "10.00");
    let by_number = with(
        sale(account_id, "1.00"),
        json!({"account_id": null, "account_number": "A-17"}),
    );
    assert_eq!(
        venue.till.post_new("/v1/sales", by_number).expect(201)["account_id"],
        json!(account_id)
    );
}

#[test]
fn a_sale_over_the_limit_is_declined_with_what_is_available() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    venue.sell(account_id, "4.00").expect(201);
    let key = key();
    let declined = venue
        .till
        .with("Accept-Language", "nl")
        .post_keyed("/v1/sales", &key, sale(account_id, "6.01"));
    let problem = declined.problem(409, "limit_exceeded");
    assert_eq!(
        (&problem["available"], &problem["credit_limit"]),
        (&json!("6.00"), &json!("10.00"))
    );
    assert_eq!(problem["till_message"], "Onvoldoende saldo op rekening");
    assert_eq!(venue.state(account_id), (-400, 1000, 2));
    let found = venue.till.get(&format!("/v1/sales/{key}")).expect(200);
    let expected = json!({"id": key, "status": "declined", "account_id": account_id, "code": "limit_exceeded",
        "till_message": "Limit exceeded", "amount": "6.01", "available": "6.00", "credit_limit": "10.00",
        "occurred_at": "2026-10-15T10:00:00Z", "declined_at": "2026-10-15T10:00:00Z"});
    assert_eq!(found, expected);
    venue.sell(account_id, "6.00").expect(201);
}

#[test]
fn a_new_limit_counts_at_once_and_a_lower_one_declines() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    venue.sell(account_id, "50.00").expect(201);
    venue.change_limit(account_id, "-80.00").expect(201);
    let problem = venue.sell(account_id, "0.01").problem(409, "limit_exceeded");
    assert_eq!(problem["available"], "-30.00");
    venue.change_limit(account_id, "30.01").expect(201);
    venue.sell(account_id, "0.01").expect(201);
}

#[test]
fn a_sale_needs_an_active_account() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    for (status, code) in [
        (AccountStatus::Inactive, "account_inactive"),
        (AccountStatus::Blocked, "account_blocked"),
        (AccountStatus::Closed, "account_closed"),
    ] {
        venue.set_status(account_id, status);
        let problem = venue.sell(account_id, "1.00").problem(409, code);
        assert!(problem["till_message"].as_str().is_some());
    }
    assert_eq!(venue.state(account_id), (0, 10_000, 1));
}

#[test]
fn a_time_ahead_or_too_far_back_is_declined() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let at = |time: &str| {
        let body = with(sale(account_id, "1.00"), json!({"occurred_at": time}));
        venue.till.post_new("/v1/sales", body)
    };
    at("2026-10-15T10:05:01Z").problem(409, "occurred_at_ahead");
    at("2026-10-15T12:05:00+02:00").expect(201);
    at("2026-09-09T21:59:59Z").problem(409, "occurred_at_too_old");
    assert_eq!(at("2026-09-09T22:00:00Z").expect(201)["business_date"], "2026-09-10");
}

#[test]
fn what_is_available_is_hidden_from_tills_when_the_tenant_wants_that() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let tenant_id = venue.tenant_id;
    venue.service.write(|connection| {
        diesel::update(tenants::table.find(tenant_id))
            .set(tenants::shows_available_on_till.eq(false))
            .execute(connection)
    });
    venue.service.state.actors.clear();
    let posted = venue.sell(account_id, "1.00").expect(201);
    let declined = venue.sell(account_id, "100.00").problem(409, "limit_exceeded");
    let listed = venue.till.get("/v1/till/accounts").expect(200);
    for hidden in [
        &posted["available_after"],
        &posted["balance_after"],
        &declined["available"],
        &listed["items"][0]["available"],
    ] {
        assert!(hidden.is_null(), "{hidden}");
    }
    let people_see = venue
        .superuser
        .post_new("/v1/sales", sale(account_id, "1.00"))
        .expect(201);
    assert_eq!(people_see["available_after"], "8.00");
}

#[test]
fn bad_input_is_refused_by_its_field_and_changes_nothing() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let good = sale(account_id, "2.00");
    let lines = |count: usize| json!(vec![line("1", "0.00"); count]);
    for (changes, pointer) in [
        (json!({"amount": 2}), "/amount"),
        (json!({"amount": "2,00"}), "/amount"),
        (json!({"amount": "2.000"}), "/amount"),
        (json!({"amount": "-2.00"}), "/amount"),
        (json!({"amount": "2.01"}), "/amount"),
        (json!({"amount": null}), "/amount"),
        (json!({"lines": []}), "/lines"),
        (json!({"lines": lines(501), "amount": "0.00"}), "/lines"),
        (
            json!({"lines": [with(line("1", "2.00"), json!({"vat_rate": "100.01"}))]}),
            "/lines/0/vat_rate",
        ),
        (
            json!({"lines": [with(line("1", "2.00"), json!({"quantity": "-1"}))]}),
            "/lines/0/quantity",
        ),
        (
            json!({"lines": [with(line("1", "2.00"), json!({"quantity": 1}))]}),
            "/lines/0/quantity",
        ),
        (
            json!({"lines": [line("1", "1.00"), line("1", "1.001")]}),
            "/lines/1/amount",
        ),
        (
            json!({"lines": [with(line("1", "2.00"), json!({"product_code": "x".repeat(65)}))]}),
            "/lines/0/product_code",
        ),
        (
            json!({"lines": [with(line("1", "2.00"), json!({"colour": "red"}))]}),
            "/lines/0/colour",
        ),
        (json!({"occurred_at": "yesterday"}), "/occurred_at"),
        (json!({"account_id": "71900001"}), "/account_id"),
        (json!({"account_number": "71900001"}), ""),
        (json!({"account_id": null}), ""),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let problem = venue
            .till
            .post_new("/v1/sales", with(good.clone(), changes.clone()))
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{changes}: {problem}");
    }
    venue
        .till
        .post("/v1/sales", good.clone())
        .problem(400, "idempotency_key_missing");
    venue
        .till
        .post_keyed("/v1/sales", "seventeen", good.clone())
        .problem(400, "bad_header");
    assert_eq!(venue.state(account_id), (0, 10_000, 1));
    venue
        .till
        .post_new("/v1/sales", with(good, json!({"lines": lines(500), "amount": "0.00"})))
        .expect(201);
}

#[test]
fn an_unknown_or_foreign_account_is_refused_and_the_key_stays_free() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (neighbour_id, director, _) = venue.neighbour(720);
    let foreign_id = venue.service.account(neighbour_id, "72000001");
    let limit = json!({"change": "100.00", "reason": "budget"});
    director
        .post_new(&format!("/v1/accounts/{foreign_id}/limit-changes"), limit)
        .expect(201);
    let key = key();
    for account in [
        json!({"account_id": foreign_id}),
        json!({"account_id": "01938f5e-3c00-7000-8000-000000000001"}),
        json!({"account_id": null, "account_number": "72000001"}),
    ] {
        let body = with(sale(account_id, "1.00"), account);
        venue
            .till
            .post_keyed("/v1/sales", &key, body)
            .problem(422, "unknown_account");
    }
    let unknown = venue.till.get(&format!("/v1/sales/{key}")).problem(404, "not_found");
    let words = "not recorded yet: send it again under the same key, or void it";
    assert_eq!(unknown["detail"], words);
    venue
        .till
        .post_keyed("/v1/sales", &key, sale(account_id, "1.00"))
        .expect(201);
}

#[test]
fn a_sale_is_found_by_its_tenant_only() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (_, director, till) = venue.neighbour(720);
    let id = venue.sold(account_id, "1.00");
    till.get(&format!("/v1/sales/{id}")).problem(404, "not_found");
    director.get(&format!("/v1/mutations/{id}")).problem(404, "not_found");
    till.post_new(&format!("/v1/sales/{id}/refunds"), json!({}))
        .problem(404, "not_found");
    till.post_new(&format!("/v1/sales/{id}/void"), json!({"account_id": account_id}))
        .problem(422, "unknown_account");
    director
        .post_new(&format!("/v1/mutations/{id}/reversal"), json!({}))
        .problem(404, "not_found");
    let limit_change = text(&venue.change_limit(account_id, "1.00").expect(201)["id"]);
    venue
        .till
        .get(&format!("/v1/sales/{limit_change}"))
        .problem(404, "not_found");
}

#[test]
fn two_tenants_may_use_the_same_key() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (neighbour_id, director, till) = venue.neighbour(720);
    let foreign_id = venue.service.account(neighbour_id, "72000001");
    let limit = json!({"change": "100.00", "reason": "budget"});
    director
        .post_new(&format!("/v1/accounts/{foreign_id}/limit-changes"), limit)
        .expect(201);
    let key = key();
    venue
        .till
        .post_keyed("/v1/sales", &key, sale(account_id, "1.00"))
        .expect(201);
    till.post_keyed("/v1/sales", &key, sale(foreign_id, "2.00")).expect(201);
    assert_eq!(
        venue.till.get(&format!("/v1/sales/{key}")).expect(200)["amount"],
        "1.00"
    );
    assert_eq!(till.get(&format!("/v1/sales/{key}")).expect(200)["amount"], "2.00");
}

#[test]
fn parallel_sales_never_pass_the_limit() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tills: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| venue.sell(account_id, "1.00").status))
            .collect();
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        10,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        14,
        "{statuses:?}"
    );
    assert_eq!(venue.state(account_id), (-1000, 1000, 11));
}
