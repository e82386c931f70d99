//! What the two databases spell differently, both spellings side by side. A feature that needs more than a spelling
//! (the ledger's batch, runs, streaming exports) has a `native` store of its own.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::DbConnection;

/// Asks the database for a sign of life.
///
/// # Errors
/// What it said instead.
pub fn ping(connection: &mut DbConnection) -> QueryResult<()> {
    connection.batch_execute("SELECT 1")
}

/// The end of a SELECT that must hold its rows until the transaction ends. SQLite has one writer, who holds everything.
#[must_use]
pub fn for_update(connection: &DbConnection) -> &'static str {
    match connection {
        DbConnection::Postgres(_) => " FOR UPDATE",
        DbConnection::Sqlite(_) => "",
    }
}
