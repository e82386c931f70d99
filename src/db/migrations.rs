//! The schema's history, compiled in: one directory for each database, the same names in both. Forward only.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::DbConnection;
use super::connection::Purpose;
use super::url::DatabaseUrl;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Processes that start together take turns, and the second finds nothing left to do. The lock goes with the connection.
const POSTGRES_TURN: &str = "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock(7190001);";

/// A migration that puts a large table in order sorts more than memory holds.
const SQLITE_ROOM: &str = "PRAGMA temp_store = FILE;";

/// Brings the schema up to date and answers the names of what was applied.
///
/// # Errors
/// What the database said. On PostgreSQL every migration is a transaction of its own, on SQLite they are one.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, Error> {
    let names = |versions: Vec<MigrationVersion<'_>>| versions.iter().map(ToString::to_string).collect();
    match &mut DbConnection::open(url, Purpose::Write)? {
        DbConnection::Postgres(connection) => {
            connection.batch_execute(POSTGRES_TURN)?;
            Ok(names(connection.run_pending_migrations(POSTGRES)?))
        }
        DbConnection::Sqlite(connection) => {
            connection.batch_execute(SQLITE_ROOM)?;
            connection.immediate_transaction(|connection| Ok(names(connection.run_pending_migrations(SQLITE)?)))
        }
    }
}

/// How many migrations this binary knows that the database has not had yet.
///
/// # Errors
/// What the database said.
pub fn pending_migrations(url: &DatabaseUrl) -> Result<usize, Error> {
    Ok(match DbConnection::open(url, Purpose::Write)? {
        DbConnection::Postgres(mut connection) => connection.pending_migrations(POSTGRES)?.len(),
        DbConnection::Sqlite(mut connection) => connection.pending_migrations(SQLITE)?.len(),
    })
}
