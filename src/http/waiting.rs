//! Connections on which nothing is being worked: they are closed when the next request does not come. The framework itself
//! limits the time only for the head of the first request of a connection.

use std::any::Any;
use std::cell::Cell;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt;
use actix_web::web::Bytes;
use tokio::time::{Instant, sleep_until};

/// How long a client may take for its first request's head.
pub const HEAD_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long from the end of an answer until the next request's head is there; without a byte of it, the framework closes the
/// connection after 5 s.
const NEXT_WAIT_MAX: Duration = Duration::from_secs(15);
/// As much as the framework keeps for a connection that takes its time.
const PIECE_BYTES: usize = 32 << 10;

/// A client's connection.
pub struct Connection(Rc<State>);

struct State {
    /// The same socket once more, to close it from outside.
    socket: TcpStream,
    /// Requests of it that are being worked on or answered.
    at_work: Cell<usize>,
    /// Since when there is none.
    idle_since: Cell<Instant>,
}

impl Connection {
    /// Watches over a connection that was just made: for [`actix_web::HttpServer::on_connect`].
    pub fn watch(io: &dyn Any, data: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<rt::net::TcpStream>() else {
            return;
        };
        // who has no descriptor left cannot serve it for long either: it closes by itself
        let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
            return;
        };
        let state = Rc::new(State {
            socket: socket.into(),
            at_work: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
        });
        rt::spawn(close_when_idle(Rc::downgrade(&state)));
        data.insert(Connection(state));
    }

    /// A request of it has come.
    pub fn begin_work(&self) -> Work {
        self.0.at_work.set(self.0.at_work.get() + 1);
        Work(Rc::clone(&self.0))
    }
}

async fn close_when_idle(connection: Weak<State>) {
    let mut look_again = Instant::now() + NEXT_WAIT_MAX;
    loop {
        sleep_until(look_again).await;
        let Some(state) = connection.upgrade() else {
            return;
        };
        let now = Instant::now();
        let closes_at = if state.at_work.get() > 0 {
            now
        } else {
            state.idle_since.get()
        } + NEXT_WAIT_MAX;
        if closes_at <= now {
            // it may have gone by itself
            let _gone = state.socket.shutdown(Shutdown::Both);
            return;
        }
        look_again = closes_at;
    }
}

/// A request that is being worked on or answered, until it is dropped.
pub struct Work(Rc<State>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.at_work.set(self.0.at_work.get().saturating_sub(1));
        self.0.idle_since.set(Instant::now());
    }
}

/// A body whose request is being answered until all of it is sent, but for the last piece: so who reads slowly is not taken for
/// idle.
pub fn until_sent(body: BoxBody, work: Option<Work>) -> BoxBody {
    let is_one_piece = match body.size() {
        BodySize::None => true,
        BodySize::Sized(length) => usize::try_from(length).is_ok_and(|length| length <= PIECE_BYTES),
        BodySize::Stream => false,
    };
    if is_one_piece {
        body
    } else {
        Pieces::new(body, work).boxed()
    }
}

/// A body that is handed over in pieces.
struct Pieces {
    body: BoxBody,
    /// Of the part of the body that is being handed over.
    rest: Bytes,
    _work: Option<Work>,
}

impl Pieces {
    fn new(body: BoxBody, work: Option<Work>) -> Self {
        Pieces {
            body,
            rest: Bytes::new(),
            _work: work,
        }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(part)) => self.rest = part,
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[test]
    fn a_small_body_goes_out_as_it_is() {
        let body = until_sent(BoxBody::new("0123456789"), None);
        assert_eq!(body.try_into_bytes().unwrap(), "0123456789");
        let large = until_sent(BoxBody::new("0".repeat(PIECE_BYTES + 1)), None);
        assert!(large.try_into_bytes().is_err(), "it is taken at once");
    }

    #[actix_web::test]
    async fn a_large_body_goes_out_in_pieces() {
        let text = "0123456789".repeat(10_000);
        let mut body = until_sent(BoxBody::new(text.clone()), None);
        let mut sent = Vec::new();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
            let piece = piece.unwrap();
            assert!((1..=PIECE_BYTES).contains(&piece.len()));
            sent.extend_from_slice(&piece);
        }
        assert_eq!(sent, text.as_bytes());
    }
}
