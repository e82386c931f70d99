//! What it costs to read an account with a long history, and to take out everything, beside the database alone. `./bench reads`
//! starts what it needs; docs/PERFORMANCE.md explains the table.

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

mod client;
mod history;
#[path = "../common/server.rs"]
#[allow(dead_code, reason = "processor time is measured where sales are posted")]
mod server;
#[path = "../common/venue.rs"]
#[allow(dead_code, reason = "nobody sells here over HTTP")]
mod venue;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use client::Client;
use history::History;
use onaccount::clock::Clock;
use onaccount::db::{self, DatabaseUrl, Db};
use server::Server;

/// How long reading takes, on SQLite and on PostgreSQL.
#[derive(Parser)]
struct Options {
    /// An empty PostgreSQL database; left out: only SQLite
    #[arg(long)]
    postgres: Option<String>,
    /// The program `psql`
    #[arg(long, default_value = "psql")]
    psql: PathBuf,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// Accounts with a long history
    #[arg(long, default_value_t = 10)]
    accounts: usize,
    /// Sales of each
    #[arg(long, default_value_t = 100_000)]
    sales: usize,
    #[arg(long, hide = true)]
    bench: bool,
}

/// Pages of 100 that are read one after the other.
const PAGES: usize = 200;
const STATEMENTS: usize = 20;
/// What a slow client takes at a time, and how long it rests then.
const SIP_BYTES: usize = 64 << 10;
const SIP_EVERY: Duration = Duration::from_millis(20);
const SLOW_FOR: Duration = Duration::from_secs(5);

fn main() {
    let options = Options::parse();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("bench.db").display());
    let urls = (!options.no_sqlite)
        .then_some(sqlite)
        .into_iter()
        .chain(options.postgres.clone());
    for url in urls.collect::<Vec<_>>() {
        measure(&options, &url);
    }
}

fn measure(options: &Options, url: &str) {
    let is_sqlite = url.starts_with("sqlite:");
    println!("\n== {}", if is_sqlite { "SQLite" } else { "PostgreSQL" });
    let parsed: DatabaseUrl = url.parse().unwrap();
    db::migrate(&parsed).unwrap();
    let (db, clock) = (Db::connect(&parsed, 4).unwrap(), Clock::system());
    let history = History::write(&db, &clock, options.accounts, options.sales);
    drop(db);
    let server = Server::start(url);
    let client = Client::new(server.address, history.key.clone());
    pages(&client, &history);
    statements(&client, &history);
    let report = format!("/v1/mutations?from={}&to={}", history.first_day, history.last_day);
    let rows = export(&client, &server, &report, "text/csv", "mutations as CSV");
    assert!(rows > options.accounts * options.sales, "{rows} lines");
    if !is_sqlite {
        copy(&options.psql, url);
    }
    slow(&client, &server, &report);
    let statement = history.statement(history.first_day, history.last_day);
    export(&client, &server, &statement, "text/csv", "statement of a year as CSV");
    let workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    export(&client, &server, &report, workbook, "mutations as XLSX");
    server.stop();
}

/// From the newest mutation of an account on.
fn pages(client: &Client, history: &History) {
    let mut waits = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES {
        let path = format!("/v1/accounts/{}/mutations?limit=100{cursor}", history.account());
        let asked = Instant::now();
        let page: serde_json::Value = serde_json::from_slice(&client.get(&path, "application/json")).unwrap();
        waits.push(asked.elapsed());
        assert_eq!(page["items"].as_array().unwrap().len(), 100);
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    print_waits("a page of 100 mutations, from page to page", waits);
}

fn statements(client: &Client, history: &History) {
    let path = history.statement(history.last_day - chrono::TimeDelta::days(30), history.last_day);
    let waits = (0..STATEMENTS).map(|_| {
        let asked = Instant::now();
        assert!(client.get(&path, "application/json").len() > 1_000);
        asked.elapsed()
    });
    print_waits("a statement of a month", waits.collect());
}

fn print_waits(what: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!("{what:<44} p50 {:8.1} ms   p99 {:8.1} ms", at(50), at(99));
}

/// Takes a whole report as fast as it comes. Gives its line feeds.
fn export(client: &Client, server: &Server, path: &str, accept: &str, what: &str) -> usize {
    let asked = Instant::now();
    let (mut bytes, mut lines) = (0, 0);
    client.stream(path, accept, |part| {
        bytes += part.len();
        lines += part.split(|byte| *byte == b'\n').count() - 1;
        true
    });
    println!(
        "{what:<44}     {:8.2} s    {:7.1} MiB   server's peak so far {:4.0} MiB",
        asked.elapsed().as_secs_f64(),
        bytes as f64 / f64::from(1 << 20),
        server.peak_mib()
    );
    lines
}

/// The same columns by the database's own program.
fn copy(psql: &Path, url: &str) {
    const COPY: &str = "\\copy (SELECT e.id, e.account_id, a.number, a.name, e.seq, e.kind, e.business_date, e.occurred_at, \
        e.posted_at, e.balance_change_minor / 100.0, e.limit_change_minor / 100.0, e.balance_after_minor / 100.0, \
        e.limit_after_minor / 100.0, e.actor_name, e.refers_to, e.run_id, e.reason, e.receipt_number, e.operator, e.reference \
        FROM entries e JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id \
        ORDER BY e.business_date DESC, e.posted_at DESC, e.id DESC) TO '/dev/null' CSV HEADER";
    let asked = Instant::now();
    let copied = Command::new(psql).args(["--no-psqlrc", "-q", url, "-c", COPY]).status();
    assert!(copied.unwrap().success());
    println!(
        "{:<44}     {:8.2} s",
        "the same by psql \\copy",
        asked.elapsed().as_secs_f64()
    );
}

/// A client that takes little at a time must not make the server keep the rest.
fn slow(client: &Client, server: &Server, path: &str) {
    let began = Instant::now();
    let mut bytes = 0;
    client.stream(path, "text/csv", |part| {
        bytes += part.len();
        if bytes / SIP_BYTES > (bytes - part.len()) / SIP_BYTES {
            std::thread::sleep(SIP_EVERY);
        }
        began.elapsed() < SLOW_FOR
    });
    println!(
        "{:<44}     {:8.2} s    {:7.1} MiB   server's peak so far {:4.0} MiB",
        "a slow client, which goes away",
        began.elapsed().as_secs_f64(),
        bytes as f64 / f64::from(1 << 20),
        server.peak_mib()
    );
}
