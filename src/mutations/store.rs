//! Mutations in the database.

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::{accounts, entries};
use crate::id::Id;
use crate::ledger::EntryRow;

/// One page of an account's entries, the newest first; `before` is the number of the last one before it.
pub fn list_of_account(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_id: Id,
    before: Option<i64>,
    rows_max: i64,
) -> QueryResult<Vec<EntryRow>> {
    entries::table
        .filter(entries::tenant_id.eq(tenant_id))
        .filter(entries::account_id.eq(account_id))
        .filter(entries::seq.lt(before.unwrap_or(i64::MAX)))
        .order(entries::seq.desc())
        .select(EntryRow::as_select())
        .limit(rows_max)
        .load(connection)
}

/// Whether the tenant has this account.
pub fn has_account(connection: &mut DbConnection, tenant_id: Id, account_id: Id) -> QueryResult<bool> {
    let found = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::id.eq(account_id))
        .select(accounts::id)
        .first::<Id>(connection)
        .optional()?;
    Ok(found.is_some())
}
