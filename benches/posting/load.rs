//! Tills: each a connection that sends one request after the other and waits for every answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use onaccount::id::Id;
use uuid::Uuid;

use crate::venue::Venue;

/// Left out of the figures at the start of each run.
const WARM_UP: Duration = Duration::from_millis(500);

/// What the tills send.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Single sales, each accepted.
    Sales,
    /// One in ten is over the limit, one in ten is sent again under its key.
    Mixed,
    /// Batches of so many sales, as an offline till sends them.
    Batches(usize),
    /// Sales whose lines do not add up: refused before the database is asked.
    Refused,
}

/// How a till makes the keys of its sales.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// UUIDs of version 4: each lies elsewhere in an index.
    Random,
    /// UUIDs of version 7: each lies behind those before.
    InOrderOfTime,
}

impl Keys {
    pub fn make(self) -> Uuid {
        match self {
            Self::Random => Uuid::new_v4(),
            Self::InOrderOfTime => Uuid::now_v7(),
        }
    }
}

/// A sale's amount and those of its two lines.
struct Amounts {
    amount: &'static str,
    beer: &'static str,
    nuts: &'static str,
}

const TWO_BEERS: Amounts = Amounts {
    amount: "7.60",
    beer: "6.40",
    nuts: "1.20",
};
const OVER_LIMIT: Amounts = Amounts {
    amount: "19999999999.00",
    beer: "19999999997.80",
    nuts: "1.20",
};
const WRONG_SUM: Amounts = Amounts {
    amount: "7.61",
    beer: "6.40",
    nuts: "1.20",
};

/// What came of a run.
#[derive(Default)]
pub struct Tally {
    pub posted: u64,
    pub declined: u64,
    pub replayed: u64,
    pub refused: u64,
    /// Answers of none of these kinds, and the first of them.
    pub failed: u64,
    pub first_failure: Option<String>,
    /// How long each answer took, after the warm-up.
    pub waits: Vec<Duration>,
    /// Sales answered after the warm-up.
    pub counted: u64,
    pub elapsed: Duration,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.posted += other.posted;
        self.declined += other.declined;
        self.replayed += other.replayed;
        self.refused += other.refused;
        self.failed += other.failed;
        self.counted += other.counted;
        self.waits.extend(other.waits);
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    pub fn per_second(&self) -> f64 {
        self.counted as f64 / self.elapsed.as_secs_f64()
    }

    /// The wait, in milliseconds, that this share of the answers did not exceed.
    pub fn percentile_ms(&mut self, share: f64) -> f64 {
        self.waits.sort_unstable();
        let place = (self.waits.len() as f64 * share) as usize;
        self.waits.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    }
}

/// Lets so many tills sell for a while; each picks its accounts at random among its venue's.
pub fn run(
    address: SocketAddr,
    venues: &[Venue],
    clients: usize,
    (traffic, keys): (Traffic, Keys),
    time: Duration,
) -> Tally {
    let stop = AtomicBool::new(false);
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let tills: Vec<_> = (0..clients)
            .map(|number| {
                let stop = &stop;
                scope.spawn(move || Till::new(address, venues, (number, clients), keys).sell(traffic, stop))
            })
            .collect();
        std::thread::sleep(WARM_UP + time);
        stop.store(true, Ordering::Relaxed);
        for till in tills {
            all.add(till.join().unwrap());
        }
    });
    all.elapsed = time;
    all
}

struct Till<'a> {
    address: SocketAddr,
    stream: TcpStream,
    venues: Vec<&'a Venue>,
    keys: Keys,
    random: u64,
    received: Vec<u8>,
}

struct Reply<'a> {
    status: u16,
    is_replayed: bool,
    body: &'a str,
}

impl<'a> Till<'a> {
    fn new(address: SocketAddr, venues: &'a [Venue], (number, clients): (usize, usize), keys: Keys) -> Self {
        let stream = connect(address);
        // with more venues than tills, a till stands for those of several venues
        let venues: Vec<&Venue> = venues.iter().skip(number % venues.len()).step_by(clients).collect();
        Till {
            address,
            stream,
            venues,
            keys,
            random: 0x9E37_79B9_7F4A_7C15 ^ ((number as u64 + 1) << 32),
            received: vec![0; 1 << 20],
        }
    }

    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % below
    }

    fn sell(mut self, traffic: Traffic, stop: &AtomicBool) -> Tally {
        let mut tally = Tally::default();
        let began = Instant::now();
        let mut last = None;
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            let venue = self.venues[number % self.venues.len()];
            let request = match (traffic, number % 10, last.take()) {
                (Traffic::Mixed, 4, Some(last)) => last,
                (Traffic::Mixed, 9, _) => self.sale(venue, &OVER_LIMIT),
                (Traffic::Refused, _, _) => self.sale(venue, &WRONG_SUM),
                (Traffic::Batches(size), _, _) => self.batch(venue, size),
                _ => self.sale(venue, &TWO_BEERS),
            };
            let sales = if let Traffic::Batches(size) = traffic {
                size as u64
            } else {
                1
            };
            let asked = Instant::now();
            let reply = self.ask(&request);
            let wait = asked.elapsed();
            note(&mut tally, &reply, sales);
            if began.elapsed() > WARM_UP {
                tally.waits.push(wait);
                tally.counted += sales;
            }
            last = Some(request);
            number += 1;
        }
        tally
    }

    fn sale(&mut self, venue: &Venue, amounts: &Amounts) -> String {
        let account = venue.accounts[self.random(venue.accounts.len())];
        let body = sale_body(account, amounts, None);
        request("/v1/sales", &venue.key, Some(self.keys.make()), &body)
    }

    fn batch(&mut self, venue: &Venue, size: usize) -> String {
        let sales: Vec<String> = (0..size)
            .map(|_| {
                let account = venue.accounts[self.random(venue.accounts.len())];
                sale_body(account, &TWO_BEERS, Some(self.keys.make()))
            })
            .collect();
        let body = format!("{{\"sales\":[{}]}}", sales.join(","));
        request("/v1/sales/batch", &venue.key, None, &body)
    }

    fn ask(&mut self, request: &str) -> Reply<'_> {
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            if length == self.received.len() {
                self.received.resize(length * 2, 0);
            }
            let read = self.stream.read(&mut self.received[length..]).unwrap();
            assert!(read > 0, "the server closed the connection");
            length += read;
            if let Some(end) = find(&self.received[..length], b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.received[..end]).unwrap();
                let body_length = header(head, "content-length").map_or(0, |text| text.parse().unwrap());
                if length >= end + 4 + body_length {
                    break;
                }
            }
        }
        let end = find(&self.received[..length], b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&self.received[..end]).unwrap();
        if header(head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.stream = connect(self.address);
        }
        Reply {
            status: head[9..12].parse().unwrap(),
            is_replayed: header(head, "idempotent-replayed").is_some(),
            body: std::str::from_utf8(&self.received[end + 4..length]).unwrap(),
        }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn note(tally: &mut Tally, reply: &Reply, sales: u64) {
    match reply.status {
        201 | 409 if reply.is_replayed => tally.replayed += 1,
        201 => tally.posted += 1,
        207 => {
            let posted = reply.body.matches("\"outcome\":\"posted\"").count() as u64;
            tally.posted += posted;
            tally.failed += sales - posted;
        }
        409 => tally.declined += 1,
        422 => tally.refused += 1,
        _ => {
            tally.failed += 1;
            tally
                .first_failure
                .get_or_insert_with(|| format!("{}: {}", reply.status, reply.body));
        }
    }
}

fn sale_body(account: Id, amounts: &Amounts, id: Option<Uuid>) -> String {
    let Amounts { amount, beer, nuts } = amounts;
    let occurred_at = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
    let sale = format!(
        "{{\"account_id\":\"{account}\",\"occurred_at\":\"{occurred_at}\",\"amount\":\"{amount}\",\
        \"receipt_number\":\"1-20417\",\"lines\":[\
        {{\"product_code\":\"BEER-25\",\"name\":\"Beer 25 cl\",\"quantity\":\"2\",\"amount\":\"{beer}\",\
        \"vat_rate\":\"21.00\",\"unit_price\":\"3.20\",\"category\":\"Drinks\"}},\
        {{\"product_code\":\"NUTS\",\"name\":\"Nuts\",\"quantity\":\"1\",\"amount\":\"{nuts}\",\"vat_rate\":\"9.00\"}}]}}"
    );
    id.map_or_else(|| sale.clone(), |id| format!("{{\"id\":\"{id}\",\"sale\":{sale}}}"))
}

fn request(path: &str, key: &str, idempotency_key: Option<Uuid>, body: &str) -> String {
    let idempotency_key = idempotency_key.map_or(String::new(), |key| format!("idempotency-key: {key}\r\n"));
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n{idempotency_key}\
        content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
