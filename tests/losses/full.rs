//! The disk is full for a while: on PostgreSQL where its tables are (without room for its log it ends itself).

use std::path::Path;

use crate::cluster::Cluster;
use crate::load::{self, Random};
use crate::server::Server;
use crate::stage::{Database, Kind, Stage};
use crate::unsynced::{Disk, build_layer, close};
use crate::{audit, wire};

const TILLS: usize = 16;
/// Enough sales for tables and log to want more room.
const SALES: usize = 300;

pub fn make(stage: &mut Stage, cycles: usize) -> String {
    let (folder, layer_folder) = (stage.folder(), stage.folder());
    let (layer, flag) = (build_layer(&layer_folder), layer_folder.join("full"));
    let root = folder.join("root");
    std::fs::create_dir(&root).unwrap();
    let (mut cluster, database) = match stage.kind {
        Kind::Sqlite => (None, Database::in_file(&root.join("venue.db"))),
        Kind::Postgres => {
            let cluster = Cluster::start(&folder.join("cluster"), &["--wal-segsize=1"]);
            let database = Database::on(&cluster, "venue");
            (Some(cluster), database)
        }
    };
    let (venue, url) = (database.venue(50), database.url.clone());
    let server = match &mut cluster {
        None => {
            close(database, &root);
            Server::start_with(&url, environment(&Disk::new(root, &layer, None), &flag, "venue.db"))
        }
        Some(cluster) => {
            drop(database);
            cluster.stop("INT");
            let disk = Disk::new(cluster.data.clone(), &layer, None);
            cluster.set_environment(environment(&disk, &flag, "/base/"));
            cluster.resume();
            Server::start(&url)
        }
    };
    let (address, mut random) = (server.address, Random::new(0));
    let book = load::during(&[address], &venue, TILLS, |progress| {
        for _ in 0..cycles {
            progress.wait_for_more(SALES);
            std::fs::write(&flag, "").unwrap();
            random.sleep(1_000, 2_000);
            let alive = wire::Connection::to(address).ask(&wire::get("/livez", ""));
            assert_eq!(alive.unwrap().status, 200);
            std::fs::remove_file(&flag).unwrap();
            progress.wait_for_more(TILLS + 1);
        }
    });
    server.stop();
    assert!(
        book.tally.count(503) > 0,
        "the disk was never full: this proof could not fail"
    );
    format!(
        "disk full {cycles} times: {}",
        audit::check(&Database::at(url), &venue, &book)
    )
}

fn environment(disk: &Disk, flag: &Path, for_paths: &str) -> Vec<(String, String)> {
    let mut environment = disk.environment.clone();
    environment.push(("LOSSES_FULL".to_owned(), flag.to_str().unwrap().to_owned()));
    environment.push(("LOSSES_FULL_FOR".to_owned(), for_paths.to_owned()));
    environment
}
