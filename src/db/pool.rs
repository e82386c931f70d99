//! Pools and transactions.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tokio::time::timeout;

use super::checkpoint::Checkpoints;
use super::connection::{DbConnection, Purpose};
use super::{DatabaseUrl, dialect};
use crate::error::ApiError;
use crate::metrics::PoolWaits;

/// r2d2's own 30 s would let every worker thread wait for a database that is gone.
const POOL_WAIT_MAX: Duration = Duration::from_secs(2);
const SQLITE_READERS: u32 = 4;
/// While one waits for the disk, another works.
const POSTGRES_POSTERS: u32 = 2;
/// How long a request waits for its transaction, whatever the database is doing meanwhile: longer than that may wait for a lock.
pub const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);
/// How often, and for how long, a transaction is tried before its failure is the caller's.
const ATTEMPTS_MAX: u32 = 6;
const RETRY_TIME_MAX: Duration = Duration::from_secs(3);

/// A connection in a pool, with what the pool must know when it comes back.
pub struct Session {
    connection: DbConnection,
    /// Set while a transaction is open and after an error that may have lost the connection: never reused then.
    is_suspect: bool,
}

struct Opener {
    url: DatabaseUrl,
    purpose: Purpose,
}

impl ManageConnection for Opener {
    type Connection = Session;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<Session, Self::Error> {
        DbConnection::open(&self.url, self.purpose).map(|connection| Session {
            connection,
            is_suspect: false,
        })
    }

    /// Not asked (a round trip each time): a dead connection shows at BEGIN, where starting anew is harmless.
    fn is_valid(&self, _: &mut Session) -> Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.is_suspect || std::thread::panicking()
    }
}

/// Whether a failed transaction is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The database asked for it (serialization, deadlock, busy): nothing of it happened.
    Safe,
    /// The connection is gone; before COMMIT nothing of it happened, during COMMIT nobody knows.
    ConnectionLost,
    /// The same would happen again.
    Never,
}

impl Retry {
    /// Reads the database's own word for what went wrong. diesel keeps no SQLSTATE, so the messages (English by
    /// `lc_messages`) are what is left.
    #[must_use]
    pub fn of(error: &DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = error else {
            return if matches!(error, DieselError::BrokenTransactionManager) {
                Retry::ConnectionLost
            } else {
                Retry::Never
            };
        };
        let message = information.message();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match kind {
            DatabaseErrorKind::SerializationFailure => Retry::Safe,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Retry::ConnectionLost,
            _ if says(&["deadlock detected", "database is locked", "database table is locked"]) => Retry::Safe,
            _ if says(&[
                "terminating connection",
                "server closed the connection",
                "connection to server",
                "no connection to the server",
                "the database system is",
                "could not receive data",
            ]) =>
            {
                Retry::ConnectionLost
            }
            _ => Retry::Never,
        }
    }
}

/// The database of the service. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Pool<Opener>,
    writers: Pool<Opener>,
    /// For the ledger's queue: as many as may post at once.
    posters: Pool<Opener>,
    is_sqlite: bool,
    /// How long threads waited for a connection.
    pub waits: PoolWaits,
    /// Of SQLite's log, as long as the database is in use.
    _checkpoints: Option<Arc<Checkpoints>>,
}

impl Db {
    /// Opens the pools; fails when the database cannot be reached now.
    ///
    /// # Errors
    /// What the database said.
    pub fn connect(url: &DatabaseUrl, postgres_connections_max: u32) -> Result<Self, diesel::ConnectionError> {
        // r2d2 swallows the reason; one connection opened by hand tells it.
        drop(DbConnection::open(url, Purpose::Write)?);
        let pool = |purpose, size| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(0))
                .test_on_check_out(false)
                .connection_timeout(POOL_WAIT_MAX)
                .build_unchecked(Opener {
                    url: url.clone(),
                    purpose,
                })
        };
        Ok(match url {
            DatabaseUrl::Sqlite(_) => {
                let writers = pool(Purpose::Write, 1);
                Db {
                    readers: pool(Purpose::Read, SQLITE_READERS),
                    posters: writers.clone(),
                    writers,
                    is_sqlite: true,
                    waits: PoolWaits::default(),
                    _checkpoints: Checkpoints::start(url).map(Arc::new),
                }
            }
            DatabaseUrl::Postgres(_) => {
                let shared = pool(Purpose::Write, postgres_connections_max);
                Db {
                    readers: shared.clone(),
                    writers: shared,
                    posters: pool(Purpose::Post, POSTGRES_POSTERS),
                    is_sqlite: false,
                    waits: PoolWaits::default(),
                    _checkpoints: None,
                }
            }
        })
    }

    /// Whether others can write while a transaction writes: on SQLite they wait until it has ended.
    #[must_use]
    pub fn has_many_writers(&self) -> bool {
        !self.is_sqlite
    }

    /// How many connections there are for [`Db::write_blocking`]; on PostgreSQL they are those of readers, too.
    #[must_use]
    pub fn writing_connections(&self) -> u32 {
        self.writers.max_size()
    }

    /// How many connections there are for [`Db::post_blocking`].
    #[must_use]
    pub fn posting_connections(&self) -> u32 {
        self.posters.max_size()
    }

    /// Runs `work` on one snapshot of the data, on a thread that may wait.
    ///
    /// # Errors
    /// What `work` answers, or 503 when the database cannot be had or takes too long.
    pub async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> Result<T, ApiError> + Send + 'static,
    {
        let db = self.clone();
        in_time(on_blocking_thread(move || db.read_blocking(work))).await
    }

    /// Runs `work` in one transaction that may write, on a thread that may wait. All of it happens or nothing; `work`
    /// may run more than once.
    ///
    /// # Errors
    /// What `work` answers, or 503 when the database cannot be had or takes too long; in the latter case it may still happen.
    pub async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> Result<T, ApiError> + Send + 'static,
    {
        let db = self.clone();
        in_time(on_blocking_thread(move || db.write_blocking(work))).await
    }

    /// [`Db::read`] for threads that may wait: jobs, the command line.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T>(&self, work: impl FnMut(&mut DbConnection) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let begin = if self.is_sqlite {
            "BEGIN"
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        };
        transact((&self.readers, &self.waits), begin, work)
    }

    /// [`Db::write`] for threads that may wait: jobs, the command line.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T>(&self, work: impl FnMut(&mut DbConnection) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let begin = if self.is_sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        transact((&self.writers, &self.waits), begin, work)
    }

    /// [`Db::write_blocking`] while another transaction of this thread is open; none on SQLite, whose one writer that one is.
    /// It must not touch what the other one has locked.
    pub fn write_beside<T>(
        &self,
        work: impl FnMut(&mut DbConnection) -> Result<T, ApiError>,
    ) -> Option<Result<T, ApiError>> {
        (!self.is_sqlite).then(|| self.write_blocking(work))
    }

    /// [`Db::write_blocking`] on a connection that is kept for postings, so that none waits for a report or a job to end.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn post_blocking<T>(&self, work: impl FnMut(&mut DbConnection) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let begin = if self.is_sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        transact((&self.posters, &self.waits), begin, work)
    }

    /// Whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// 503 when it does not.
    pub async fn ping(&self) -> Result<(), ApiError> {
        self.read(|connection| dialect::ping(connection).map_err(ApiError::from))
            .await
    }
}

/// Lets a request go when the database hangs; the thread and its connection are in use until it answers or is given up.
async fn in_time<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let outcome = timeout(ANSWER_WAIT_MAX, work).await;
    outcome.unwrap_or_else(|_elapsed| Err(ApiError::busy("the database takes too long")))
}

/// The one door to the blocking threads.
///
/// # Errors
/// What `work` answers; 500 when it panics; 503 when the server is stopping.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that hands work to the blocking threads"
)]
pub async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    // actix answers a panic like a thread pool that has stopped.
    let caught = || {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(ApiError::panicked(panic.as_ref())))
    };
    match actix_web::web::block(caught).await {
        Ok(outcome) => outcome,
        Err(_stopping) => Err(ApiError::shutting_down()),
    }
}

fn transact<T>(
    (pool, waits): (&Pool<Opener>, &PoolWaits),
    begin: &str,
    mut work: impl FnMut(&mut DbConnection) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        let asked = Instant::now();
        let session = pool.get().map_err(ApiError::database_away);
        waits.waited(asked.elapsed());
        let mut session = session?;
        let failure = match attempt_once(&mut session, begin, &mut work) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        drop(session);
        let may_retry = match failure.retry {
            Retry::Safe => true,
            Retry::ConnectionLost => failure.stage == Stage::Begin,
            Retry::Never => false,
        };
        if !may_retry || attempt == ATTEMPTS_MAX || started.elapsed() > RETRY_TIME_MAX {
            return Err(failure.error);
        }
        if failure.retry == Retry::Safe {
            std::thread::sleep(Duration::from_millis(u64::from(5 * attempt * attempt)));
        }
        attempt += 1;
    }
}

#[derive(PartialEq, Eq)]
enum Stage {
    Begin,
    Work,
}

struct Failure {
    error: ApiError,
    retry: Retry,
    stage: Stage,
}

fn attempt_once<T>(
    session: &mut PooledConnection<Opener>,
    begin: &str,
    work: &mut impl FnMut(&mut DbConnection) -> Result<T, ApiError>,
) -> Result<T, Failure> {
    let failure = |error: ApiError, stage| Failure {
        retry: error.retry(),
        error,
        stage,
    };
    session.is_suspect = true;
    session
        .connection
        .batch_execute(begin)
        .map_err(|error| failure(error.into(), Stage::Begin))?;
    let outcome = work(&mut session.connection);
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.connection.batch_execute(end);
    session.is_suspect = ended.is_err();
    let value = outcome.map_err(|error| failure(error, Stage::Work))?;
    ended.map_err(|error| failure(error.into(), Stage::Work))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[actix_web::test]
    async fn a_panic_on_a_blocking_thread_is_a_bug_and_not_a_server_that_stops() {
        let text = String::from("the store is wrong");
        let error = on_blocking_thread::<()>(move || panic!("{text}")).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert_eq!(error.cause_text(), Some("the store is wrong"));
        assert_eq!(on_blocking_thread(|| Ok(7)).await.unwrap(), 7);
    }
}
