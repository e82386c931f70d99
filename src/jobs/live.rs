//! How far a job is whose one long transaction shows nothing of itself until it ends.
//!
//! PostgreSQL: a second transaction writes it into the job's row, which the long one leaves alone until its end, and renews the
//! lease. SQLite has one writer, and that is the long one: it is kept in memory, where the one process that serves the file finds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::model::{JobRow, JobStatus, Lease};
use super::store::{Renewal, renew, set_progress};
use super::worker::Services;
use crate::error::ApiResult;
use crate::id::Id;

/// What jobs of this process have done that their rows do not say yet.
#[derive(Clone, Default)]
pub struct LiveProgress(Arc<Mutex<HashMap<Id, i64>>>);

/// The same at a moment. It must be asked for before the rows are read: what is forgotten in between is in the rows.
pub struct Told(HashMap<Id, i64>);

impl Told {
    /// The job, as far as it is.
    #[must_use]
    pub fn of(&self, mut job: JobRow) -> JobRow {
        let done = self.0.get(&job.id).copied().unwrap_or(0);
        if job.status == JobStatus::Running {
            job.progress_done = job.progress_done.max(done.min(job.progress_total));
        }
        job
    }
}

impl LiveProgress {
    /// What is known now.
    #[must_use]
    pub fn now(&self) -> Told {
        Told(self.with(|known| known.clone()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Id, i64>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells how far a job is; what it has told is forgotten when it is dropped.
pub struct Teller<'a> {
    services: &'a Services,
    lease: &'a Lease,
    total: i64,
}

impl<'a> Teller<'a> {
    /// Of a job with so much to do.
    #[must_use]
    pub fn new(services: &'a Services, lease: &'a Lease, total: i64) -> Self {
        Teller { services, lease, total }
    }

    /// Tells it beside the transaction that is open. Where that fails, the work goes on all the same: whoever lost the lease learns
    /// it at the end of their transaction.
    pub fn tell(&self, done: i64) {
        if let Err(error) = self.try_tell(done) {
            tracing::warn!(%error, "how far the job is could not be told");
        }
    }

    fn try_tell(&self, done: i64) -> ApiResult<()> {
        let (services, lease) = (self.services, self.lease);
        let told = services.db.write_beside(|connection| {
            if renew(connection, lease, services.clock.now())? != Renewal::Lost {
                set_progress(connection, lease, done, self.total)?;
            }
            Ok(())
        });
        told.unwrap_or_else(|| {
            services.live.with(|known| known.insert(lease.job_id, done));
            Ok(())
        })
    }
}

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        self.services.live.with(|known| known.remove(&self.lease.job_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::jobs::JobKind;

    fn job(status: JobStatus, done: i64) -> JobRow {
        JobRow {
            id: Id::NIL,
            tenant_id: Id::NIL,
            kind: JobKind::ImportCommit,
            subject_id: Id::NIL,
            status,
            owner: None,
            locked_until: None,
            fencing_token: 1,
            cancel_asked: false,
            progress_done: done,
            progress_total: 100,
            result_path: None,
            error_problem: None,
            actor_kind: "user".to_owned(),
            actor_id: Id::NIL,
            actor_name: "Vera de Vries".to_owned(),
            created_at: Timestamp::new("2026-10-15T10:00:00Z".parse().unwrap()),
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn a_running_job_is_as_far_as_was_told_and_never_further_than_its_end() {
        let live = LiveProgress::default();
        let done = |live: &LiveProgress, status, of_row| live.now().of(job(status, of_row)).progress_done;
        assert_eq!(done(&live, JobStatus::Running, 3), 3);
        live.with(|known| known.insert(Id::NIL, 40));
        assert_eq!(done(&live, JobStatus::Running, 3), 40);
        assert_eq!(done(&live, JobStatus::Running, 50), 50);
        assert_eq!(done(&live, JobStatus::Failed, 0), 0);
        live.with(|known| known.insert(Id::NIL, 140));
        assert_eq!(done(&live, JobStatus::Running, 0), 100);
    }
}
