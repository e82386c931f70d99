//! Sales in the database: they are entries of the ledger, and keys of what was declined.

use crate::db::DbConnection;
use crate::error::ApiResult;
use crate::id::Id;
use crate::ledger::{self, Decline, Entry, EntryKind, Target};
use crate::request_keys::{self, KeyRow, KeyState};

/// What became of a sale.
pub enum Found {
    Posted(Box<Entry>, Box<Target>),
    Declined(Box<KeyRow>, Decline),
    /// A void came before it.
    Voided(Box<KeyRow>),
}

/// The sale under this key: posted, declined, or voided before it arrived.
pub fn find_sale(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<Option<Found>> {
    let entry = ledger::find_entry(connection, tenant_id, id)?.filter(|entry| entry.row.kind == EntryKind::Sale);
    if let Some(entry) = entry {
        let target = ledger::find_target(connection, tenant_id, entry.row.clone())?;
        return Ok(target.map(|target| Found::Posted(Box::new(entry), Box::new(target))));
    }
    let key = request_keys::list(connection, tenant_id, &[id])?.pop();
    let key = key.filter(|key| key.result_kind == EntryKind::Sale.as_str());
    Ok(key.and_then(|key| match key.state {
        KeyState::ClaimedByVoid => Some(Found::Voided(Box::new(key))),
        KeyState::Declined => ledger::decline_of(&key).map(|decline| Found::Declined(Box::new(key), decline)),
        KeyState::Posted => None,
    }))
}
