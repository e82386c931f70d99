//! Mail that is refused, for now or for good, or whose server is away.

use std::net::TcpListener;

use chrono::TimeDelta;
use onaccount::mail::{MailStatus, Round};

use super::smtp::{Act, SmtpServer};
use super::{enqueue, postman, row};
use crate::harness::Venue;

#[test]
fn what_is_refused_for_now_is_tried_again() {
    let venue = Venue::open();
    let greylisted = Act::RefuseRecipient("450 4.2.0 greylisted, come again");
    let server = SmtpServer::start(&[greylisted, greylisted]);
    let postman = postman(&venue.service, &server.url);
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    let nonce = row(&venue.service, id).link_nonce;
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    let waiting = row(&venue.service, id);
    assert_eq!((waiting.status, waiting.attempts), (MailStatus::Queued, 1));
    assert!(waiting.last_error.unwrap().contains("greylisted"));
    assert_eq!(waiting.link_nonce, nonce);
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
    venue.service.advance(TimeDelta::minutes(1));
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    // the second wait is longer
    venue.service.advance(TimeDelta::minutes(1));
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
    venue.service.advance(TimeDelta::minutes(4));
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    let sent = row(&venue.service, id);
    assert_eq!(
        (sent.status, sent.attempts, sent.last_error),
        (MailStatus::Sent, 3, None)
    );
    assert_eq!(server.received().len(), 1);
}

#[test]
fn what_is_refused_for_good_bounces_with_the_servers_words() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[Act::RefuseRecipient("550 5.1.1 nobody of that name here")]);
    let postman = postman(&venue.service, &server.url);
    let unknown = enqueue(&venue.service, venue.tenant_id, "nobody@clubnoord.nl");
    let known = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    let bounced = row(&venue.service, unknown);
    assert_eq!((bounced.status, bounced.attempts), (MailStatus::Bounced, 1));
    let words = bounced.last_error.unwrap();
    assert!(
        words.contains("550") && words.contains("nobody of that name here"),
        "{words}"
    );
    assert_eq!(bounced.link_nonce, None);
    // it stops no other one
    assert_eq!(row(&venue.service, known).status, MailStatus::Sent);
    venue.service.advance(TimeDelta::days(7));
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
}

/// Whether the server took the mail over nobody knows: it is sent again, and both copies say that they are the same mail.
#[test]
fn after_a_cut_connection_the_same_mail_goes_again() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[Act::CutAfterData]);
    let postman = postman(&venue.service, &server.url);
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    assert_eq!(postman.deliver_due().unwrap(), Round::Away);
    assert_eq!(
        (row(&venue.service, id).status, row(&venue.service, id).attempts),
        (MailStatus::Queued, 1)
    );
    venue.service.advance(TimeDelta::minutes(1));
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    assert_eq!(row(&venue.service, id).status, MailStatus::Sent);
    let copies = server.received();
    assert_eq!(copies.len(), 2);
    assert_eq!(copies[0], copies[1]);
}

/// That the server does not know us is nobody's fault among the recipients.
#[test]
fn a_server_that_lets_us_not_in_bounces_nobody() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[Act::RefuseSender("530 5.7.0 authentication required")]);
    let postman = postman(&venue.service, &server.url);
    let ids: Vec<_> = (0..3)
        .map(|n| enqueue(&venue.service, venue.tenant_id, &format!("member{n}@clubnoord.nl")))
        .collect();
    assert_eq!(postman.deliver_due().unwrap(), Round::Away);
    let attempts: Vec<i32> = ids.iter().map(|id| row(&venue.service, *id).attempts).collect();
    assert_eq!(attempts.iter().sum::<i32>(), 1, "the others were given back untried");
    assert!(
        ids.iter()
            .all(|id| row(&venue.service, *id).status == MailStatus::Queued)
    );
    venue.service.advance(TimeDelta::minutes(1));
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    assert!(ids.iter().all(|id| row(&venue.service, *id).status == MailStatus::Sent));
}

#[test]
fn a_server_that_stays_away_lets_a_mail_fail_in_the_end() {
    let venue = Venue::open();
    // a port that nobody listens at
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let postman = postman(&venue.service, &format!("smtp://{address}"));
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    let mut rounds = 0;
    while row(&venue.service, id).status == MailStatus::Queued {
        assert_eq!(postman.deliver_due().unwrap(), Round::Away);
        venue.service.advance(TimeDelta::days(1));
        rounds += 1;
    }
    let failed = row(&venue.service, id);
    assert_eq!((rounds, failed.status, failed.attempts), (9, MailStatus::Failed, 9));
    assert!(failed.last_error.is_some());
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
}
