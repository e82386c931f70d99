//! Threads that claim jobs and work on them, chunk by chunk, and do the chores when there is no job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::live::LiveProgress;
use super::model::{JobKind, JobStatus, Lease};
use super::store::{self, Ending};
use super::wait::Bell;
use crate::clock::Clock;
use crate::db::{Db, DbConnection};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::imports::sheet;
use crate::metrics::JobMetrics;
use crate::retention::{Retention, Sweeper};

/// How long a worker without work waits for the bell; work of other processes is found after at most so long.
const IDLE: Duration = Duration::from_secs(1);
/// How long to wait before a chunk that found the database away is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// How often in a row: a minute and more. Meanwhile the lease runs out, and a process that has its database goes on.
const PAUSES_MAX: u32 = 120;

/// What one chunk of a job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// All is done; `result_path` says where it can be seen.
    Done { result_path: String },
    /// Someone asked to cancel the job, and it can stop here.
    Cancelled,
    /// Another worker has the job now.
    LeaseLost,
}

/// What chunks need.
#[derive(Clone)]
pub struct Services {
    pub db: Db,
    pub clock: Clock,
    pub metrics: JobMetrics,
    /// What reads spreadsheets.
    pub sheets: sheet::Reader,
    /// How far jobs are whose transactions show nothing yet.
    pub live: LiveProgress,
}

/// A kind of long work. What is left to do is found in the database, so that any worker can go on; what is kept in memory may be
/// lost at any time.
pub trait Work {
    /// Does the next chunk. Its writing transaction begins with [`store::renew`]; one with a [`super::live::Teller`] ends with it, and is
    /// undone when the lease is lost.
    ///
    /// # Errors
    /// What ends the job as failed; a 503 is tried again.
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step>;

    /// Tells the thing that the job works on how the job ended, in the transaction that ends it.
    ///
    /// # Errors
    /// When the database fails.
    fn end(&self, connection: &mut DbConnection, tenant_id: Id, subject_id: Id, status: JobStatus) -> ApiResult<()>;
}

/// Claims jobs and works on them, one at a time.
pub struct Worker {
    services: Services,
    /// Names this worker in the job's row, for whoever looks at it.
    owner: String,
    is_stopping: Arc<AtomicBool>,
}

/// The threads of a process; dropping it does not stop them.
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    is_stopping: Arc<AtomicBool>,
    bell: Bell,
}

impl Workers {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start(services: &Services, bell: &Bell, count: usize, retention: Retention) -> std::io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for number in 1..=count {
            let worker = Worker::new(services.clone(), Arc::clone(&is_stopping));
            let bell = bell.clone();
            let name = format!("jobs-{number}");
            threads.push(
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || worker.run(&bell, Sweeper::new(retention)))?,
            );
        }
        Ok(Self {
            threads,
            is_stopping,
            bell: bell.clone(),
        })
    }

    /// What tells every worker to end its chunk and give its job back, without waiting for that.
    pub fn stopper(&self) -> impl Fn() + Send + 'static {
        let (is_stopping, bell) = (Arc::clone(&self.is_stopping), self.bell.clone());
        move || {
            is_stopping.store(true, Ordering::SeqCst);
            bell.ring();
        }
    }

    /// Lets every worker end its chunk and give its job back, and waits for that.
    pub fn stop(self) {
        self.stopper()();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker of jobs panicked");
            }
        }
    }
}

impl Worker {
    /// A worker that stops when `is_stopping` is set.
    #[must_use]
    pub fn new(services: Services, is_stopping: Arc<AtomicBool>) -> Self {
        let owner = format!("{}-{}", std::process::id(), services.clock.new_id());
        Self {
            services,
            owner,
            is_stopping,
        }
    }

    fn run(&self, bell: &Bell, mut sweeper: Sweeper) {
        while !self.is_stopping.load(Ordering::SeqCst) {
            let heard = bell.listen();
            match self.claim() {
                Ok(Some(lease)) => self.work_on(&lease),
                Ok(None) if self.sweep(&mut sweeper) => {}
                Ok(None) => heard.wait(IDLE),
                Err(error) => {
                    tracing::warn!(%error, "looking for jobs failed");
                    heard.wait(IDLE);
                }
            }
        }
    }

    /// Does a step of the chores; false when nothing is due.
    fn sweep(&self, sweeper: &mut Sweeper) -> bool {
        sweeper.step(&self.services).unwrap_or_else(|error| {
            tracing::warn!(%error, "what is no longer needed was not deleted; it is tried again");
            false
        })
    }

    /// Works on every job there is, and returns when there is none left.
    ///
    /// # Errors
    /// When the database cannot be asked for jobs.
    pub fn run_until_idle(&self) -> ApiResult<()> {
        while let Some(lease) = self.claim()? {
            self.work_on(&lease);
        }
        Ok(())
    }

    /// Takes the next job, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn claim(&self) -> ApiResult<Option<Lease>> {
        let now = self.services.clock.now();
        let is_waiting = self.services.db.read_blocking(|connection| {
            store::find_claimable(connection, now)
                .map(|job| job.is_some())
                .map_err(ApiError::from)
        })?;
        if !is_waiting {
            return Ok(None);
        }
        let owner = self.owner.as_str();
        self.services
            .db
            .write_blocking(|connection| store::claim(connection, owner, now).map_err(ApiError::from))
    }

    /// Works on a claimed job until it ends, is lost, or the process stops.
    pub fn work_on(&self, lease: &Lease) {
        self.work_with(lease.kind.work().as_ref(), lease);
    }

    /// The same, with the chunks that `work` does.
    pub fn work_with(&self, work: &dyn Work, lease: &Lease) {
        self.services.metrics.running.inc();
        self.work_to_the_end(work, lease);
        self.services.metrics.running.dec();
    }

    fn work_to_the_end(&self, work: &dyn Work, lease: &Lease) {
        let span = tracing::info_span!("job", job_id = %lease.job_id, tenant_id = %lease.tenant_id, kind = %lease.kind);
        let _entered = span.entered();
        let mut pauses = 0;
        loop {
            if self.is_stopping.load(Ordering::SeqCst) {
                return self.give_back(lease);
            }
            match self.step(work, lease) {
                Ok(Step::More) => pauses = 0,
                Ok(Step::LeaseLost) => return tracing::warn!("another worker has the job"),
                Ok(Step::Cancelled) => return self.end(work, lease, cancelled()),
                Ok(Step::Done { result_path }) => return self.end(work, lease, succeeded(result_path)),
                Err(error) if error.code() == Code::ServiceUnavailable && pauses < PAUSES_MAX => {
                    pauses += 1;
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return self.end(work, lease, failed(error)),
            }
        }
    }

    /// A panic ends the job and not the thread.
    fn step(&self, work: &dyn Work, lease: &Lease) -> ApiResult<Step> {
        std::panic::catch_unwind(AssertUnwindSafe(|| work.step(&self.services, lease)))
            .unwrap_or_else(|panic| Err(ApiError::panicked(panic.as_ref())))
    }

    fn end(&self, work: &dyn Work, lease: &Lease, ending: Ending) {
        let now = self.services.clock.now();
        let ended = self.services.db.write_blocking(|connection| {
            if store::end(connection, lease, &ending, now)? {
                work.end(connection, lease.tenant_id, lease.subject_id, ending.status)?;
            }
            Ok(())
        });
        match ended {
            Ok(()) => {
                self.services.metrics.ended(lease.kind.as_str(), ending.status.as_str());
                tracing::info!(status = %ending.status, "the job has ended");
            }
            // the lease runs out, and another worker ends it
            Err(error) => tracing::error!(%error, "the job could not be ended"),
        }
    }

    fn give_back(&self, lease: &Lease) {
        let now = self.services.clock.now();
        let released = self
            .services
            .db
            .write_blocking(|connection| store::release(connection, lease, now).map_err(ApiError::from));
        if let Err(error) = released {
            tracing::warn!(%error, "the job was not given back; its lease runs out by itself");
        }
    }
}

impl JobKind {
    /// The table of long work. What one keeps is of one worker's claim of one job.
    fn work(self) -> Box<dyn Work> {
        match self {
            Self::InvoiceRun => Box::new(crate::invoice_runs::RunWork::default()),
            Self::InvoiceRunReversal => Box::new(crate::invoice_runs::ReversalWork),
            Self::ImportValidation => Box::new(crate::imports::ValidateWork),
            Self::ImportCommit => Box::new(crate::imports::CommitWork),
        }
    }

    /// The same, for those who end a job that nobody has begun.
    pub(super) fn end(
        self,
        connection: &mut DbConnection,
        tenant_id: Id,
        subject_id: Id,
        status: JobStatus,
    ) -> ApiResult<()> {
        self.work().end(connection, tenant_id, subject_id, status)
    }
}

fn succeeded(result_path: String) -> Ending {
    Ending {
        status: JobStatus::Succeeded,
        result_path: Some(result_path),
        error_problem: None,
    }
}

fn cancelled() -> Ending {
    Ending {
        status: JobStatus::Cancelled,
        result_path: None,
        error_problem: None,
    }
}

fn failed(error: ApiError) -> Ending {
    if let Some(cause) = error.cause_text() {
        tracing::error!(code = error.code().as_str(), cause, "the job failed");
    }
    let problem = serde_json::to_string(&error.problem()).ok();
    Ending {
        status: JobStatus::Failed,
        result_path: None,
        error_problem: problem,
    }
}
