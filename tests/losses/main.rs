//! Proof that nothing acknowledged is lost or doubled, whatever is killed: `./test losses kill --cycles 200
//! --database postgres`. Without a name it makes every proof in its short form; docs/TESTING.md lists them.
//!
//! Each proof runs the real program, in processes of its own, on a fresh database; on PostgreSQL in a cluster that is
//! started for it with fsync on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::disallowed_methods,
    reason = "a proof fails by panicking, and reads the machine's clock and environment"
)]

mod audit;
mod cluster;
mod cuts;
mod early_void;
mod full;
mod kill;
mod livez;
mod load;
mod office;
mod races;
mod restart;
mod runs;
mod server;
mod slow_clients;
mod slow_database;
mod stage;
mod unsynced;
#[allow(dead_code, reason = "a benchmark needs more of it")]
#[path = "../../benches/common/venue.rs"]
mod venue;
mod wire;

use std::time::Instant;

use clap::Parser;
use stage::{Kind, Stage};

/// Proves that nothing acknowledged is lost or doubled
#[derive(Parser)]
struct Options {
    /// Which proofs; by default all
    #[arg(value_parser = proof_named)]
    proofs: Vec<&'static Proof>,
    /// How often; by default the short form of each
    #[arg(long)]
    cycles: Option<usize>,
    /// On which databases
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    database: Vec<Kind>,
}

struct Proof {
    name: &'static str,
    databases: &'static [Kind],
    /// Of the short form.
    cycles: usize,
    /// Makes it, and says its figures; panics when it fails.
    make: fn(&mut Stage, usize) -> String,
}

const BOTH: &[Kind] = &[Kind::Sqlite, Kind::Postgres];

const PROOFS: &[Proof] = &[
    Proof::new("kill", BOTH, 2, kill::make),
    Proof::new("limit", BOTH, 2, races::limit),
    Proof::new("duplicates", BOTH, 60, races::duplicates),
    Proof::new("cuts", BOTH, 300, cuts::make),
    Proof::new("early-void", BOTH, 100, early_void::make),
    Proof::new("restart", &[Kind::Postgres], 2, restart::restarted),
    Proof::new("terminate", &[Kind::Postgres], 2, restart::terminated),
    Proof::new("unsynced", BOTH, 2, unsynced::make),
    Proof::new("full", BOTH, 1, full::make),
    Proof::new("slow-database", BOTH, 1, slow_database::make),
    Proof::new("slow-clients", BOTH, 200, slow_clients::make),
    Proof::new("run-kill", BOTH, 1, runs::killed),
    Proof::new("run-stop", BOTH, 1, runs::stopped),
];

impl Proof {
    const fn new(
        name: &'static str,
        databases: &'static [Kind],
        cycles: usize,
        make: fn(&mut Stage, usize) -> String,
    ) -> Self {
        Proof {
            name,
            databases,
            cycles,
            make,
        }
    }
}

fn proof_named(name: &str) -> Result<&'static Proof, String> {
    let names = || PROOFS.iter().map(|proof| proof.name).collect::<Vec<_>>().join(", ");
    PROOFS
        .iter()
        .find(|proof| proof.name == name)
        .ok_or_else(|| format!("expected one of {}", names()))
}

fn main() {
    let options = Options::parse();
    for kind in &options.database {
        let mut stage = Stage::set(*kind);
        for proof in PROOFS {
            let is_chosen = options.proofs.is_empty() || options.proofs.iter().any(|one| one.name == proof.name);
            if !is_chosen || !proof.databases.contains(kind) {
                continue;
            }
            let cycles = options.cycles.unwrap_or(proof.cycles);
            let began = Instant::now();
            println!("{} on {kind}, {cycles} cycles", proof.name);
            let figures = (proof.make)(&mut stage, cycles);
            println!("  {figures} ({:.1} s)", began.elapsed().as_secs_f64());
        }
    }
}
