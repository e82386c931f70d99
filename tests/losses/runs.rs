//! Invoice runs whose process is killed, or stopped until another one has its work, while tills sell.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use onaccount::clock::Clock;
use onaccount::db::schema::{invoices, jobs};
use onaccount::id::SqlId;
use uuid::Uuid;

use crate::audit;
use crate::load::{self, Book, Client, Random, SALE_MINOR, sale};
use crate::office;
use crate::server::Server;
use crate::stage::{Database, Stage};
use crate::venue::Venue;
use crate::wire::post;

/// Three chunks.
const ACCOUNTS: usize = 600;
const TILLS: usize = 4;
/// A run of so few accounts takes less, with all that happens to it.
const RUN_WITHIN: Duration = Duration::from_mins(3);

struct Books {
    database: Database,
    venue: Venue,
    office: String,
}

impl Books {
    fn open(stage: &mut Stage) -> Self {
        let database = stage.database();
        let venue = database.venue(ACCOUNTS);
        let office = office::open(&database, &venue);
        Books {
            database,
            venue,
            office,
        }
    }

    /// A sale on every account, so that every chunk of the next run has something to do.
    fn sell_everywhere(&self, client: &mut Client) -> Book {
        let mut book = Book::default();
        let mut sales = Vec::new();
        for account in &self.venue.accounts {
            let key = Uuid::new_v4();
            book.posted.push(key);
            sales.push(format!("{{\"id\":\"{key}\",\"sale\":{}}}", sale(*account, SALE_MINOR)));
        }
        let body = format!("{{\"sales\":[{}]}}", sales.join(","));
        let reply = client.settle(&post("/v1/sales/batch", &self.venue.key, Uuid::new_v4(), &body));
        assert_eq!(reply.status, 207, "{}", reply.body);
        assert_eq!(reply.body.matches("\"outcome\":\"posted\"").count(), ACCOUNTS);
        book
    }

    /// The request for a run over everything; around midnight too, whichever day it is in the venue.
    fn run_request(&self) -> String {
        let today = Utc::now().date_naive();
        let body = format!(
            "{{\"from\":\"{}\",\"to\":\"{}\",\"reset_type\":\"balance_to_zero\",\"accounts\":{{\"all\":true}}}}",
            today - Days::new(2),
            today + Days::new(2)
        );
        post("/v1/invoice-runs", &self.office, Uuid::new_v4(), &body)
    }

    /// Nobody renews the lease of a process that was killed: lets it run out now rather than in half a minute. False when
    /// the job's row cannot be had, because a process was stopped in the middle of writing it.
    fn end_lease(&self) -> bool {
        let passed = Clock::system().now().plus(chrono::TimeDelta::seconds(-1));
        let running = jobs::table.filter(jobs::status.eq("running"));
        let ended = self.database.db.write_blocking(|connection| {
            Ok(diesel::update(running)
                .set(jobs::locked_until.eq(Some(passed)))
                .execute(connection)?)
        });
        ended.is_ok()
    }

    /// The process that works on a run now.
    fn owner(&self) -> Option<String> {
        let owner = jobs::table.filter(jobs::status.eq("running")).select(jobs::owner);
        self.database
            .db
            .read_blocking(|connection| Ok(owner.first::<Option<String>>(connection).optional()?))
            .unwrap()
            .flatten()
    }

    /// Every sale on exactly one standing invoice, every number used once, none left out; and nothing lost.
    fn check(&self, book: &Book) -> String {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let tenant_id = self.venue.tenant_id;
        let (wrong, mut values) = self
            .database
            .db
            .read_blocking(|connection| {
                let wrong: Count = diesel::sql_query(
                    "SELECT count(*) AS count FROM entries e WHERE e.tenant_id = $1 AND e.kind = 'sale' AND 1 <> (
                        SELECT count(*) FROM invoice_stretches i WHERE i.tenant_id = e.tenant_id
                        AND i.account_id = e.account_id AND e.seq BETWEEN i.first_seq AND i.last_seq AND i.is_standing)",
                )
                .bind::<SqlId, _>(tenant_id)
                .get_result(connection)?;
                let of_tenant = invoices::table.filter(invoices::tenant_id.eq(tenant_id));
                let values: Vec<(i32, i64)> = of_tenant
                    .select((invoices::series_year, invoices::series_value))
                    .load(connection)?;
                Ok((wrong.count, values))
            })
            .unwrap();
        assert_eq!(wrong, 0, "sales that are not on exactly one standing invoice");
        values.sort_unstable();
        for ((_, value), before) in values.iter().zip([(0, 0)].iter().chain(&values)) {
            // at new year the series begins anew
            assert!(
                *value == before.1 + 1 || *value == 1,
                "number {value} after {}",
                before.1
            );
        }
        let found = audit::compare(&self.database, &self.venue, book);
        assert_eq!((found.lost, found.doubled), (0, 0));
        assert_eq!(
            self.database.owed(&self.venue),
            0,
            "every sale was invoiced, and the balances reset"
        );
        self.database.verify();
        format!(
            "{}, each on exactly one standing invoice; {} invoices without a gap; verify is clean",
            book.figures(),
            values.len()
        )
    }
}

/// Asks for a run, and asks again until it is done.
fn finish_run(address: SocketAddr, request: &str) {
    let (mut client, began) = (Client::new(address), Instant::now());
    loop {
        let reply = client.settle(request);
        if reply.status == 200 {
            assert!(reply.body.contains("\"status\":\"completed\""), "{}", reply.body);
            return;
        }
        assert_eq!(reply.status, 202, "{}", reply.body);
        assert!(began.elapsed() < RUN_WITHIN, "the run does not end: {}", reply.body);
    }
}

/// The process is killed at a random moment after the run was asked for; the run is asked for again until it is done.
pub fn killed(stage: &mut Stage, cycles: usize) -> String {
    let books = Books::open(stage);
    let mut server = Server::start(&books.database.url);
    let address = server.address;
    let (mut client, mut random) = (Client::new(address), Random::new(0));
    let (mut own, mut within) = (Book::default(), 0);
    let mut book = load::during(&[address], &books.venue, TILLS, |_| {
        for _ in 0..cycles {
            own.add(books.sell_everywhere(&mut client));
            let request = books.run_request();
            std::thread::scope(|scope| {
                let run = scope.spawn(|| finish_run(address, &request));
                random.sleep(0, 1_500);
                server.kill();
                within += usize::from(books.owner().is_some());
                assert!(books.end_lease());
                server.resume();
                run.join().unwrap();
            });
        }
    });
    finish_run(address, &books.run_request());
    server.stop();
    book.add(own);
    format!(
        "killed {cycles} times, {within} of them within the run: {}",
        books.check(&book)
    )
}

/// The process that works on a run is stopped until its lease is over and another one has finished the run; then it wakes up.
pub fn stopped(stage: &mut Stage, cycles: usize) -> String {
    let books = Books::open(stage);
    let servers = [Server::start(&books.database.url), Server::start(&books.database.url)];
    let addresses = [servers[0].address, servers[1].address];
    let mut client = Client::new(addresses[0]);
    let mut own = Book::default();
    let (mut taken_over, mut tries) = (0, 0);
    let mut book = load::during(&addresses, &books.venue, TILLS, |_| {
        while taken_over < cycles {
            tries += 1;
            assert!(
                tries <= 20 * cycles,
                "only {taken_over} of {tries} runs were taken over"
            );
            own.add(books.sell_everywhere(&mut client));
            let request = books.run_request();
            std::thread::scope(|scope| {
                let run = scope.spawn(|| finish_run(addresses[tries % 2], &request));
                // in the long form once as it really is: half a minute
                let is_real = cycles > 1 && taken_over == 0;
                taken_over += usize::from(stop_owner(&books, &servers, is_real));
                run.join().unwrap();
            });
        }
    });
    finish_run(addresses[0], &books.run_request());
    servers.into_iter().for_each(Server::stop);
    book.add(own);
    format!(
        "taken over from a stopped owner {taken_over} times ({tries} runs): {}",
        books.check(&book)
    )
}

/// Stops the process that works on a run, and wakes it up when another one has done the work. False when that could not
/// be: the run was over before, or the process was stopped while it wrote.
fn stop_owner(books: &Books, servers: &[Server], is_real: bool) -> bool {
    let began = Instant::now();
    let owner = loop {
        if let Some(owner) = books.owner() {
            break owner;
        }
        if began.elapsed() > Duration::from_secs(10) {
            return false;
        }
    };
    let server = servers
        .iter()
        .find(|server| owner.starts_with(&format!("{}-", server.process())));
    let server = server.unwrap();
    server.signal("STOP");
    let is_over = is_real || books.end_lease();
    let stopped = Instant::now();
    let mut is_taken_over = false;
    while is_over && stopped.elapsed() < Duration::from_secs(if is_real { 60 } else { 15 }) {
        match books.owner() {
            Some(now) if now == owner => std::thread::sleep(Duration::from_millis(20)),
            Some(_) => is_taken_over = true,
            // done, by the other one or before this one stopped
            None => break,
        }
    }
    server.signal("CONT");
    is_taken_over
}
