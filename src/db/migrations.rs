//! The schema's history, compiled in: one directory for each database, the same names in both. Forward only.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::DbConnection;
use super::connection::Purpose;
use super::url::DatabaseUrl;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Brings the schema up to date and answers the names of what was applied.
///
/// # Errors
/// What the database said; every migration is a transaction of its own.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, Error> {
    let mut connection = DbConnection::open(url, Purpose::Write)?;
    let versions = match &mut connection {
        DbConnection::Postgres(connection) => connection.run_pending_migrations(POSTGRES)?,
        DbConnection::Sqlite(connection) => connection.run_pending_migrations(SQLITE)?,
    };
    Ok(versions.iter().map(ToString::to_string).collect())
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
