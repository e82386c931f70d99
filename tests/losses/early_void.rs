//! A sale and its void are on their way at the same time, through two processes where there are two.

use std::sync::Barrier;
use std::time::Duration;

use onaccount::id::Id;
use uuid::Uuid;

use crate::load::{Client, Random, SALE_MINOR, sale};
use crate::races::start_all;
use crate::server::Server;
use crate::stage::Stage;
use crate::venue::Venue;
use crate::wire::{Reply, get, post};

/// So many pairs at once.
const LANES: usize = 8;
/// A side waits at most so long before it sends.
const HEAD_START_US: usize = 4_000;

struct Pair {
    sale_id: Uuid,
    sale: String,
    void: String,
}

pub fn make(stage: &mut Stage, pairs: usize) -> String {
    let database = stage.database();
    let venue = database.venue(10);
    let servers = start_all(stage, &database.url);
    let all: Vec<Pair> = (0..pairs)
        .map(|number| pair(&venue, venue.accounts[number % 10]))
        .collect();
    let barriers: Vec<Barrier> = (0..LANES).map(|_| Barrier::new(2)).collect();
    let mut replies: Vec<(usize, bool, Reply)> = Vec::new();
    std::thread::scope(|scope| {
        let sides: Vec<_> = (0..2 * LANES)
            .map(|number| {
                let (lane, is_void) = (number / 2, number % 2 == 1);
                // sale and void go to different processes, and not always the same way round
                let address = servers[(lane + number) % servers.len()].address;
                let (start, all) = (&barriers[lane], &all);
                scope.spawn(move || send_side(address, all, lane, is_void, start))
            })
            .collect();
        for side in sides {
            replies.extend(side.join().unwrap());
        }
    });
    // by pair, the sale before its void
    replies.sort_by_key(|(number, is_void, _)| (*number, *is_void));
    let mut asker = Client::new(servers[0].address);
    let mut in_order = 0;
    for (pair, both) in all.iter().zip(replies.chunks(2)) {
        let state = asker.settle(&get(&format!("/v1/sales/{}", pair.sale_id), &venue.key));
        let was_posted = judge(&both[0].2, &both[1].2, &state);
        in_order += usize::from(was_posted);
    }
    servers.into_iter().for_each(Server::stop);
    assert_eq!(database.entries(&venue, "sale").len(), in_order);
    assert_eq!(database.entries(&venue, "reversal").len(), in_order);
    assert_eq!(database.owed(&venue), 0);
    database.verify();
    format!(
        "{pairs} pairs: {in_order} posted and reversed, {} refused because the void came first; all accounts at zero",
        pairs - in_order
    )
}

fn pair(venue: &Venue, account: Id) -> Pair {
    let sale_id = Uuid::new_v4();
    let body = format!("{{\"account_id\":\"{account}\"}}");
    Pair {
        sale_id,
        sale: post("/v1/sales", &venue.key, sale_id, &sale(account, SALE_MINOR)),
        void: post(&format!("/v1/sales/{sale_id}/void"), &venue.key, Uuid::new_v4(), &body),
    }
}

fn send_side(
    address: std::net::SocketAddr,
    all: &[Pair],
    lane: usize,
    is_void: bool,
    start: &Barrier,
) -> Vec<(usize, bool, Reply)> {
    let (mut client, mut random) = (Client::new(address), Random::new(lane * 2 + usize::from(is_void)));
    let own = all.iter().enumerate().skip(lane).step_by(LANES);
    own.map(|(number, pair)| {
        start.wait();
        std::thread::sleep(Duration::from_micros(random.below(HEAD_START_US) as u64));
        let reply = client.settle(if is_void { &pair.void } else { &pair.sale });
        (number, is_void, reply)
    })
    .collect()
}

/// Whether the sale came first; its state must fit both answers.
fn judge(sale: &Reply, void: &Reply, state: &Reply) -> bool {
    let was_refused = sale.status == 409 && sale.has_code("reversed_before_arrival");
    let says = |status: &str| state.body.contains(&format!("\"status\":\"{status}\""));
    match (sale.status, void.status) {
        (201, 201) => assert!(says("posted"), "{}", state.body),
        (_, 202) if was_refused => assert!(says("reversed_before_arrival"), "{}", state.body),
        _ => panic!("{} {}\n{} {}", sale.status, sale.body, void.status, void.body),
    }
    sale.status == 201
}
