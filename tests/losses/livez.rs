//! Somebody who asks `/livez` all the while, as a supervisor does: whatever happens, it must answer at once.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::wire::{Connection, get};

/// A supervisor gives up after a second or more; proofs run on busy machines.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

pub struct Watch {
    is_over: Arc<AtomicBool>,
    asking: JoinHandle<Vec<Duration>>,
}

/// How long the answers took.
pub struct Waits {
    count: usize,
    p50: Duration,
    p99: Duration,
    longest: Duration,
}

impl Watch {
    pub fn begin(address: SocketAddr) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let asking = std::thread::spawn(move || {
            let mut waits = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                let began = Instant::now();
                // each time on a connection of its own, for that is what a supervisor has
                let reply = Connection::to(address).ask(&get("/livez", ""));
                assert_eq!(reply.unwrap().status, 200);
                waits.push(began.elapsed());
                std::thread::sleep(PAUSE);
            }
            waits
        });
        Watch { is_over, asking }
    }

    pub fn end(self) -> Waits {
        self.is_over.store(true, Ordering::SeqCst);
        let mut waits = self.asking.join().unwrap();
        waits.sort();
        let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
        let waits = Waits {
            count: waits.len(),
            p50: at(50),
            p99: at(99),
            longest: at(100),
        };
        assert!(waits.longest < ANSWERS_WITHIN, "{waits}");
        waits
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/livez asked {} times: p50 {} ms, p99 {} ms, longest {} ms",
            self.count,
            self.p50.as_millis(),
            self.p99.as_millis(),
            self.longest.as_millis()
        )
    }
}
