//! Writes the invoices of a chunk with few statements: `unnest` of arrays on PostgreSQL, prepared single-row inserts on
//! SQLite (in the same process, a prepared insert costs no round trip).

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamp};
use diesel::sqlite::SqliteConnection;

use super::model::{InvoiceRow, InvoiceVatRow, LimitReturnRow};
use super::stretch::{Stretch, about_stretches};
use crate::db::schema::{invoice_limit_returns, invoice_vat, invoices};
use crate::db::{DbConnection, Statement, statement_text};
use crate::error::{ApiError, ApiResult};
use crate::id::{Id, SqlId};

/// The rows of some new invoices; their lines and VAT follow from what they cover.
#[derive(Debug, Default)]
pub struct NewInvoices {
    pub invoices: Vec<InvoiceRow>,
    pub covered: Vec<Stretch>,
    pub returns: Vec<LimitReturnRow>,
}

/// Inserts all rows. The caller holds the accounts.
///
/// # Errors
/// When the database fails, or an entry stands on another invoice.
pub fn insert_invoices(connection: &mut DbConnection, tenant_id: Id, new: &NewInvoices) -> ApiResult<()> {
    insert_rows(connection, new)?;
    insert_covered(connection, tenant_id, &new.covered)
}

/// What the invoices cover. A stretch with an entry that stands on another invoice is left out, and missed then. Of standing
/// stretches, which have no entry in common, only the last that does not begin behind it can have one in common with it. Those
/// that are inserted together do not see each other: each account has one invoice among them, whose stretches are in order.
fn insert_covered(connection: &mut DbConnection, tenant_id: Id, stretches: &[Stretch]) -> ApiResult<()> {
    if stretches.is_empty() {
        return Ok(());
    }
    debug_assert!(
        stretches.is_sorted_by(|a, b| a.account_id != b.account_id || a.last_seq < b.first_seq),
        "stretches with entries in common"
    );
    let text = "
        INSERT INTO invoice_stretches (tenant_id, invoice_id, account_id, first_seq, last_seq, reset_type, origin_invoice_id,
            is_late, is_standing)
        SELECT $2, s.invoice_id, s.account_id, s.first_seq, s.last_seq, s.reset_type, s.origin_invoice_id, s.is_late, TRUE
        FROM stretches s WHERE s.first_seq > COALESCE((
            SELECT c.last_seq FROM invoice_stretches c
            WHERE c.tenant_id = $2 AND c.account_id = s.account_id AND c.is_standing AND c.first_seq <= s.last_seq
            ORDER BY c.first_seq DESC LIMIT 1), 0)";
    let inserted = about_stretches(connection, text, tenant_id, stretches)?.execute(connection)?;
    if inserted != stretches.len() {
        return Err(ApiError::internal(format!(
            "of {} stretches, {} have no entry that stands on another invoice",
            stretches.len(),
            inserted
        )));
    }
    Ok(())
}

fn insert_rows(connection: &mut DbConnection, new: &NewInvoices) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            insert_rows_postgres(connection, &new.invoices)?;
            insert_returns_postgres(connection, &new.returns)
        }
        DbConnection::Sqlite(connection) => insert_sqlite(connection, new),
    }
}

/// Inserts the VAT of invoices.
pub fn insert_vat(connection: &mut DbConnection, rows: &[InvoiceVatRow]) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => insert_vat_postgres(connection, rows),
        DbConnection::Sqlite(connection) => {
            for row in rows {
                diesel::insert_into(invoice_vat::table)
                    .values(row)
                    .execute(connection)?;
            }
            Ok(())
        }
    }
}

fn insert_sqlite(connection: &mut SqliteConnection, new: &NewInvoices) -> QueryResult<()> {
    for row in &new.invoices {
        diesel::insert_into(invoices::table).values(row).execute(connection)?;
    }
    for row in &new.returns {
        diesel::insert_into(invoice_limit_returns::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}

/// One array for each column.
fn column<'a, R, V>(rows: &'a [R], value: impl Fn(&'a R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

statement_text!(
    InsertInvoices,
    "
    INSERT INTO invoices (tenant_id, id, kind, status, run_id, account_id, account_number, number, series_year, series_value,
        invoice_date, from_date, to_date, reset_type, total_minor, reverses_id, reversed_by_id, reset_entry_id,
        limit_taken_minor, limit_returned_minor, payer_id, payer_name, payer_snapshot, tenant_snapshot, created_at)
    SELECT * FROM unnest({}::uuid[], {}::uuid[], {}::text[], {}::text[], {}::uuid[], {}::uuid[], {}::text[], {}::text[],
        {}::integer[], {}::bigint[], {}::date[], {}::date[], {}::date[], {}::text[], {}::bigint[], {}::uuid[], {}::uuid[],
        {}::uuid[], {}::bigint[], {}::bigint[], {}::uuid[], {}::text[], {}::text[], {}::text[], {}::timestamp[])"
);

fn insert_rows_postgres(connection: &mut PgConnection, rows: &[InvoiceRow]) -> QueryResult<()> {
    Statement::new(InsertInvoices)
        .bind::<Array<SqlId>, _>(column(rows, |row| row.tenant_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.id))
        .bind::<Array<Text>, _>(column(rows, |row| row.kind))
        .bind::<Array<Text>, _>(column(rows, |row| row.status))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.run_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.account_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.account_number.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.number.as_str()))
        .bind::<Array<Integer>, _>(column(rows, |row| row.series_year))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.series_value))
        .bind::<Array<Date>, _>(column(rows, |row| row.invoice_date))
        .bind::<Array<Date>, _>(column(rows, |row| row.from_date))
        .bind::<Array<Date>, _>(column(rows, |row| row.to_date))
        .bind::<Array<Text>, _>(column(rows, |row| row.reset_type))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.total_minor))
        .bind::<Array<Nullable<SqlId>>, _>(column(rows, |row| row.reverses_id))
        .bind::<Array<Nullable<SqlId>>, _>(column(rows, |row| row.reversed_by_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.reset_entry_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.limit_taken_minor))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.limit_returned_minor))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.payer_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.payer_name.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.payer_snapshot.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.tenant_snapshot.as_str()))
        .bind::<Array<Timestamp>, _>(column(rows, |row| row.created_at))
        .execute(connection)
        .map(drop)
}

statement_text!(
    InsertVat,
    "
    INSERT INTO invoice_vat (tenant_id, invoice_id, vat_rate, gross_minor, net_minor, vat_minor)
    SELECT * FROM unnest({}::uuid[], {}::uuid[], {}::integer[], {}::bigint[], {}::bigint[], {}::bigint[])"
);

fn insert_vat_postgres(connection: &mut PgConnection, rows: &[InvoiceVatRow]) -> QueryResult<()> {
    Statement::new(InsertVat)
        .bind::<Array<SqlId>, _>(column(rows, |row| row.tenant_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.invoice_id))
        .bind::<Array<Integer>, _>(column(rows, |row| row.vat_rate))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.gross_minor))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.net_minor))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.vat_minor))
        .execute(connection)
        .map(drop)
}

statement_text!(
    InsertReturns,
    "
    INSERT INTO invoice_limit_returns (tenant_id, invoice_id, origin_invoice_id, amount_minor)
    SELECT * FROM unnest({}::uuid[], {}::uuid[], {}::uuid[], {}::bigint[])"
);

fn insert_returns_postgres(connection: &mut PgConnection, rows: &[LimitReturnRow]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Statement::new(InsertReturns)
        .bind::<Array<SqlId>, _>(column(rows, |row| row.tenant_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.invoice_id))
        .bind::<Array<SqlId>, _>(column(rows, |row| row.origin_invoice_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.amount_minor))
        .execute(connection)
        .map(drop)
}
