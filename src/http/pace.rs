//! The speed at which a body must come: who sends it byte by byte is let go, and does not hold a connection for ever.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{ApiError, Code};

/// What every body may take, and for each so many bytes of it a second more: any mobile connection is faster.
const BODY_WAIT: Duration = Duration::from_secs(10);
const BYTES_PER_S_MIN: u64 = 8 << 10;

/// Watches over the body of one request.
pub struct Pace {
    is_too_slow: Rc<Cell<bool>>,
}

impl Pace {
    /// Puts itself between the connection and whoever reads the body.
    pub fn set(request: &mut ServiceRequest) -> Self {
        let is_too_slow = Rc::new(Cell::new(false));
        let payload = request.take_payload();
        if !matches!(payload, Payload::None) {
            let body = Body {
                payload,
                began: Instant::now(),
                received: 0,
                timer: None,
                is_too_slow: Rc::clone(&is_too_slow),
            };
            request.set_payload(Payload::Stream {
                payload: Box::pin(body),
            });
        }
        Pace { is_too_slow }
    }

    /// The answer when the body came too slowly; its reader was told that it broke off.
    pub fn refusal(&self) -> Option<ApiError> {
        let seconds = BODY_WAIT.as_secs();
        let refusal = || {
            ApiError::new(Code::RequestTimeout).detail(format!(
                "a body must come within {seconds} s, and a second more for each {BYTES_PER_S_MIN} bytes"
            ))
        };
        self.is_too_slow.get().then(refusal)
    }
}

struct Body {
    payload: Payload,
    began: Instant,
    received: u64,
    /// Only of a body that did not come with the head.
    timer: Option<Pin<Box<Sleep>>>,
    is_too_slow: Rc<Cell<bool>>,
}

impl Body {
    fn deadline(&self) -> Instant {
        self.began + BODY_WAIT + Duration::from_secs(self.received / BYTES_PER_S_MIN)
    }
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(context);
        if let Poll::Ready(part) = polled {
            if let Some(Ok(bytes)) = &part {
                self.received = self
                    .received
                    .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            }
            return Poll::Ready(part);
        }
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(context));
        self.is_too_slow.set(true);
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}
