//! Tills that sell while something else goes on, and how long each sale waited.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use onaccount::clock::Clock;
use uuid::Uuid;

use crate::venue::Venue;

/// So many tills sell at once.
const TILLS: usize = 4;
/// Between two sales of one till.
const PAUSE: Duration = Duration::from_millis(20);

/// What tills waited, since when they began.
pub struct Tills {
    waits: Mutex<Vec<(Instant, Duration)>>,
    stop: AtomicBool,
}

impl Tills {
    pub fn new() -> Self {
        Tills {
            waits: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Sells until it is told to stop.
    pub fn sell(&self, address: SocketAddr, venue: &Venue) {
        std::thread::scope(|scope| {
            for till in 0..TILLS {
                scope.spawn(move || self.sell_at(address, venue, till));
            }
        });
    }

    fn sell_at(&self, address: SocketAddr, venue: &Venue, till: usize) {
        let agent = ureq::Agent::new_with_defaults();
        let clock = Clock::system();
        for number in till.. {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            let account = venue.accounts[number * 7 % venue.accounts.len()];
            let body = format!(
                r#"{{"account_id":"{account}","occurred_at":"{}","amount":"2.50","lines":[{{"product_code":"BEER","name":"Beer",
                "quantity":"1","amount":"2.50","vat_rate":"21.00"}}]}}"#,
                clock.now()
            );
            let (began, key) = (Instant::now(), Uuid::new_v4().to_string());
            loop {
                let answer = agent
                    .post(format!("http://{address}/v1/sales"))
                    .header("Authorization", format!("Bearer {}", venue.key))
                    .header("Idempotency-Key", &key)
                    .header("Content-Type", "application/json")
                    .send(body.as_bytes());
                match answer {
                    Ok(_) => break,
                    // As a till does: the same sale again, under its key.
                    Err(ureq::Error::StatusCode(503)) => std::thread::sleep(PAUSE),
                    Err(error) => panic!("{error}"),
                }
            }
            self.waits.lock().unwrap().push((began, began.elapsed()));
            std::thread::sleep(PAUSE);
        }
    }

    /// Number, p50, p99 and longest wait, in milliseconds, of the sales that were under way between two moments.
    pub fn between(&self, from: Instant, to: Instant) -> String {
        let waits = self.waits.lock().unwrap();
        let within = waits
            .iter()
            .filter(|(began, wait)| *began <= to && *began + *wait >= from);
        let mut within: Vec<f64> = within.map(|(_, wait)| wait.as_secs_f64() * 1000.0).collect();
        within.sort_unstable_by(f64::total_cmp);
        if within.is_empty() {
            return "no sale".to_owned();
        }
        let at = |share: usize| within[(within.len() - 1) * share / 1000];
        format!(
            "{} sales: p50 {:.1}, p99 {:.0}, longest {:.0} ms",
            within.len(),
            at(500),
            at(990),
            at(1000)
        )
    }
}
