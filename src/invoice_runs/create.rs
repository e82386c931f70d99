//! Makes a run and its job, or the job that reverses it. The work itself is the job's.

use chrono::NaiveDate;

use super::dates;
use super::facts::read_chunk;
use super::model::{NewInvoiceRun, RunRow, RunStatus};
use super::native::insert_run_accounts;
use super::plan::{Outcome, SkipReason, plan};
use super::preview::code_of;
use super::selection::{Chosen, choose_accounts};
use super::store;
use crate::auth::{Actor, TenantContext};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::id::Id;
use crate::jobs::JobKind;
use crate::jobs::store::{NewJob, find_job, insert_job};
use crate::period::{BusinessDate, Period};
use crate::request_keys::{self, KeyRow, RequestKey};

/// What a request made, now or before under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub run_id: Id,
    pub job_id: Id,
    pub is_replayed: bool,
}

/// Refuses parameters that no database is needed for.
///
/// # Errors
/// 422 for a period turned round or too long, or an invoice date in the future.
pub fn check_dates(asked: &NewInvoiceRun, today: NaiveDate) -> ApiResult<()> {
    Period::try_new(asked.from.date(), asked.to.date())
        .map_err(|error| ApiError::field("/to", "invalid_period", error.to_string()))?;
    match asked.invoice_date.map(BusinessDate::date) {
        Some(date) if date > today => {
            let error = FieldError::pointer(
                "/invoice_date",
                Code::InvoiceDateInFuture.as_str(),
                format!("expected {today} or earlier: that is today in the tenant's time zone"),
            );
            Err(ApiError::new(Code::InvoiceDateInFuture)
                .detail(error.sentence())
                .error(error))
        }
        _ => Ok(()),
    }
}

/// Makes the run that an actor asks for, its accounts and its job, in the caller's transaction.
///
/// # Errors
/// 422 when it has no accounts or an unknown one; 409 when its only account cannot be invoiced, or its date is too early.
pub fn create_run(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    actor: &Actor,
    request: &RequestKey,
    asked: &NewInvoiceRun,
) -> ApiResult<Made> {
    if request_keys::find(connection, tenant.id, request)?.is_some() {
        return replayed_run(connection, tenant.id, request.key);
    }
    let now = clock.now();
    let key = KeyRow::posted(tenant.id, request, "invoice_run", actor.id, now);
    request_keys::insert(connection, &key)?;
    let invoice_date = match asked.invoice_date {
        Some(date) => date.date(),
        None => dates::of_today(connection, tenant, tenant.today(now))?,
    };
    let chosen = choose_accounts(connection, tenant.id, tenant.currency, &asked.accounts)?;
    dates::check_of_run(connection, tenant, invoice_date)?;
    if let (Some(_), [only]) = (&asked.accounts.account_ids, chosen.as_slice()) {
        check_only_account(connection, tenant.id, asked, only)?;
    }
    let job = new_job(
        JobKind::InvoiceRun,
        clock.new_id(),
        request.key,
        chosen.len(),
        clock,
        tenant.id,
        actor,
    );
    let job_id = job.id;
    let run = RunRow {
        tenant_id: tenant.id,
        id: request.key,
        job_id,
        reversal_job_id: None,
        from_date: asked.from.date(),
        to_date: asked.to.date(),
        invoice_date,
        reset_type: asked.reset_type,
        late: asked.late,
        selection: serde_json::to_string(&asked.accounts).map_err(ApiError::internal)?,
        status: RunStatus::Pending,
        actor_kind: actor.kind.as_str().to_owned(),
        actor_id: actor.id,
        actor_name: actor.name.clone(),
        created_at: now,
    };
    insert_job(connection, job)?;
    store::insert_run(connection, &run)?;
    let ids: Vec<Id> = chosen.into_iter().map(|(id, _)| id).collect();
    insert_run_accounts(connection, tenant.id, run.id, &ids)?;
    Ok(Made {
        run_id: run.id,
        job_id,
        is_replayed: false,
    })
}

fn replayed_run(connection: &mut DbConnection, tenant_id: Id, run_id: Id) -> ApiResult<Made> {
    let run = store::find_run(connection, tenant_id, run_id)?;
    let run = run.ok_or_else(|| ApiError::internal("the run of a key is not there"))?;
    Ok(Made {
        run_id,
        job_id: run.job_id,
        is_replayed: true,
    })
}

/// Whoever asks for one account wants to know at once why it has no invoice. Nothing is kept: the key may be used again.
/// Only what decides that is read: tills go on meanwhile, and the account's lines would not be of the same moment.
fn check_only_account(
    connection: &mut DbConnection,
    tenant_id: Id,
    asked: &NewInvoiceRun,
    (account_id, number): &Chosen,
) -> ApiResult<()> {
    let terms = asked.terms();
    let readings = read_chunk(connection, tenant_id, &terms, &[*account_id])?;
    let outcome = readings
        .first()
        .map(|reading| plan(&reading.facts, &terms))
        .transpose()?;
    let Some(Outcome::Skip(reason)) = outcome else {
        return Ok(());
    };
    let error = ApiError::new(code_of(reason));
    if reason != SkipReason::CreditAccount {
        return Err(error);
    }
    let credits = store::list_standing_credits(connection, tenant_id, &[*account_id])?;
    let named = credits.into_iter().map(|(_, id)| {
        let detail = format!("credit {id} stands: POST /v1/mutations/{id}/reversal undoes it");
        FieldError::pointer("/accounts/account_ids/0", Code::CreditAccount.as_str(), detail)
    });
    let named: Vec<FieldError> = named.collect();
    let sentences: Vec<String> = named.iter().map(|error| error.detail.clone()).collect();
    let detail = format!(
        "account {number} is a credit account and is not invoiced: {}",
        sentences.join("; ")
    );
    Err(named.into_iter().fold(error.detail(detail), ApiError::error))
}

/// Makes the job that reverses a run, in the caller's transaction.
///
/// # Errors
/// 404; 409 when the run is not completed, or reversed already.
pub fn create_reversal(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    actor: &Actor,
    request: &RequestKey,
    run_id: Id,
) -> ApiResult<Made> {
    let made = Made {
        run_id,
        job_id: request.portal_id(tenant.id),
        is_replayed: false,
    };
    if request_keys::find(connection, tenant.id, request)?.is_some() {
        return Ok(Made {
            is_replayed: true,
            ..made
        });
    }
    let key = KeyRow::posted(tenant.id, request, "job", actor.id, clock.now());
    request_keys::insert(connection, &key)?;
    let run = store::find_run(connection, tenant.id, run_id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    match run.status {
        RunStatus::Reversed => return Err(ApiError::new(Code::AlreadyReversed).detail("the run is reversed already")),
        RunStatus::Pending | RunStatus::Reversing => return Err(ApiError::new(Code::RunNotCompleted)),
        RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled => {}
    }
    let before = match run.reversal_job_id {
        Some(job_id) => find_job(connection, tenant.id, job_id)?,
        None => None,
    };
    if before.is_some_and(|job| !job.status.is_final()) {
        return Err(ApiError::new(Code::RunNotCompleted).detail("the run is being reversed already"));
    }
    let accounts: i64 = store::count_accounts(connection, tenant.id, run_id)?
        .into_iter()
        .map(|(_, _, count)| count)
        .sum();
    let accounts = usize::try_from(accounts).unwrap_or(0);
    let job = new_job(
        JobKind::InvoiceRunReversal,
        made.job_id,
        run_id,
        accounts,
        clock,
        tenant.id,
        actor,
    );
    insert_job(connection, job)?;
    store::set_reversal_job(connection, tenant.id, run_id, made.job_id)?;
    Ok(made)
}

fn new_job(kind: JobKind, id: Id, run_id: Id, accounts: usize, clock: &Clock, tenant_id: Id, actor: &Actor) -> NewJob {
    NewJob {
        id,
        tenant_id,
        kind,
        subject_id: run_id,
        progress_total: i64::try_from(accounts).unwrap_or(i64::MAX),
        actor_kind: actor.kind.as_str(),
        actor_id: actor.id,
        actor_name: actor.name.clone(),
        created_at: clock.now(),
    }
}
