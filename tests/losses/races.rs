//! Many want the same at the same moment: the rest of a limit, or the same sale.

use std::sync::Barrier;

use uuid::Uuid;

use crate::load::{Book, Client, sale};
use crate::server::Server;
use crate::stage::Stage;
use crate::venue::{LIMIT_MINOR, Venue};
use crate::wire::post;
use crate::{audit, load};

const RACERS: usize = 500;
const WINNERS: usize = 100;
/// How many send the same request at once, and how many such groups there are.
const TWINS: usize = 20;
const GROUPS: usize = 3;

/// Each round an account whose limit is worth exactly [`WINNERS`] sales.
pub fn limit(stage: &mut Stage, rounds: usize) -> String {
    let database = stage.database();
    let venue = database.venue(rounds);
    let servers = start_all(stage, &database.url);
    let start = Barrier::new(RACERS);
    let amount = LIMIT_MINOR / WINNERS as i64;
    let mut winners = vec![0; rounds];
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (start, venue, address) = (&start, &venue, servers[number % servers.len()].address);
                scope.spawn(move || race(&mut Client::new(address), venue, amount, start))
            })
            .collect();
        for racer in racers {
            for (round, has_won) in racer.join().unwrap().into_iter().enumerate() {
                winners[round] += usize::from(has_won);
            }
        }
    });
    servers.into_iter().for_each(Server::stop);
    assert_eq!(winners, vec![WINNERS; rounds]);
    assert_eq!(database.entries(&venue, "sale").len(), rounds * WINNERS);
    assert_eq!(database.owed(&venue), rounds as i64 * LIMIT_MINOR);
    database.verify();
    format!("{RACERS} racers, {rounds} rounds: exactly {WINNERS} posted in each, the others declined")
}

/// Whether this racer got its sale, for each account.
fn race(client: &mut Client, venue: &Venue, amount: i64, start: &Barrier) -> Vec<bool> {
    let run = |account| {
        let request = post("/v1/sales", &venue.key, Uuid::new_v4(), &sale(account, amount));
        start.wait();
        let reply = client.settle(&request);
        let is_declined = reply.status == 409 && reply.has_code("limit_exceeded");
        assert!(reply.status == 201 || is_declined, "{}", reply.body);
        reply.status == 201
    };
    venue.accounts.iter().copied().map(run).collect()
}

/// Identical requests at once, on every key.
pub fn duplicates(stage: &mut Stage, keys: usize) -> String {
    let database = stage.database();
    let venue = database.venue(10);
    let servers = start_all(stage, &database.url);
    let all: Vec<(Uuid, String)> = (0..keys)
        .map(|number| {
            let body = sale(venue.accounts[number % 10], load::SALE_MINOR);
            let key = Uuid::new_v4();
            (key, post("/v1/sales", &venue.key, key, &body))
        })
        .collect();
    let barriers: Vec<Barrier> = (0..GROUPS).map(|_| Barrier::new(TWINS)).collect();
    let mut posted: Vec<Vec<(bool, String)>> = vec![Vec::new(); keys];
    std::thread::scope(|scope| {
        let twins: Vec<_> = (0..GROUPS * TWINS)
            .map(|number| {
                let (start, all, address) = (
                    &barriers[number % GROUPS],
                    &all,
                    servers[number % servers.len()].address,
                );
                scope.spawn(move || ask_together(&mut Client::new(address), all, number % GROUPS, start))
            })
            .collect();
        for twin in twins {
            for (number, answer) in twin.join().unwrap() {
                posted[number].push(answer);
            }
        }
    });
    servers.into_iter().for_each(Server::stop);
    for answers in &posted {
        assert_eq!(answers.len(), TWINS);
        assert!(answers.iter().all(|(_, body)| *body == answers[0].1), "{answers:?}");
        let first_answers = answers.iter().filter(|(is_replayed, _)| !is_replayed).count();
        assert_eq!(first_answers, 1, "{answers:?}");
    }
    let mut book = Book::default();
    book.posted = all.iter().map(|(key, _)| *key).collect();
    audit::check(&database, &venue, &book);
    format!("{keys} keys, {TWINS} identical requests each at once: {keys} sales, all answers of a key alike")
}

type Answer = (bool, String);

fn ask_together(client: &mut Client, all: &[(Uuid, String)], group: usize, start: &Barrier) -> Vec<(usize, Answer)> {
    let own = all.iter().enumerate().skip(group).step_by(GROUPS);
    own.map(|(number, (_, request))| {
        start.wait();
        let reply = client.settle(request);
        assert_eq!(reply.status, 201, "{}", reply.body);
        (number, (reply.is_replayed, reply.body))
    })
    .collect()
}

pub fn start_all(stage: &Stage, url: &str) -> Vec<Server> {
    (0..stage.processes()).map(|_| Server::start(url)).collect()
}
