//! The lines of invoices: what each covers, netted by business date, product and VAT rate. A preview reads them and a run
//! writes them where they are, by the same text.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Text};

use super::figures::NetLine;
use crate::db::{DbConnection, about_chosen, dialect};
use crate::error::ApiResult;
use crate::id::{Id, SqlId};
use crate::invoices::stretch::{Stretch, about_stretches};

/// The place of an entry's line as one number, so that SQL can find the latest: an entry has at most 500 lines.
const LINES_PER_ENTRY: i64 = 1_000;

/// Selects the lines of invoices that cover the table `stretches`. Name and category are those of the latest line of a group.
fn net_lines(connection: &DbConnection) -> String {
    let lines = dialect::look_up(
        connection,
        "entry_lines",
        "l",
        "l.tenant_id = $2 AND l.account_id = s.account_id AND l.business_date = s.business_date
             AND l.entry_seq BETWEEN s.first_seq AND s.last_seq",
    );
    let place = format!("l.entry_seq * {LINES_PER_ENTRY} + l.line_no");
    let last = dialect::of_last(connection, &place, "l", &["product_name", "category"]);
    format!(
        "SELECT $2, g.invoice_id,
             CAST(ROW_NUMBER() OVER (PARTITION BY g.invoice_id ORDER BY g.business_date, g.product_code, g.vat_rate) AS INTEGER)
                 AS place,
             g.business_date, g.product_code, {}, g.quantity_milli, g.amount_minor, g.vat_rate
         FROM (SELECT s.invoice_id, l.business_date, l.product_code, l.vat_rate, {},
                   CAST(SUM(l.quantity_milli) AS BIGINT) AS quantity_milli,
                   CAST(SUM(l.amount_minor) AS BIGINT) AS amount_minor
               FROM stretches s {lines}
               GROUP BY s.invoice_id, l.business_date, l.product_code, l.vat_rate) g",
        last.columns.join(", "),
        last.grouped,
    )
}

/// Writes the lines of some invoices that cover these stretches.
///
/// # Errors
/// When the database fails.
pub fn write_lines(connection: &mut DbConnection, tenant_id: Id, stretches: &[Stretch]) -> ApiResult<()> {
    let text = format!(
        "INSERT INTO invoice_lines (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category,
             quantity_milli, amount_minor, vat_rate)
         {}",
        net_lines(connection)
    );
    about_stretches(connection, &text, tenant_id, stretches)?.execute(connection)?;
    Ok(())
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

/// By invoice: the lines of invoices that would cover these stretches, in their order.
///
/// # Errors
/// When the database fails.
pub fn read_lines(
    connection: &mut DbConnection,
    tenant_id: Id,
    stretches: &[Stretch],
) -> ApiResult<HashMap<Id, Vec<NetLine>>> {
    let text = format!("{} ORDER BY g.invoice_id, place", net_lines(connection));
    let rows: Vec<LineRow> = about_stretches(connection, &text, tenant_id, stretches)?.load(connection)?;
    let mut lines: HashMap<Id, Vec<NetLine>> = HashMap::new();
    for row in rows {
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
