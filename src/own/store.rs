//! What belongs to some customers.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::accounts::AccountRow;
use crate::auth::{Actor, ActorKind};
use crate::db::DbConnection;
use crate::db::schema::{account_holders, accounts, invoices};
use crate::error::ApiResult;
use crate::id::Id;
use crate::invitations;
use crate::invoices::model::InvoiceRow;

/// The customers whose things somebody sees as their own.
///
/// # Errors
/// When the database fails; 403 without a tenant.
pub fn customers_of(connection: &mut DbConnection, actor: &Actor) -> ApiResult<Vec<Id>> {
    let tenant_id = actor.tenant()?.id;
    Ok(match (actor.viewed_customer, actor.kind) {
        (Some(customer_id), _) => vec![customer_id],
        (None, ActorKind::User) => invitations::list_customers_of(connection, tenant_id, actor.id)?,
        (None, _) => Vec::new(),
    })
}

/// The accounts that one of the customers is linked to, by number, from after this number.
pub(super) fn list_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    customers: &[Id],
    after: Option<String>,
    rows_max: i64,
) -> QueryResult<Vec<AccountRow>> {
    let links = account_holders::table
        .filter(account_holders::tenant_id.eq(accounts::tenant_id))
        .filter(account_holders::account_id.eq(accounts::id))
        .filter(account_holders::customer_id.eq_any(customers.to_vec()));
    accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(exists(links))
        .filter(accounts::number.gt(after.unwrap_or_default()))
        .order(accounts::number)
        .limit(rows_max)
        .select(AccountRow::as_select())
        .load(connection)
}

/// Whether one of the customers is linked to the account.
pub(super) fn holds(connection: &mut DbConnection, tenant_id: Id, customers: &[Id], id: Id) -> QueryResult<bool> {
    let held = account_holders::table
        .filter(
            account_holders::tenant_id
                .eq(tenant_id)
                .and(account_holders::account_id.eq(id)),
        )
        .filter(account_holders::customer_id.eq_any(customers.to_vec()));
    diesel::select(exists(held)).get_result(connection)
}

/// The invoices and credit notes that one of the customers pays, the newest number first; `after` is the year and value of the
/// last one of the page before.
pub(super) fn list_documents(
    connection: &mut DbConnection,
    tenant_id: Id,
    customers: &[Id],
    after: Option<(i32, i64)>,
    rows_max: i64,
) -> QueryResult<Vec<InvoiceRow>> {
    let mut query = invoices::table
        .filter(invoices::tenant_id.eq(tenant_id))
        .filter(invoices::payer_id.eq_any(customers.to_vec()))
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some((year, value)) = after {
        let earlier = invoices::series_year.eq(year).and(invoices::series_value.lt(value));
        query = query.filter(invoices::series_year.lt(year).or(earlier));
    }
    query
        .order((invoices::series_year.desc(), invoices::series_value.desc()))
        .limit(rows_max)
        .load(connection)
}
