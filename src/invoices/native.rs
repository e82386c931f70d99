//! Writes the invoices of a chunk with few statements: `unnest` of arrays on PostgreSQL, prepared single-row inserts on
//! SQLite (in the same process, a prepared insert costs no round trip).

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};

use super::model::{InvoiceEntryRow, InvoiceLineRow, InvoiceRow, InvoiceVatRow, LimitReturnRow};
use crate::db::DbConnection;
use crate::db::schema::{invoice_entries, invoice_limit_returns, invoice_lines, invoice_vat, invoices};
use crate::id::SqlId;

/// PostgreSQL takes at most 65 535 parameters in one statement; an invoice has 25.
const ROWS_PER_STATEMENT: usize = 2_000;

/// The rows of some new invoices.
#[derive(Debug, Default)]
pub struct NewInvoices {
    pub invoices: Vec<InvoiceRow>,
    pub entries: Vec<InvoiceEntryRow>,
    pub lines: Vec<InvoiceLineRow>,
    pub vat: Vec<InvoiceVatRow>,
    pub returns: Vec<LimitReturnRow>,
}

/// Inserts all rows. The unique index refuses an entry that stands on another invoice.
pub fn insert_invoices(connection: &mut DbConnection, new: &NewInvoices) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in new.invoices.chunks(ROWS_PER_STATEMENT) {
                diesel::insert_into(invoices::table).values(rows).execute(connection)?;
            }
            insert_entries_postgres(connection, &new.entries)?;
            insert_lines_postgres(connection, &new.lines)?;
            for rows in new.vat.chunks(ROWS_PER_STATEMENT) {
                diesel::insert_into(invoice_vat::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in new.returns.chunks(ROWS_PER_STATEMENT) {
                diesel::insert_into(invoice_limit_returns::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in &new.invoices {
                diesel::insert_into(invoices::table).values(row).execute(connection)?;
            }
            for row in &new.entries {
                diesel::insert_into(invoice_entries::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &new.lines {
                diesel::insert_into(invoice_lines::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &new.vat {
                diesel::insert_into(invoice_vat::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &new.returns {
                diesel::insert_into(invoice_limit_returns::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}

/// One array for each column.
fn column<'a, R, V>(rows: &'a [R], value: impl Fn(&'a R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

fn insert_entries_postgres(connection: &mut PgConnection, rows: &[InvoiceEntryRow]) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO invoice_entries
             (tenant_id, invoice_id, account_id, entry_seq, reset_type, origin_invoice_id, is_late, is_standing)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[], $7::bool[], $8::bool[])",
    )
    .bind::<Array<SqlId>, _>(column(rows, |row| row.tenant_id))
    .bind::<Array<SqlId>, _>(column(rows, |row| row.invoice_id))
    .bind::<Array<SqlId>, _>(column(rows, |row| row.account_id))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.entry_seq))
    .bind::<Array<Text>, _>(column(rows, |row| row.reset_type.as_str()))
    .bind::<Array<Nullable<SqlId>>, _>(column(rows, |row| row.origin_invoice_id))
    .bind::<Array<Bool>, _>(column(rows, |row| row.is_late))
    .bind::<Array<Bool>, _>(column(rows, |row| row.is_standing))
    .execute(connection)
    .map(drop)
}

fn insert_lines_postgres(connection: &mut PgConnection, rows: &[InvoiceLineRow]) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO invoice_lines
             (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category, quantity_milli,
              amount_minor, vat_rate)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::date[], $5::text[], $6::text[], $7::text[],
              $8::bigint[], $9::bigint[], $10::int[])",
    )
    .bind::<Array<SqlId>, _>(column(rows, |row| row.tenant_id))
    .bind::<Array<SqlId>, _>(column(rows, |row| row.invoice_id))
    .bind::<Array<Integer>, _>(column(rows, |row| row.line_no))
    .bind::<Array<Date>, _>(column(rows, |row| row.business_date))
    .bind::<Array<Text>, _>(column(rows, |row| row.product_code.as_str()))
    .bind::<Array<Text>, _>(column(rows, |row| row.product_name.as_str()))
    .bind::<Array<Text>, _>(column(rows, |row| row.category.as_str()))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.quantity_milli))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.amount_minor))
    .bind::<Array<Integer>, _>(column(rows, |row| row.vat_rate))
    .execute(connection)
    .map(drop)
}
