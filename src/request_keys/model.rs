//! A key as it is kept.

use diesel::prelude::*;

use super::fingerprint::{HASH_VERSION, RequestKey};
use crate::clock::Timestamp;
use crate::db::schema::request_keys;
use crate::id::Id;
use crate::text_enum;

text_enum! {
    /// What became of a request.
    pub enum KeyState {
        /// It was done; what it made has the key as its id.
        Posted => "posted",
        /// It was declined, and stays declined.
        Declined => "declined",
        /// A void came before its sale: the sale will not be posted.
        ClaimedByVoid => "claimed_by_void",
    }
}

/// A request that was done or declined.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = request_keys, treat_none_as_default_value = false)]
pub struct KeyRow {
    pub tenant_id: Id,
    pub key: Id,
    /// The operation's id in the contract.
    pub operation: String,
    pub hash_version: i32,
    pub request_hash: Vec<u8>,
    pub state: KeyState,
    pub account_id: Option<Id>,
    /// What the key made or would have made: an entry's kind, `invoice_run`, ..
    pub result_kind: String,
    pub decline_code: Option<String>,
    /// Of a decline: what was asked.
    pub amount_minor: Option<i64>,
    /// Of a decline: what the account had left then.
    pub available_minor: Option<i64>,
    /// Of a decline: the account's limit then.
    pub credit_limit_minor: Option<i64>,
    pub actor_id: Id,
    pub occurred_at: Option<Timestamp>,
    pub recorded_at: Timestamp,
    /// Of a void that came before its sale: the sale's key.
    pub refers_to: Option<Id>,
}

impl KeyRow {
    /// The row of a request that is done now.
    #[must_use]
    pub fn posted(tenant_id: Id, request: &RequestKey, result_kind: &str, actor_id: Id, now: Timestamp) -> Self {
        Self {
            tenant_id,
            key: request.key,
            operation: request.operation.to_owned(),
            hash_version: HASH_VERSION,
            request_hash: request.hash.clone(),
            state: KeyState::Posted,
            account_id: None,
            result_kind: result_kind.to_owned(),
            decline_code: None,
            amount_minor: None,
            available_minor: None,
            credit_limit_minor: None,
            actor_id,
            occurred_at: None,
            recorded_at: now,
            refers_to: None,
        }
    }

    /// Whether a void has claimed this key before the sale it belongs to.
    #[must_use]
    pub fn is_claimed_sale(&self) -> bool {
        self.state == KeyState::ClaimedByVoid && self.refers_to.is_none()
    }

    /// Whether this is the request that the key was made for.
    #[must_use]
    pub fn is_of(&self, request: &RequestKey) -> bool {
        self.operation == request.operation && self.hash_version == HASH_VERSION && self.request_hash == request.hash
    }
}
