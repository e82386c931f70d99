//! From what was asked to the accounts of a run.

use std::collections::HashMap;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{AccountFilter, Selection};
use crate::accounts::is_found_by;
use crate::db::DbConnection;
use crate::db::schema::{account_holders, accounts};
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::id::Id;
use crate::ledger::AccountStatus;
use crate::money::Currency;

/// An account that was chosen.
pub type Chosen = (Id, String);

/// The chosen accounts in the order of their numbers, each once. Sorted here byte by byte, whatever the database's
/// collation.
///
/// # Errors
/// 422 `unknown_account` and 409 `account_inactive`, naming each; 422 `no_accounts_selected`.
pub fn choose_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    selection: &Selection,
) -> ApiResult<Vec<Chosen>> {
    let mut chosen = match selection {
        Selection {
            account_ids: Some(ids), ..
        } => by_ids(connection, tenant_id, ids)?,
        Selection {
            filter: Some(filter), ..
        } => by_filter(connection, tenant_id, currency, filter)?,
        Selection {
            account_ids: None,
            filter: None,
            ..
        } => all(connection, tenant_id)?,
    };
    if chosen.is_empty() {
        return Err(ApiError::new(Code::NoAccountsSelected));
    }
    chosen.sort_by(|(_, a), (_, b)| a.cmp(b));
    Ok(chosen)
}

fn by_ids(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> ApiResult<Vec<Chosen>> {
    let found: HashMap<Id, (String, AccountStatus)> = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id).and(accounts::id.eq_any(ids.to_vec())))
        .select((accounts::id, (accounts::number, accounts::status)))
        .load::<(Id, (String, AccountStatus))>(connection)?
        .into_iter()
        .collect();
    refuse_each(Code::UnknownAccount, ids, |id| {
        let is_unknown = !found.contains_key(id);
        is_unknown.then(|| format!("no account of this tenant has the id {id}"))
    })?;
    // nothing is posted to an account that was never active, not even a reset
    refuse_each(Code::AccountInactive, ids, |id| match found.get(id) {
        Some((number, AccountStatus::Inactive)) => {
            Some(format!("account {number} is not active yet: activate it first"))
        }
        _ => None,
    })?;
    Ok(found.into_iter().map(|(id, (number, _))| (id, number)).collect())
}

/// Refuses the request when something is wrong with an account that it names, and says of each what.
fn refuse_each(code: Code, ids: &[Id], what_is_wrong: impl Fn(&Id) -> Option<String>) -> ApiResult<()> {
    let wrong: Vec<FieldError> = (0_usize..)
        .zip(ids)
        .filter_map(|(index, id)| {
            let detail = what_is_wrong(id)?;
            Some(FieldError::pointer(
                format!("/accounts/account_ids/{index}"),
                code.as_str(),
                detail,
            ))
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.into_iter().fold(ApiError::new(code), ApiError::error))
}

fn by_filter(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    filter: &AccountFilter,
) -> ApiResult<Vec<Chosen>> {
    let mut query = accounts::table
        .filter(
            accounts::tenant_id
                .eq(tenant_id)
                .and(accounts::status.ne(AccountStatus::Inactive)),
        )
        .select((accounts::id, accounts::number))
        .into_boxed();
    if let Some(text) = &filter.q {
        query = query.filter(is_found_by(text));
    }
    if let Some(amount) = filter.balance_lt {
        let below = amount
            .to_minor(currency)
            .map_err(|error| ApiError::field("/accounts/filter/balance_lt", "too_many_decimals", error.to_string()))?;
        query = query.filter(accounts::balance_minor.lt(below));
    }
    if let Some(holder_id) = filter.holder_id {
        let is_held = account_holders::table
            .filter(account_holders::tenant_id.eq(accounts::tenant_id))
            .filter(account_holders::account_id.eq(accounts::id))
            .filter(account_holders::customer_id.eq(holder_id));
        query = query.filter(exists(is_held));
    }
    Ok(query.load(connection)?)
}

fn all(connection: &mut DbConnection, tenant_id: Id) -> ApiResult<Vec<Chosen>> {
    let active = accounts::tenant_id
        .eq(tenant_id)
        .and(accounts::status.ne(AccountStatus::Inactive));
    Ok(accounts::table
        .filter(active)
        .select((accounts::id, accounts::number))
        .load(connection)?)
}
