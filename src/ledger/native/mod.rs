//! What the ledger's batch asks of each database in its own words: PostgreSQL takes whole sets in one statement, SQLite
//! cached single-row statements, which cost no round trip there. Every function runs in the caller's transaction.

mod postgres;
mod sqlite;

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::result::QueryResult;

use super::model::{AccountState, Entry, LineRow};
use crate::db::DbConnection;
use crate::id::Id;
use crate::request_keys::KeyRow;

/// What finds the lines of an entry: its account, its business date and its number.
pub type EntryKey = (Id, NaiveDate, i64);

/// What a batch writes for one tenant.
#[derive(Debug, Default)]
pub struct Writes {
    /// In the order in which they were decided.
    pub entries: Vec<Arc<Entry>>,
    pub keys: Vec<KeyRow>,
    /// The accounts that changed, as they are now.
    pub accounts: Vec<AccountState>,
}

/// Reads accounts, in id order, and holds them until the transaction ends. The order is what keeps two batches from
/// waiting for each other.
pub fn lock_accounts(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<AccountState>> {
    match connection {
        DbConnection::Postgres(connection) => postgres::lock_accounts(connection, tenant_id, ids),
        DbConnection::Sqlite(connection) => sqlite::lock_accounts(connection, tenant_id, ids),
    }
}

/// Accounts, as [`lock_accounts`] reads them, and which of these keys are known. On PostgreSQL both are read by one
/// statement, whose snapshot is from before it waited for the locks: a key that another process wrote meanwhile is
/// not seen, and writing it once more fails then. That is right for postings whose outcome is always written under their key.
pub fn lock_with_keys(
    connection: &mut DbConnection,
    tenant_id: Id,
    ids: &[Id],
    keys: &[Id],
) -> QueryResult<(Vec<AccountState>, Vec<Id>)> {
    match connection {
        DbConnection::Postgres(connection) => postgres::lock_with_keys(connection, tenant_id, ids, keys),
        DbConnection::Sqlite(connection) => Ok((
            sqlite::lock_accounts(connection, tenant_id, ids)?,
            sqlite::list_known(connection, tenant_id, keys)?,
        )),
    }
}

/// What is kept under these keys, in no order.
pub fn list_keys(connection: &mut DbConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    match connection {
        DbConnection::Postgres(connection) => postgres::list_keys(connection, tenant_id, keys),
        DbConnection::Sqlite(connection) => sqlite::list_keys(connection, tenant_id, keys),
    }
}

/// The ids of accounts by their numbers.
pub fn list_ids_of_numbers(
    connection: &mut DbConnection,
    tenant_id: Id,
    numbers: &[String],
) -> QueryResult<Vec<(String, Id)>> {
    match connection {
        DbConnection::Postgres(connection) => postgres::list_ids_of_numbers(connection, tenant_id, numbers),
        DbConnection::Sqlite(connection) => sqlite::list_ids_of_numbers(connection, tenant_id, numbers),
    }
}

/// The lines of these entries, ordered by line number within each.
pub fn list_lines(connection: &mut DbConnection, tenant_id: Id, entries: &[EntryKey]) -> QueryResult<Vec<LineRow>> {
    match connection {
        DbConnection::Postgres(connection) => postgres::list_lines(connection, tenant_id, entries),
        DbConnection::Sqlite(connection) => sqlite::list_lines(connection, tenant_id, entries),
    }
}

/// Writes what a batch decided. Keys come first: where two processes work on one key, that is where they meet.
pub fn write(connection: &mut DbConnection, tenant_id: Id, writes: &Writes) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => postgres::write(connection, tenant_id, writes),
        DbConnection::Sqlite(connection) => sqlite::write(connection, tenant_id, writes),
    }
}
