//! Tenants in the database.

use diesel::prelude::*;

use super::model::TenantRow;
use crate::db::schema::{entries, tenants};
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};

pub fn find_tenant(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Option<TenantRow>> {
    tenants::table
        .find(tenant_id)
        .select(TenantRow::as_select())
        .first(connection)
        .optional()
}

pub fn find_tenant_by_number(connection: &mut DbConnection, number: i64) -> QueryResult<Option<TenantRow>> {
    tenants::table
        .filter(tenants::number.eq(number))
        .select(TenantRow::as_select())
        .first(connection)
        .optional()
}

/// Tenants by number, from after this number.
pub fn list_tenants(connection: &mut DbConnection, after: Option<i64>, rows_max: i64) -> QueryResult<Vec<TenantRow>> {
    tenants::table
        .filter(tenants::number.gt(after.unwrap_or(0)))
        .order(tenants::number)
        .limit(rows_max)
        .select(TenantRow::as_select())
        .load(connection)
}

pub fn insert_tenant(connection: &mut DbConnection, tenant: &TenantRow) -> QueryResult<usize> {
    diesel::insert_into(tenants::table).values(tenant).execute(connection)
}

/// Writes the settings; answers 0 when the tenant has another version than `old_version` by now.
pub fn update_tenant(connection: &mut DbConnection, old_version: i64, tenant: &TenantRow) -> QueryResult<usize> {
    diesel::update(tenants::table.find(tenant.id).filter(tenants::version.eq(old_version)))
        .set(tenant)
        .execute(connection)
}

/// Holds the tenant's row until the transaction ends.
pub fn lock(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<usize> {
    let suffix = dialect::for_update(connection);
    diesel::sql_query(format!("SELECT id FROM tenants WHERE id = $1{suffix}"))
        .bind::<SqlId, _>(tenant_id)
        .execute(connection)
}

/// Whether anything was ever posted.
pub fn has_entries(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<bool> {
    let of_tenant = entries::table.filter(entries::tenant_id.eq(tenant_id));
    diesel::select(diesel::dsl::exists(of_tenant)).get_result(connection)
}
