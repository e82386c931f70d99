//! `GET /v1/me` and its changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::agreement;
use crate::auth::{Actor, ActorKind, AgreementState, Password, PermissionSet, Role};
use crate::db::DbConnection;
use crate::error::ApiResult;
use crate::http::not_null;
use crate::id::Id;
use crate::money::Currency;
use crate::text::Name;
use crate::users::{self, Membership, UserLanguage};

/// Who is asking, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"kind": "user", "id": "01938f5e-3c00-7000-8000-000000000002", "name": "Vera de Vries",
    "email": "vera@example.com", "language": "nl", "is_portal_admin": false,
    "session_id": "01938f5e-3c00-7000-8000-000000000003",
    "tenant": {"id": "01938f5e-3c00-7000-8000-000000000007", "number": 719, "name": "Sportclub Noord", "currency": "EUR",
        "time_zone": "Europe/Amsterdam", "agreement": "accepted", "agreement_version": "2026-11-01"},
    "roles": ["clerk"], "permissions": ["customers.read", "customers.write", "accounts.read", "accounts.write", "statements.read"],
    "tenants": [{"id": "01938f5e-3c00-7000-8000-000000000007", "number": 719, "name": "Sportclub Noord", "roles": ["clerk"]}]}))]
pub struct Me {
    /// A person, a till, or a script.
    pub kind: ActorKind,
    /// The user's, terminal's or key's id.
    pub id: Id,
    /// Their name.
    pub name: String,
    /// A user's e-mail address; null for a key.
    #[schema(required)]
    pub email: Option<String>,
    /// A user's language; null for a key.
    #[schema(required)]
    pub language: Option<UserLanguage>,
    /// Whether the user manages the portal.
    pub is_portal_admin: bool,
    /// The session; null for a key.
    #[schema(required)]
    pub session_id: Option<Id>,
    /// The tenant of this request; null when none is chosen.
    #[schema(required)]
    pub tenant: Option<MyTenant>,
    /// The user's roles in that tenant.
    pub roles: Vec<Role>,
    /// What they may do in that tenant (`portal.manage`: in the portal).
    pub permissions: PermissionSet,
    /// The tenants in which the user has a role.
    pub tenants: Vec<Membership>,
}

/// The tenant one works in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTenant {
    /// Its id.
    pub id: Id,
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Its time zone (IANA).
    #[schema(example = "Europe/Amsterdam")]
    pub time_zone: String,
    /// Whether the data processing agreement is accepted; until then nothing else works.
    pub agreement: AgreementState,
    /// The version of the agreement that stands.
    pub agreement_version: &'static str,
}

/// What someone changes of themselves. Absent fields stay as they are.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Vera de Vries-Bakker"}))]
pub struct MePatch {
    /// Their name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub name: Option<Name>,
    /// The language of words for them.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub language: Option<UserLanguage>,
}

/// The old password and the new one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "staple of a new one"}))]
pub struct PasswordChange {
    /// The password that works now.
    pub current_password: Password,
    /// The password that works from now on.
    pub new_password: Password,
}

/// Describes an actor.
///
/// # Errors
/// When the database is away.
pub fn describe(connection: &mut DbConnection, actor: &Actor) -> ApiResult<Me> {
    let (user, tenants) = match actor.kind {
        ActorKind::User => (
            users::store::find_user(connection, actor.id)?,
            users::store::list_memberships(connection, actor.id)?,
        ),
        _ => (None, Vec::new()),
    };
    let tenant = actor.tenant.as_ref().map(|tenant| MyTenant {
        id: tenant.id,
        number: tenant.number,
        name: tenant.name.clone(),
        currency: tenant.currency,
        time_zone: tenant.time_zone.to_string(),
        agreement: tenant.agreement,
        agreement_version: agreement::CURRENT.version,
    });
    Ok(Me {
        kind: actor.kind,
        id: actor.id,
        name: user
            .as_ref()
            .map_or_else(|| actor.name.clone(), |user| user.name.clone()),
        email: user.as_ref().map(|user| user.email.clone()),
        language: user.map(|user| user.language),
        is_portal_admin: actor.is_portal_admin,
        session_id: actor.session_id,
        tenant,
        roles: actor.roles.clone(),
        permissions: actor.permissions,
        tenants,
    })
}
