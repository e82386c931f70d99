//! Tills that know no doubt: each sends one sale after the other, and the same sale under the same key until it has its
//! answer, whatever breaks meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use onaccount::id::Id;
use uuid::Uuid;

use crate::venue::Venue;
use crate::wire::{Connection, Reply, post};

/// What each accepted sale comes to, in cents.
pub const SALE_MINOR: i64 = 760;
/// More than any account's limit, in cents.
const TOO_MUCH_MINOR: i64 = 1_999_999_999_900;
/// After this long without an answer a proof has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// Every so many sales' answers are kept, to be asked for once more.
const KEPT: usize = 20;

/// What was acknowledged.
#[derive(Default)]
pub struct Book {
    pub posted: Vec<Uuid>,
    pub declined: Vec<Uuid>,
    pub tally: Tally,
    kept: Vec<(String, Reply)>,
}

/// What came back, final or not.
#[derive(Default)]
pub struct Tally {
    /// Answers by status.
    pub answers: BTreeMap<u16, usize>,
    /// Requests whose connection broke before the answer.
    pub broken: usize,
    /// For one answer, final or not.
    pub longest: Duration,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        for (status, count) in &other.answers {
            *self.answers.entry(*status).or_default() += count;
        }
        self.broken += other.broken;
        self.longest = self.longest.max(other.longest);
    }

    pub fn count(&self, status: u16) -> usize {
        self.answers.get(&status).copied().unwrap_or_default()
    }
}

impl Book {
    pub fn add(&mut self, other: Book) {
        self.posted.extend(other.posted);
        self.declined.extend(other.declined);
        self.kept.extend(other.kept);
        self.tally.add(&other.tally);
    }

    pub fn figures(&self) -> String {
        format!(
            "{} sales and {} declines acknowledged ({} connections broken, {} answers 503)",
            self.posted.len(),
            self.declined.len(),
            self.tally.broken,
            self.tally.count(503)
        )
    }

    /// Asks for the answers that were kept once more: they are the same to the byte.
    pub fn replay(&self, address: SocketAddr) {
        let mut client = Client::new(address);
        for (request, first) in &self.kept {
            let again = client.settle(request);
            assert!(again.is_replayed, "{}", again.body);
            assert_eq!(again.status, first.status);
            assert_eq!(without_request_id(&again.body), without_request_id(&first.body));
        }
    }
}

/// A problem names the request that it answers; that is another one each time.
fn without_request_id(body: &str) -> String {
    let Some((before, rest)) = body.split_once("\"request_id\":\"") else {
        return body.to_owned();
    };
    format!("{before}{}", rest.split_once('"').unwrap().1)
}

/// Someone who asks until there is an answer.
pub struct Client {
    connection: Connection,
    pub tally: Tally,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Client {
            connection: Connection::to(address),
            tally: Tally::default(),
        }
    }

    /// Sends the request until it is answered for good: with 2xx, or a 4xx that stays. Anything else than a broken
    /// connection, 503 and 409 `in_progress` on the way there is a failure.
    pub fn settle(&mut self, request: &str) -> Reply {
        let began = Instant::now();
        loop {
            let sent = Instant::now();
            let asked = self.connection.ask(request);
            let last = match asked {
                Ok(reply) => {
                    *self.tally.answers.entry(reply.status).or_default() += 1;
                    self.tally.longest = self.tally.longest.max(sent.elapsed());
                    assert!(reply.status != 503 || reply.says_when_to_retry, "{}", reply.body);
                    let is_open = reply.status == 503 || reply.has_code("in_progress");
                    if !is_open {
                        assert!(reply.status < 500, "{}: {}", reply.status, reply.body);
                        return reply;
                    }
                    reply.body
                }
                Err(error) => {
                    self.tally.broken += 1;
                    error.to_string()
                }
            };
            assert!(
                began.elapsed() < PATIENCE,
                "no answer in a minute; the last try: {last}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// How far the tills are, for whoever disturbs them.
#[derive(Default)]
pub struct Progress {
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

impl Progress {
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many sales more are acknowledged.
    pub fn wait_for_more(&self, count: usize) {
        let (before, began) = (self.acknowledged(), Instant::now());
        while self.acknowledged() < before + count {
            assert!(began.elapsed() < PATIENCE, "nothing is acknowledged any more");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Ends the load, also when what happens meanwhile fails.
struct Ending<'p>(&'p Progress);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

/// Lets so many tills sell while something happens. Every sale that was begun is acknowledged in the end. One in ten is
/// over the limit.
pub fn during(addresses: &[SocketAddr], venue: &Venue, tills: usize, happens: impl FnOnce(&Progress)) -> Book {
    let progress = Progress::default();
    let mut book = Book::default();
    std::thread::scope(|scope| {
        let sellers: Vec<_> = (0..tills)
            .map(|number| {
                let (progress, address) = (&progress, addresses[number % addresses.len()]);
                scope.spawn(move || sell(address, venue, number, progress))
            })
            .collect();
        {
            let _ending = Ending(&progress);
            happens(&progress);
        }
        for seller in sellers {
            book.add(seller.join().unwrap());
        }
    });
    book
}

fn sell(address: SocketAddr, venue: &Venue, number: usize, progress: &Progress) -> Book {
    let (mut client, mut book, mut random) = (Client::new(address), Book::default(), Random::new(number));
    for count in 0.. {
        if progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        let (key, is_too_much) = (Uuid::new_v4(), count % 10 == 9);
        let account = venue.accounts[random.below(venue.accounts.len())];
        let amount = if is_too_much { TOO_MUCH_MINOR } else { SALE_MINOR };
        let request = post("/v1/sales", &venue.key, key, &sale(account, amount));
        let reply = client.settle(&request);
        match reply.status {
            201 if !is_too_much => book.posted.push(key),
            409 if is_too_much && reply.has_code("limit_exceeded") => book.declined.push(key),
            _ => panic!("{}: {}", reply.status, reply.body),
        }
        progress.acknowledged.fetch_add(1, Ordering::SeqCst);
        if count % KEPT == 0 {
            book.kept.push((request, reply));
        }
    }
    book.tally = client.tally;
    book
}

/// A sale of two lines, in cents.
pub fn sale(account: Id, amount: i64) -> String {
    let money = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
    format!(
        "{{\"account_id\":\"{account}\",\"occurred_at\":\"{now}\",\"amount\":\"{}\",\"lines\":[\
        {{\"product_code\":\"BEER-25\",\"name\":\"Beer 25 cl\",\"quantity\":\"2\",\"amount\":\"{}\",\"vat_rate\":\"21.00\"}},\
        {{\"product_code\":\"NUTS\",\"name\":\"Nuts\",\"quantity\":\"1\",\"amount\":\"1.20\",\"vat_rate\":\"9.00\"}}]}}",
        money(amount),
        money(amount - 120)
    )
}

/// Chance: another one each time, for what is killed has no seed either.
pub struct Random(u64);

impl Random {
    pub fn new(number: usize) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Random((now.as_nanos() as u64 ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    /// Waits a while between these, in milliseconds.
    pub fn sleep(&mut self, from: usize, to: usize) {
        std::thread::sleep(Duration::from_millis((from + self.below(to - from)) as u64));
    }
}
