//! PostgreSQL goes away under the server's hands.

use std::time::{Duration, Instant};

use crate::load::Random;
use crate::server::Server;
use crate::stage::Stage;
use crate::{audit, load};

const TILLS: usize = 32;
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);

/// PostgreSQL is restarted without a clean end.
pub fn restarted(stage: &mut Stage, cycles: usize) -> String {
    disturbed(stage, cycles, "restarted", |stage, _database| {
        stage.cluster().stop("QUIT");
        stage.cluster().resume();
    })
}

/// Every session of the service is terminated.
pub fn terminated(stage: &mut Stage, cycles: usize) -> String {
    disturbed(stage, cycles, "all sessions terminated", |stage, database| {
        stage.cluster().execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        ));
    })
}

fn disturbed(stage: &mut Stage, cycles: usize, what: &str, disturb: impl Fn(&mut Stage, &str)) -> String {
    let database = stage.database();
    let name = database.url.rsplit('/').next().unwrap();
    let venue = database.venue(100);
    let server = Server::start(&database.url);
    let address = server.address;
    let mut random = Random::new(0);
    let (mut longest_away, mut longest) = (Duration::ZERO, Duration::ZERO);
    let book = load::during(&[address], &venue, TILLS, |progress| {
        for _ in 0..cycles {
            random.sleep(50, 400);
            let began = Instant::now();
            disturb(stage, name);
            let is_back = Instant::now();
            // more than what was answered before and is counted only now
            progress.wait_for_more(TILLS + 1);
            longest_away = longest_away.max(is_back - began);
            longest = longest.max(is_back.elapsed());
        }
    });
    book.replay(address);
    server.stop();
    assert_eq!(book.tally.broken, 0, "the server answers all the while");
    assert!(
        longest < RECOVERED_WITHIN,
        "sold again only {longest:?} after PostgreSQL was back"
    );
    let figures = audit::check(&database, &venue, &book);
    format!(
        "{what} {cycles} times, each time away for {} ms at most: {figures}; answers by status {:?}; \
        sold again {} ms after it was back at most",
        longest_away.as_millis(),
        book.tally.answers,
        longest.as_millis()
    )
}
