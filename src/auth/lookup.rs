//! From a checked credential to an actor with roles and tenant, as the database has them now.

use super::permissions::PermissionSet;
use super::{Actor, ActorKind, Permission, Role, TenantContext, store};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

/// A key that was used.
pub(super) struct UsedKey {
    /// Its tenant and its id.
    pub id: (Id, Id),
    pub last_used_at: Option<Timestamp>,
}

/// The terminal or script whose key has this hash.
pub(super) fn actor_of_key(
    connection: &mut DbConnection,
    key_hash: &[u8],
    tenant_header: Option<Id>,
) -> ApiResult<(Actor, UsedKey)> {
    let key = store::find_key(connection, key_hash)?;
    let key = key.ok_or_else(|| ApiError::new(Code::Unauthorized).detail("the key is unknown or revoked"))?;
    if tenant_header.is_some() {
        return Err(not_a_portal_administrator());
    }
    let kind = if key.terminal_id.is_some() {
        ActorKind::Terminal
    } else {
        ActorKind::ApiKey
    };
    let used = UsedKey {
        id: (key.tenant_id, key.id),
        last_used_at: key.last_used_at,
    };
    let actor = Actor {
        kind,
        id: key.terminal_id.unwrap_or(key.id),
        name: key.terminal_name.unwrap_or(key.name),
        permissions: store::permissions_of(&key.permissions),
        roles: Vec::new(),
        is_portal_admin: false,
        session_id: None,
        viewed_customer: None,
        tenant: store::find_tenant(connection, key.tenant_id)?,
    };
    Ok((actor, used))
}

/// The user of a session, in the tenant that the session has chosen or that a portal administrator's header names. A
/// tenant in which the user has no role any more is as good as not chosen.
///
/// # Errors
/// 401 when the session has ended; 403 for the header of someone else, or of an unknown tenant.
pub fn actor_of_session(
    connection: &mut DbConnection,
    session_id: Id,
    user_id: Id,
    tenant_header: Option<Id>,
    now: Timestamp,
) -> ApiResult<Actor> {
    let ended = || ApiError::new(Code::Unauthorized).detail("the session has ended: sign in again");
    let row = store::find_user_actor_parts(connection, session_id, user_id, now)?.ok_or_else(ended)?;
    if tenant_header.is_some() && !row.is_portal_admin {
        return Err(not_a_portal_administrator());
    }
    let named = match tenant_header.or(row.tenant_id) {
        Some(id) => store::find_tenant(connection, id)?,
        None => None,
    };
    if tenant_header.is_some() && named.is_none() {
        return Err(ApiError::new(Code::Forbidden).detail("Onaccount-Tenant names no tenant of this portal"));
    }
    // a portal administrator who looks at a customer's things was in the tenant by the header
    let is_acting = tenant_header.is_some() || (row.is_portal_admin && row.viewed_customer_id.is_some());
    let roles = match &named {
        Some(TenantContext { id, .. }) => store::list_roles(connection, *id, row.user_id)?,
        None => Vec::new(),
    };
    let actor = Actor {
        kind: ActorKind::User,
        id: row.user_id,
        name: row.name,
        permissions: permissions_of_user(row.is_portal_admin, tenant_header.is_some(), &roles),
        tenant: named.filter(|_| is_acting || !roles.is_empty()),
        roles,
        is_portal_admin: row.is_portal_admin,
        session_id: Some(session_id),
        viewed_customer: None,
    };
    match row.viewed_customer_id {
        None => Ok(actor),
        Some(customer_id) => viewer(actor, row.tenant_id, customer_id).ok_or_else(ended),
    }
}

/// Somebody who looks at what a customer sees: they see that and nothing else, and only while they may read statements. A
/// portal administrator's session has the tenant that their header named when it was made.
fn viewer(actor: Actor, tenant_id: Option<Id>, customer_id: Id) -> Option<Actor> {
    let may = permissions_of_user(actor.is_portal_admin, true, &actor.roles).has(Permission::StatementsRead);
    let stays = actor.tenant.as_ref().map(|tenant| tenant.id) == tenant_id;
    (may && stays).then(|| Actor {
        permissions: [Permission::OwnRead].into_iter().collect(),
        roles: vec![Role::Customer],
        is_portal_admin: false,
        viewed_customer: Some(customer_id),
        ..actor
    })
}

fn not_a_portal_administrator() -> ApiError {
    ApiError::new(Code::Forbidden).detail("Onaccount-Tenant is for portal administrators")
}

/// A portal administrator who names a tenant has what its director has.
fn permissions_of_user(is_portal_admin: bool, names_tenant: bool, roles: &[Role]) -> PermissionSet {
    let acting = (is_portal_admin && names_tenant).then_some(Role::Director);
    let of_roles = roles.iter().copied().chain(acting).map(Role::permissions);
    let portal = is_portal_admin
        .then_some(Permission::PortalManage)
        .into_iter()
        .collect::<PermissionSet>();
    of_roles.fold(portal, PermissionSet::union)
}
