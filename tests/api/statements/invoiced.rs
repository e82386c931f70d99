//! `invoiced=true|false`: what stands on an invoice, and what does not.

use onaccount::id::Id;
use serde_json::{Value, json};

use super::{beer_at, statement};
use crate::harness::Venue;

/// The sales of each day that are meant by all, by `invoiced=true` and by `invoiced=false`. Total, products and lines are of
/// the same sales; the balance is always that of the account.
#[track_caller]
fn assert_days(venue: &Venue, account_id: Id, expected: [&[&str]; 3]) {
    for (filter, days) in ["", "&invoiced=true", "&invoiced=false"].into_iter().zip(expected) {
        let statement = statement(venue, account_id, &format!("2026-10-01..2026-10-31{filter}"));
        let amounts = |part: &str| -> Vec<Value> {
            let rows = statement[part].as_array().unwrap().iter();
            rows.map(|row| row["amount"].clone()).collect()
        };
        assert_eq!(amounts("days"), days, "{filter}");
        assert_eq!(amounts("lines"), days, "{filter}");
        let whole = |amount: &&str| amount.strip_suffix(".00").unwrap().parse::<u32>().unwrap();
        let total = format!("{}.00", days.iter().map(whole).sum::<u32>());
        assert_eq!(statement["sales_total"], total, "{filter}");
        let products: Vec<Value> = if days.is_empty() {
            Vec::new()
        } else {
            vec![json!(total)]
        };
        assert_eq!(amounts("products"), products, "{filter}");
        assert_eq!(statement["closing_balance"], "-7.00", "{filter}");
    }
}

#[test]
fn what_stands_on_an_invoice_is_told_apart_until_the_invoice_is_reversed() {
    let venue = Venue::open();
    let account = venue.open_account("100.00");
    let account_id: Id = account.id.parse().unwrap();
    beer_at(&venue, account_id, "2026-10-12T20:00:00Z", "4.00");
    beer_at(&venue, account_id, "2026-10-14T20:00:00Z", "3.00");
    assert_days(&venue, account_id, [&["4.00", "3.00"], &[], &["4.00", "3.00"]]);

    let body = json!({"from": "2026-10-01", "to": "2026-10-13", "reset_type": "none", "accounts": {"account_ids": [account.id]}});
    let run = venue
        .director
        .with("Prefer", "wait=10")
        .post_new("/v1/invoice-runs", body)
        .expect(200);
    assert_days(&venue, account_id, [&["4.00", "3.00"], &["4.00"], &["3.00"]]);

    let path = format!("/v1/invoices?run_id={}", run["id"].as_str().unwrap());
    let invoices = venue.director.get(&path).expect(200);
    let invoice_id = invoices["items"][0]["id"].as_str().unwrap();
    venue
        .director
        .post_new(&format!("/v1/invoices/{invoice_id}/reversal"), json!({}))
        .expect(201);
    assert_days(&venue, account_id, [&["4.00", "3.00"], &[], &["4.00", "3.00"]]);
}
