//! The server is killed at random while tills sell.

use std::time::{Duration, Instant};

use crate::load::Random;
use crate::server::Server;
use crate::stage::Stage;
use crate::{audit, load};

const TILLS: usize = 32;
const ACCOUNTS: usize = 100;
/// So many are sold between two kills, at most; on average half as many.
const SALES_MAX: usize = 1_000;
const READY_AGAIN_WITHIN: Duration = Duration::from_secs(5);

pub fn make(stage: &mut Stage, cycles: usize) -> String {
    let database = stage.database();
    let venue = database.venue(ACCOUNTS);
    let mut server = Server::start(&database.url);
    let address = server.address;
    let mut random = Random::new(0);
    let mut longest = Duration::ZERO;
    let book = load::during(&[address], &venue, TILLS, |progress| {
        for _ in 0..cycles {
            // so that there is something to lose
            progress.wait_for_more(1 + random.below(SALES_MAX));
            random.sleep(0, 20);
            let killed = Instant::now();
            server.kill();
            server.resume();
            longest = longest.max(killed.elapsed());
        }
    });
    book.replay(address);
    server.stop();
    assert!(longest < READY_AGAIN_WITHIN, "ready only after {longest:?}");
    let figures = audit::check(&database, &venue, &book);
    format!(
        "killed {cycles} times: {figures}; ready again within {} ms",
        longest.as_millis()
    )
}
