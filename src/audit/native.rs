//! Writes many entries: PostgreSQL takes them in one statement, SQLite one by one.

use diesel::prelude::*;

use super::model::AuditEntry;
use crate::db::DbConnection;
use crate::db::schema::audit_entries;

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 5000;

pub fn insert(connection: &mut DbConnection, entries: &[AuditEntry]) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in entries.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(audit_entries::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in entries {
                diesel::insert_into(audit_entries::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
