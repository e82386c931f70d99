//! How long an import of many rows takes over HTTP, what memory, and how long tills wait meanwhile, beside the bare streaming read of
//! the same file. `./bench imports` starts what it needs; docs/PERFORMANCE.md explains the table.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement fails by panicking, and its figures are approximate"
)]

mod file;
#[path = "../common/server.rs"]
#[allow(dead_code, reason = "what the server uses of the processor is not measured here")]
mod server;
mod tills;
#[path = "../common/venue.rs"]
mod venue;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use calamine::{Reader as _, Xlsx};
use chrono::Datelike;
use clap::Parser;
use diesel::prelude::*;
use onaccount::auth::NewKey;
use onaccount::clock::Clock;
use onaccount::db::schema::{api_keys, tenants, users};
use onaccount::db::{self, DatabaseUrl, Db};
use onaccount::id::Id;
use serde_json::{Value, json};
use server::Server;
use tills::Tills;
use venue::Venue;

/// Imports over HTTP, beside the bare read of the same file.
#[derive(Parser)]
struct Options {
    /// An empty PostgreSQL database; left out: only SQLite
    #[arg(long)]
    postgres: Option<String>,
    /// Leave SQLite out
    #[arg(long)]
    no_sqlite: bool,
    /// Rows of each file
    #[arg(long, default_value_t = 100_000)]
    rows: u32,
    #[arg(long, hide = true)]
    bench: bool,
}

/// How long tills sell before the first import, to compare with.
const ALONE: Duration = Duration::from_secs(5);

fn main() {
    let options = Options::parse();
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("klanten.xlsx"), folder.path().join("verhuisd.xlsx"));
    file::customers(&path, options.rows, "Dorpsstraat");
    file::customers(&moved, options.rows, "Nieuwstraat");
    let bytes = fs::metadata(&path).unwrap().len();
    println!("{} customers of 14 columns: {:.1} MB", options.rows, bytes as f64 / 1e6);
    let sqlite = format!("sqlite:{}", folder.path().join("bench.db").display());
    let urls = (!options.no_sqlite)
        .then_some(sqlite)
        .into_iter()
        .chain(options.postgres);
    for url in urls {
        Bench::open(&url).run([&path, &moved], options.rows);
    }
}

struct Bench {
    url: String,
    venue: Venue,
    key: String,
}

impl Bench {
    fn open(url: &str) -> Self {
        let parsed: DatabaseUrl = url.parse().unwrap();
        db::migrate(&parsed).unwrap();
        let (db, clock) = (Db::connect(&parsed, 4).unwrap(), Clock::system());
        let venue = venue::open(&db, &clock, 71_900, 200);
        let key = importer(&db, &clock, venue.tenant_id);
        Bench {
            url: url.to_owned(),
            venue,
            key,
        }
    }

    /// With the customers, and the same customers where they have moved to.
    fn run(self, [path, moved]: [&Path; 2], rows: u32) {
        println!(
            "\n== {}",
            if self.url.starts_with("sqlite:") {
                "SQLite"
            } else {
                "PostgreSQL"
            }
        );
        let server = Server::start(&self.url);
        let service = Service {
            base: format!("http://{}", server.address),
            key: self.key.clone(),
            agent: ureq::Agent::new_with_defaults(),
        };
        let (tills, children) = (Tills::new(), Children::watch());
        std::thread::scope(|scope| {
            scope.spawn(|| tills.sell(server.address, &self.venue));
            let began = Instant::now();
            std::thread::sleep(ALONE);
            println!(
                "{:32} {:20} {}",
                "nothing else",
                "",
                tills.between(began, Instant::now())
            );
            let bare = bare_read(path);
            println!("{:32} {bare:6.2} s", "calamine's bare read");
            let import = |label, kind, (name, content): (&str, &[u8]), update_by| {
                let import = Import {
                    service: &service,
                    label,
                    tills: &tills,
                    bare,
                };
                import.run(kind, name, content, update_by);
            };
            let content = fs::read(path).unwrap();
            import("new", "customers", ("klanten.xlsx", &content), None);
            let (content, by) = (fs::read(moved).unwrap(), "vat_number");
            import("moved", "customers", ("verhuisd.xlsx", &content), Some(by));
            service.map_payment_types(&self.venue);
            let list = past_month(&file::sales(rows));
            import("sales", "sales_history", ("export.csv", list.as_bytes()), None);
            tills.stop();
        });
        println!(
            "peak memory: server {:.0} MiB, child {:.0} MiB",
            server.peak_mib(),
            children.peak_mib()
        );
        server.stop();
        let parsed: DatabaseUrl = self.url.parse().unwrap();
        let db = Db::connect(&parsed, 2).unwrap();
        let tenant = (self.venue.tenant_id, 71_900);
        let differences = db
            .read_blocking(|connection| onaccount::verify::verify_tenant(connection, tenant))
            .unwrap();
        assert_eq!(differences.len(), 0, "verify finds differences");
    }
}

/// A script's key that may import and nothing else.
fn importer(db: &Db, clock: &Clock, tenant_id: Id) -> String {
    let key = NewKey::access().unwrap();
    let (id, now) = (clock.new_id(), clock.now());
    db.write_blocking(|connection| {
        // A list of last month is older than tills may be.
        diesel::update(tenants::table.find(tenant_id))
            .set(tenants::accept_sales_from.eq(chrono::NaiveDate::from_ymd_opt(2000, 1, 1)))
            .execute(connection)?;
        let user_id: Id = users::table.select(users::id).first(connection)?;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::tenant_id.eq(tenant_id),
                api_keys::id.eq(id),
                api_keys::name.eq("Importer"),
                api_keys::key_hash.eq(&key.hash),
                api_keys::permissions.eq("imports.run"),
                api_keys::created_by.eq(user_id),
                api_keys::created_at.eq(now),
            ))
            .execute(connection)?;
        Ok(())
    })
    .unwrap();
    key.secret
}

/// Seconds that calamine takes to hand out every cell, one after the other.
fn bare_read(path: &Path) -> f64 {
    let began = Instant::now();
    let mut book: Xlsx<BufReader<File>> = Xlsx::new(BufReader::new(File::open(path).unwrap())).unwrap();
    let mut cells = book.worksheet_cells_reader("Sheet1").unwrap();
    let mut count = 0_u64;
    while cells.next_cell().unwrap().is_some() {
        count += 1;
    }
    assert!(count > 0, "the file has no cells");
    began.elapsed().as_secs_f64()
}

/// The list with its days in the last month that is over.
fn past_month(list: &str) -> String {
    let now = chrono::Utc::now();
    let (month, year) = if now.month() == 1 {
        (12, now.year() - 1)
    } else {
        (now.month() - 1, now.year())
    };
    list.replace("{month}", &format!("{month:02}"))
        .replace("{year}", &year.to_string())
}

struct Service {
    base: String,
    key: String,
    agent: ureq::Agent,
}

/// An import that is measured.
struct Import<'a> {
    service: &'a Service,
    label: &'static str,
    tills: &'a Tills,
    bare: f64,
}

impl Import<'_> {
    /// Uploads, validates and commits, and says of each step what it took, and what the tills waited.
    fn run(&self, kind: &str, name: &str, content: &[u8], update_by: Option<&str>) {
        let began = Instant::now();
        let import = self.service.upload(kind, name, content);
        self.say("upload", began);
        let path = format!("/v1/imports/{}", import["id"].as_str().unwrap());
        if let Some(key) = update_by {
            let columns = import["mapping"]["columns"].as_array().unwrap().iter();
            let columns: Vec<Value> = columns
                .map(|one| json!({"column": one["column"], "field": one["field"]}))
                .collect();
            let mapping = json!({"columns": columns, "update_by": key});
            self.service.ask("PUT", &format!("{path}/mapping"), Some(mapping));
        }
        for (step, done) in [("validate", "valid"), ("commit", "committed")] {
            let began = Instant::now();
            self.service.ask("POST", &format!("{path}/{step}"), None);
            let mut seen = Vec::new();
            let import = loop {
                let import = self.service.ask("GET", &path, None);
                if !matches!(import["status"].as_str().unwrap(), "validating" | "committing") {
                    break import;
                }
                let progress = self.service.ask("GET", &format!("{path}/job"), None)["progress"].clone();
                if seen.last() != Some(&progress) {
                    seen.push(progress);
                }
                std::thread::sleep(Duration::from_millis(50));
            };
            assert_eq!(import["status"], done, "{import}");
            self.say(step, began);
            println!("{:32} progress was seen to move {} times", "", seen.len());
        }
    }

    fn say(&self, step: &str, began: Instant) {
        let (ended, seconds) = (Instant::now(), began.elapsed().as_secs_f64());
        println!(
            "{:32} {seconds:6.2} s  {:5.1}x bare  {}",
            format!("{}: {step}", self.label),
            seconds / self.bare,
            self.tills.between(began, ended)
        );
    }
}

impl Service {
    fn upload(&self, kind: &str, name: &str, content: &[u8]) -> Value {
        const BOUNDARY: &str = "----boundary-of-a-bench";
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--{BOUNDARY}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        self.send(
            "POST",
            "/v1/imports",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
            body,
        )
    }

    fn map_payment_types(&self, venue: &Venue) {
        let choices: Vec<Value> = (0..200)
            .map(|number| json!({"name": format!("Betaaltype {number}"), "account_id": venue.accounts[number]}))
            .collect();
        self.ask("PUT", "/v1/payment-types", Some(json!({"payment_types": choices})));
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.send(method, path, "application/json", body)
    }

    fn send(&self, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Value {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.key))
            .header("Content-Type", content_type)
            .header("Prefer", "wait=0")
            .body(body)
            .unwrap();
        let request = self
            .agent
            .configure_request(request)
            .allow_non_standard_methods(true)
            .build();
        let mut response = self.agent.run(request).unwrap();
        serde_json::from_slice(&response.body_mut().read_to_vec().unwrap()).unwrap()
    }
}

/// The processes that read spreadsheets, watched while they live.
struct Children {
    peak_kib: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Children {
    fn watch() -> Self {
        let (peak_kib, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (peak, over) = (Arc::clone(&peak_kib), Arc::clone(&is_over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
                    peak.fetch_max(peak_of_child(process.path()).unwrap_or(0), Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Children { peak_kib, is_over }
    }

    fn peak_mib(&self) -> f64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.peak_kib.load(Ordering::Relaxed) as f64 / 1024.0
    }
}

fn peak_of_child(process: PathBuf) -> Option<u64> {
    let arguments = fs::read_to_string(process.join("cmdline")).ok()?;
    arguments.contains("\0parse-sheet\0").then_some(())?;
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
