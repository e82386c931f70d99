//! What the service makes of the documents: totals by customer and month, and by customer, day and product.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{Datelike, Months, NaiveDate};
use serde::Deserialize;
use serde_json::Value;

use super::Result;
use super::client::{Client, text};
use super::compare::{self, LineKey, MonthKey};
use super::documents::{Documents, Return};
use super::input::read_rows;
use super::returns::{SaleLine, return_key};
use super::venue::{Venue, cents};

/// In cents; returns are below zero.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct MonthTotals {
    #[serde(rename = "sales_cents")]
    sales: i64,
    #[serde(rename = "returns_cents")]
    returns: i64,
    #[serde(rename = "net_cents")]
    net: i64,
}

/// Sold less what came back.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DayTotals {
    quantity: i64,
    amount_cents: i64,
}

/// What the service says.
#[derive(Default)]
pub struct Totals {
    /// How many were read.
    pub statements: usize,
    months: BTreeMap<MonthKey, MonthTotals>,
    days: BTreeMap<LineKey, DayTotals>,
}

#[derive(Deserialize)]
struct MonthRow {
    #[serde(rename = "CustomerID")]
    customer_id: String,
    month: String,
    #[serde(flatten)]
    totals: MonthTotals,
}

#[derive(Deserialize)]
struct DayRow {
    #[serde(rename = "CustomerID")]
    customer_id: String,
    day: String,
    #[serde(rename = "StockCode")]
    product_id: String,
    #[serde(flatten)]
    totals: DayTotals,
}

impl Totals {
    /// Reads every customer's statement of each month of the file. A refund without a sale is in none of them, for it is
    /// booked on the day on which it was posted: it is read by itself, and counted where the file has it.
    pub fn read(client: &Client, venue: &Venue, documents: &Documents, sales: &[Option<SaleLine>]) -> Result<Self> {
        let mut totals = Totals::default();
        let months = months(documents);
        for (customer_id, account) in &venue.accounts {
            for month in &months {
                let next = month.checked_add_months(Months::new(1));
                let to = next.and_then(|next| next.pred_opt()).ok_or("no such month")?;
                let path = format!("/v1/accounts/{}/statement?from={month}&to={to}", account.id);
                totals.statements += 1;
                totals.add_statement(venue, customer_id, *month, &client.get(&path)?)?;
            }
        }
        for (returned, _) in documents.returns.iter().zip(sales).filter(|(_, sale)| sale.is_none()) {
            let key = return_key(returned, venue.account(&returned.customer_id)?);
            let refund = client.get(&format!("/v1/mutations/{key}"))?;
            let booked: NaiveDate = text(&refund, "business_date")?.parse()?;
            if months.contains(&first_of_month(booked)) {
                return Err("the file must end before the month in which it is loaded".into());
            }
            totals.add_refund(venue, returned, &refund)?;
        }
        Ok(totals)
    }

    fn add_statement(&mut self, venue: &Venue, customer_id: &str, month: NaiveDate, statement: &Value) -> Result<()> {
        if statement["changes"].as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let totals = self.month(customer_id, month);
        totals.net += cents(text(statement, "sales_total")?, venue.currency)?;
        for change in statement["changes"].as_array().into_iter().flatten() {
            let change_cents = cents(text(change, "balance_change")?, venue.currency)?;
            match text(change, "kind")? {
                "sale" => totals.sales -= change_cents,
                "refund" => totals.returns -= change_cents,
                _ => {}
            }
        }
        for line in statement["lines"].as_array().into_iter().flatten() {
            let day = text(line, "business_date")?;
            self.add_line(venue, customer_id, day, line)?;
        }
        Ok(())
    }

    fn add_refund(&mut self, venue: &Venue, returned: &Return, refund: &Value) -> Result<()> {
        let (customer_id, day) = (&returned.customer_id, returned.at.date_naive());
        let given_back = cents(text(refund, "balance_change")?, venue.currency)?;
        let totals = self.month(customer_id, first_of_month(day));
        totals.returns -= given_back;
        totals.net -= given_back;
        for line in refund["lines"].as_array().into_iter().flatten() {
            self.add_line(venue, customer_id, &day.to_string(), line)?;
        }
        Ok(())
    }

    fn month(&mut self, customer_id: &str, month: NaiveDate) -> &mut MonthTotals {
        let key = (customer_id.to_owned(), month.format("%Y-%m").to_string());
        self.months.entry(key).or_default()
    }

    fn add_line(&mut self, venue: &Venue, customer_id: &str, day: &str, line: &Value) -> Result<()> {
        let key = (
            customer_id.to_owned(),
            day.to_owned(),
            text(line, "product_code")?.to_owned(),
        );
        let totals = self.days.entry(key).or_default();
        totals.quantity += text(line, "quantity")?.parse::<i64>()?;
        totals.amount_cents += cents(text(line, "amount")?, venue.currency)?;
        Ok(())
    }

    /// Compares with a CSV `CustomerID month sales_cents returns_cents net_cents`; answers how much differs.
    pub fn compare_months(&self, path: &Path) -> Result<usize> {
        let rows = read_rows::<MonthRow>(path)?.into_iter();
        let expected = rows.map(|row| ((row.customer_id, row.month), row.totals));
        Ok(compare::maps(
            "totals by customer and month",
            &expected.collect(),
            &self.months,
        ))
    }

    /// Compares with a CSV `CustomerID day StockCode quantity amount_cents`; answers how much differs.
    pub fn compare_days(&self, path: &Path) -> Result<usize> {
        let rows = read_rows::<DayRow>(path)?.into_iter();
        let expected = rows.map(|row| ((row.customer_id, row.day, row.product_id), row.totals));
        Ok(compare::maps(
            "totals by customer, day and product",
            &expected.collect(),
            &self.days,
        ))
    }
}

/// The first day of each month in which something happened.
fn months(documents: &Documents) -> BTreeSet<NaiveDate> {
    let sold = documents.sales.iter().map(|sale| sale.at);
    let returned = documents.returns.iter().map(|one| one.at);
    sold.chain(returned).map(|at| first_of_month(at.date_naive())).collect()
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}
