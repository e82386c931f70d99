//! A real server that is told to stop in the middle of an invoice run.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use onaccount::db::schema::{invoices, jobs};
use onaccount::jobs::JobStatus;
use serde_json::json;

use super::serving::Serving;
use crate::harness::{Actor, Service};
use crate::invoice_runs::books::{Books, of_all};

/// Four chunks.
const ACCOUNTS: usize = 800;
/// A chunk takes well under a second; the machine may be busy.
const ENDS_WITHIN: Duration = Duration::from_secs(15);
const DONE_WITHIN: Duration = Duration::from_mins(3);

/// How far the only job is, and how often somebody took it.
fn progress(books: &Books) -> (JobStatus, i64, i64) {
    let only = jobs::table.select((jobs::status, jobs::progress_done, jobs::fencing_token));
    let read = books
        .venue
        .service
        .state
        .db
        .read_blocking(|connection| Ok(only.first(connection)?));
    read.unwrap()
}

fn numbers_used(books: &Books) -> Vec<i64> {
    let numbers = invoices::table
        .select(invoices::series_value)
        .order(invoices::series_value);
    let read = books
        .venue
        .service
        .state
        .db
        .read_blocking(|connection| Ok(numbers.load(connection)?));
    read.unwrap()
}

/// Waits until the job is so far.
fn wait_for(books: &Books, is_reached: impl Fn(JobStatus, i64) -> bool) {
    let began = Instant::now();
    loop {
        let (status, done, _) = progress(books);
        if is_reached(status, done) {
            return;
        }
        assert!(began.elapsed() < DONE_WITHIN, "{status} after {done} accounts");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stopping_server_leaves_its_run_to_the_next_start_which_finishes_it_once() {
    let books = Books::in_service(Service::with_job_workers(0));
    let accounts: Vec<_> = (0..ACCOUNTS).map(|_| books.account(10_000)).collect();
    for account in &accounts {
        books.sell(*account, 1, 100);
    }
    let mut first = Serving::start(&books.venue.service.database);
    let base = format!("http://{}", first.address);
    // it takes signals as soon as it answers
    assert_eq!(Actor::new(&base, None).get("/livez").status, 200);
    let run = books
        .signed_in()
        .post_new("/v1/invoice-runs", of_all(1, 1, "balance_to_zero"))
        .expect(202);
    wait_for(&books, |_, done| done > 0);
    let told = Instant::now();
    first.terminate();
    assert!(first.ended().success());
    assert!(told.elapsed() < ENDS_WITHIN, "it took {:?} to stop", told.elapsed());
    let (status, done, token) = progress(&books);
    assert_eq!((status, token), (JobStatus::Running, 1));
    assert!(
        (200..800).contains(&done),
        "it was to stop within the run, not after {done} accounts"
    );

    let second = Serving::start(&books.venue.service.database);
    wait_for(&books, |status, _| status.is_final());
    drop(second);
    assert_eq!(progress(&books), (JobStatus::Succeeded, 800, 2));
    let run_id = run["id"].as_str().unwrap();
    let run = books.signed_in().get(&format!("/v1/invoice-runs/{run_id}")).expect(200);
    assert_eq!(
        (&run["status"], &run["accounts"]["invoiced"], &run["total"]),
        (&json!("completed"), &json!(800), &json!("800.00"))
    );
    assert_eq!(
        numbers_used(&books),
        (1..=800).collect::<Vec<i64>>(),
        "each number once, and an invoice each"
    );
    assert!(accounts.iter().all(|account| books.state(*account) == (0, 10_000)));
    books.assert_sound();
}
