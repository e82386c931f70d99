//! Fresh databases for the proofs, and what they share.

use std::fmt;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use onaccount::clock::Clock;
use onaccount::db::{self, Db};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::venue::{self, Venue};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        })
    }
}

pub struct Stage {
    pub kind: Kind,
    /// With PostgreSQL.
    cluster: Option<Cluster>,
    folder: TempDir,
    databases: usize,
}

/// A migrated database of one proof.
pub struct Database {
    pub url: String,
    pub db: Db,
}

impl Stage {
    pub fn set(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL's user must get at its data
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let cluster = (kind == Kind::Postgres).then(|| Cluster::start(&folder.path().join("cluster"), &[]));
        Stage {
            kind,
            cluster,
            folder,
            databases: 0,
        }
    }

    pub fn cluster(&mut self) -> &mut Cluster {
        self.cluster.as_mut().unwrap()
    }

    /// A folder for one proof.
    pub fn folder(&mut self) -> PathBuf {
        self.databases += 1;
        let folder = self.folder.path().join(self.databases.to_string());
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        folder
    }

    pub fn database(&mut self) -> Database {
        let folder = self.folder();
        match &self.cluster {
            Some(cluster) => Database::on(cluster, &format!("proof_{}", self.databases)),
            None => Database::in_file(&folder.join("venue.db")),
        }
    }

    /// How many server processes share the database: on PostgreSQL more than one.
    pub fn processes(&self) -> usize {
        match self.kind {
            Kind::Sqlite => 1,
            Kind::Postgres => 2,
        }
    }
}

impl Database {
    pub fn on(cluster: &Cluster, name: &str) -> Self {
        cluster.execute(&format!("CREATE DATABASE {name}"));
        Self::at(cluster.url(name))
    }

    pub fn in_file(path: &Path) -> Self {
        Self::at(format!("sqlite:{}", path.display()))
    }

    /// Where there is one, or may be made.
    pub fn at(url: String) -> Self {
        let parsed = url.parse().unwrap();
        db::migrate(&parsed).unwrap();
        let db = Db::connect(&parsed, 4).unwrap();
        Database { url, db }
    }

    /// A tenant with so many accounts.
    pub fn venue(&self, accounts: usize) -> Venue {
        venue::open(&self.db, &Clock::system(), 719, accounts)
    }
}
