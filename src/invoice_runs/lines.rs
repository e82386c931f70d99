//! The lines of invoices: what each covers, netted by business date, product and VAT rate. A preview reads them and a run
//! writes them where they are, by the same text.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Text};

use super::facts::{about_open, look_up_open};
use super::figures::NetLine;
use super::plan::RunTerms;
use crate::db::{DbConnection, about_chosen, dialect};
use crate::id::{Id, SqlId};

/// The place of an entry's line as one number, so that SQL can find the latest: an entry has at most 500 lines.
const LINES_PER_ENTRY: i64 = 1_000;

/// Selects the lines of invoices that cover the entries `c` (`invoice_id`, `account_id`, `business_date`, `entry_seq`) which a
/// query selects. Name and category are those of the latest line of a group.
fn net_lines(connection: &DbConnection, covered: &str) -> String {
    let lines = dialect::look_up(
        connection,
        "entry_lines",
        "l",
        "l.tenant_id = $2 AND l.account_id = c.account_id AND l.business_date = c.business_date
             AND l.entry_seq = c.entry_seq",
    );
    let latest = format!(
        "n.tenant_id = $2 AND n.account_id = g.account_id AND n.business_date = g.business_date
             AND n.entry_seq = g.latest / {LINES_PER_ENTRY} AND n.line_no = g.latest % {LINES_PER_ENTRY}"
    );
    let named = dialect::look_up(connection, "entry_lines", "n", &latest);
    format!(
        "SELECT $2, g.invoice_id,
             CAST(ROW_NUMBER() OVER (PARTITION BY g.invoice_id ORDER BY g.business_date, g.product_code, g.vat_rate) AS INTEGER)
                 AS place,
             g.business_date, g.product_code, n.product_name, n.category, g.quantity_milli, g.amount_minor, g.vat_rate
         FROM (SELECT c.invoice_id, c.account_id, l.business_date, l.product_code, l.vat_rate,
                   CAST(SUM(l.quantity_milli) AS BIGINT) AS quantity_milli,
                   CAST(SUM(l.amount_minor) AS BIGINT) AS amount_minor,
                   MAX(l.entry_seq * {LINES_PER_ENTRY} + l.line_no) AS latest
               FROM ({covered}) c {lines}
               GROUP BY c.invoice_id, c.account_id, l.business_date, l.product_code, l.vat_rate) g {named}"
    )
}

/// Writes the lines of some invoices that are there with what they cover.
///
/// # Errors
/// When the database fails.
pub fn write_lines(connection: &mut DbConnection, tenant_id: Id, invoice_ids: &[Id]) -> QueryResult<()> {
    let of_invoice = "i.tenant_id = $2 AND i.invoice_id = chosen.id";
    let covered_by_it = "e.tenant_id = $2 AND e.account_id = i.account_id AND e.seq = i.entry_seq";
    let covered = format!(
        "SELECT i.invoice_id, i.account_id, e.business_date, i.entry_seq FROM chosen {} {}",
        dialect::look_up(connection, "invoice_entries", "i", of_invoice),
        dialect::look_up(connection, "entries", "e", covered_by_it),
    );
    let text = format!(
        "INSERT INTO invoice_lines (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category,
             quantity_milli, amount_minor, vat_rate)
         {}",
        net_lines(connection, &covered)
    );
    about_chosen(connection, &text, tenant_id, invoice_ids)
        .execute(connection)
        .map(drop)
}

/// What the lines of an invoice at one VAT rate add up to, VAT included.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct RateGross {
    #[diesel(sql_type = SqlId)]
    pub invoice_id: Id,
    /// In 1/100 of a percent.
    #[diesel(sql_type = Integer)]
    pub vat_rate: i32,
    #[diesel(sql_type = BigInt)]
    pub gross_minor: i64,
}

/// By invoice and rate, in no order.
///
/// # Errors
/// When the database fails.
pub fn sum_rates(connection: &mut DbConnection, tenant_id: Id, invoice_ids: &[Id]) -> QueryResult<Vec<RateGross>> {
    let of_invoice = "l.tenant_id = $2 AND l.invoice_id = chosen.id";
    let text = format!(
        "SELECT l.invoice_id, l.vat_rate, CAST(SUM(l.amount_minor) AS BIGINT) AS gross_minor
         FROM chosen {} GROUP BY l.invoice_id, l.vat_rate",
        dialect::look_up(connection, "invoice_lines", "l", of_invoice)
    );
    about_chosen(connection, &text, tenant_id, invoice_ids).load(connection)
}

#[derive(QueryableByName)]
struct LineRow {
    /// One account has one invoice: until it is made it goes by the account.
    #[diesel(sql_type = SqlId)]
    invoice_id: Id,
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = Text)]
    product_code: String,
    #[diesel(sql_type = Integer)]
    vat_rate: i32,
    #[diesel(sql_type = Text)]
    product_name: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = BigInt)]
    quantity_milli: i64,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
}

/// By account: the lines that an invoice of its open entries but for those `waiting` would have, in their order. Must read
/// the same snapshot as [`super::facts::read_chunk`].
///
/// # Errors
/// When the database fails.
pub fn read_open_lines(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
    waiting: &[Id],
) -> QueryResult<HashMap<Id, Vec<NetLine>>> {
    let but_waiting = dialect::is_listed(connection, "e.id", "$5");
    let covered = format!(
        "SELECT e.account_id AS invoice_id, e.account_id, e.business_date, e.seq AS entry_seq
         FROM chosen {} WHERE NOT {but_waiting}",
        look_up_open(connection)
    );
    let text = format!("{} ORDER BY g.invoice_id, place", net_lines(connection, &covered));
    let bound = about_open(connection, &text, tenant_id, terms, account_ids);
    let bound = bound.bind::<Text, _>(dialect::list_of(waiting));
    let mut lines: HashMap<Id, Vec<NetLine>> = HashMap::new();
    for row in bound.load::<LineRow>(connection)? {
        lines.entry(row.invoice_id).or_default().push(NetLine {
            business_date: row.business_date,
            product_code: row.product_code,
            vat_rate: row.vat_rate,
            product_name: row.product_name,
            category: row.category,
            quantity_milli: row.quantity_milli,
            amount_minor: row.amount_minor,
        });
    }
    Ok(lines)
}
