//! The CSV of documents: sales, and returns that do not say of which sale they are.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::Result;
use super::input::{Line, Sale, in_order, read_rows};
use super::venue::Trade;

/// Where all of it is sold.
pub const STORE: &str = "documents";

/// One row of the file. A return's quantity and amount are below zero.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    invoice_no: String,
    #[serde(rename = "line_no")]
    line_no: u32,
    #[serde(rename = "kind")]
    kind: Kind,
    #[serde(rename = "CustomerID")]
    customer_id: String,
    #[serde(deserialize_with = "utc")]
    invoice_date: DateTime<Utc>,
    stock_code: String,
    description: String,
    quantity: i64,
    unit_price: String,
    #[serde(rename = "amount_cents")]
    amount_cents: i64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Sale,
    Credit,
}

/// A line that came back.
#[derive(Debug)]
pub struct Return {
    pub document: String,
    /// In its document.
    pub line_no: u32,
    pub customer_id: String,
    pub at: DateTime<Utc>,
    /// What came back, above zero.
    pub line: Line,
}

/// All that is in the file, in the order of time.
#[derive(Debug)]
pub struct Documents {
    pub sales: Vec<Sale>,
    pub returns: Vec<Return>,
}

impl Documents {
    /// Who bought or gave back, and since when.
    pub fn trade(&self) -> Result<Trade<'_>> {
        let mut trade = Trade::of(&self.sales)?;
        for returned in &self.returns {
            trade.customers.insert(&returned.customer_id);
            trade.since = trade.since.min(returned.at.date_naive());
        }
        Ok(trade)
    }
}

/// The file's times have no zone.
fn utc<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S");
    time.map(|time| time.and_utc()).map_err(serde::de::Error::custom)
}

/// Reads the documents. A sale's time is that of its first line.
pub fn read(path: &Path) -> Result<Documents> {
    let mut sales: BTreeMap<u64, Sale> = BTreeMap::new();
    let mut returns = Vec::new();
    for row in read_rows::<Row>(path)? {
        match row.kind {
            Kind::Sale => add_to_sale(&mut sales, row)?,
            Kind::Credit => returns.push(Return {
                document: row.invoice_no.clone(),
                line_no: row.line_no,
                customer_id: row.customer_id.clone(),
                at: row.invoice_date,
                line: line(row, -1)?,
            }),
        }
    }
    returns.sort_by_key(|one| one.at);
    Ok(Documents {
        sales: in_order(sales)?,
        returns,
    })
}

fn add_to_sale(sales: &mut BTreeMap<u64, Sale>, row: Row) -> Result<()> {
    let id = row.invoice_no.parse();
    let id = id.map_err(|_| format!("{} is a sale, and its number is none", row.invoice_no))?;
    let sale = sales.entry(id).or_insert_with(|| Sale {
        id,
        customer_id: row.customer_id.clone(),
        store_id: STORE.to_owned(),
        at: row.invoice_date,
        amount_cents: 0,
        lines: Vec::new(),
    });
    if sale.customer_id != row.customer_id {
        return Err(format!("sale {id} is of two customers").into());
    }
    sale.amount_cents += row.amount_cents;
    sale.lines.push(line(row, 1)?);
    Ok(())
}

/// `sign`: 1 for what was sold, -1 for what came back.
fn line(row: Row, sign: i64) -> Result<Line> {
    let (quantity, amount_cents) = (sign * row.quantity, sign * row.amount_cents);
    if quantity <= 0 || amount_cents < 0 {
        return Err(format!("line {} of {} has the wrong sign", row.line_no, row.invoice_no).into());
    }
    Ok(Line {
        product_id: row.stock_code,
        product_name: row.description.trim().to_owned(),
        category: String::new(),
        quantity: quantity.to_string(),
        unit_price: Some(row.unit_price),
        amount_cents,
    })
}
