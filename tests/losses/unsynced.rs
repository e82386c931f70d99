//! The power fails: what was never synced is gone. `unsynced.c` is the disk that forgets. Each proof is followed by its
//! control, in which the disk ignores the syncs of the database's log: then acknowledged sales must be missing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::audit::{self, Found};
use crate::cluster::Cluster;
use crate::load::{self, Book, Random};
use crate::server::Server;
use crate::stage::{Database, Kind, Stage};
use crate::venue::Venue;

const TILLS: usize = 32;
const ACCOUNTS: usize = 50;

pub fn make(stage: &mut Stage, cycles: usize) -> String {
    let run = match stage.kind {
        Kind::Sqlite => on_sqlite,
        Kind::Postgres => on_postgres,
    };
    let layer = build_layer(&stage.folder());
    let (database, venue, book, _kept) = run(&stage.folder(), &layer, cycles, None);
    let figures = audit::check(&database, &venue, &book);
    let log = match stage.kind {
        Kind::Sqlite => "-wal",
        Kind::Postgres => "/pg_wal/",
    };
    let (database, venue, book, _kept) = run(&stage.folder(), &layer, 1, Some(log));
    let Found { lost, .. } = audit::compare(&database, &venue, &book);
    let of = book.posted.len() + book.declined.len();
    assert!(lost > 0, "the control lost nothing of {of}: this proof could not fail");
    format!("power failed {cycles} times: {figures}; control, the log's syncs ignored once: {lost} of {of} lost")
}

type Outcome = (Database, Venue, Book, Option<Cluster>);

/// A folder and what of it was synced.
pub struct Disk {
    root: PathBuf,
    mirror: PathBuf,
    pub environment: Vec<(String, String)>,
}

impl Disk {
    /// All that is in `root` now is synced.
    pub fn new(root: PathBuf, layer: &Path, ignored: Option<&str>) -> Self {
        let mirror = root.with_extension("mirror");
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut environment = vec![
            ("LD_PRELOAD".to_owned(), text(layer)),
            ("LOSSES_ROOT".to_owned(), text(&root)),
            ("LOSSES_MIRROR".to_owned(), text(&mirror)),
        ];
        environment.extend(ignored.map(|path| ("LOSSES_IGNORED".to_owned(), path.to_owned())));
        replace(&mirror, &root);
        Disk {
            root,
            mirror,
            environment,
        }
    }

    /// Leaves only what was synced.
    fn fail(&self) {
        replace(&self.root, &self.mirror);
    }
}

/// Makes `to` a copy of `from`, owners and all.
fn replace(to: &Path, from: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

pub fn build_layer(folder: &Path) -> PathBuf {
    let layer = folder.join("unsynced.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/losses/unsynced.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"])
        .arg(&layer)
        .args([source, "-ldl"])
        .status();
    assert!(built.unwrap().success(), "cc failed");
    layer
}

fn on_sqlite(folder: &Path, layer: &Path, cycles: usize, ignored: Option<&str>) -> Outcome {
    let root = folder.join("root");
    std::fs::create_dir(&root).unwrap();
    let path = root.join("venue.db");
    let database = Database::in_file(&path);
    let venue = database.venue(ACCOUNTS);
    close(database, &root);

    let disk = Disk::new(root, layer, ignored);
    let mut server = Server::start_with(&format!("sqlite:{}", path.display()), disk.environment.clone());
    let mut random = Random::new(0);
    let book = load::during(&[server.address], &venue, TILLS, |progress| {
        for _ in 0..cycles {
            progress.wait_for_more(100);
            random.sleep(0, 300);
            server.kill();
            disk.fail();
            server.resume();
        }
    });
    server.stop();
    (Database::in_file(&path), venue, book, None)
}

fn on_postgres(folder: &Path, layer: &Path, cycles: usize, ignored: Option<&str>) -> Outcome {
    // small segments: a sync copies a whole one
    let mut cluster = Cluster::start(&folder.join("cluster"), &["--wal-segsize=1"]);
    let database = Database::on(&cluster, "venue");
    let venue = database.venue(ACCOUNTS);
    drop(database);
    cluster.stop("INT");

    let disk = Disk::new(cluster.data.clone(), layer, ignored);
    cluster.set_environment(disk.environment.clone());
    cluster.resume();
    let server = Server::start(&cluster.url("venue"));
    let mut random = Random::new(0);
    let book = load::during(&[server.address], &venue, TILLS, |progress| {
        for _ in 0..cycles {
            progress.wait_for_more(100);
            random.sleep(0, 300);
            cluster.kill();
            disk.fail();
            let _none = std::fs::remove_file(disk.root.join("postmaster.pid"));
            cluster.resume();
        }
    });
    server.stop();
    (Database::at(cluster.url("venue")), venue, book, Some(cluster))
}

/// Closes an SQLite database: its last connection takes the log with it.
pub fn close(database: Database, folder: &Path) {
    drop(database);
    let log = folder.join("venue.db-wal");
    for _ in 0..500 {
        if !log.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the database is still open");
}
