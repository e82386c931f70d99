//! What is known of an actor in the database.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{AgreementState, Permission, PermissionSet, Role, TenantContext};
use crate::agreement;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{agreement_acceptances, api_keys, sessions, tenants, terminals, user_roles, users};
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::money::Currency;

/// The user behind a session.
#[derive(Debug, Queryable)]
pub struct ActorRow {
    /// The user.
    pub user_id: Id,
    /// Their name.
    pub name: String,
    /// Whether they manage the portal.
    pub is_portal_admin: bool,
    /// The tenant that the session has chosen.
    pub tenant_id: Option<Id>,
    /// The customer whose things the session looks at.
    pub viewed_customer_id: Option<Id>,
}

/// A key that is in force, and whose it is.
#[derive(Debug, Queryable)]
pub(super) struct KeyRow {
    pub tenant_id: Id,
    pub id: Id,
    pub terminal_id: Option<Id>,
    pub name: String,
    pub terminal_name: Option<String>,
    pub permissions: String,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants)]
struct TenantRow {
    id: Id,
    number: i64,
    name: String,
    currency: String,
    time_zone: String,
    business_day_start_min: i32,
    accept_sales_days: i32,
    accept_sales_from: Option<NaiveDate>,
    shows_available_on_till: bool,
    accepts_offline_sales: bool,
    offline_sale_minor_max: Option<i64>,
}

/// The user of a session that is in force at `now`.
///
/// # Errors
/// What the database said.
pub fn find_user_actor_parts(
    connection: &mut DbConnection,
    session_id: Id,
    user_id: Id,
    now: Timestamp,
) -> QueryResult<Option<ActorRow>> {
    sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(session_id))
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::is_active.eq(true))
        .select((
            users::id,
            users::name,
            users::is_portal_admin,
            sessions::tenant_id,
            sessions::viewed_customer_id,
        ))
        .first(connection)
        .optional()
}

pub(super) fn find_key(connection: &mut DbConnection, hash: &[u8]) -> QueryResult<Option<KeyRow>> {
    api_keys::table
        .left_join(
            terminals::table.on(terminals::tenant_id
                .eq(api_keys::tenant_id)
                .and(terminals::id.nullable().eq(api_keys::terminal_id))),
        )
        .filter(api_keys::key_hash.eq(hash))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::terminal_id.is_null().or(terminals::is_active.eq(true)))
        .select((
            api_keys::tenant_id,
            api_keys::id,
            api_keys::terminal_id,
            api_keys::name,
            terminals::name.nullable(),
            api_keys::permissions,
            api_keys::last_used_at,
        ))
        .first(connection)
        .optional()
}

pub(super) fn list_roles(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> QueryResult<Vec<Role>> {
    let mut roles: Vec<Role> = user_roles::table
        .filter(user_roles::tenant_id.eq(tenant_id))
        .filter(user_roles::user_id.eq(user_id))
        .select(user_roles::role)
        .load(connection)?;
    roles.sort_unstable();
    Ok(roles)
}

/// A tenant with the settings that rules need.
pub fn find_tenant(connection: &mut DbConnection, tenant_id: Id) -> ApiResult<Option<TenantContext>> {
    let row: Option<TenantRow> = tenants::table
        .find(tenant_id)
        .select(TenantRow::as_select())
        .first(connection)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let versions: Vec<String> = agreement_acceptances::table
        .filter(agreement_acceptances::tenant_id.eq(tenant_id))
        .select(agreement_acceptances::version)
        .load(connection)?;
    let unknown = |what: &str| ApiError::internal(format!("tenant {}: unknown {what}", row.number));
    Ok(Some(TenantContext {
        id: row.id,
        number: row.number,
        currency: Currency::try_from_code(&row.currency).ok_or_else(|| unknown("currency"))?,
        time_zone: row.time_zone.parse().map_err(|_| unknown("time zone"))?,
        name: row.name,
        business_day_start_min: row.business_day_start_min,
        accept_sales_days: row.accept_sales_days,
        accept_sales_from: row.accept_sales_from,
        shows_available_on_till: row.shows_available_on_till,
        accepts_offline_sales: row.accepts_offline_sales,
        offline_sale_minor_max: row.offline_sale_minor_max,
        agreement: agreement_state(&versions),
    }))
}

fn agreement_state(accepted: &[String]) -> AgreementState {
    if accepted.iter().any(|version| version == agreement::CURRENT.version) {
        AgreementState::Accepted
    } else if accepted.is_empty() {
        AgreementState::Missing
    } else {
        AgreementState::Outdated
    }
}

/// Notes that a key was used, unless it is noted within the last minute.
///
/// # Errors
/// What the database said.
pub(super) fn touch_key(
    connection: &mut DbConnection,
    (tenant_id, key_id): (Id, Id),
    now: Timestamp,
    noted_before: Timestamp,
) -> QueryResult<usize> {
    let is_due = api_keys::last_used_at
        .is_null()
        .or(api_keys::last_used_at.lt(noted_before));
    diesel::update(api_keys::table.find((tenant_id, key_id)).filter(is_due))
        .set(api_keys::last_used_at.eq(now))
        .execute(connection)
}

/// The permissions of a key, as they are kept: words with commas between. What no key may have is left out, whoever wrote
/// it there.
#[must_use]
pub fn permissions_of(words: &str) -> PermissionSet {
    words
        .split(',')
        .filter_map(|word| word.parse().ok())
        .filter(|permission: &Permission| permission.is_for_keys())
        .collect()
}
