//! How long an invoice run over many accounts takes, beside the bare `INSERT .. SELECT .. GROUP BY` of the same lines, and
//! how long a till waits meanwhile.
//!
//! `./bench invoices` starts what it needs and runs it on both; docs/PERFORMANCE.md explains the table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement fails by panicking, and its figures are approximate"
)]

mod statements;
mod venue;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use onaccount::clock::Clock;
use onaccount::db::{self, DatabaseUrl, Db};
use onaccount::http::IdempotencyKey;
use onaccount::id::Id;
use onaccount::invoice_runs::create::{create_reversal, create_run};
use onaccount::invoice_runs::model::{NewInvoiceRun, Selection};
use onaccount::invoice_runs::plan::{Late, ResetType};
use onaccount::jobs::{Services, Worker};
use onaccount::request_keys::RequestKey;
use onaccount::verify;
use venue::{Bench, LARGE_SALES, LINES_PER_SALE};

/// An invoice run beside its bare statement, and what a till waits meanwhile.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Options {
    /// An empty PostgreSQL database; left out: only SQLite
    #[arg(long)]
    postgres: Option<String>,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// Accounts that a run is made of
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// Sales on each, of 2 lines
    #[arg(long, default_value_t = 5)]
    sales: usize,
    /// Accounts more with 10 000 sales each, for the run while a till sells
    #[arg(long, default_value_t = 3)]
    large: usize,
    /// Say what each statement took
    #[arg(long)]
    statements: bool,
    /// Prove the books at the end, as `onaccount verify` does
    #[arg(long)]
    verify: bool,
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if options.statements {
        statements::watch();
    }
    if !options.no_sqlite {
        let folder = tempfile::tempdir().unwrap();
        println!("SQLite");
        measure(
            &options,
            &format!("sqlite:{}", folder.path().join("bench.db").display()),
        );
    }
    if let Some(url) = &options.postgres {
        println!("PostgreSQL");
        measure(&options, url);
    }
}

fn measure(options: &Options, url: &str) {
    let url: DatabaseUrl = url.parse().unwrap();
    db::migrate(&url).unwrap();
    let services = Services {
        db: Db::connect(&url, 16).unwrap(),
        clock: Clock::system(),
        metrics: onaccount::metrics::JobMetrics::default(),
        sheets: onaccount::imports::sheet::Reader::default(),
        live: onaccount::jobs::LiveProgress::default(),
    };

    let started = Instant::now();
    let Options {
        accounts, sales, large, ..
    } = *options;
    let mut bench = Bench::new(services, accounts);
    bench.sell_everywhere(sales);
    println!(
        "{accounts} accounts, {} sales, {} lines, posted in {:.1} s",
        accounts * sales,
        accounts * sales * LINES_PER_SALE,
        started.elapsed().as_secs_f64()
    );
    bench.settle();

    let bare_lines = bench.bare(BARE_LINES);
    say("bare INSERT .. SELECT .. GROUP BY of the lines", bare_lines);
    let bare_all = bench.bare(BARE_ALL);
    say("the same, and of invoices, stretches and VAT", bare_all);
    bench.sql(DROP_BARE_TABLES);

    let before = peak_memory_kib();
    let run_id = bench.create_run();
    let (alone, progress) = bench.work();
    say("run", alone);
    println!(
        "    {:.1}x the lines, {:.1}x all; memory +{} MiB; {progress}",
        alone / bare_lines,
        alone / bare_all,
        (peak_memory_kib() - before) / 1024
    );
    bench.create_reversal(run_id);
    say("reversal of the run", bench.work().0);

    if large > 0 {
        bench.sell_much(large);
        println!("{large} accounts more with {LARGE_SALES} sales each");
    }
    bench.create_run();
    let stop = AtomicBool::new(false);
    let ((seconds, progress), waits) = std::thread::scope(|scope| {
        let till = scope.spawn(|| bench.sell_until(&stop));
        std::thread::sleep(Duration::from_millis(200));
        let worked = bench.work();
        stop.store(true, Ordering::SeqCst);
        (worked, till.join().unwrap())
    });
    say("run with a till that sells meanwhile", seconds);
    println!("    {progress}");
    print_waits(waits);
    if options.verify {
        let started = Instant::now();
        let findings = bench.verify();
        say("proving the books", started.elapsed().as_secs_f64());
        println!("    {findings} findings");
    }
}

fn say(what: &str, seconds: f64) {
    println!("{what:<52}{seconds:8.2} s");
}

fn print_waits(mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    println!(
        "{} sales of the till waited: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        waits.len(),
        at(500),
        at(990),
        at(1000)
    );
}

/// The most memory the process ever had, in KiB (Linux).
fn peak_memory_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next())
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0)
}

/// As a run groups them, straight into a table of the same form.
const BARE_LINES: &str = "
    INSERT INTO bench_lines (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category,
        quantity_milli, amount_minor, vat_rate)
    SELECT l.tenant_id, l.account_id, CAST(ROW_NUMBER() OVER (PARTITION BY l.account_id ORDER BY l.business_date,
            l.product_code, l.vat_rate) AS INTEGER), l.business_date, l.product_code, MAX(l.product_name), MAX(l.category),
        CAST(SUM(l.quantity_milli) AS BIGINT), CAST(SUM(l.amount_minor) AS BIGINT), l.vat_rate
    FROM entry_lines l GROUP BY l.tenant_id, l.account_id, l.business_date, l.product_code, l.vat_rate;";

/// And all else that an invoice is made of, without looking at what is reversed, invoiced or refunded.
const BARE_ALL: &str = "
    INSERT INTO bench_lines (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category,
        quantity_milli, amount_minor, vat_rate)
    SELECT l.tenant_id, l.account_id, CAST(ROW_NUMBER() OVER (PARTITION BY l.account_id ORDER BY l.business_date,
            l.product_code, l.vat_rate) AS INTEGER), l.business_date, l.product_code, MAX(l.product_name), MAX(l.category),
        CAST(SUM(l.quantity_milli) AS BIGINT), CAST(SUM(l.amount_minor) AS BIGINT), l.vat_rate
    FROM entry_lines l GROUP BY l.tenant_id, l.account_id, l.business_date, l.product_code, l.vat_rate;
    INSERT INTO bench_vat SELECT l.tenant_id, l.account_id, l.vat_rate, CAST(SUM(l.amount_minor) AS BIGINT)
    FROM entry_lines l GROUP BY l.tenant_id, l.account_id, l.vat_rate;
    INSERT INTO bench_stretches SELECT e.tenant_id, e.account_id, e.account_id, MIN(e.seq), MAX(e.seq), 'none', FALSE, TRUE
    FROM entries e WHERE e.kind = 'sale' GROUP BY e.tenant_id, e.account_id, e.business_date;
    INSERT INTO bench_invoices SELECT e.tenant_id, e.account_id, CAST(-SUM(e.balance_change_minor) AS BIGINT)
    FROM entries e GROUP BY e.tenant_id, e.account_id;";

const DROP_BARE_TABLES: &str = "
    DROP TABLE IF EXISTS bench_lines;
    DROP TABLE IF EXISTS bench_vat;
    DROP TABLE IF EXISTS bench_stretches;
    DROP TABLE IF EXISTS bench_invoices;";

/// Tables and indexes as those of invoices.
const BARE_TABLES: &str = "
    CREATE TABLE bench_lines (tenant_id UUID NOT NULL, invoice_id UUID NOT NULL, line_no INTEGER NOT NULL,
        business_date DATE NOT NULL, product_code TEXT NOT NULL, product_name TEXT NOT NULL, category TEXT NOT NULL,
        quantity_milli BIGINT NOT NULL, amount_minor BIGINT NOT NULL, vat_rate INTEGER NOT NULL,
        PRIMARY KEY (tenant_id, invoice_id, line_no));
    CREATE TABLE bench_vat (tenant_id UUID NOT NULL, invoice_id UUID NOT NULL, vat_rate INTEGER NOT NULL,
        gross_minor BIGINT NOT NULL, PRIMARY KEY (tenant_id, invoice_id, vat_rate));
    CREATE TABLE bench_stretches (tenant_id UUID NOT NULL, invoice_id UUID NOT NULL, account_id UUID NOT NULL,
        first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL, reset_type TEXT NOT NULL, is_late BOOLEAN NOT NULL,
        is_standing BOOLEAN NOT NULL, PRIMARY KEY (tenant_id, invoice_id, first_seq));
    CREATE UNIQUE INDEX bench_stretches_standing ON bench_stretches (tenant_id, account_id, first_seq) WHERE is_standing;
    CREATE TABLE bench_invoices (tenant_id UUID NOT NULL, id UUID NOT NULL, total_minor BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, id));";

impl Bench {
    /// What autovacuum would have done by the next day.
    fn settle(&self) {
        self.sql("ANALYZE");
    }

    fn sql(&self, statements: &str) {
        use diesel::connection::SimpleConnection;
        self.services
            .db
            .write_blocking(|connection| Ok(connection.batch_execute(statements)?))
            .unwrap();
    }

    /// Seconds that the statements take in one transaction on empty tables; the second time counts.
    fn bare(&self, statements: &str) -> f64 {
        let mut seconds = 0.0;
        for _ in 0..2 {
            self.sql(DROP_BARE_TABLES);
            self.sql(BARE_TABLES);
            let started = Instant::now();
            self.sql(statements);
            seconds = started.elapsed().as_secs_f64();
        }
        seconds
    }

    fn create_run(&self) -> Id {
        let key = self.services.clock.new_id();
        let today = self.tenant.today(self.services.clock.now());
        let asked = NewInvoiceRun {
            from: today.into(),
            to: today.into(),
            reset_type: ResetType::BalanceToZero,
            late: Late::Include,
            invoice_date: None,
            accounts: Selection {
                account_ids: None,
                filter: None,
                all: Some(true),
            },
        };
        let request = RequestKey::try_new(IdempotencyKey(key), "create_invoice_run", &(), &asked).unwrap();
        let started = Instant::now();
        self.services
            .db
            .write_blocking(|connection| {
                create_run(
                    connection,
                    &self.services.clock,
                    &self.tenant,
                    &self.actor,
                    &request,
                    &asked,
                )
            })
            .unwrap();
        say("asking for a run", started.elapsed().as_secs_f64());
        key
    }

    fn create_reversal(&self, run_id: Id) {
        let key = self.services.clock.new_id();
        let request = RequestKey::try_new(IdempotencyKey(key), "reverse_invoice_run", &run_id, &()).unwrap();
        self.services
            .db
            .write_blocking(|connection| {
                create_reversal(
                    connection,
                    &self.services.clock,
                    &self.tenant,
                    &self.actor,
                    &request,
                    run_id,
                )
            })
            .unwrap();
    }

    /// Works on the jobs there are; answers the seconds it took, and how their progress moved. Every job has to succeed.
    fn work(&self) -> (f64, Progress) {
        statements::forget();
        let stop = AtomicBool::new(false);
        let (seconds, progress) = std::thread::scope(|scope| {
            let watcher = scope.spawn(|| self.watch_progress(&stop));
            let started = Instant::now();
            Worker::new(self.services.clone(), Arc::new(AtomicBool::new(false)))
                .run_until_idle()
                .unwrap();
            let seconds = started.elapsed().as_secs_f64();
            stop.store(true, Ordering::SeqCst);
            (seconds, watcher.join().unwrap())
        });
        statements::print();
        let failed = self.count("SELECT COUNT(*) AS count FROM jobs WHERE status <> 'succeeded'");
        assert_eq!(failed, 0, "a job failed");
        (seconds, progress)
    }

    /// Looks at the job that works as whoever asked for it would, only more often.
    fn watch_progress(&self, stop: &AtomicBool) -> Progress {
        let mut progress = Progress::default();
        let (mut last, mut since) = (-1, Instant::now());
        while !stop.load(Ordering::SeqCst) {
            let done = self.count(
                "SELECT CAST(COALESCE(MAX(progress_done), -1) AS BIGINT) AS count FROM jobs WHERE status = 'running'",
            );
            if done >= 0 && done != last {
                progress.values += 1;
                progress.longest = progress.longest.max(since.elapsed());
                (last, since) = (done, Instant::now());
            }
            std::thread::sleep(PROGRESS_RESTS);
        }
        progress
    }

    /// How many differences there are in the books, but that the sales of a bench were asked for under no key.
    fn verify(&self) -> usize {
        let tenants = self.services.db.read_blocking(verify::list_tenants).unwrap();
        let differences = tenants.iter().map(|tenant| {
            self.services
                .db
                .read_blocking(|connection| verify::verify_tenant(connection, *tenant))
                .unwrap()
                .iter()
                .filter(|difference| difference.code != "entry_key")
                .count()
        });
        differences.sum()
    }

    fn count(&self, text: &str) -> i64 {
        let count: Count = self
            .services
            .db
            .read_blocking(|connection| Ok(diesel::sql_query(text).get_result(connection)?))
            .unwrap();
        count.count
    }
}

/// How a job's progress moved, as it was seen from outside.
#[derive(Default)]
struct Progress {
    values: usize,
    longest: Duration,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.longest.as_secs_f64();
        write!(f, "progress: {} values seen, at most {seconds:.2} s apart", self.values)
    }
}

/// How long it waits between two looks at a job.
const PROGRESS_RESTS: Duration = Duration::from_millis(20);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}
