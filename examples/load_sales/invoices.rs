//! Invoices the months, and reads back what the invoices and statements say.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde_json::{Value, json};

use super::Result;
use super::client::{Client, key_of, text};
use super::compare::{LineFigures, LineKey, MonthFigures, MonthKey};
use super::input::Sale;
use super::venue::{Venue, cents};

/// What the invoices say.
#[derive(Default)]
pub struct Invoiced {
    pub count: usize,
    pub months: BTreeMap<MonthKey, MonthFigures>,
    pub lines: BTreeMap<LineKey, LineFigures>,
}

/// One run for each month, oldest first, and all that its invoices say.
pub fn run_months(client: &Client, venue: &Venue, sales: &[Sale], reset_type: &str) -> Result<Invoiced> {
    let mut invoiced = Invoiced::default();
    for (from, to) in months(sales)? {
        let run_id = run(client, from, to, reset_type)?;
        for invoice in client.list(&format!("/v1/invoices?run_id={run_id}"))? {
            let invoice = client.get(&format!("/v1/invoices/{}", text(&invoice, "id")?))?;
            add_invoice(&mut invoiced, venue, &invoice, from)?;
        }
    }
    Ok(invoiced)
}

/// The months that the sales may fall in, whatever the zone.
fn months(sales: &[Sale]) -> Result<Vec<(NaiveDate, NaiveDate)>> {
    let (first, last) = span(sales)?;
    let mut month = first.with_day(1).ok_or("no such month")?;
    let mut found = Vec::new();
    while month <= last {
        let next = month.checked_add_months(Months::new(1)).ok_or("no such month")?;
        found.push((month, next.checked_sub_days(Days::new(1)).ok_or("no such day")?));
        month = next;
    }
    Ok(found)
}

/// The day before the first sale and the day after the last.
fn span(sales: &[Sale]) -> Result<(NaiveDate, NaiveDate)> {
    let day = |sale: &Sale| sale.at.date_naive();
    let first = sales
        .iter()
        .map(day)
        .min()
        .and_then(|day| day.checked_sub_days(Days::new(1)));
    let last = sales
        .iter()
        .map(day)
        .max()
        .and_then(|day| day.checked_add_days(Days::new(1)));
    Ok(first.zip(last).ok_or("no sales")?)
}

/// Runs the invoices of all accounts over one period, and waits for the end.
fn run(client: &Client, from: NaiveDate, to: NaiveDate, reset_type: &str) -> Result<String> {
    let run_id = key_of(&format!("run {from} {to} {reset_type}"));
    let body = json!({"from": from, "to": to, "reset_type": reset_type, "accounts": {"all": true}});
    client
        .post("/v1/invoice-runs", Some(&run_id), Some(&body))?
        .expect(&[200, 202], "run")?;
    loop {
        let run = client.get(&format!("/v1/invoice-runs/{run_id}"))?;
        match text(&run, "status")? {
            "pending" => sleep(Duration::from_millis(50)),
            "completed" => return Ok(run_id),
            other => return Err(format!("the run of {from} is {other}: {run}").into()),
        }
    }
}

fn add_invoice(invoiced: &mut Invoiced, venue: &Venue, invoice: &Value, month: NaiveDate) -> Result<()> {
    invoiced.count += 1;
    let number = text(invoice, "account_number")?;
    let found = venue.accounts.iter().find(|(_, account)| account.number == number);
    // Other accounts of the tenant are invoiced by the same runs.
    let Some((customer_id, _)) = found else { return Ok(()) };
    let figures = MonthFigures {
        sales: invoice["covers"].as_array().map_or(0, Vec::len),
        amount_cents: cents(text(invoice, "total")?, venue.currency)?,
    };
    invoiced
        .months
        .insert((customer_id.clone(), month.format("%Y-%m").to_string()), figures);
    add_lines(&mut invoiced.lines, venue, customer_id, &invoice["lines"])
}

/// Adds lines of invoices or statements, which have the same members.
fn add_lines(
    lines: &mut BTreeMap<LineKey, LineFigures>,
    venue: &Venue,
    customer_id: &str,
    found: &Value,
) -> Result<()> {
    for line in found.as_array().into_iter().flatten() {
        let key = (
            customer_id.to_owned(),
            text(line, "business_date")?.to_owned(),
            text(line, "product_code")?.to_owned(),
        );
        let figures = LineFigures {
            product_name: text(line, "product_name")?.to_owned(),
            quantity: text(line, "quantity")?.to_owned(),
            amount_cents: cents(text(line, "amount")?, venue.currency)?,
        };
        if let Some(twice) = lines.insert(key.clone(), figures) {
            return Err(format!("{key:?} stands on two lines: {twice:?}").into());
        }
    }
    Ok(())
}

/// The lines of every account's statement over the whole time.
pub fn read_statements(client: &Client, venue: &Venue, sales: &[Sale]) -> Result<BTreeMap<LineKey, LineFigures>> {
    let (from, to) = span(sales)?;
    let mut lines = BTreeMap::new();
    for (customer_id, account) in &venue.accounts {
        let statement = client.get(&format!("/v1/accounts/{}/statement?from={from}&to={to}", account.id))?;
        add_lines(&mut lines, venue, customer_id, &statement["lines"])?;
    }
    Ok(lines)
}
