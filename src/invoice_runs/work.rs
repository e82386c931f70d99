//! The job that makes a run's invoices, chunk by chunk.

use std::cell::Cell;
use std::thread::{Builder, ScopedJoinHandle};

use crate::auth::{ActorKind, TenantContext, find_tenant};
use crate::clock::Clock;
use crate::db::{Db, DbConnection};
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::jobs::model::JobRow;
use crate::jobs::store::{Renewal, find_job};
use crate::jobs::worker::Services;
use crate::jobs::{JobStatus, Lease, Step, Work};
use crate::ledger::Author;

use super::chunk::CHUNK_ACCOUNTS_MAX;
use super::commit::{Chunk, commit_chunk};
use super::draft::draft_chunk;
use super::model::{RunAccountState, RunRow, RunStatus};
use super::store;

/// A run takes two of them while it drafts ahead, and requests need the others.
const CONNECTIONS_TO_DRAFT_AHEAD: u32 = 8;

/// Makes the invoices of a run. How far it is stands in the job's progress: the ordinal of the last account that is done.
#[derive(Default)]
pub struct RunWork {
    /// The next chunk, which was drafted while the one before it was written.
    ahead: Cell<Option<Box<Chunk>>>,
}

impl Work for RunWork {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let done = || Step::Done {
            result_path: result_path(lease.subject_id),
        };
        let chunk = match self.ahead.take() {
            Some(chunk) => *chunk,
            None => match read_next_chunk(services, lease)? {
                Some(chunk) => chunk,
                None => return Ok(done()),
            },
        };
        let (renewal, ahead) = write_and_draft(services, lease, &chunk)?;
        self.ahead.set(ahead.map(Box::new));
        Ok(match renewal {
            Renewal::Lost => Step::LeaseLost,
            _ if chunk.last_ordinal >= chunk.total => done(),
            Renewal::CancelAsked => Step::Cancelled,
            Renewal::Renewed => Step::More,
        })
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, run_id: Id, status: JobStatus) -> ApiResult<()> {
        Ok(store::set_status(connection, tenant_id, run_id, status_after(status))?)
    }
}

/// Writes a chunk, and drafts the next one meanwhile, where [`drafts_ahead`] says so. No account is in both; what happens to an
/// account between its draft and its turn is looked at under its lock. What was not drafted is drafted when its turn comes.
fn write_and_draft(services: &Services, lease: &Lease, chunk: &Chunk) -> ApiResult<(Renewal, Option<Chunk>)> {
    let clock: &Clock = &services.clock;
    let span = tracing::Span::current();
    let draft = || span.in_scope(|| read_chunk_after(services, lease, Some(chunk.last_ordinal)));
    std::thread::scope(|scope| {
        let next = (drafts_ahead(&services.db) && chunk.last_ordinal < chunk.total)
            .then(|| Builder::new().name("draft".to_owned()).spawn_scoped(scope, draft))
            .and_then(|thread| {
                let warn = |error: &std::io::Error| tracing::warn!(%error, "no thread to draft the next chunk ahead");
                thread.inspect_err(warn).ok()
            });
        let renewal = services
            .db
            .write_blocking(|connection| commit_chunk(connection, clock, lease, chunk));
        let drafted = next.and_then(what_was_drafted);
        Ok((renewal?, drafted))
    })
}

fn what_was_drafted(thread: ScopedJoinHandle<'_, ApiResult<Option<Chunk>>>) -> Option<Chunk> {
    match thread.join() {
        Ok(Ok(chunk)) => chunk,
        Ok(Err(error)) => {
            tracing::warn!(%error, cause = error.cause_text(), "the next chunk could not be drafted ahead");
            None
        }
        Err(_panic) => {
            tracing::error!("drafting the next chunk ahead panicked; the message is in the log above");
            None
        }
    }
}

/// Where there is one writer, the time in which a chunk is drafted is when tills sell; and of few connections nobody takes two.
fn drafts_ahead(db: &Db) -> bool {
    db.has_many_writers() && db.writing_connections() >= CONNECTIONS_TO_DRAFT_AHEAD
}

/// What a run is when the job that made its invoices has ended so.
pub(super) fn status_after(status: JobStatus) -> RunStatus {
    match status {
        JobStatus::Queued | JobStatus::Running => RunStatus::Pending,
        JobStatus::Succeeded => RunStatus::Completed,
        JobStatus::Failed => RunStatus::Failed,
        JobStatus::Cancelled => RunStatus::Cancelled,
    }
}

/// Where a run can be seen.
#[must_use]
pub fn result_path(run_id: Id) -> String {
    format!("/v1/invoice-runs/{run_id}")
}

/// Drafts the next chunk on one snapshot; nothing when every account is done.
///
/// # Errors
/// When the database fails, or an amount does not fit.
pub fn read_next_chunk(services: &Services, lease: &Lease) -> ApiResult<Option<Chunk>> {
    read_chunk_after(services, lease, None)
}

/// Drafts the chunk after an ordinal; where none is named, after what the job has done.
fn read_chunk_after(services: &Services, lease: &Lease, after: Option<i64>) -> ApiResult<Option<Chunk>> {
    services
        .db
        .read_blocking(|connection| read_chunk(connection, lease, after))
}

fn read_chunk(connection: &mut DbConnection, lease: &Lease, after: Option<i64>) -> ApiResult<Option<Chunk>> {
    let (tenant, run, job) = read_subject(connection, lease)?;
    let after_ordinal = after.unwrap_or(job.progress_done);
    let rows_max = i64::try_from(CHUNK_ACCOUNTS_MAX).map_err(ApiError::internal)?;
    let pending = store::next_accounts(
        connection,
        tenant.id,
        run.id,
        RunAccountState::Pending,
        after_ordinal,
        rows_max,
    )?;
    let ids: Vec<Id> = pending.iter().map(|account| account.account_id).collect();
    let drafts = draft_chunk(connection, tenant.id, &run.terms(), &ids)?;
    let Some(last) = drafts.len().checked_sub(1).and_then(|last| pending.get(last)) else {
        return Ok(None);
    };
    Ok(Some(Chunk {
        author: author_of(&run.actor_kind, run.actor_id, &run.actor_name),
        after_ordinal,
        last_ordinal: last.ordinal,
        total: job.progress_total,
        run,
        drafts,
    }))
}

/// What a job of a run works on.
pub(super) fn read_subject(connection: &mut DbConnection, lease: &Lease) -> ApiResult<(TenantContext, RunRow, JobRow)> {
    let missing = || ApiError::internal(format!("the subject of job {} is not there", lease.job_id));
    let tenant = find_tenant(connection, lease.tenant_id)?.ok_or_else(missing)?;
    let run = store::find_run(connection, lease.tenant_id, lease.subject_id)?.ok_or_else(missing)?;
    let job = find_job(connection, lease.tenant_id, lease.job_id)?.ok_or_else(missing)?;
    Ok((tenant, run, job))
}

/// Who asked for a job, as they will stand on what it posts.
pub(super) fn author_of(kind: &str, id: Id, name: &str) -> Author {
    Author {
        kind: kind.parse::<ActorKind>().unwrap_or(ActorKind::System),
        id,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(draft: impl FnOnce() -> ApiResult<Option<Chunk>> + Send) -> Option<Chunk> {
        std::thread::scope(|scope| what_was_drafted(Builder::new().spawn_scoped(scope, draft).unwrap()))
    }

    #[test]
    fn a_chunk_that_cannot_be_drafted_ahead_is_left_to_its_turn() {
        assert!(drafted(|| Err(ApiError::internal("the connection is gone"))).is_none());
        assert!(drafted(|| panic!("of a draft")).is_none());
    }
}
