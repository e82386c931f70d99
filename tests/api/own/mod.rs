//! What a customer sees of their own, and who looks at it.

mod seen;
mod sharing;
mod viewing;

use serde_json::{Value, json};

use crate::harness::{Actor, NOON, TestAccount, Venue, key};
use crate::invitations::{join, person};

/// A customer with an account on which 6.00 was sold and invoiced, and who signs in.
pub struct Member {
    pub customer: Value,
    pub account: TestAccount,
    pub invoice_id: String,
    pub actor: Actor,
}

impl Member {
    pub fn join(venue: &Venue, name: &str) -> Self {
        let customer = person(venue, name, &format!("{name}@clubnoord.nl"));
        let account = venue.open_account_of(&customer, "100.00");
        let invoice_id = invoice(venue, &account, name);
        let actor = join(venue, &customer);
        Member {
            customer,
            account,
            invoice_id,
            actor,
        }
    }

    pub fn statement_path(&self) -> String {
        format!(
            "/v1/me/accounts/{}/statement?from=2026-10-01&to=2026-10-31",
            self.account.id
        )
    }
}

/// Sells 6.00 on the account and invoices it; answers the invoice.
pub fn invoice(venue: &Venue, account: &TestAccount, product: &str) -> String {
    let sale = json!({"account_id": account.id, "occurred_at": NOON, "amount": "6.00", "lines": [
        {"product_code": "BEER", "name": format!("Beer of {product}"), "quantity": "2", "amount": "6.00", "vat_rate": "21.00"}]});
    venue.till.post_new("/v1/sales", sale).expect(201);
    let run = json!({"from": "2026-10-01", "to": "2026-10-15", "reset_type": "none",
        "accounts": {"account_ids": [account.id]}});
    let director = venue.director.with("Prefer", "wait=10").with("Idempotency-Key", key());
    director.post("/v1/invoice-runs", run).expect(200);
    let invoices = venue
        .director
        .get(&format!("/v1/invoices?account_id={}", account.id))
        .expect(200);
    invoices["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The ids on the first page of a list.
pub fn ids(actor: &Actor, path: &str) -> Vec<String> {
    let page = actor.get(path).expect(200);
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}
