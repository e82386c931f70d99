//! One connection type for both databases, opened and configured here.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use url::Url;

use super::DatabaseUrl;

/// A connection to the database that the configuration names. Plain queries run on it as they are; what the two
/// databases spell differently is in [`super::dialect`] or in a feature's `native` store.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// A PostgreSQL session.
    Postgres(PgConnection),
    /// A connection to the SQLite file.
    Sqlite(SqliteConnection),
}

/// What a connection is for: SQLite has one writer and several readers, and a reader cannot write by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
    /// The ledger's queue.
    Post,
}

/// The WAL-reset bug of SQLite (fixed in 3.51.3) can lose commits; below that the service refuses to start.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// `busy_timeout` first: the statements after it may have to wait. FULL, because NORMAL loses acknowledged commits at
/// power loss in WAL mode. SQLite's own checkpoints come only where [`super::checkpoint`] does not; a log that became longer than
/// twice its usual length gives its room back.
const SQLITE_SETTINGS: &str = "
    PRAGMA busy_timeout = 2000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 131072;
    PRAGMA journal_size_limit = 268435456;
    PRAGMA temp_store = MEMORY;";

/// There are many readers, and each has a cache of its own. What it has not, the operating system has.
const SQLITE_READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA cache_size = -8192;";

/// Failures are told apart by their English messages ([`super::Retry`]), and only some roles may choose the language.
const POSTGRES_SETTINGS: &str = "
    DO $$ BEGIN
        PERFORM set_config('lc_messages', 'C', FALSE);
    EXCEPTION WHEN insufficient_privilege THEN
        IF current_setting('lc_messages') !~ '^(C|POSIX|en)' THEN
            RAISE EXCEPTION 'messages are not in English: as administrator, ALTER ROLE % SET lc_messages = C', current_user;
        END IF;
    END $$;
    SET TIME ZONE 'UTC';
    SET synchronous_commit = on;
    SET statement_timeout = '60s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '60s';";

/// A posting looks up a few rows by their keys. Its statements' plans are kept for long; one that was made while a table was
/// empty would read all of it ever after, so these connections know only plans that use an index.
const POSTGRES_POSTING_SETTINGS: &str = "
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;";

impl DbConnection {
    pub(super) fn open(url: &DatabaseUrl, purpose: Purpose) -> ConnectionResult<Self> {
        match url {
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(&with_patience(url))?;
                connection
                    .batch_execute(POSTGRES_SETTINGS)
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                if purpose == Purpose::Post {
                    connection
                        .batch_execute(POSTGRES_POSTING_SETTINGS)
                        .map_err(ConnectionError::CouldntSetupConfiguration)?;
                }
                Ok(DbConnection::Postgres(connection))
            }
            DatabaseUrl::Sqlite(path) => open_sqlite(&path.to_string_lossy(), purpose).map(DbConnection::Sqlite),
        }
    }
}

/// What the URL does not say itself: a server that has gone without a word is given up after about half a minute, where the
/// system alone would wait for a quarter of an hour.
const POSTGRES_PATIENCE: [(&str, &str); 5] = [
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "30000"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "4"),
];

fn with_patience(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        // libpq reads more than that: several hosts, for one
        return url.to_owned();
    };
    for (name, value) in POSTGRES_PATIENCE {
        if !url.query_pairs().any(|(given, _)| given == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url.into()
}

fn open_sqlite(path: &str, purpose: Purpose) -> ConnectionResult<SqliteConnection> {
    let version = sqlite_version();
    if version < SQLITE_VERSION_MIN {
        let message = format!("SQLite {version} is too old: 3.51.3 or later is needed");
        return Err(ConnectionError::BadConnection(message));
    }
    let mut connection = SqliteConnection::establish(path)?;
    let mut configure = |sql: &str| {
        connection
            .batch_execute(sql)
            .map_err(ConnectionError::CouldntSetupConfiguration)
    };
    configure(SQLITE_SETTINGS)?;
    if purpose == Purpose::Read {
        configure(SQLITE_READER_SETTINGS)?;
    }
    Ok(connection)
}

/// The version of the embedded SQLite as its own number, 3.51.3 being 3051003.
fn sqlite_version() -> i32 {
    libsqlite3_sys::SQLITE_VERSION_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(QueryableByName)]
    struct CompileOption {
        #[diesel(sql_type = diesel::sql_types::Text)]
        compile_options: String,
    }

    /// Cargo reads them from the folder it is started in; a build from elsewhere would be slower and say nothing.
    #[test]
    fn the_embedded_sqlite_is_compiled_as_cargo_config_says() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        let options: Vec<CompileOption> = diesel::sql_query("PRAGMA compile_options")
            .load(&mut connection)
            .unwrap();
        let has = |wanted: &str| options.iter().any(|option| option.compile_options == wanted);
        assert!(has("THREADSAFE=2"));
        assert!(has("DEFAULT_MEMSTATUS=0"));
        assert!(!has("ENABLE_MEMORY_MANAGEMENT"));
    }

    #[test]
    fn a_url_keeps_what_it_says_and_gets_the_patience_that_it_does_not_name() {
        let url = with_patience("postgres://u:p%40ss@db/venue?connect_timeout=9&sslmode=require");
        assert_eq!(
            url,
            "postgres://u:p%40ss@db/venue?connect_timeout=9&sslmode=require&tcp_user_timeout=30000&keepalives_idle=10\
             &keepalives_interval=5&keepalives_count=4"
        );
        let of_two_hosts = "postgres://u@one:1,two:2/venue";
        assert_eq!(with_patience(of_two_hosts), of_two_hosts);
    }
}
