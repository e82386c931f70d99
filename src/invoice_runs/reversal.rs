//! The job that reverses a run: first it looks at every invoice and changes nothing, then it takes them back in chunks.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Clock;
use crate::db::DbConnection;
use crate::db::schema::{invoice_run_accounts, invoice_stretches, invoices};
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::id::Id;
use crate::invoices::model::{InvoiceRow, InvoiceStatus};
use crate::invoices::reversal::{Blocked, Order, find_blocked, reverse_invoices};
use crate::invoices::store::get_issuer;
use crate::jobs::model::JobRow;
use crate::jobs::store::{Renewal, find_job, renew, set_progress};
use crate::jobs::worker::Services;
use crate::jobs::{JobStatus, Lease, Step, Work};
use crate::ledger::TenantRules;

use super::chunk::{CHUNK_ACCOUNTS_MAX, accounts_in_chunk};
use super::model::{RunAccountState, RunRow, RunStatus};
use super::store;
use super::work::{author_of, read_subject, result_path, status_after};

/// How many of the invoices that cannot be reversed a problem names.
const NAMED_MAX: usize = 100;

/// Reverses the invoices of a run. How far it is stands in the job's progress, as in [`super::RunWork`].
pub struct ReversalWork;

impl Work for ReversalWork {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let (run, job) = services.db.read_blocking(|connection| {
            let (_, run, job) = read_subject(connection, lease)?;
            Ok((run, job))
        })?;
        if run.status == RunStatus::Reversing {
            take_back_chunk(services, lease, &job)
        } else {
            begin(services, lease, &run)
        }
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, run_id: Id, status: JobStatus) -> ApiResult<()> {
        let Some(run) = store::find_run(connection, tenant_id, run_id)? else {
            return Ok(());
        };
        if status == JobStatus::Succeeded {
            return Ok(store::set_status(connection, tenant_id, run_id, RunStatus::Reversed)?);
        }
        if run.status == RunStatus::Reversing {
            let before = find_job(connection, tenant_id, run.job_id)?.map_or(JobStatus::Succeeded, |job| job.status);
            store::set_status(connection, tenant_id, run_id, status_after(before))?;
        }
        Ok(())
    }
}

/// Fails when any invoice cannot be reversed; else the run is `reversing` from here on, and goes on to the end. However
/// many invoices there are, the lease holds: it is renewed after each page of them.
fn begin(services: &Services, lease: &Lease, run: &RunRow) -> ApiResult<Step> {
    let clock: &Clock = &services.clock;
    let mut blocked = Vec::new();
    let mut after = 0;
    while let Some((last, of_page)) = services
        .db
        .read_blocking(|connection| find_blocked_of_page(connection, run, after))?
    {
        after = last;
        blocked.extend(of_page);
        let renewal = services
            .db
            .write_blocking(|connection| Ok(renew(connection, lease, clock.now())?))?;
        if renewal == Renewal::Lost {
            return Ok(Step::LeaseLost);
        }
    }
    if !blocked.is_empty() {
        return Err(not_reversible(&blocked, "cannot be reversed, and nothing was changed"));
    }
    services.db.write_blocking(|connection| {
        if renew(connection, lease, clock.now())? == Renewal::Lost {
            return Ok(Step::LeaseLost);
        }
        store::set_status(connection, run.tenant_id, run.id, RunStatus::Reversing)?;
        Ok(Step::More)
    })
}

fn find_blocked_of_run(connection: &mut DbConnection, run: &RunRow) -> ApiResult<Vec<Blocked>> {
    let mut blocked = Vec::new();
    let mut after = 0;
    while let Some((last, of_page)) = find_blocked_of_page(connection, run, after)? {
        after = last;
        blocked.extend(of_page);
    }
    Ok(blocked)
}

/// The ordinal of the last of the run's next invoices that stand, and which of them cannot be reversed; nothing at the end.
fn find_blocked_of_page(
    connection: &mut DbConnection,
    run: &RunRow,
    after: i64,
) -> ApiResult<Option<(i64, Vec<Blocked>)>> {
    let some = next_standing(connection, run.tenant_id, run.id, after)?;
    let Some((last, _)) = some.last() else {
        return Ok(None);
    };
    let last = *last;
    let rows: Vec<InvoiceRow> = some.into_iter().map(|(_, row)| row).collect();
    Ok(Some((last, find_blocked(connection, run.tenant_id, &rows)?)))
}

/// The next standing invoices of a run, with their ordinals; what was reversed already is left out.
fn next_standing(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    after: i64,
) -> ApiResult<Vec<(i64, InvoiceRow)>> {
    let rows_max = i64::try_from(CHUNK_ACCOUNTS_MAX).map_err(ApiError::internal)?;
    let its_invoice = invoices::tenant_id
        .eq(invoice_run_accounts::tenant_id)
        .and(invoice_run_accounts::invoice_id.eq(invoices::id.nullable()));
    Ok(invoice_run_accounts::table
        .inner_join(invoices::table.on(its_invoice))
        .filter(
            invoice_run_accounts::tenant_id
                .eq(tenant_id)
                .and(invoice_run_accounts::run_id.eq(run_id)),
        )
        .filter(invoice_run_accounts::ordinal.gt(after))
        .filter(invoice_run_accounts::state.eq(RunAccountState::Invoiced))
        .filter(invoices::status.eq(InvoiceStatus::Standing))
        .order(invoice_run_accounts::ordinal)
        .limit(rows_max)
        .select((invoice_run_accounts::ordinal, InvoiceRow::as_select()))
        .load(connection)?)
}

/// The invoices that are taken back together: as with a run, so few that tills go on selling.
struct Chunk {
    order: Order,
    invoice_ids: Vec<Id>,
    last_ordinal: i64,
}

fn take_back_chunk(services: &Services, lease: &Lease, job: &JobRow) -> ApiResult<Step> {
    let clock: &Clock = &services.clock;
    let chunk = services
        .db
        .read_blocking(|connection| read_chunk(connection, lease, job))?;
    services.db.write_blocking(|connection| {
        if renew(connection, lease, clock.now())? == Renewal::Lost {
            return Ok(Step::LeaseLost);
        }
        let Some(chunk) = &chunk else {
            return end_of_chunks(connection, lease, job.progress_total);
        };
        let pairs: Vec<(Id, Id)> = chunk.invoice_ids.iter().map(|id| (*id, clock.new_id())).collect();
        // what cannot be reversed since the first look stays, and the job names it at its end
        reverse_invoices(connection, clock, &chunk.order, &pairs)?;
        set_progress(connection, lease, chunk.last_ordinal, job.progress_total)?;
        Ok(Step::More)
    })
}

fn read_chunk(connection: &mut DbConnection, lease: &Lease, job: &JobRow) -> ApiResult<Option<Chunk>> {
    let (tenant, run, _) = read_subject(connection, lease)?;
    let next = next_standing(connection, run.tenant_id, run.id, job.progress_done)?;
    let ids: Vec<Id> = next.iter().map(|(_, row)| row.id).collect();
    let covered = count_covered(connection, run.tenant_id, &ids)?;
    let count = accounts_in_chunk(ids.iter().map(|id| covered.get(id).copied().unwrap_or(0)));
    let chunk = next.get(..count).unwrap_or_default();
    let Some((last_ordinal, _)) = chunk.last() else {
        return Ok(None);
    };
    let order = Order {
        tenant_id: run.tenant_id,
        rules: Arc::new(TenantRules::from(&tenant)),
        author: author_of(&job.actor_kind, job.actor_id, &job.actor_name),
        // of the request: a job that works past midnight dates all of its credit notes alike
        asked_on: tenant.today(job.created_at),
        number_prefix: get_issuer(connection, run.tenant_id)?.1,
    };
    let invoice_ids = chunk.iter().map(|(_, row)| row.id).collect();
    Ok(Some(Chunk {
        order,
        invoice_ids,
        last_ordinal: *last_ordinal,
    }))
}

/// How many entries each invoice covers.
fn count_covered(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<HashMap<Id, i64>> {
    let counts: Vec<(Id, i64)> = invoice_stretches::table
        .filter(invoice_stretches::tenant_id.eq(tenant_id))
        .filter(invoice_stretches::invoice_id.eq_any(ids.to_vec()))
        .group_by(invoice_stretches::invoice_id)
        .select((
            invoice_stretches::invoice_id,
            sql::<BigInt>("CAST(SUM(last_seq - first_seq + 1) AS BIGINT)"),
        ))
        .load(connection)?;
    Ok(counts.into_iter().collect())
}

/// What stood in the way of an invoice may be gone by now: then the run is gone through again.
fn end_of_chunks(connection: &mut DbConnection, lease: &Lease, total: i64) -> ApiResult<Step> {
    let (_, run, _) = read_subject(connection, lease)?;
    if next_standing(connection, run.tenant_id, run.id, 0)?.is_empty() {
        return Ok(Step::Done {
            result_path: result_path(run.id),
        });
    }
    let blocked = find_blocked_of_run(connection, &run)?;
    if blocked.is_empty() {
        set_progress(connection, lease, 0, total)?;
        return Ok(Step::More);
    }
    Err(not_reversible(
        &blocked,
        "could no longer be reversed when their turn came; all others are. Remove what is in the way and reverse the run again",
    ))
}

/// Names the invoices; `outcome` says what became of them and of the others.
fn not_reversible(blocked: &[Blocked], outcome: &str) -> ApiError {
    let named = blocked.iter().take(NAMED_MAX).map(|blocked| {
        let Blocked {
            account_number,
            number,
            obstacle,
            ..
        } = blocked;
        let detail = format!("account {account_number}, invoice {number}: {}", obstacle.detail());
        FieldError::parameter("id", obstacle.code().as_str(), detail)
    });
    let summary = match blocked.len() {
        1 => format!("1 invoice of the run {outcome}"),
        count => format!("{count} invoices of the run {outcome}"),
    };
    named.fold(ApiError::new(Code::RunNotReversible).detail(summary), ApiError::error)
}
