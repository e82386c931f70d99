//! A fresh, migrated database for each test: a copy of a template that is made once.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use onaccount::db::{self, DatabaseUrl};
use tempfile::TempDir;

/// A database that is gone when the test ends.
pub struct TestDatabase {
    pub url: DatabaseUrl,
    server: Option<(String, String)>,
    _folder: Option<TempDir>,
}

static NEXT: AtomicU32 = AtomicU32::new(1);

impl TestDatabase {
    pub fn new() -> Self {
        super::statements::watch();
        match std::env::var("ONACCOUNT_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::postgres(),
            Ok("sqlite") | Err(_) => Self::sqlite(),
            Ok(other) => panic!("ONACCOUNT_TEST_DATABASE is {other}: expected sqlite or postgres"),
        }
    }

    /// A database without tables.
    pub fn empty() -> Self {
        let database = Self::new();
        match &database.server {
            Some((server, name)) => {
                execute(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
                execute(server, &format!("CREATE DATABASE {name}"));
            }
            None => std::fs::remove_file(database.url.sqlite_path().unwrap()).unwrap(),
        }
        database
    }

    /// On SQLite, whatever this run is on.
    pub fn sqlite() -> Self {
        static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
        let (_, template) = TEMPLATE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("template.db");
            db::migrate(&DatabaseUrl::Sqlite(path.clone())).unwrap();
            (folder, path)
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("venue.db");
        std::fs::copy(template, &path).unwrap();
        TestDatabase {
            url: DatabaseUrl::Sqlite(path),
            server: None,
            _folder: Some(folder),
        }
    }

    fn postgres() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let server = std::env::var("ONACCOUNT_TEST_POSTGRES_URL")
            .expect("ONACCOUNT_TEST_POSTGRES_URL names the server to test on; `./test postgres` starts one");
        let (base, _) = server.rsplit_once('/').expect("the URL ends with a database");
        let template = TEMPLATE.get_or_init(|| {
            let name = format!("onaccount_template_{}", std::process::id());
            execute(&server, &format!("CREATE DATABASE {name}"));
            db::migrate(&DatabaseUrl::Postgres(format!("{base}/{name}"))).unwrap();
            name
        });
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("onaccount_test_{}_{number}", std::process::id());
        execute(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG"),
        );
        let url = DatabaseUrl::Postgres(format!("{base}/{name}"));
        TestDatabase {
            url,
            server: Some((server, name)),
            _folder: None,
        }
    }
}

impl TestDatabase {
    /// Its URL as a flag or variable takes it, password and all.
    pub fn raw_url(&self) -> String {
        match &self.url {
            DatabaseUrl::Postgres(url) => url.clone(),
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        }
    }

    /// Makes the database unusable until what this answers is dropped: PostgreSQL ends every connection to it and takes no
    /// new one, SQLite's file is locked for writing.
    pub fn take_away(&self) -> Away {
        if let Some((server, name)) = self.server.clone() {
            execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS FALSE"));
            let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            execute(&server, &end);
            return Away::Postgres { server, name };
        }
        let path = self.url.sqlite_path().unwrap().to_str().unwrap();
        let mut connection = SqliteConnection::establish(path).unwrap();
        connection.batch_execute("BEGIN EXCLUSIVE").unwrap();
        Away::Sqlite { _lock: connection }
    }
}

/// A database that nobody can use; it is back when this is dropped.
pub enum Away {
    Postgres { server: String, name: String },
    Sqlite { _lock: SqliteConnection },
}

impl Drop for Away {
    fn drop(&mut self) {
        if let Away::Postgres { server, name } = self {
            execute(server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS TRUE"));
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// `CREATE DATABASE .. TEMPLATE` refuses while another one copies the same template: it is tried again.
fn execute(server: &str, sql: &str) {
    for attempt in 1..=50 {
        let done = PgConnection::establish(server)
            .map_err(|error| error.to_string())
            .and_then(|mut connection| connection.batch_execute(sql).map_err(|error| error.to_string()));
        match done {
            Ok(()) => return,
            Err(error) if attempt == 50 => panic!("{sql}: {error}"),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(100)),
        }
    }
}
