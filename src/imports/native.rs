//! Writes staged rows: PostgreSQL takes many in one statement, SQLite one by one, which costs no round trip there.

use diesel::prelude::*;

use super::model::FindingRow;
use super::staging::{StagedAccount, StagedCustomer};
use crate::db::DbConnection;
use crate::db::schema::{import_accounts, import_customers, import_findings};

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 1000;

/// Writes customers, accounts and findings of some rows.
pub fn insert_staged(
    connection: &mut DbConnection,
    customers: &[StagedCustomer],
    accounts: &[StagedAccount],
    findings: &[FindingRow],
) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in customers.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_customers::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in accounts.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_accounts::table)
                    .values(rows)
                    .execute(connection)?;
            }
            for rows in findings.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(import_findings::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in customers {
                diesel::insert_into(import_customers::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in accounts {
                diesel::insert_into(import_accounts::table)
                    .values(row)
                    .execute(connection)?;
            }
            for row in findings {
                diesel::insert_into(import_findings::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
