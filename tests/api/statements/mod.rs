//! `/v1/accounts/{account_id}/statement`: the figures, and the forms in which they go out.

mod days;
mod figures;
mod forms;
mod invoiced;
mod pages;

use onaccount::id::Id;
use serde_json::{Value, json};

use crate::harness::{Answer, Venue};

/// The statement of an account from one date to another, or with other parameters behind them.
pub fn statement_path(account_id: Id, period: &str) -> String {
    let (from, to) = period.split_once("..").unwrap();
    format!("/v1/accounts/{account_id}/statement?from={from}&to={to}")
}

/// The statement of a period such as `2026-10-01..2026-10-31`, which may be followed by `&other=parameters`.
#[track_caller]
pub fn statement(venue: &Venue, account_id: Id, period: &str) -> Value {
    venue.clerk.get(&statement_path(account_id, period)).expect(200)
}

/// A line of a sale.
pub fn product(code: &str, quantity: &str, amount: &str, vat_rate: &str) -> Value {
    json!({"product_code": code, "name": format!("The {code}"), "quantity": quantity, "amount": amount,
        "vat_rate": vat_rate, "category": "Bar"})
}

/// Posts a sale at an instant.
pub fn sell_at(venue: &Venue, account_id: Id, occurred_at: &str, amount: &str, lines: Value) -> Answer {
    let body = json!({"account_id": account_id, "occurred_at": occurred_at, "amount": amount, "lines": lines});
    venue.till.post_new("/v1/sales", body)
}

/// Posts a sale of one beer at an instant, and answers its id.
#[track_caller]
pub fn beer_at(venue: &Venue, account_id: Id, occurred_at: &str, amount: &str) -> String {
    let lines = json!([product("beer", "1", amount, "21")]);
    let sale = sell_at(venue, account_id, occurred_at, amount, lines).expect(201);
    sale["id"].as_str().unwrap().to_owned()
}

/// Reverses a mutation.
#[track_caller]
pub fn reverse(venue: &Venue, id: &str) {
    let body = json!({"reason": "wrong account"});
    venue
        .superuser
        .post_new(&format!("/v1/mutations/{id}/reversal"), body)
        .expect(201);
}
