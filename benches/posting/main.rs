//! How fast sales are posted, beside what the database alone can do in the same minutes. `./bench posting` starts what it
//! needs; docs/PERFORMANCE.md explains the table.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement fails by panicking, and its figures are approximate"
)]

mod floor;
mod load;
#[path = "../common/server.rs"]
mod server;
#[path = "../common/venue.rs"]
mod venue;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use load::{Keys, Tally, Traffic};
use onaccount::clock::Clock;
use onaccount::db::{self, DatabaseUrl, Db};
use server::{Server, Usage};
use venue::Venue;

/// Sales a second over HTTP with full durability, beside the floor of the database.
#[derive(Parser)]
struct Options {
    /// An empty PostgreSQL database; left out: only SQLite
    #[arg(long)]
    postgres: Option<String>,
    /// The program `pgbench`
    #[arg(long, default_value = "pgbench")]
    pgbench: PathBuf,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// How long each figure is measured
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How often each is measured; the median is shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many tills at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    clients: Vec<usize>,
    /// Accounts of the large venue
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// Only what has this in its name
    #[arg(long, default_value = "")]
    only: String,
    #[arg(long, hide = true)]
    bench: bool,
}

const TENANTS: i64 = 200;
const BATCH: usize = 100;
/// Sales a commit of the bare statement that batches are held against.
const BARE_BATCH: usize = 64;
/// As many as the ledger has writers.
const BARE_CONNECTIONS: usize = 2;

/// What is measured.
#[derive(Clone)]
struct Scenario {
    name: String,
    place: Place,
    clients: usize,
    traffic: Traffic,
    keys: Keys,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Uniform,
    Hot,
    Tenants,
}

/// One measurement.
struct Figure {
    name: String,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of the server, the database and the load, in microseconds a sale.
    cpu_us: [f64; 3],
}

struct Bench {
    options: Options,
    url: String,
    large: Vec<Venue>,
    hot: Vec<Venue>,
    tenants: Vec<Venue>,
    posted: u64,
    declined: u64,
    figures: Vec<Figure>,
}

fn main() {
    let options = Options::parse();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("bench.db").display());
    let postgres = options.postgres.clone();
    let urls = (!options.no_sqlite).then_some(sqlite).into_iter().chain(postgres);
    for url in urls.collect::<Vec<_>>() {
        Bench::open(Options::parse(), url).run();
    }
}

impl Bench {
    fn open(options: Options, url: String) -> Self {
        let parsed: DatabaseUrl = url.parse().unwrap();
        db::migrate(&parsed).unwrap();
        let (db, clock) = (Db::connect(&parsed, 4).unwrap(), Clock::system());
        let large = vec![venue::open(&db, &clock, 71_900, options.accounts)];
        // the floor's plans come from statistics; those of the service do not need them
        if !url.starts_with("sqlite:") {
            let analyze = |connection: &mut db::DbConnection| Ok(diesel::sql_query("ANALYZE").execute(connection)?);
            db.write_blocking(analyze).unwrap();
        }
        let first = &large[0];
        let hot = vec![Venue {
            tenant_id: first.tenant_id,
            terminal_id: first.terminal_id,
            key: first.key.clone(),
            accounts: first.accounts[..1].to_vec(),
        }];
        let tenants = (80_000..80_000 + TENANTS).map(|number| venue::open(&db, &clock, number, 50));
        Bench {
            tenants: tenants.collect(),
            options,
            url,
            large,
            hot,
            posted: 0,
            declined: 0,
            figures: Vec::new(),
        }
    }

    fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    fn run(mut self) {
        println!(
            "\n== {}",
            if self.is_sqlite() {
                "SQLite, synchronous=FULL"
            } else {
                "PostgreSQL"
            }
        );
        let server = Server::start(&self.url);
        for round in 1..=self.options.rounds {
            eprintln!("round {round} of {}", self.options.rounds);
            self.measure_floors();
            for scenario in self.scenarios() {
                self.measure(&server, &scenario);
            }
        }
        self.print();
        println!("peak memory of the server: {:.0} MiB", server.peak_mib());
        server.stop();
        self.check();
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let scenario = |name: &str, place, clients, traffic| Scenario {
            name: name.to_owned(),
            place,
            clients,
            traffic,
            keys: Keys::Random,
        };
        let mut all = vec![scenario(
            "HTTP alone: refused before the database, 64 tills",
            Place::Uniform,
            64,
            Traffic::Refused,
        )];
        for (words, place) in [("10 000 accounts", Place::Uniform), ("one hot account", Place::Hot)] {
            for clients in &self.options.clients {
                let name = format!("{words}, {clients} tills");
                all.push(scenario(&name, place, *clients, Traffic::Sales));
            }
        }
        all.push(Scenario {
            keys: Keys::InOrderOfTime,
            ..scenario(
                "10 000 accounts, 64 tills, keys of version 7",
                Place::Uniform,
                64,
                Traffic::Sales,
            )
        });
        all.push(scenario("200 tenants, 64 tills", Place::Tenants, 64, Traffic::Sales));
        all.push(scenario(
            "10 % declined, 10 % replayed, 64 tills",
            Place::Uniform,
            64,
            Traffic::Mixed,
        ));
        let batches = Traffic::Batches(BATCH);
        all.push(scenario("batches of 100, 4 tills", Place::Uniform, 4, batches));
        all.retain(|scenario| scenario.name.contains(&self.options.only));
        all
    }

    fn measure_floors(&mut self) {
        let floors = if let Some(path) = self.url.strip_prefix("sqlite:") {
            self.sqlite_floors(&PathBuf::from(path))
        } else {
            self.postgres_floors()
        };
        for (name, per_second) in floors {
            self.figures.push(Figure {
                name: name.to_owned(),
                per_second,
                p50_ms: 0.0,
                p99_ms: 0.0,
                cpu_us: [0.0; 3],
            });
        }
    }

    fn sqlite_floors(&self, path: &Path) -> Vec<(&'static str, f64)> {
        let time = Duration::from_secs(self.options.seconds);
        let large = (&self.large[0], self.options.accounts);
        let bare = |place, keys| floor::sqlite(path, place, keys, time);
        vec![
            ("bare: one commit a sale", bare(large, Keys::Random)),
            ("bare: one commit a sale, hot", bare((&self.hot[0], 1), Keys::Random)),
            (
                "bare: one commit a sale, keys of version 7",
                bare(large, Keys::InOrderOfTime),
            ),
        ]
    }

    fn postgres_floors(&self) -> Vec<(&'static str, f64)> {
        let time = Duration::from_secs(self.options.seconds);
        let pgbench = |count, keys, load| {
            let (program, venue) = (&self.options.pgbench, &self.large[0]);
            floor::postgres(program, &self.url, (venue, count), keys, load, time)
        };
        let accounts = self.options.accounts;
        vec![
            (
                "floor: one statement and commit a sale, 64 connections",
                pgbench(accounts, Keys::Random, (64, 1)),
            ),
            ("floor: the same on one hot account", pgbench(1, Keys::Random, (64, 1))),
            (
                "floor: the same, keys of version 7",
                pgbench(accounts, Keys::InOrderOfTime, (64, 1)),
            ),
            (
                "bare: 64 sales a statement and commit, 2 connections",
                pgbench(accounts, Keys::Random, (BARE_CONNECTIONS, BARE_BATCH)),
            ),
        ]
    }

    fn measure(&mut self, server: &Server, scenario: &Scenario) {
        let venues = match scenario.place {
            Place::Uniform => &self.large,
            Place::Hot => &self.hot,
            Place::Tenants => &self.tenants,
        };
        let before = server.usage();
        let stored_before = self.stored();
        let time = Duration::from_secs(self.options.seconds);
        let mut tally = load::run(
            server.address,
            venues,
            scenario.clients,
            (scenario.traffic, scenario.keys),
            time,
        );
        let after = server.usage();
        let stored = self.stored();
        assert_eq!(tally.failed, 0, "{}: {:?}", scenario.name, tally.first_failure);
        let stored = (stored.0 - stored_before.0, stored.1 - stored_before.1);
        assert_eq!(
            stored,
            (tally.posted, tally.declined),
            "{}: acknowledged is not stored",
            scenario.name
        );
        self.posted += tally.posted;
        self.declined += tally.declined;
        self.figures.push(figure(&scenario.name, &mut tally, before, after));
    }

    /// Sales and declines in the database.
    fn stored(&self) -> (u64, u64) {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let db = Db::connect(&self.url.parse().unwrap(), 1).unwrap();
        let count = |sql: &'static str| {
            let found = db.read_blocking(|connection| Ok(diesel::sql_query(sql).get_result::<Count>(connection)?));
            found.unwrap().count as u64
        };
        (
            count("SELECT count(*) AS count FROM entries WHERE kind = 'sale'"),
            count("SELECT count(*) AS count FROM request_keys WHERE state = 'declined'"),
        )
    }

    fn print(&self) {
        let mut names: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !names.contains(&figure.name.as_str()) {
                names.push(&figure.name);
            }
        }
        println!(
            "{:<56} {:>9} {:>8} {:>8}   {:>24}",
            "median of the rounds", "sales/s", "p50 ms", "p99 ms", "CPU us/sale srv+db+load"
        );
        for name in names {
            let of = |value: fn(&Figure) -> f64| {
                let mut values: Vec<f64> = self
                    .figures
                    .iter()
                    .filter(|figure| figure.name == name)
                    .map(value)
                    .collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            println!(
                "{name:<56} {:>9.0} {:>8.1} {:>8.1}   {:>7.0} {:>7.0} {:>7.0}",
                of(|figure| figure.per_second),
                of(|figure| figure.p50_ms),
                of(|figure| figure.p99_ms),
                of(|figure| figure.cpu_us[0]),
                of(|figure| figure.cpu_us[1]),
                of(|figure| figure.cpu_us[2]),
            );
        }
    }

    /// Every balance, sum and link is computed anew, by the service's own command.
    fn check(&self) {
        let verified = Command::new(env!("CARGO_BIN_EXE_onaccount"))
            .args(["verify", "--database-url", &self.url])
            .output()
            .unwrap();
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stdout)
        );
        println!(
            "acknowledged and stored: {} sales, {} declines; verify found no difference",
            self.posted, self.declined
        );
    }
}

fn figure(name: &str, tally: &mut Tally, before: Usage, after: Usage) -> Figure {
    // the warm-up's work is in the processor time too
    let sales = (tally.posted + tally.declined + tally.replayed + tally.refused) as f64;
    let a_sale = |seconds: f64| seconds * 1e6 / sales;
    Figure {
        name: name.to_owned(),
        per_second: tally.per_second(),
        p50_ms: tally.percentile_ms(0.5),
        p99_ms: tally.percentile_ms(0.99),
        cpu_us: [
            a_sale(after.server - before.server),
            a_sale(after.postgres - before.postgres),
            a_sale(after.load - before.load),
        ],
    }
}
