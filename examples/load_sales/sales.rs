//! Posts the sales.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};
use onaccount::money::{Currency, Money};
use serde_json::{Value, json};

use super::Result;
use super::client::{Client, key_of, text};
use super::compare;
use super::input::{Line, Sale};
use super::venue::{Account, Venue, cents};

/// What became of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub sale_id: u64,
    pub customer_id: String,
    pub is_accepted: bool,
    /// What the customer owes after it.
    pub owed_cents: i64,
}

/// Posts every sale at the till of its store, one after the other.
pub fn post(venue: &Venue, sales: &[Sale]) -> Result<Vec<Outcome>> {
    let bar = progress(sales.len(), "sales")?;
    let mut owed_by: BTreeMap<&str, i64> = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(sales.len());
    for sale in sales {
        let is_accepted = post_one(venue, sale)?;
        let owed = owed_by.entry(&sale.customer_id).or_default();
        if is_accepted {
            *owed += sale.amount_cents;
        }
        outcomes.push(Outcome {
            sale_id: sale.id,
            customer_id: sale.customer_id.clone(),
            is_accepted,
            owed_cents: *owed,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(outcomes)
}

/// What is drawn while things are posted, when somebody looks.
pub fn progress(count: usize, of_what: &str) -> Result<ProgressBar> {
    let form = format!("{{bar:40}} {{pos}}/{{len}} {of_what}, {{per_sec}}, {{eta}} to go");
    let style = ProgressStyle::with_template(&form)?;
    Ok(ProgressBar::new(u64::try_from(count)?).with_style(style))
}

/// Whether the sale was accepted; a decline over the limit is an answer too.
fn post_one(venue: &Venue, sale: &Sale) -> Result<bool> {
    let (account, till) = (venue.account(&sale.customer_id)?, venue.till(&sale.store_id)?);
    let body = json!({
        "account_id": account.id,
        "occurred_at": sale.at,
        "amount": Money::new(sale.amount_cents, venue.currency),
        "receipt_number": sale.id.to_string(),
        "lines": sale.lines.iter().map(|line| line_body(line, venue.currency)).collect::<Vec<Value>>(),
    });
    let key = sale_key(sale.id, account);
    let answer = till.post("/v1/sales", Some(&key), Some(&body))?;
    if answer.status == 409 && answer.code() == "limit_exceeded" {
        return Ok(false);
    }
    answer.expect(&[201], &format!("sale {}", sale.id)).map(|_| true)
}

/// The key of a sale, which is its id in the service.
pub fn sale_key(sale_id: u64, account: &Account) -> String {
    key_of(&format!("sale {sale_id} of {}", account.id))
}

/// A line as the service takes it, VAT not split.
pub fn line_body(line: &Line, currency: Currency) -> Value {
    let mut body = json!({"product_code": line.product_id, "name": line.product_name,
        "quantity": line.quantity, "amount": Money::new(line.amount_cents, currency), "vat_rate": "0"});
    if !line.category.is_empty() {
        body["category"] = json!(line.category);
    }
    if let Some(unit_price) = &line.unit_price {
        body["unit_price"] = json!(unit_price);
    }
    body
}

/// Compares the balances that the service has with what the answers add up to, for accounts that were new.
pub fn check_balances(client: &Client, venue: &Venue, outcomes: &[Outcome]) -> Result<usize> {
    let owed_by: BTreeMap<String, i64> = outcomes
        .iter()
        .map(|outcome| (outcome.customer_id.clone(), outcome.owed_cents))
        .collect();
    let mut expected = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (customer_id, account) in venue.accounts.iter().filter(|(_, account)| account.balance_cents == 0) {
        let now = client.get(&format!("/v1/accounts/{}", account.id))?;
        found.insert(customer_id.clone(), -cents(text(&now, "balance")?, venue.currency)?);
        expected.insert(
            customer_id.clone(),
            owed_by.get(customer_id).copied().unwrap_or_default(),
        );
    }
    Ok(compare::maps("balances", &expected, &found))
}
