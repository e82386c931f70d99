//! Checkpoints of SQLite's log, on a thread of their own: what SQLite does by itself it does within a commit, and a till would
//! wait for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

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
/// A log that is copied but for so many pages is begun anew: only that holds the writer up, for some milliseconds, or for
/// [`PATIENCE`] where a reader came meanwhile.
const REST_PAGES_MAX: i64 = 256;
/// How often a log that grows meanwhile is copied before it is begun anew whatever is left.
const COPIES_MAX: u32 = 4;
/// While somebody is in the way, it is looked at less and less often, down to this: to try costs the writer [`PATIENCE`].
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(2);
/// Pages of a log (1 GiB) that whoever runs the service should know of.
const LONG_PAGES: i64 = 262_144;
const LONG_LOG: &str = "the database's log is long: something reads on an old snapshot, or the disk does not keep up";
const WARN_EVERY: Duration = Duration::from_mins(1);
/// How long to wait for the writer, and then, with the writer, for readers that still need the old log. Later is another chance.
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
    let mut pause = LOOK_EVERY;
    let mut warnings = Warnings::default();
    while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        // A file that cannot be read now is the business of those who need it; a new connection is tried next time.
        let Some(mut open) = connection.take().or_else(|| open(url)) else {
            continue;
        };
        match tend(&mut open) {
            Ok(log) => {
                pause = if log.is_held() {
                    (pause * 2).min(LOOK_AT_LEAST_EVERY)
                } else {
                    LOOK_EVERY
                };
                if log.pages > LONG_PAGES {
                    warnings.give(|| tracing::warn!(pages = log.pages, held = log.is_held(), "{LONG_LOG}"));
                }
                connection = Some(open);
            }
            Err(error) => warnings.give(|| tracing::warn!(%error, "the database's log cannot be copied")),
        }
    }
}

/// What would be said five times a second is said once a minute.
#[derive(Default)]
struct Warnings {
    last: Option<Instant>,
}

impl Warnings {
    fn give(&mut self, warn: impl FnOnce()) {
        if self.last.is_none_or(|last| last.elapsed() >= WARN_EVERY) {
            self.last = Some(Instant::now());
            warn();
        }
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
    /// 1 when somebody was in the way.
    #[diesel(sql_type = BigInt)]
    busy: i64,
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

    /// Whether somebody was in the way: a reader that needs it as it is, or the writer for all of [`PATIENCE`].
    fn is_held(self) -> bool {
        self.busy != 0
    }
}

fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> QueryResult<Log> {
    diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(connection)
}

/// Copies a long log while writing goes on, and begins it anew. What a reader still needs is left until it has ended: to begin
/// anew would be to wait for it, with the writer.
fn tend(connection: &mut SqliteConnection) -> QueryResult<Log> {
    let mut log = checkpoint(connection, "NOOP")?;
    if log.pages < PAGES_MAX {
        return Ok(log);
    }
    for _ in 0..COPIES_MAX {
        let copied_before = log.copied;
        log = checkpoint(connection, "PASSIVE")?;
        if log.rest() < REST_PAGES_MAX {
            break;
        }
        if log.copied <= copied_before {
            return Ok(Log { busy: 1, ..log });
        }
        log = checkpoint(connection, "NOOP")?;
        if log.rest() < REST_PAGES_MAX {
            break;
        }
    }
    checkpoint(connection, "RESTART")
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
    fn a_log_that_a_reader_needs_is_left_until_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, mut reader) = (open(&url(&folder)).unwrap(), open(&url(&folder)).unwrap());
        connection
            .batch_execute("PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (page BLOB);")
            .unwrap();
        reader.batch_execute("BEGIN; SELECT * FROM t;").unwrap();
        connection
            .batch_execute(&format!(
                "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {PAGES_MAX})
                 INSERT INTO t SELECT randomblob(4000) FROM n;"
            ))
            .unwrap();
        // the first copies what is from before the reader came
        let logs = [tend(&mut connection).unwrap(), tend(&mut connection).unwrap()];
        assert!(logs[1].is_held() && logs[1].rest() >= PAGES_MAX, "{logs:?}");
        reader.batch_execute("COMMIT;").unwrap();
        assert!(!tend(&mut connection).unwrap().is_held());
        connection.batch_execute("INSERT INTO t VALUES (1);").unwrap();
        assert!(checkpoint(&mut connection, "NOOP").unwrap().pages < 100);
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
