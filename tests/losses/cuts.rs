//! Something between the tills and the server cuts the connection of three requests in ten.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::load::Random;
use crate::server::Server;
use crate::stage::Stage;
use crate::wire::{connect, read_message};
use crate::{audit, load};

const TILLS: usize = 32;

/// What becomes of a request, in a hundred.
const BEFORE_THE_SERVER: usize = 10;
const BEFORE_THE_REPLY: usize = 20;
const WITHIN_THE_REPLY: usize = 30;

pub fn make(stage: &mut Stage, sales: usize) -> String {
    let database = stage.database();
    let venue = database.venue(20);
    let server = Server::start(&database.url);
    let cuts = Arc::new(AtomicUsize::new(0));
    let proxy = start_proxy(server.address, Arc::clone(&cuts));
    let book = load::during(&[proxy], &venue, TILLS, |progress| progress.wait_for_more(sales));
    book.replay(server.address);
    server.stop();
    let cuts = cuts.load(Ordering::SeqCst);
    assert!(book.tally.broken >= cuts && cuts > sales / 5, "{cuts} cuts");
    format!("{cuts} requests cut: {}", audit::check(&database, &venue, &book))
}

/// Works until the program ends.
fn start_proxy(server: SocketAddr, cuts: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (number, till) in listener.incoming().flatten().enumerate() {
            let cuts = Arc::clone(&cuts);
            std::thread::spawn(move || {
                // a connection that breaks by itself is what this is about
                let _broken = relay(till, server, &mut Random::new(number), &cuts);
            });
        }
    });
    address
}

fn relay(mut till: TcpStream, server: SocketAddr, random: &mut Random, cuts: &AtomicUsize) -> std::io::Result<()> {
    till.set_nodelay(true)?;
    let mut upstream = connect(server)?;
    while let Some(request) = read_message(&mut till)? {
        let fate = random.below(100);
        if fate < WITHIN_THE_REPLY {
            cuts.fetch_add(1, Ordering::SeqCst);
        }
        if fate < BEFORE_THE_SERVER {
            return Ok(());
        }
        upstream.write_all(request.as_bytes())?;
        if fate < BEFORE_THE_REPLY {
            return Ok(());
        }
        let Some(reply) = read_message(&mut upstream)? else {
            return Ok(());
        };
        if fate < WITHIN_THE_REPLY {
            return till.write_all(&reply.as_bytes()[..reply.len() / 2]);
        }
        till.write_all(reply.as_bytes())?;
        // the server said that this was the last one
        if reply.contains("connection: close") {
            return Ok(());
        }
    }
    Ok(())
}
