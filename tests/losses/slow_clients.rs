//! Many who send their requests byte by byte, while honest tills sell. None of them may hold a connection for long.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::rt;
use actix_web::rt::net::TcpStream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::livez::Watch;
use crate::server::Server;
use crate::stage::Stage;
use crate::wire::get;
use crate::{audit, load};

const TILLS: usize = 16;
/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(500);
/// The service's limits are 10 s for a head or body and 15 s between an answer and the next head; the machine is busy.
const LET_GO_WITHIN: Duration = Duration::from_secs(22);
/// All connect within this time, as clients that have nothing to do with each other do.
const ARRIVE_WITHIN: Duration = Duration::from_secs(3);

/// What is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slow {
    Head,
    /// Of a second request: the first one was as it should be.
    NextHead,
    Body,
    ChunkedBody,
}

const ALL: [Slow; 4] = [Slow::Head, Slow::NextHead, Slow::Body, Slow::ChunkedBody];

/// The status that ended it, or none when the connection was closed without a word; and after how long.
type End = (Option<u16>, Duration);

pub fn make(stage: &mut Stage, clients: usize) -> String {
    raise_limit_of_files();
    let database = stage.database();
    let venue = database.venue(50);
    let server = Server::start(&database.url);
    let address = server.address;
    let (mut ends, mut sold, mut waits) = (Vec::new(), 0, None);
    let book = load::during(&[address], &venue, TILLS, |progress| {
        progress.wait_for_more(TILLS);
        let (watch, before) = (Watch::begin(address), progress.acknowledged());
        ends = send_slowly(address, &venue.key, clients);
        sold = progress.acknowledged() - before;
        waits = Some(watch.end());
        progress.wait_for_more(TILLS + 1);
    });
    book.replay(address);
    server.stop();
    assert!(sold > TILLS, "the tills did not sell meanwhile");
    assert_eq!(book.tally.broken, 0, "honest tills were served");
    let (what, longest) = judge(&ends);
    format!(
        "{clients} slow clients: {what}, after {:.1} s at most; {sold} sales and declines meanwhile; {}; {}",
        longest.as_secs_f64(),
        waits.unwrap(),
        audit::check(&database, &venue, &book)
    )
}

/// How they ended, by what was slow; and the longest time that one of them took.
fn judge(ends: &[(Slow, End)]) -> (String, Duration) {
    let mut counts: BTreeMap<(Slow, Option<u16>), usize> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for (slow, (status, after)) in ends {
        assert!(
            matches!(status, None | Some(408 | 503)),
            "{slow:?} was answered {status:?}"
        );
        *counts.entry((*slow, *status)).or_default() += 1;
        longest = longest.max(*after);
    }
    assert!(longest < LET_GO_WITHIN, "one was let go after {longest:?}");
    let say = |((slow, status), count): (&(Slow, Option<u16>), &usize)| match status {
        Some(status) => format!("{count} {slow:?} answered {status}"),
        None => format!("{count} {slow:?} closed"),
    };
    let words: Vec<String> = counts.iter().map(say).collect();
    (words.join(", "), longest)
}

/// All at once, on this thread.
fn send_slowly(address: SocketAddr, key: &str, clients: usize) -> Vec<(Slow, End)> {
    rt::System::new().block_on(async {
        let sending: Vec<_> = (0..clients)
            .map(|number| {
                let (slow, key) = (ALL[number % ALL.len()], key.to_owned());
                let waits = ARRIVE_WITHIN * number as u32 / clients as u32;
                let sending = rt::spawn(async move {
                    sleep(waits).await;
                    send_one(address, slow, &key).await
                });
                (slow, sending)
            })
            .collect();
        let mut ends = Vec::new();
        for (slow, sending) in sending {
            ends.push((slow, sending.await.unwrap()));
        }
        ends
    })
}

/// Sends until the service has had enough.
async fn send_one(address: SocketAddr, slow: Slow, key: &str) -> End {
    let stream = TcpStream::connect(address).await.unwrap();
    if slow == Slow::NextHead {
        write(&stream, get("/livez", "").as_bytes()).await;
        let answer = read(&stream, Duration::from_secs(10)).await;
        assert!(answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    }
    let (begin, drop) = pieces(slow, key);
    let began = Instant::now();
    let mut is_open = write(&stream, begin.as_bytes()).await;
    loop {
        if let Some(answer) = read(&stream, PAUSE).await {
            let status = answer.get(9..12).and_then(|status| status.parse().ok());
            let says_why = status != Some(408) || slow == Slow::Head || answer.contains("\"code\":\"request_timeout\"");
            assert!(says_why, "{answer}");
            return (status, began.elapsed());
        }
        // what was written to a connection that is closed meanwhile shows at the next read
        is_open = is_open && write(&stream, drop.as_bytes()).await;
        assert!(began.elapsed() < 2 * LET_GO_WITHIN, "{slow:?} is never let go");
    }
}

/// How the request begins, and what comes of it again and again.
fn pieces(slow: Slow, key: &str) -> (String, &'static str) {
    let post = |length: &str| {
        format!(
            "POST /v1/sales HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nidempotency-key: {}\r\n\
            content-type: application/json\r\n{length}\r\n\r\n",
            Uuid::new_v4()
        )
    };
    match slow {
        Slow::Head | Slow::NextHead => ("GET /livez HTTP/1.1\r\nx-slow: ".to_owned(), "a"),
        Slow::Body => (post("content-length: 4000"), " "),
        Slow::ChunkedBody => (post("transfer-encoding: chunked"), "1\r\n \r\n"),
    }
}

/// What came within that time; nothing came: none; the connection was closed: an empty text.
async fn read(stream: &TcpStream, within: Duration) -> Option<String> {
    let mut part = [0; 4_096];
    loop {
        timeout(within, stream.readable()).await.ok()?.unwrap();
        match stream.try_read(&mut part) {
            Ok(read) => return Some(String::from_utf8_lossy(&part[..read]).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_broken) => return Some(String::new()),
        }
    }
}

/// Whether the connection took it.
async fn write(stream: &TcpStream, text: &[u8]) -> bool {
    // a few bytes always fit
    stream.writable().await.is_ok() && stream.try_write(text).is_ok_and(|written| written == text.len())
}

/// Every client is a connection of this program.
fn raise_limit_of_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )
    .unwrap();
}
