//! Keys of what runs and reverses: one request, once, through whatever process it comes.

use serde_json::{Value, json};
use ureq::http::Method;

use super::books::{Books, of_account};
use crate::harness::{Actor, Answer, Service, key};

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

fn post(actor: &Actor, path: &str, key: &str, body: Option<&Value>) -> Answer {
    let body = body.map(|body| body.to_string().into_bytes());
    actor.with("Idempotency-Key", key).send(Method::POST, path, body)
}

/// The same request through two processes at once; answers the first and the replayed answer.
fn twice(books: &Books, other: &Service, path: &str, body: Option<&Value>) -> (Answer, Answer) {
    let here = books.signed_in();
    let there = other.with_token(here.token.as_deref().unwrap());
    let key = key();
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| post(&here, path, &key, body));
        let two = scope.spawn(|| post(&there, path, &key, body));
        (one.join().unwrap(), two.join().unwrap())
    });
    match (is_replayed(&one), is_replayed(&two)) {
        (false, true) => (one, two),
        (true, false) => (two, one),
        _ => panic!(
            "one of them made it: {} {}, {} {}",
            one.status,
            one.text(),
            two.status,
            two.text()
        ),
    }
}

#[test]
fn the_same_request_through_two_processes_at_once_is_done_once_and_replayed() {
    let books = Books::open();
    let other = books.venue.service.beside();
    let account = books.account(100_000);
    for turn in 1..=6 {
        books.sell(account, 1, 100);
        let body = of_account(account, 1, 1, "none");
        let (first, again) = twice(&books, &other, "/v1/invoice-runs", Some(&body));
        assert!(first.status < 300, "{}", first.text());
        let (first, again) = (first.json(), again.json());
        assert_eq!((&first["id"], &first["job"]["id"]), (&again["id"], &again["job"]["id"]));
        let job = format!("/v1/jobs/{}", first["job"]["id"].as_str().unwrap());
        while books.signed_in().get(&job).expect(200)["status"] != "succeeded" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let invoice = books.invoice_of(&first, account);
        if turn % 2 == 0 {
            let path = format!("/v1/invoice-runs/{}/reversal", first["id"].as_str().unwrap());
            let (first, again) = twice(&books, &other, &path, None);
            assert!(first.status < 300, "{}", first.text());
            assert_eq!(first.header("location"), again.header("location"));
        } else {
            let path = format!("/v1/invoices/{}/reversal", invoice["id"].as_str().unwrap());
            let (first, again) = twice(&books, &other, &path, None);
            assert_eq!(first.expect(201), again.expect(201));
        }
    }
    drop(other);
    while books.signed_in().get("/v1/jobs?status=queued,running").expect(200)["items"] != json!([]) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(books.state(account), (-600, 100_000));
    books.assert_sound();
}

#[test]
fn a_reversal_may_have_the_id_of_any_job_as_its_key() {
    // ids of jobs are unique among all tenants; nobody can know those of the others
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let run = books.run(of_account(account, 1, 1, "none"));
    let (id, key) = (run["id"].as_str().unwrap(), run["job"]["id"].as_str().unwrap());
    let reverse = || {
        let actor = books.signed_in().with("Prefer", "wait=30");
        post(&actor, &format!("/v1/invoice-runs/{id}/reversal"), key, None)
    };
    let (first, again) = (reverse(), reverse());
    assert_eq!((is_replayed(&first), is_replayed(&again)), (false, true));
    let reversed = first.expect(200);
    assert_eq!(reversed, again.expect(200));
    assert_ne!(reversed["reversal_job"]["id"], json!(key));
    for answer in [&first, &again] {
        let job = format!("/v1/jobs/{}", reversed["reversal_job"]["id"].as_str().unwrap());
        assert_eq!(answer.header("location"), job);
    }
    books.assert_sound();
}

#[test]
fn the_id_of_an_invoice_that_a_run_made_is_no_key() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let invoice = books.invoice(account, 1, 1, "balance_to_zero");
    let id = invoice["id"].as_str().unwrap();
    let path = format!("/v1/invoices/{id}/reversal");
    post(&books.signed_in(), &path, id, None).problem(422, "idempotency_key_reused");
    assert_eq!(books.state(account), (0, 10_000));
    books.reverse_invoice(&invoice).expect(201);
    assert_eq!(books.state(account), (-500, 10_000));
    books.assert_sound();
}
