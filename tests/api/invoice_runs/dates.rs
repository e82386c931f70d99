//! Invoice dates rise with the numbers: what has taken none keeps no date, and what will take some keeps its own.

use onaccount::invoice_runs::ReversalWork;
use onaccount::jobs::{Lease, Step, Work};
use serde_json::{Value, json};

use super::books::{Books, date, of_account, of_all};
use super::jobs::{claim, run_now, services, two_chunks, worker};
use crate::harness::{Answer, Service, at};

/// Two minutes before midnight of a day, in Amsterdam in summer.
fn set_late_on(books: &Books, day: i32) {
    books.venue.service.clock.set(at(&format!("{}T21:58:00Z", date(day))));
}

/// A run of one account over days 1 to 5, with the invoice date of a day, that waits for a worker.
fn ask(books: &Books, account: onaccount::id::Id, reset_type: &str, day: i32) -> Answer {
    let mut body = of_account(account, 1, 5, reset_type);
    body["invoice_date"] = json!(date(day));
    books.signed_in().post_new("/v1/invoice-runs", body)
}

fn done(books: &Books, answer: &Answer) -> Value {
    let run = answer.expect(202);
    worker(books).run_until_idle().unwrap();
    let run = run_now(books, &run);
    assert_eq!(run["status"], "completed", "{run}");
    run
}

fn reverse(books: &Books, run: &Value) -> Value {
    let path = format!("/v1/invoice-runs/{}/reversal", run["id"].as_str().unwrap());
    books.signed_in().post_keyless(&path).expect(202)
}

fn step(books: &Books, lease: &Lease) -> Step {
    ReversalWork.step(&services(books), lease).unwrap()
}

#[test]
fn a_run_is_not_dated_before_the_credit_notes_that_a_reversal_will_make() {
    let books = Books::in_service(Service::with_job_workers(0));
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    books.on_day(5);
    let run = done(&books, &ask(&books, account, "none", 3));
    books.sell(account, 4, 300);
    reverse(&books, &run);
    for is_claimed in [false, true] {
        if is_claimed {
            assert_eq!(step(&books, &claim(&books)), Step::More);
        }
        let problem = ask(&books, account, "none", 4).problem(409, "invoice_date_before_last");
        assert!(
            problem["detail"].as_str().unwrap().contains("is being reversed"),
            "{problem}"
        );
    }
    let today = ask(&books, account, "none", 5).expect(202);
    books
        .venue
        .service
        .clock
        .set(books.venue.service.clock.now().plus(chrono::TimeDelta::seconds(31)));
    worker(&books).run_until_idle().unwrap();
    assert_eq!(run_now(&books, &run)["status"], "reversed");
    assert_eq!(run_now(&books, &today)["status"], "completed");
    books.assert_sound();
}

#[test]
fn a_reversal_that_takes_no_number_leaves_the_date_of_the_series() {
    let books = Books::in_service(Service::with_job_workers(0));
    let (account, other) = (books.account(10_000), books.account(10_000));
    books.on_day(5);
    let sale = books.sell(account, 1, 3_000);
    done(&books, &ask(&books, account, "limit_minus_invoiced", 3));
    books.refund(sale, 3_000).unwrap();
    let run = done(&books, &ask(&books, account, "none", 3));
    assert_eq!(books.state(account), (0, 10_000));
    let asked = reverse(&books, &run);
    let lease = claim(&books);
    assert_eq!(
        step(&books, &lease),
        Step::More,
        "at the first look nothing is in the way"
    );
    books.change_limit(account, -9_000).unwrap();
    worker(&books).work_on(&lease);
    let job = format!("/v1/jobs/{}", asked["reversal_job"]["id"].as_str().unwrap());
    let job = books.signed_in().get(&job).expect(200);
    assert_eq!(
        (&job["status"], &job["error"]["code"]),
        (&json!("failed"), &json!("run_not_reversible"))
    );
    books.sell(other, 4, 100);
    let next = done(&books, &ask(&books, other, "none", 4));
    let invoice = books.invoice_of(&next, other);
    assert_eq!(
        (&invoice["number"], &invoice["invoice_date"]),
        (&json!("2026-00003"), &json!(date(4)))
    );
    books.assert_sound();
}

#[test]
fn credit_notes_have_the_date_of_the_request_also_when_the_job_works_past_midnight() {
    let books = Books::in_service(Service::with_job_workers(0));
    let accounts = two_chunks(&books);
    let single = done(&books, &ask(&books, accounts[0], "none", 1));
    let all = books.signed_in().post_new("/v1/invoice-runs", of_all(1, 1, "none"));
    let run = done(&books, &all);
    set_late_on(&books, 5);
    reverse(&books, &run);
    let lease = claim(&books);
    assert_eq!((step(&books, &lease), step(&books, &lease)), (Step::More, Step::More));
    books.on_day(6);
    assert_eq!(run_now(&books, &run)["accounts"]["reversed"], 200);
    let alone = books.invoice_of(&single, accounts[0]);
    let problem = books.reverse_invoice(&alone).problem(409, "run_not_completed");
    let words = format!("credit notes of {}: wait for its job", date(5));
    assert!(problem["detail"].as_str().unwrap().contains(&words), "{problem}");
    ask(&books, accounts[0], "none", 4).problem(409, "invoice_date_before_last");
    books.sell(accounts[0], 2, 100);
    let next = ask(&books, accounts[0], "none", 5).expect(202);
    worker(&books).work_on(&claim(&books));
    worker(&books).run_until_idle().unwrap();
    assert_eq!(run_now(&books, &run)["status"], "reversed");
    assert_eq!(run_now(&books, &next)["status"], "completed");
    let run_id = run["id"].as_str().unwrap();
    let mut path = format!("/v1/invoices?kind=credit_note&run_id={run_id}&limit=200");
    let mut dates = Vec::new();
    loop {
        let page = books.signed_in().get(&path).expect(200);
        dates.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|note| note["invoice_date"].clone()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/invoices?kind=credit_note&run_id={run_id}&limit=200&cursor={cursor}");
    }
    assert_eq!(dates, vec![json!(date(5)); 204], "one account had its own run");
    let note = books.reverse_invoice(&alone).expect(201);
    assert_eq!(note["invoice_date"], json!(date(6)));
    books.assert_sound();
}

#[test]
fn when_today_goes_back_the_last_date_of_the_series_is_kept() {
    let books = Books::in_service(Service::with_job_workers(0));
    let (first, second) = (books.account(10_000), books.account(10_000));
    for account in [first, second] {
        books.sell(account, 1, 500);
    }
    books.on_day(5);
    let runs = [first, second].map(|account| done(&books, &ask(&books, account, "none", 5)));
    books.on_day(4);
    let note = books.reverse_invoice(&books.invoice_of(&runs[0], first)).expect(201);
    assert_eq!(note["invoice_date"], json!(date(5)));
    reverse(&books, &runs[1]);
    worker(&books).run_until_idle().unwrap();
    assert_eq!(run_now(&books, &runs[1])["status"], "reversed");
    ask(&books, first, "none", 4).problem(409, "invoice_date_before_last");
    let undated = of_account(first, 1, 5, "none");
    let again = done(&books, &books.signed_in().post_new("/v1/invoice-runs", undated));
    assert_eq!(again["invoice_date"], json!(date(5)));
    books.assert_sound();
}
