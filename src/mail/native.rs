//! Writes many mails: PostgreSQL takes them in one statement, SQLite one by one, which costs no round trip there.

use diesel::prelude::*;

use super::model::NewMailRow;
use crate::db::DbConnection;
use crate::db::schema::outbox;

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 5000;

pub fn insert(connection: &mut DbConnection, mails: &[NewMailRow]) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in mails.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(outbox::table).values(rows).execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in mails {
                diesel::insert_into(outbox::table).values(row).execute(connection)?;
            }
        }
    }
    Ok(())
}
