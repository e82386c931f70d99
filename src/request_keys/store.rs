//! Keys in the database. Every function runs in the caller's transaction.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::fingerprint::RequestKey;
use super::model::KeyRow;
use crate::db::DbConnection;
use crate::db::schema::request_keys;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

/// The request under this key, if it was done or declined before.
///
/// # Errors
/// 422 `idempotency_key_reused` when the key belongs to another request.
pub fn find(connection: &mut DbConnection, tenant_id: Id, request: &RequestKey) -> ApiResult<Option<KeyRow>> {
    let found = list(connection, tenant_id, &[request.key])?.pop();
    match found {
        Some(row) if !row.is_of(request) => Err(ApiError::new(Code::IdempotencyKeyReused)),
        found => Ok(found),
    }
}

/// The rows of these keys, in no order.
///
/// # Errors
/// Those of the database.
pub fn list(connection: &mut DbConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    request_keys::table
        .filter(request_keys::tenant_id.eq(tenant_id))
        .filter(request_keys::key.eq_any(keys.to_vec()))
        .select(KeyRow::as_select())
        .load(connection)
}

/// Keeps a key, in the transaction of what it made.
///
/// # Errors
/// When the same key was written meanwhile: the transaction starts anew and finds it.
pub fn insert(connection: &mut DbConnection, row: &KeyRow) -> ApiResult<()> {
    diesel::insert_into(request_keys::table)
        .values(row)
        .execute(connection)
        .map_err(raced)?;
    Ok(())
}

/// A key that two transactions write at once: the later one has to look again.
pub(crate) fn raced(error: DieselError) -> ApiError {
    match &error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)
            if information.message().contains("request_keys") =>
        {
            ApiError::raced(&error)
        }
        _ => error.into(),
    }
}
