//! The thread that sends mail while a server runs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::postman::{Postman, Round};
use crate::error::ApiError;
use crate::jobs::Bell;

/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_secs(2);
/// How long to wait for a server that is away.
const PAUSE: Duration = Duration::from_secs(20);

/// Sends mail on a thread of its own; dropping it does not stop the thread.
pub struct PostOffice {
    thread: JoinHandle<()>,
    is_stopping: Arc<AtomicBool>,
    bell: Bell,
}

impl PostOffice {
    /// Starts sending.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn open(postman: Postman) -> std::io::Result<Self> {
        let (is_stopping, bell) = (Arc::clone(&postman.is_stopping), Bell::default());
        let rung = bell.clone();
        let thread = std::thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || run(&postman, &rung))?;
        Ok(PostOffice {
            thread,
            is_stopping,
            bell,
        })
    }

    /// Lets the thread end the mail it is at, and waits for that.
    pub fn close(self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.bell.ring();
        if self.thread.join().is_err() {
            tracing::error!("the thread that sends mail panicked");
        }
    }
}

fn run(postman: &Postman, bell: &Bell) {
    loop {
        let heard = bell.listen();
        if postman.is_stopping.load(Ordering::SeqCst) {
            return;
        }
        // a panic ends the batch, whose mails are tried again, and not the thread
        let round = std::panic::catch_unwind(AssertUnwindSafe(|| postman.deliver_due()))
            .unwrap_or_else(|panic| Err(ApiError::panicked(panic.as_ref())));
        match round {
            Ok(Round::Worked) => {}
            Ok(Round::Idle) => heard.wait(IDLE),
            Ok(Round::Away) => heard.wait(PAUSE),
            Err(error) => {
                tracing::warn!(%error, cause = error.cause_text(), "sending mail failed");
                heard.wait(PAUSE);
            }
        }
    }
}
