//! The database keeps the service waiting: somebody holds its locks, or nothing comes through the network any more.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::livez::Watch;
use crate::server::Server;
use crate::stage::{Database, Kind, Stage};
use crate::wire::{Connection, connect, get};
use crate::{audit, load};

const TILLS: usize = 32;
/// More than there are connections to the database.
const READERS: usize = 48;
/// Longer than the service waits for a lock.
const LOCKED_FOR: Duration = Duration::from_secs(7);
/// Longer than a request waits for its posting.
const STALLED_FOR: Duration = Duration::from_secs(12);
/// Nobody waits longer for an answer: the service's 10 s for a posting, on a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(13);
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);

pub fn make(stage: &mut Stage, cycles: usize) -> String {
    let database = stage.database();
    let venue = database.venue(50);
    let network = (stage.kind == Kind::Postgres).then(|| Network::before(&database.url));
    let url = network
        .as_ref()
        .map_or(database.url.clone(), |network| network.url.clone());
    let server = Server::start(&url);
    let address = server.address;
    let watch = Watch::begin(address);
    let (readers_are_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut recovered = Duration::ZERO;
    let book = std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| read_all_the_while(address, &readers_are_over, &refused));
        }
        let book = load::during(&[address], &venue, TILLS, |progress| {
            let mut disturb = |disturb: &dyn Fn()| {
                progress.wait_for_more(TILLS + 1);
                disturb();
                let is_free = Instant::now();
                // more than what was answered before and is counted only now
                progress.wait_for_more(TILLS + 1);
                recovered = recovered.max(is_free.elapsed());
            };
            for _ in 0..cycles {
                disturb(&|| lock(&database));
                if let Some(network) = &network {
                    disturb(&|| network.stall());
                }
            }
        });
        readers_are_over.store(true, Ordering::SeqCst);
        book
    });
    let waits = watch.end();
    book.replay(address);
    server.stop();
    assert!(
        book.tally.count(503) > 0,
        "it was never slow: this proof could not fail"
    );
    assert_eq!(book.tally.broken, 0, "the server answers all the while");
    assert!(
        book.tally.longest < ANSWERED_WITHIN,
        "a till waited {:?}",
        book.tally.longest
    );
    assert!(recovered < RECOVERED_WITHIN, "sold again only after {recovered:?}");
    format!(
        "slow {cycles} times: {}; longest answer {} ms; {} readers refused with 503; sold again {} ms after it was free at \
        most; {waits}",
        audit::check(&database, &venue, &book),
        book.tally.longest.as_millis(),
        refused.into_inner(),
        recovered.as_millis()
    )
}

/// Somebody else keeps all from writing for a while.
fn lock(database: &Database) {
    let hold = |connection: &mut dyn SimpleConnection, begin: &str| {
        connection.batch_execute(begin).unwrap();
        std::thread::sleep(LOCKED_FOR);
        connection.batch_execute("ROLLBACK").unwrap();
    };
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        let mut connection = SqliteConnection::establish(path).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        hold(&mut connection, "BEGIN IMMEDIATE");
    } else {
        let mut connection = PgConnection::establish(&database.url).unwrap();
        hold(&mut connection, "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE");
    }
}

/// Asks for what needs a connection to the database; counts the refusals.
fn read_all_the_while(address: SocketAddr, is_over: &AtomicBool, refused: &AtomicUsize) {
    let mut connection = Connection::to(address);
    while !is_over.load(Ordering::SeqCst) {
        let began = Instant::now();
        let reply = connection.ask(&get("/readyz", "")).unwrap();
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "a reader waited {:?}",
            began.elapsed()
        );
        if reply.status == 503 {
            assert!(reply.says_when_to_retry);
            refused.fetch_add(1, Ordering::SeqCst);
        } else {
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What lies between the server and PostgreSQL: works until the program ends.
struct Network {
    /// Of the database, through it.
    url: String,
    is_stalled: Arc<AtomicBool>,
}

impl Network {
    fn before(database_url: &str) -> Self {
        let mut url = url::Url::parse(database_url).unwrap();
        let database = SocketAddr::from((Ipv4Addr::LOCALHOST, url.port().unwrap()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let is_stalled = Arc::new(AtomicBool::new(false));
        let stalled = Arc::clone(&is_stalled);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = connect(database).unwrap();
                server.set_read_timeout(None).unwrap();
                client.set_nodelay(true).unwrap();
                for (from, to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server, client),
                ] {
                    let stalled = Arc::clone(&stalled);
                    std::thread::spawn(move || pass_on(from, to, &stalled));
                }
            }
        });
        Network {
            url: url.into(),
            is_stalled,
        }
    }

    /// Lets nothing through for a while, and all of it afterwards.
    fn stall(&self) {
        self.is_stalled.store(true, Ordering::SeqCst);
        std::thread::sleep(STALLED_FOR);
        self.is_stalled.store(false, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_stalled: &AtomicBool) {
    let mut part = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut part) {
        while is_stalled.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&part[..read]).is_err() {
            break;
        }
    }
    // the other side may have closed it
    let _closed = to.shutdown(Shutdown::Write);
}
