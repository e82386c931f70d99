//! Writes staged rows: PostgreSQL takes many in one statement, SQLite one by one, which costs no round trip there.

use diesel::prelude::*;

use super::staging::Batch;
use crate::db::DbConnection;
use crate::db::schema::{import_accounts, import_customers, import_findings, import_sales};

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 1000;

/// Writes what was judged of some rows.
pub fn insert_staged(connection: &mut DbConnection, batch: &Batch) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in batch.customers.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_customers::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in batch.accounts.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_accounts::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in batch.sales.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_sales::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in batch.findings.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_findings::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in &batch.customers {
                diesel::insert_into(import_customers::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &batch.accounts {
                diesel::insert_into(import_accounts::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &batch.sales {
                diesel::insert_into(import_sales::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in &batch.findings {
                diesel::insert_into(import_findings::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
