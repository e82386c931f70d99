//! Queries on runs and their accounts.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::model::{RunAccountRow, RunAccountState, RunRow, RunStatus};
use super::plan::SkipReason;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{accounts, entries, invoice_run_accounts, invoice_runs, invoices};
use crate::id::{Id, SqlId};
use crate::invoices::model::{InvoiceKind, InvoiceStatus};
use crate::ledger::EntryKind;

pub fn insert_run(connection: &mut DbConnection, run: &RunRow) -> QueryResult<()> {
    diesel::insert_into(invoice_runs::table)
        .values(run)
        .execute(connection)
        .map(drop)
}

pub fn find_run(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<RunRow>> {
    invoice_runs::table
        .find((tenant_id, id))
        .select(RunRow::as_select())
        .first(connection)
        .optional()
}

/// The newest first; `after` is the last one of the page before.
pub fn list_runs(
    connection: &mut DbConnection,
    tenant_id: Id,
    status: Option<RunStatus>,
    after: Option<(Timestamp, Id)>,
    rows_max: i64,
) -> QueryResult<Vec<RunRow>> {
    let mut query = invoice_runs::table
        .filter(invoice_runs::tenant_id.eq(tenant_id))
        .select(RunRow::as_select())
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(invoice_runs::status.eq(status));
    }
    if let Some((created_at, id)) = after {
        let same_time = invoice_runs::created_at.eq(created_at).and(invoice_runs::id.lt(id));
        query = query.filter(invoice_runs::created_at.lt(created_at).or(same_time));
    }
    query
        .order((invoice_runs::created_at.desc(), invoice_runs::id.desc()))
        .limit(rows_max)
        .load(connection)
}

pub fn set_status(connection: &mut DbConnection, tenant_id: Id, id: Id, status: RunStatus) -> QueryResult<()> {
    diesel::update(invoice_runs::table.find((tenant_id, id)))
        .set(invoice_runs::status.eq(status))
        .execute(connection)
        .map(drop)
}

pub fn set_reversal_job(connection: &mut DbConnection, tenant_id: Id, id: Id, job_id: Id) -> QueryResult<()> {
    diesel::update(invoice_runs::table.find((tenant_id, id)))
        .set(invoice_runs::reversal_job_id.eq(Some(job_id)))
        .execute(connection)
        .map(drop)
}

/// The invoice dates of the runs whose job has not ended.
pub fn list_pending_dates(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<NaiveDate>> {
    invoice_runs::table
        .filter(
            invoice_runs::tenant_id
                .eq(tenant_id)
                .and(invoice_runs::status.eq(RunStatus::Pending)),
        )
        .select(invoice_runs::invoice_date)
        .load(connection)
}

/// The next accounts of a run in one state, after the ordinal, in their order.
pub fn next_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    state: RunAccountState,
    after: i64,
    rows_max: i64,
) -> QueryResult<Vec<RunAccountRow>> {
    invoice_run_accounts::table
        .filter(
            invoice_run_accounts::tenant_id
                .eq(tenant_id)
                .and(invoice_run_accounts::run_id.eq(run_id)),
        )
        .filter(
            invoice_run_accounts::ordinal
                .gt(after)
                .and(invoice_run_accounts::state.eq(state)),
        )
        .order(invoice_run_accounts::ordinal)
        .limit(rows_max)
        .select(RunAccountRow::as_select())
        .load(connection)
}

/// How many accounts of a run came to what.
pub fn count_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
) -> QueryResult<Vec<(RunAccountState, Option<SkipReason>, i64)>> {
    invoice_run_accounts::table
        .filter(
            invoice_run_accounts::tenant_id
                .eq(tenant_id)
                .and(invoice_run_accounts::run_id.eq(run_id)),
        )
        .group_by((invoice_run_accounts::state, invoice_run_accounts::skip_code))
        .select((
            invoice_run_accounts::state,
            invoice_run_accounts::skip_code,
            diesel::dsl::count_star(),
        ))
        .load(connection)
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

/// What the run's own invoices that stand add up to.
pub fn total_of_run(connection: &mut DbConnection, tenant_id: Id, run_id: Id) -> QueryResult<i64> {
    let sum: Sum = diesel::sql_query(
        "SELECT CAST(COALESCE(SUM(total_minor), 0) AS BIGINT) AS sum FROM invoices
         WHERE tenant_id = $1 AND run_id = $2 AND status = 'standing' AND reverses_id IS NULL",
    )
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(run_id)
    .get_result(connection)?;
    Ok(sum.sum)
}

/// What became of an account, with what it is called and the invoice that it got.
#[derive(Debug, Queryable)]
pub struct RunAccountDetails {
    pub ordinal: i64,
    pub account_id: Id,
    pub account_number: String,
    pub account_name: String,
    pub state: RunAccountState,
    pub skip_code: Option<SkipReason>,
    pub invoice: Option<(Id, String, InvoiceKind, InvoiceStatus, i64)>,
}

/// In the order of the run; `after` is the ordinal of the last one of the page before.
pub fn list_run_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    state: Option<RunAccountState>,
    after: Option<i64>,
    rows_max: i64,
) -> QueryResult<Vec<RunAccountDetails>> {
    let same_account = accounts::tenant_id
        .eq(invoice_run_accounts::tenant_id)
        .and(accounts::id.eq(invoice_run_accounts::account_id));
    let its_invoice = invoices::tenant_id
        .eq(invoice_run_accounts::tenant_id)
        .and(invoice_run_accounts::invoice_id.eq(invoices::id.nullable()));
    let mut query = invoice_run_accounts::table
        .inner_join(accounts::table.on(same_account))
        .left_join(invoices::table.on(its_invoice))
        .filter(
            invoice_run_accounts::tenant_id
                .eq(tenant_id)
                .and(invoice_run_accounts::run_id.eq(run_id)),
        )
        .filter(invoice_run_accounts::ordinal.gt(after.unwrap_or(0)))
        .select((
            invoice_run_accounts::ordinal,
            accounts::id,
            accounts::number,
            accounts::name,
            invoice_run_accounts::state,
            invoice_run_accounts::skip_code,
            (
                invoices::id,
                invoices::number,
                invoices::kind,
                invoices::status,
                invoices::total_minor,
            )
                .nullable(),
        ))
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(invoice_run_accounts::state.eq(state));
    }
    query
        .order(invoice_run_accounts::ordinal)
        .limit(rows_max)
        .load(connection)
}

/// The credits of some accounts that stand, by account.
pub fn list_standing_credits(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_ids: &[Id],
) -> QueryResult<Vec<(Id, Id)>> {
    if account_ids.is_empty() {
        return Ok(Vec::new());
    }
    let reversal = diesel::alias!(entries as reversal);
    let is_reversed = reversal
        .filter(reversal.field(entries::tenant_id).eq(entries::tenant_id))
        .filter(reversal.field(entries::refers_to).eq(entries::id.nullable()))
        .filter(reversal.field(entries::kind).eq(EntryKind::Reversal.literal()));
    entries::table
        .filter(
            entries::tenant_id
                .eq(tenant_id)
                .and(entries::account_id.eq_any(account_ids.to_vec())),
        )
        .filter(entries::kind.eq(EntryKind::Credit))
        .filter(diesel::dsl::not(diesel::dsl::exists(is_reversed)))
        .order((entries::account_id, entries::seq))
        .select((entries::account_id, entries::id))
        .load(connection)
}

/// Records that the invoices of some accounts of a run (an account and its invoice) were reversed.
pub fn mark_reversed(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    invoices: &[(Id, Id)],
) -> QueryResult<()> {
    let (account_ids, invoice_ids): (Vec<Id>, Vec<Option<Id>>) =
        invoices.iter().map(|(account_id, id)| (*account_id, Some(*id))).unzip();
    let of_run = invoice_run_accounts::table
        .filter(invoice_run_accounts::tenant_id.eq(tenant_id))
        .filter(invoice_run_accounts::run_id.eq(run_id));
    // the accounts are what the index knows
    diesel::update(
        of_run
            .filter(invoice_run_accounts::account_id.eq_any(account_ids))
            .filter(invoice_run_accounts::invoice_id.eq_any(invoice_ids)),
    )
    .set(invoice_run_accounts::state.eq(RunAccountState::Reversed))
    .execute(connection)
    .map(drop)
}
