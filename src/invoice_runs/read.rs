//! Puts a run together from its rows.

use super::model::{
    InvoiceRun, InvoiceRunSummary, RunAccount, RunAccountState, RunCounts, RunInvoice, RunRow, Selection,
};
use super::plan::SkipReason;
use super::preview::skip;
use super::store::{self, RunAccountDetails};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::jobs::Job;
use crate::jobs::store::find_job;
use crate::money::{Currency, Money};

/// The run with its jobs and counts.
///
/// # Errors
/// 404; when the database fails.
pub fn get_run(connection: &mut DbConnection, tenant_id: Id, currency: Currency, id: Id) -> ApiResult<InvoiceRun> {
    let row = store::find_run(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    let job = get_job(connection, tenant_id, row.job_id)?;
    let reversal_job = row
        .reversal_job_id
        .map(|id| get_job(connection, tenant_id, id))
        .transpose()?;
    let accounts = counts(&store::count_accounts(connection, tenant_id, id)?);
    let total = Money::new(store::total_of_run(connection, tenant_id, id)?, currency);
    Ok(InvoiceRun {
        id: row.id,
        status: row.status,
        from: row.from_date,
        to: row.to_date,
        invoice_date: row.invoice_date,
        reset_type: row.reset_type,
        late: row.late,
        selection: selection(&row)?,
        accounts,
        total,
        job,
        reversal_job,
        created_by: row.actor_name,
        created_at: row.created_at,
    })
}

fn get_job(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<Job> {
    let row = find_job(connection, tenant_id, id)?;
    row.map(Job::from)
        .ok_or_else(|| ApiError::internal(format!("job {id} of a run is not there")))
}

fn selection(row: &RunRow) -> ApiResult<Selection> {
    serde_json::from_str(&row.selection).map_err(ApiError::internal)
}

fn counts(rows: &[(RunAccountState, Option<SkipReason>, i64)]) -> RunCounts {
    let mut counts = RunCounts::default();
    for &(state, reason, accounts) in rows {
        counts.total = counts.total.saturating_add(accounts);
        let count = match (state, reason) {
            (RunAccountState::Skipped, Some(reason)) => {
                counts.skipped.add(reason, accounts);
                continue;
            }
            (RunAccountState::Pending | RunAccountState::Skipped, _) => &mut counts.pending,
            (RunAccountState::Invoiced, _) => &mut counts.invoiced,
            (RunAccountState::Reversed, _) => &mut counts.reversed,
        };
        *count = count.saturating_add(accounts);
    }
    counts
}

/// A run in a list.
///
/// # Errors
/// When its selection cannot be read.
pub fn summary(row: RunRow) -> ApiResult<InvoiceRunSummary> {
    Ok(InvoiceRunSummary {
        id: row.id,
        status: row.status,
        from: row.from_date,
        to: row.to_date,
        invoice_date: row.invoice_date,
        reset_type: row.reset_type,
        late: row.late,
        selection: selection(&row)?,
        job_id: row.job_id,
        reversal_job_id: row.reversal_job_id,
        created_by: row.actor_name,
        created_at: row.created_at,
    })
}

/// What became of some accounts of a run; of credit accounts, with the credits that stand now.
///
/// # Errors
/// When the database fails.
pub fn run_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    rows: Vec<RunAccountDetails>,
) -> ApiResult<Vec<RunAccount>> {
    let is_credit = |row: &&RunAccountDetails| row.skip_code == Some(SkipReason::CreditAccount);
    let ids: Vec<Id> = rows.iter().filter(is_credit).map(|row| row.account_id).collect();
    let credits = store::list_standing_credits(connection, tenant_id, &ids)?;
    let credits_of = |id: Id| {
        credits
            .iter()
            .filter(|(account_id, _)| *account_id == id)
            .map(|(_, id)| *id)
            .collect()
    };
    let account = |row: RunAccountDetails| RunAccount {
        skip: row.skip_code.map(|reason| skip(reason, credits_of(row.account_id))),
        invoice: row.invoice.map(|(id, number, kind, status, total_minor)| RunInvoice {
            id,
            number,
            kind,
            status,
            total: Money::new(total_minor, currency),
        }),
        account_id: row.account_id,
        account_number: row.account_number,
        account_name: row.account_name,
        state: row.state,
    };
    Ok(rows.into_iter().map(account).collect())
}
