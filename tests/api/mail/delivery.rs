//! Mail that arrives: once, whole, and without anybody waiting for it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use onaccount::mail::{MailStatus, PostOffice, Round};
use serde_json::json;

use super::smtp::{Act, SmtpServer};
use super::{enqueue, postman, row};
use crate::harness::{NOON, Venue};

#[test]
fn a_mail_is_sent_once_and_its_link_is_forgotten() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let postman = postman(&venue.service, &server.url);
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    let nonce = row(&venue.service, id).link_nonce.unwrap();
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    let mails = server.received();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(mail.recipient, "zoe@clubnoord.nl");
    assert!(mail.header("From").ends_with("<post@portal.test>"), "{}", mail.text);
    assert_eq!(mail.header("Message-ID"), format!("<{id}@portal.test>"));
    assert_eq!(mail.header("Date"), "Thu, 15 Oct 2026 10:00:00 +0000");
    let body = mail.body();
    assert!(body.starts_with("Beste Zoë de Vries,\n"), "{body}");
    assert!(body.contains("tot en met 22-10-2026"), "{body}");
    assert_eq!(mail.link_token(), venue.service.state.link_tokens.token(&nonce));
    let sent = row(&venue.service, id);
    assert_eq!(
        (sent.status, sent.attempts, sent.link_nonce),
        (MailStatus::Sent, 1, None)
    );
    venue.service.advance(TimeDelta::days(3));
    assert_eq!(postman.deliver_due().unwrap(), Round::Idle);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn two_processes_share_the_mails_and_send_none_twice() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let ids: Vec<_> = (0..60)
        .map(|n| enqueue(&venue.service, venue.tenant_id, &format!("member{n}@clubnoord.nl")))
        .collect();
    let rounds = std::thread::scope(|scope| {
        let works = || {
            let postman = postman(&venue.service, &server.url);
            let mut rounds = 0;
            while postman.deliver_due().unwrap() == Round::Worked {
                rounds += 1;
            }
            rounds
        };
        let two = [scope.spawn(works), scope.spawn(works)];
        two.into_iter().map(|thread| thread.join().unwrap()).sum::<i32>()
    });
    // a batch is bounded: nobody takes all of it at once
    assert!(rounds >= 3, "{rounds}");
    let mut recipients: Vec<String> = server.received().into_iter().map(|mail| mail.recipient).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!((server.received().len(), recipients.len()), (60, 60));
    assert!(ids.iter().all(|id| row(&venue.service, *id).status == MailStatus::Sent));
}

#[test]
fn a_mail_whose_process_went_silent_is_taken_over_and_ended_once() {
    let venue = Venue::open();
    let (slow, server) = (SmtpServer::start(&[Act::Wait]), SmtpServer::start(&[]));
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    std::thread::scope(|scope| {
        let silent = scope.spawn(|| postman(&venue.service, &slow.url).deliver_due().unwrap());
        slow.await_mail();
        let other = postman(&venue.service, &server.url);
        assert_eq!(other.deliver_due().unwrap(), Round::Idle);
        venue.service.advance(TimeDelta::minutes(11));
        assert_eq!(other.deliver_due().unwrap(), Round::Worked);
        let taken_over = row(&venue.service, id);
        slow.answer();
        silent.join().unwrap();
        // what the first one has to say comes too late
        assert_eq!((taken_over.status, taken_over.attempts), (MailStatus::Sent, 1));
        assert_eq!(row(&venue.service, id).attempts, 1);
    });
    assert_eq!(
        slow.received(),
        server.received(),
        "the copies are the same to the byte"
    );
}

#[test]
fn no_till_waits_for_a_mail_server() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[Act::Wait]);
    let account = venue.open_account("100.00");
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    let office = PostOffice::open(postman(&venue.service, &server.url)).unwrap();
    server.await_mail();
    let started = Instant::now();
    for _ in 0..10 {
        let sale = json!({"account_id": account.id, "occurred_at": NOON, "amount": "1.00", "lines": [
            {"product_code": "NUTS", "name": "Nuts", "quantity": "1", "amount": "1.00", "vat_rate": "9.00"}]});
        venue.till.post_new("/v1/sales", sale).expect(201);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(row(&venue.service, id).status, MailStatus::Queued);
    server.answer();
    office.close();
    assert_eq!(row(&venue.service, id).status, MailStatus::Sent);
}

#[test]
fn a_folder_gets_a_file_that_only_its_owner_reads() {
    let venue = Venue::open();
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("mail");
    let postman = postman(&venue.service, &format!("file:{}", mail.display()));
    let id = enqueue(&venue.service, venue.tenant_id, "zoe@clubnoord.nl");
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    let file = mail.join(format!("{id}.eml"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("To: zoe@clubnoord.nl\r\n"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(row(&venue.service, id).status, MailStatus::Sent);
}
