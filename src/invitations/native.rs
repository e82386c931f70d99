//! Writes many invitations: PostgreSQL takes them in one statement, SQLite one by one, which costs no round trip there.

use diesel::prelude::*;

use super::model::InvitationRow;
use crate::db::DbConnection;
use crate::db::schema::invitations;

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 5000;

pub fn insert(connection: &mut DbConnection, rows: &[InvitationRow]) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in rows.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(invitations::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in rows {
                diesel::insert_into(invitations::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
