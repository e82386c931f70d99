//! Invoice dates rise with the numbers, also with those that unfinished runs and reversals of runs are still to take.

use chrono::{Datelike, NaiveDate};
use diesel::QueryResult;

use super::store;
use crate::auth::TenantContext;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::invoices::numbers;
use crate::jobs::JobKind;
use crate::jobs::store::list_unfinished;

/// What will take numbers with a date as soon as its turn comes.
#[derive(Debug, Clone, Copy)]
struct Pending {
    date: NaiveDate,
    is_reversal: bool,
}

/// The date of a run that names none: today, or the last date of the year's series, taken or promised, where that is later
/// because the tenant's zone or a clock was put right.
///
/// # Errors
/// When the database fails.
pub fn of_today(connection: &mut DbConnection, tenant: &TenantContext, today: NaiveDate) -> QueryResult<NaiveDate> {
    let taken = numbers::last_invoice_date(connection, tenant.id, today.year())?;
    let promised = list_pending(connection, tenant, today.year())?;
    let promised = promised.into_iter().map(|pending| pending.date);
    Ok(promised.chain(taken).fold(today, NaiveDate::max))
}

/// Refuses an invoice date for a run that is asked for now: its numbers come after all that was asked for before.
///
/// # Errors
/// 409 `invoice_date_before_last`, naming both dates.
pub fn check_of_run(connection: &mut DbConnection, tenant: &TenantContext, invoice_date: NaiveDate) -> ApiResult<()> {
    let year = invoice_date.year();
    numbers::check_date(numbers::last_invoice_date(connection, tenant.id, year)?, invoice_date)?;
    let latest = list_pending(connection, tenant, year)?
        .into_iter()
        .max_by_key(|pending| pending.date);
    match latest {
        Some(Pending {
            date,
            is_reversal: true,
        }) if invoice_date < date => Err(ApiError::new(Code::InvoiceDateBeforeLast).detail(format!(
            "a run is being reversed by credit notes of {date}; {invoice_date} is before it: wait for its job to end"
        ))),
        latest => numbers::check_date(latest.map(|pending| pending.date), invoice_date),
    }
}

/// Refuses to number an invoice with this date at once, while something asked for before will take numbers of an earlier one.
///
/// # Errors
/// 409 `run_not_completed`, naming that date.
pub fn check_at_once(connection: &mut DbConnection, tenant: &TenantContext, invoice_date: NaiveDate) -> ApiResult<()> {
    let earliest = list_pending(connection, tenant, invoice_date.year())?
        .into_iter()
        .filter(|pending| pending.date < invoice_date)
        .min_by_key(|pending| pending.date);
    let Some(Pending { date, is_reversal }) = earliest else {
        return Ok(());
    };
    let what = if is_reversal {
        format!("a run is being reversed by credit notes of {date}")
    } else {
        format!("a run with invoice date {date} is not completed")
    };
    Err(ApiError::new(Code::RunNotCompleted).detail(format!("{what}: wait for its job to end")))
}

fn list_pending(connection: &mut DbConnection, tenant: &TenantContext, year: i32) -> QueryResult<Vec<Pending>> {
    let of_runs = store::list_pending_dates(connection, tenant.id)?
        .into_iter()
        .map(|date| Pending {
            date,
            is_reversal: false,
        });
    let asked = list_unfinished(connection, tenant.id, JobKind::InvoiceRunReversal)?;
    let of_reversals = asked.into_iter().map(|asked_at| Pending {
        date: tenant.today(asked_at),
        is_reversal: true,
    });
    let all = of_runs.chain(of_reversals);
    Ok(all.filter(|pending| pending.date.year() == year).collect())
}
