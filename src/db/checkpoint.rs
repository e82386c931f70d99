//! Checkpoints of SQLite's log, on a thread of their own: what SQLite does by itself it does within a commit, and a till would
//! wait for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;

use super::DatabaseUrl;
use super::connection::{DbConnection, Purpose};

/// How often the log's length is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many pages of 4 KiB (128 MiB) wait in the log before they go to the file. The longer, the more often a page changes
/// before it is copied once, and the seldomer tills wait behind the disk; the shorter, the sooner a reader finds what is not in
/// it. [`super::connection`] has SQLite step in by itself at four times as many.
const PAGES_MAX: i64 = 32_768;
/// A log that is copied but for so many pages is begun anew: only that holds the writer up, for some milliseconds.
const REST_PAGES_MAX: i64 = 256;
/// How often a log that grows meanwhile is copied before it is begun anew whatever is left.
const COPIES_MAX: u32 = 4;
/// How long the writer may be kept waiting for readers that still need the old log. Later is another chance.
const PATIENCE: &str = "PRAGMA busy_timeout = 100;";

/// The thread; it ends when this is dropped.
pub(super) struct Checkpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread for a SQLite file; there is none for PostgreSQL, which does this itself.
    pub(super) fn start(url: &DatabaseUrl) -> Option<Self> {
        if matches!(url, DatabaseUrl::Postgres(_)) {
            return None;
        }
        let (stop, stopped) = channel();
        let url = url.clone();
        // Without the thread SQLite does it by itself, later and in a commit.
        let thread = Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || watch(&url, &stopped))
            .inspect_err(|error| tracing::warn!(%error, "no thread for checkpoints"))
            .ok()?;
        Some(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for checkpoints panicked");
        }
    }
}

fn watch(url: &DatabaseUrl, stopped: &Receiver<()>) {
    let mut connection = None;
    while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        // A file that cannot be read now is the business of those who need it; a new connection is tried next time.
        connection = connection
            .take()
            .or_else(|| open(url))
            .and_then(|mut open| tend(&mut open).is_ok().then_some(open));
    }
}

fn open(url: &DatabaseUrl) -> Option<SqliteConnection> {
    match DbConnection::open(url, Purpose::Write).ok()? {
        DbConnection::Sqlite(mut connection) => {
            connection.batch_execute(PATIENCE).ok()?;
            Some(connection)
        }
        DbConnection::Postgres(_) => None,
    }
}

/// The answer to `PRAGMA wal_checkpoint`.
#[derive(Debug, Clone, Copy, QueryableByName)]
struct Log {
    /// Pages in the log; -1 when there is none.
    #[diesel(sql_type = BigInt, column_name = "log")]
    pages: i64,
    /// How many of them are in the file already.
    #[diesel(sql_type = BigInt, column_name = "checkpointed")]
    copied: i64,
}

impl Log {
    fn rest(self) -> i64 {
        self.pages - self.copied
    }
}

fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> QueryResult<Log> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(connection)
}

/// Copies a long log while writing goes on, and begins it anew.
fn tend(connection: &mut SqliteConnection) -> QueryResult<()> {
    let mut log = checkpoint(connection, "NOOP")?;
    if log.pages < PAGES_MAX {
        return Ok(());
    }
    for _ in 0..COPIES_MAX {
        log = checkpoint(connection, "PASSIVE")?;
        if log.rest() < REST_PAGES_MAX {
            break;
        }
        log = checkpoint(connection, "NOOP")?;
        if log.rest() < REST_PAGES_MAX {
            break;
        }
    }
    checkpoint(connection, "RESTART").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(folder: &tempfile::TempDir) -> DatabaseUrl {
        format!("sqlite:{}", folder.path().join("test.db").display())
            .parse()
            .unwrap()
    }

    #[test]
    fn a_long_log_is_copied_and_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open(&url(&folder)).unwrap();
        connection
            .batch_execute(&format!(
                "PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (page BLOB);
                 WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {PAGES_MAX})
                 INSERT INTO t SELECT randomblob(4000) FROM n;"
            ))
            .unwrap();
        assert!(checkpoint(&mut connection, "NOOP").unwrap().pages >= PAGES_MAX);
        tend(&mut connection).unwrap();
        connection.batch_execute("INSERT INTO t VALUES (1);").unwrap();
        let log = checkpoint(&mut connection, "NOOP").unwrap();
        assert!((1..100).contains(&log.pages), "{log:?}");
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open(&url(&folder)).unwrap();
        connection.batch_execute("CREATE TABLE t (page BLOB);").unwrap();
        tend(&mut connection).unwrap();
        assert_eq!(checkpoint(&mut connection, "NOOP").unwrap().copied, 0);
    }

    #[test]
    fn the_thread_ends_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        drop(Checkpoints::start(&url(&folder)).unwrap());
    }
}
