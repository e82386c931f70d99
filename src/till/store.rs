//! A till's queries.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Date;

use super::model::{TillAccountFilter, TillAccountRow, TotalRow};
use crate::accounts::is_found_by;
use crate::db::DbConnection;
use crate::db::schema::accounts;
use crate::id::{Id, SqlId};
use crate::ledger::AccountStatus;

/// One page of the accounts that fit, by name; `after` is the name and id of the last one before it.
pub fn list_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    filter: &TillAccountFilter,
    after: Option<(String, Id)>,
    rows_max: i64,
) -> QueryResult<Vec<TillAccountRow>> {
    let mut rows = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::status.eq_any(vec![AccountStatus::Active, AccountStatus::Blocked]))
        .order((accounts::name_key, accounts::id))
        .select((
            accounts::id,
            accounts::number,
            accounts::name,
            accounts::name_key,
            accounts::status,
            accounts::on_account_allowed,
            accounts::balance_minor,
            accounts::credit_limit_minor,
        ))
        .limit(rows_max)
        .into_boxed();
    if let Some(shown_on_till) = filter.shown_on_till {
        rows = rows.filter(accounts::shown_on_till.eq(shown_on_till));
    }
    if let Some(q) = &filter.q {
        rows = rows.filter(is_found_by(q));
    }
    if let Some((name_key, id)) = after {
        rows = rows
            .filter(accounts::name_key.ge(name_key.clone()))
            .filter(accounts::name_key.gt(name_key).or(accounts::id.gt(id)));
    }
    rows.load(connection)
}

/// What an actor posted on a business date, by kind.
pub fn sum_of_actor(
    connection: &mut DbConnection,
    tenant_id: Id,
    actor_id: Id,
    business_date: NaiveDate,
) -> QueryResult<Vec<TotalRow>> {
    diesel::sql_query(
        "SELECT e.kind, CAST(count(*) AS BIGINT) AS entries,
            CAST(sum(e.balance_change_minor) AS BIGINT) AS balance_change_minor
        FROM entries e LEFT JOIN entries undone ON undone.tenant_id = e.tenant_id AND undone.id = e.refers_to
        WHERE e.tenant_id = $1 AND e.actor_id = $2 AND e.business_date = $3
            AND (e.kind IN ('sale', 'refund') OR (e.kind = 'reversal' AND undone.kind = 'sale'))
        GROUP BY e.kind",
    )
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(actor_id)
    .bind::<Date, _>(business_date)
    .load(connection)
}
