//! Accounts and their holders in the database. Balance, limit and sequence are only read here.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::AccountStatus;
use super::holders::HolderKind;
use super::model::{AccountRow, Holder};
use super::requests::{AccountQuery, AccountSort, Start};
use super::search::is_found_by;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::keyset::keyset;
use crate::db::schema::{account_holders, accounts, customers};
use crate::id::Id;
use crate::ledger;

/// The account with this id.
///
/// # Errors
/// What the database said.
pub fn find_account(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find((tenant_id, id))
        .select(AccountRow::as_select())
        .first(connection)
        .optional()
}

/// As [`find_account`], and nobody else changes the account until the transaction ends.
pub(super) fn lock_account(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<AccountRow>> {
    ledger::lock_accounts(connection, tenant_id, &[id])?;
    find_account(connection, tenant_id, id)
}

/// The holders of some accounts: of each the payer first, then by name.
///
/// # Errors
/// What the database said.
pub fn list_holders(connection: &mut DbConnection, tenant_id: Id, account_ids: &[Id]) -> QueryResult<Vec<Holder>> {
    account_holders::table
        .inner_join(
            customers::table.on(customers::tenant_id
                .eq(account_holders::tenant_id)
                .and(customers::id.eq(account_holders::customer_id))),
        )
        .filter(account_holders::tenant_id.eq(tenant_id))
        .filter(account_holders::account_id.eq_any(account_ids.to_vec()))
        .order((account_holders::kind, customers::name_key, customers::id))
        .select((
            account_holders::account_id,
            account_holders::customer_id,
            customers::name,
            account_holders::kind,
            account_holders::linked_at,
        ))
        .load(connection)
}

/// One page of the accounts that fit, from `start`. `balance_lt_minor` is the query's amount in minor units.
pub(super) fn list_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    query: &AccountQuery,
    balance_lt_minor: Option<i64>,
    start: Start,
    rows_max: i64,
) -> QueryResult<Vec<AccountRow>> {
    let mut rows = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .select(AccountRow::as_select())
        .limit(rows_max)
        .into_boxed();
    if let Some(q) = &query.q {
        rows = rows.filter(is_found_by(q));
    }
    if let Some(statuses) = &query.status {
        rows = rows.filter(accounts::status.eq_any(statuses.0.clone()));
    }
    if let Some(minor) = balance_lt_minor {
        rows = rows.filter(accounts::balance_minor.lt(minor));
    }
    if let Some(holder) = query.holder {
        let held = account_holders::table
            .filter(account_holders::tenant_id.eq(tenant_id))
            .filter(account_holders::customer_id.eq(holder))
            .select(account_holders::account_id);
        rows = rows.filter(accounts::id.eq_any(held));
    }
    if let Some(is_shown) = query.shown_on_till {
        rows = rows.filter(accounts::shown_on_till.eq(is_shown));
    }
    if let Some(is_allowed) = query.on_account_allowed {
        rows = rows.filter(accounts::on_account_allowed.eq(is_allowed));
    }
    let sort = query.sort.unwrap_or(AccountSort::Name);
    let direction = sort.direction();
    let id = accounts::id;
    match sort {
        AccountSort::Name | AccountSort::NameDescending => {
            keyset!(rows, direction, accounts::name_key, id, start.text).load(connection)
        }
        AccountSort::Number | AccountSort::NumberDescending => {
            keyset!(rows, direction, accounts::number, id, start.text).load(connection)
        }
        AccountSort::Status | AccountSort::StatusDescending => {
            keyset!(rows, direction, accounts::status, id, start.text).load(connection)
        }
        AccountSort::Balance | AccountSort::BalanceDescending => {
            keyset!(rows, direction, accounts::balance_minor, id, start.minor).load(connection)
        }
    }
}

/// What a new account is made of.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = accounts)]
pub(super) struct NewAccountRow {
    pub tenant_id: Id,
    pub id: Id,
    pub number: String,
    pub status: AccountStatus,
    pub on_account_allowed: bool,
    pub shown_on_till: bool,
    pub name: String,
    pub name_key: String,
    pub created_at: Timestamp,
}

/// False when another account of the tenant has the number; the transaction cannot go on then.
pub(super) fn insert_account(connection: &mut DbConnection, account: &NewAccountRow) -> QueryResult<bool> {
    match diesel::insert_into(accounts::table).values(account).execute(connection) {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        done => done.map(|_| true),
    }
}

pub(super) fn update_flags(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    on_account_allowed: bool,
    shown_on_till: bool,
) -> QueryResult<usize> {
    diesel::update(accounts::table.find((tenant_id, id)))
        .set((
            accounts::on_account_allowed.eq(on_account_allowed),
            accounts::shown_on_till.eq(shown_on_till),
            accounts::settings_version.eq(accounts::settings_version + 1),
        ))
        .execute(connection)
}

pub(super) fn update_status(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    status: AccountStatus,
) -> QueryResult<usize> {
    diesel::update(accounts::table.find((tenant_id, id)))
        .set((
            accounts::status.eq(status),
            accounts::settings_version.eq(accounts::settings_version + 1),
        ))
        .execute(connection)
}

pub(super) fn update_name(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    name: &str,
    name_key: &str,
) -> QueryResult<usize> {
    diesel::update(accounts::table.find((tenant_id, id)))
        .set((
            accounts::name.eq(name),
            accounts::name_key.eq(name_key),
            accounts::settings_version.eq(accounts::settings_version + 1),
        ))
        .execute(connection)
}

/// Links a customer, or changes what they are; somebody else who pays becomes a viewer first when this one pays now.
pub(super) fn upsert_holder(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_id: Id,
    customer_id: Id,
    kind: HolderKind,
    now: Timestamp,
) -> QueryResult<()> {
    if kind == HolderKind::Billing {
        let others = account_holders::table
            .filter(account_holders::tenant_id.eq(tenant_id))
            .filter(account_holders::account_id.eq(account_id))
            .filter(account_holders::kind.eq(HolderKind::Billing));
        diesel::update(others)
            .set(account_holders::kind.eq(HolderKind::Viewer))
            .execute(connection)?;
    }
    let changed = diesel::update(account_holders::table.find((tenant_id, account_id, customer_id)))
        .set(account_holders::kind.eq(kind))
        .execute(connection)?;
    if changed == 0 {
        diesel::insert_into(account_holders::table)
            .values((
                account_holders::tenant_id.eq(tenant_id),
                account_holders::account_id.eq(account_id),
                account_holders::customer_id.eq(customer_id),
                account_holders::kind.eq(kind),
                account_holders::linked_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

pub(super) fn delete_holder(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_id: Id,
    customer_id: Id,
) -> QueryResult<usize> {
    diesel::delete(account_holders::table.find((tenant_id, account_id, customer_id))).execute(connection)
}

/// Carries a customer's new name to the accounts they hold: those they pay for are called so, and all of them show it. Call it
/// under the customer's lock, so that nobody links them meanwhile.
///
/// # Errors
/// What the database said.
pub fn rename_holder(
    connection: &mut DbConnection,
    tenant_id: Id,
    customer_id: Id,
    name: &str,
    name_key: &str,
) -> QueryResult<()> {
    let held = || {
        account_holders::table
            .filter(account_holders::tenant_id.eq(tenant_id))
            .filter(account_holders::customer_id.eq(customer_id))
            .select(account_holders::account_id)
    };
    let ids: Vec<Id> = held().load(connection)?;
    ledger::lock_accounts(connection, tenant_id, &ids)?;
    let accounts_of_tenant = || accounts::table.filter(accounts::tenant_id.eq(tenant_id));
    diesel::update(accounts_of_tenant().filter(accounts::id.eq_any(held())))
        .set(accounts::settings_version.eq(accounts::settings_version + 1))
        .execute(connection)?;
    let paid = held().filter(account_holders::kind.eq(HolderKind::Billing));
    diesel::update(accounts_of_tenant().filter(accounts::id.eq_any(paid)))
        .set((accounts::name.eq(name), accounts::name_key.eq(name_key)))
        .execute(connection)?;
    Ok(())
}
