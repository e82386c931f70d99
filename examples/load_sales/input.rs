//! The CSV of sales.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Result;

/// One row of the file.
#[derive(Debug, Deserialize)]
struct Row {
    sale_id: u64,
    customer_id: String,
    store_id: String,
    timestamp: DateTime<Utc>,
    product_id: String,
    product_name: String,
    #[serde(default)]
    product_category: String,
    quantity: String,
    amount_cents: i64,
}

/// One sale.
#[derive(Debug)]
pub struct Sale {
    pub id: u64,
    pub customer_id: String,
    pub store_id: String,
    pub at: DateTime<Utc>,
    pub amount_cents: i64,
    pub lines: Vec<Line>,
}

/// One line of a sale.
#[derive(Debug)]
pub struct Line {
    pub product_id: String,
    pub product_name: String,
    pub category: String,
    pub quantity: String,
    /// Not every till says it.
    pub unit_price: Option<String>,
    pub amount_cents: i64,
}

/// Reads the sales in the order in which tills would post them: by time, then by id.
pub fn read_sales(path: &Path) -> Result<Vec<Sale>> {
    let mut sales: BTreeMap<u64, Sale> = BTreeMap::new();
    for row in read_rows::<Row>(path)? {
        let sale = sales.entry(row.sale_id).or_insert_with(|| Sale {
            id: row.sale_id,
            customer_id: row.customer_id,
            store_id: row.store_id,
            at: row.timestamp,
            amount_cents: 0,
            lines: Vec::new(),
        });
        sale.amount_cents += row.amount_cents;
        sale.lines.push(Line {
            product_id: row.product_id,
            product_name: row.product_name,
            category: row.product_category.trim().to_owned(),
            quantity: row.quantity,
            unit_price: None,
            amount_cents: row.amount_cents,
        });
    }
    in_order(sales)
}

/// In the order in which tills would post them.
pub fn in_order(sales: BTreeMap<u64, Sale>) -> Result<Vec<Sale>> {
    let mut sales: Vec<Sale> = sales.into_values().collect();
    if sales.is_empty() {
        return Err("the file has no sales".into());
    }
    sales.sort_by_key(|sale| (sale.at, sale.id));
    Ok(sales)
}

/// Every row of a CSV with a header; `-` is standard input.
pub fn read_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| format!("{}: {error}", path.display()))?)
    };
    let rows = csv::Reader::from_reader(input).into_deserialize();
    rows.collect::<std::result::Result<_, _>>()
        .map_err(|error| format!("{}: {error}", path.display()).into())
}
