//! Keys in the database, those of scripts and those of terminals.

use diesel::prelude::*;

use super::model::{KeyRow, NewKeyRow};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::api_keys;
use crate::id::Id;

/// The keys of scripts, the latest first; `before` is the id of the last one of the page before.
pub fn list_keys(
    connection: &mut DbConnection,
    tenant_id: Id,
    before: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<KeyRow>> {
    let mut query = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant_id))
        .filter(api_keys::terminal_id.is_null())
        .order(api_keys::id.desc())
        .limit(rows_max)
        .select(KeyRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(api_keys::id.lt(before));
    }
    query.load(connection)
}

/// The keys of these terminals, the oldest first.
pub fn list_terminal_keys(
    connection: &mut DbConnection,
    tenant_id: Id,
    terminal_ids: &[Id],
) -> QueryResult<Vec<KeyRow>> {
    let terminal_ids: Vec<Option<Id>> = terminal_ids.iter().copied().map(Some).collect();
    api_keys::table
        .filter(api_keys::tenant_id.eq(tenant_id))
        .filter(api_keys::terminal_id.eq_any(terminal_ids))
        .order(api_keys::id)
        .select(KeyRow::as_select())
        .load(connection)
}

/// A key of the terminal, or of a script when there is none.
pub fn find_key(
    connection: &mut DbConnection,
    tenant_id: Id,
    terminal_id: Option<Id>,
    key_id: Id,
) -> QueryResult<Option<KeyRow>> {
    let key = api_keys::table
        .find((tenant_id, key_id))
        .select(KeyRow::as_select())
        .first::<KeyRow>(connection)
        .optional()?;
    Ok(key.filter(|key| key.terminal_id == terminal_id))
}

pub fn insert_key(connection: &mut DbConnection, key: &NewKeyRow) -> QueryResult<usize> {
    diesel::insert_into(api_keys::table).values(key).execute(connection)
}

/// Revokes a key; answers 0 when it is revoked already.
pub fn revoke_key(connection: &mut DbConnection, tenant_id: Id, key_id: Id, now: Timestamp) -> QueryResult<usize> {
    let key = api_keys::table.find((tenant_id, key_id));
    diesel::update(key.filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(now))
        .execute(connection)
}
