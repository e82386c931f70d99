//! Keys of scripts.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::auth::{Permission, PermissionSet, permissions_of};
use crate::clock::Timestamp;
use crate::db::schema::api_keys;
use crate::http::{Cursor, PageLimit};
use crate::id::Id;
use crate::text::Name;

/// A key's row, without its hash.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct KeyRow {
    pub tenant_id: Id,
    pub id: Id,
    pub terminal_id: Option<Id>,
    pub name: String,
    pub permissions: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// What is written of a new key.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewKeyRow {
    pub tenant_id: Id,
    pub id: Id,
    pub terminal_id: Option<Id>,
    pub name: String,
    pub key_hash: Vec<u8>,
    pub permissions: String,
    pub created_by: Id,
    pub created_at: Timestamp,
}

/// A key of a script. Its permissions are words in the row and a list here.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000004", "name": "nightly export", "permissions": ["exports.read"],
    "created_at": "2026-11-21T09:30:00Z", "revoked_at": null, "last_used_at": null}))]
pub struct ApiKey {
    /// Its id.
    pub id: Id,
    /// What it is for.
    pub name: String,
    /// What it may do in this tenant.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; null while it works.
    #[schema(required)]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute; null when never.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        ApiKey {
            id: row.id,
            name: row.name,
            permissions: permissions_of(&row.permissions),
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A new key with its secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000004", "name": "nightly export", "permissions": ["exports.read"],
    "created_at": "2026-11-21T09:30:00Z", "secret": "oak_cXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGw"}))]
pub struct ApiKeyWithSecret {
    /// Its id.
    pub id: Id,
    /// What it is for.
    pub name: String,
    /// What it may do in this tenant.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes into `Authorization: Bearer`. Store it now: it is shown this once.
    pub secret: String,
}

/// A key to make for a script.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "nightly export", "permissions": ["exports.read"]}))]
pub struct NewApiKey {
    /// What it is for.
    pub name: Name,
    /// What it may do: any but `portal.manage`, `agreement.accept`, `users.manage`, `settings.manage` and
    /// `terminals.manage`.
    #[validate(custom(function = "check_permissions"))]
    #[schema(value_type = Vec<KeyPermission>, min_items = 1, max_items = 32)]
    pub permissions: Vec<Permission>,
}

fn check_permissions(permissions: &[Permission]) -> Result<(), ValidationError> {
    if permissions.is_empty() || permissions.len() > 32 {
        return Err(ValidationError::new("invalid_value").with_message("expected one permission or more".into()));
    }
    match permissions.iter().find(|permission| !permission.is_for_keys()) {
        Some(permission) => {
            let message = format!("`{permission}` is for people, not for keys");
            Err(ValidationError::new("invalid_value").with_message(message.into()))
        }
        None => Ok(()),
    }
}

/// A permission that a key may have.
pub struct KeyPermission;

impl utoipa::PartialSchema for KeyPermission {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let words = Permission::ALL.iter().filter(|permission| permission.is_for_keys());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(words.map(|permission| permission.as_str())))
            .description(Some("A permission that a key may have."))
            .into()
    }
}

impl ToSchema for KeyPermission {}

/// Which page of the keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyQuery {
    /// How many items a page has.
    pub limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Cursor>,
}
