//! Statements of so many lines that they are read in more than one page.

use std::collections::BTreeMap;

use onaccount::id::Id;
use serde_json::{Value, json};

use super::{product, sell_at, statement};
use crate::harness::Venue;

/// How many lines the store reads at a time.
const LINES_PAGE: usize = 2_000;
/// Lines of one sale.
const RECEIPT: usize = 100;

/// What was bought: by day and product, how many and for how many cents.
type Bought = BTreeMap<(String, String), (i64, i64)>;

/// Sells these products on a day, a hundred a receipt, and adds them up.
fn sell(venue: &Venue, account_id: Id, day: &str, products: &[usize], bought: &mut Bought) {
    for receipt in products.chunks(RECEIPT) {
        let mut total = 0;
        let mut lines = Vec::new();
        for number in receipt {
            let (code, quantity) = (format!("p{number:05}"), i64::try_from(number % 3 + 1).unwrap());
            let cents = i64::try_from(number % 7 + 1).unwrap() * quantity;
            lines.push(product(&code, &quantity.to_string(), &money(cents), "21.00"));
            total += cents;
            let sums = bought.entry((day.to_owned(), code)).or_default();
            *sums = (sums.0 + quantity, sums.1 + cents);
        }
        let at = format!("{day}T12:00:00Z");
        sell_at(venue, account_id, &at, &money(total), Value::Array(lines)).expect(201);
    }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The lines as a statement tells them.
fn lines_of(bought: &Bought) -> Vec<Value> {
    let line = |((day, code), (quantity, cents)): (&(String, String), &(i64, i64))| {
        json!({"business_date": day, "product_code": code, "product_name": format!("The {code}"), "category": "Bar",
            "vat_rate": "21.00", "quantity": quantity.to_string(), "amount": money(*cents)})
    };
    bought.iter().map(line).collect()
}

fn assert_stated(venue: &Venue, account_id: Id, bought: &Bought) {
    let found = statement(venue, account_id, "2026-10-01..2026-10-31");
    let lines = found["lines"].as_array().unwrap();
    let expected = lines_of(bought);
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    let total: i64 = bought.values().map(|(_, cents)| cents).sum();
    assert_eq!(found["sales_total"], money(total));
}

#[test]
fn a_day_with_more_lines_than_a_page_is_told_whole() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100000.00");
    let mut bought = Bought::new();
    let products: Vec<usize> = (0..LINES_PAGE + 150).collect();
    sell(&venue, account_id, "2026-10-02", &[1, 2], &mut bought);
    sell(&venue, account_id, "2026-10-05", &products, &mut bought);
    sell(&venue, account_id, "2026-10-06", &[3, 1], &mut bought);
    assert_stated(&venue, account_id, &bought);
}

#[test]
fn a_page_of_many_sales_of_few_products_adds_up_and_the_days_after_it_follow() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100000.00");
    let mut bought = Bought::new();
    let same: Vec<usize> = (0..LINES_PAGE / 2).map(|line| line % 40).collect();
    for day in ["2026-10-02", "2026-10-03", "2026-10-04", "2026-10-05", "2026-10-09"] {
        sell(&venue, account_id, day, &same, &mut bought);
    }
    assert_eq!(bought.len(), 5 * 40);
    assert_stated(&venue, account_id, &bought);
}
