//! Tills and their keys.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::api_keys::KeyRow;
use crate::clock::Timestamp;
use crate::db::schema::terminals;
use crate::http::{Cursor, PageLimit, not_null};
use crate::id::Id;
use crate::text::Name;

/// A terminal's row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = terminals)]
pub struct TerminalRow {
    pub tenant_id: Id,
    pub id: Id,
    pub name: String,
    pub is_active: bool,
    pub version: i64,
    pub created_at: Timestamp,
}

/// A terminal with its keys, which are rows of their own.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000005", "name": "Bar", "is_active": true,
    "created_at": "2026-11-21T09:30:00Z", "keys": [{"id": "01938f5e-3c00-7000-8000-000000000006",
        "created_at": "2026-11-21T09:31:00Z", "revoked_at": null, "last_used_at": "2026-11-21T10:00:00Z"}]}))]
pub struct Terminal {
    /// Its id.
    pub id: Id,
    /// What the venue calls it.
    pub name: String,
    /// Whether its keys work.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its keys, revoked ones included, the oldest first.
    pub keys: Vec<TerminalKey>,
}

impl Terminal {
    /// A row with those of `keys` that are its own.
    #[must_use]
    pub fn new(row: TerminalRow, keys: &[KeyRow]) -> Self {
        let own = keys.iter().filter(|key| key.terminal_id == Some(row.id));
        Terminal {
            id: row.id,
            name: row.name,
            is_active: row.is_active,
            created_at: row.created_at,
            keys: own.map(TerminalKey::from).collect(),
        }
    }
}

/// A key of a terminal, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TerminalKey {
    /// Its id.
    pub id: Id,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; null while it works.
    #[schema(required)]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute; null when never.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

impl From<&KeyRow> for TerminalKey {
    fn from(row: &KeyRow) -> Self {
        TerminalKey {
            id: row.id,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A new key of a terminal with its secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000006", "terminal_id": "01938f5e-3c00-7000-8000-000000000005",
    "created_at": "2026-11-21T09:31:00Z", "secret": "oak_cXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGw"}))]
pub struct TerminalKeyWithSecret {
    /// Its id.
    pub id: Id,
    /// The terminal it is for.
    pub terminal_id: Id,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes into `Authorization: Bearer`. Put it into the till now: it is shown this once.
    pub secret: String,
}

/// A terminal to make.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Bar"}))]
pub struct NewTerminal {
    /// What the venue calls it; unique in the tenant.
    pub name: Name,
}

/// What to change of a terminal. Absent fields stay as they are.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"is_active": false}))]
pub struct TerminalPatch {
    /// What the venue calls it; unique in the tenant.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub name: Option<Name>,
    /// Whether its keys work.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub is_active: Option<bool>,
}

/// A key of a terminal in a path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TerminalKeyPath {
    /// The terminal.
    pub id: Id,
    /// The key.
    pub key_id: Id,
}

/// Which page of the terminals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TerminalQuery {
    /// How many items a page has.
    pub limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Cursor>,
}
