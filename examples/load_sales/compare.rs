//! Compares what came of it with known results.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use serde::Deserialize;

use super::Result;
use super::input::read_rows;
use super::sales::Outcome;

/// How many differences are shown.
const SHOWN_MAX: usize = 5;

/// Customer and month.
pub type MonthKey = (String, String);
/// Customer, business date and product.
pub type LineKey = (String, String, String);

/// What a customer bought in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigures {
    pub sales: usize,
    pub amount_cents: i64,
}

/// What a customer bought of a product on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFigures {
    pub product_name: String,
    pub quantity: String,
    pub amount_cents: i64,
}

#[derive(Deserialize)]
struct MonthRow {
    customer_id: String,
    month: String,
    sales: usize,
    amount_cents: i64,
}

#[derive(Deserialize)]
struct LineRow {
    customer_id: String,
    day: String,
    product_id: String,
    product_name: String,
    quantity: String,
    amount_cents: i64,
}

#[derive(Deserialize)]
struct OutcomeRow {
    sale_id: u64,
    customer_id: String,
    accepted: u8,
    balance_after_cents: i64,
}

/// Compares two maps, shows what differs, and answers how much does.
pub fn maps<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    expected: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
) -> usize {
    let missing = expected.iter().filter(|(key, value)| found.get(key) != Some(value));
    let missing: Vec<String> = missing
        .map(|(key, value)| format!("{key:?}: expected {value:?}, found {:?}", found.get(key)))
        .collect();
    let extra = found.iter().filter(|(key, _)| !expected.contains_key(key));
    let extra: Vec<String> = extra
        .map(|(key, value)| format!("{key:?}: not expected: {value:?}"))
        .collect();
    let differences = missing.len() + extra.len();
    println!("{what}: {} expected, {differences} differences", expected.len());
    for difference in missing.iter().chain(&extra).take(SHOWN_MAX) {
        println!("  {difference}");
    }
    differences
}

/// Compares invoices by customer and month.
pub fn months(path: &Path, found: &BTreeMap<MonthKey, MonthFigures>) -> Result<usize> {
    let rows = read_rows::<MonthRow>(path)?.into_iter();
    let expected = rows.map(|row| {
        let figures = MonthFigures {
            sales: row.sales,
            amount_cents: row.amount_cents,
        };
        ((row.customer_id, row.month), figures)
    });
    Ok(maps("invoices", &expected.collect(), found))
}

/// Compares lines by customer, day and product.
pub fn lines(what: &str, path: &Path, found: &BTreeMap<LineKey, LineFigures>) -> Result<usize> {
    let rows = read_rows::<LineRow>(path)?.into_iter();
    let expected = rows.map(|row| {
        let figures = LineFigures {
            product_name: row.product_name,
            quantity: row.quantity,
            amount_cents: row.amount_cents,
        };
        ((row.customer_id, row.day, row.product_id), figures)
    });
    Ok(maps(what, &expected.collect(), found))
}

/// Compares which sales were accepted and every balance after them, in the order of posting.
pub fn outcomes(path: &Path, found: &[Outcome]) -> Result<usize> {
    let rows = read_rows::<OutcomeRow>(path)?.into_iter();
    let expected = rows.map(|row| Outcome {
        sale_id: row.sale_id,
        customer_id: row.customer_id,
        is_accepted: row.accepted == 1,
        owed_cents: row.balance_after_cents,
    });
    let numbered = |outcomes: Vec<Outcome>| outcomes.into_iter().enumerate().collect::<BTreeMap<usize, Outcome>>();
    Ok(maps(
        "accepted sales and balances",
        &numbered(expected.collect()),
        &numbered(found.to_vec()),
    ))
}
