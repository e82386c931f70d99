//! The job of a run: progress, cancelling, and what happens when its worker dies, comes back, or stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use onaccount::db::DbConnection;
use onaccount::id::Id;
use onaccount::invoice_runs::RunWork;
use onaccount::jobs::store::{NewJob, Renewal, insert_job, renew};
use onaccount::jobs::{JobKind, Lease, Services, Step, Work, Worker};
use serde_json::{Value, json};

use super::books::{Books, of_all};
use crate::harness::Service;

/// Jobs wait until the test works on them.
pub(super) fn books() -> Books {
    Books::in_service(Service::with_job_workers(0))
}

pub fn services(books: &Books) -> Services {
    Services {
        metrics: onaccount::metrics::JobMetrics::default(),
        db: books.venue.service.state.db.clone(),
        clock: books.venue.service.clock.clone(),
        sheets: books.venue.service.state.sheets.clone(),
        live: books.venue.service.state.live_progress.clone(),
    }
}

pub fn worker(books: &Books) -> Worker {
    Worker::new(services(books), Arc::new(AtomicBool::new(false)))
}

/// More accounts than one chunk has, each with a sale.
pub(super) fn two_chunks(books: &Books) -> Vec<Id> {
    let accounts: Vec<Id> = (0..205).map(|_| books.account(10_000)).collect();
    for account in &accounts {
        books.sell(*account, 1, 100);
    }
    accounts
}

pub(super) fn begin_run(books: &Books) -> Value {
    let answer = books
        .signed_in()
        .post_new("/v1/invoice-runs", of_all(1, 1, "balance_to_zero"));
    let run = answer.expect(202);
    let location = format!("/v1/jobs/{}", run["job"]["id"].as_str().unwrap());
    assert_eq!(
        (answer.header("location"), answer.header("retry-after")),
        (location.as_str(), "1")
    );
    run
}

pub(super) fn job(books: &Books, run: &Value) -> Value {
    books
        .signed_in()
        .get(&format!("/v1/jobs/{}", run["job"]["id"].as_str().unwrap()))
        .expect(200)
}

pub fn run_now(books: &Books, run: &Value) -> Value {
    books
        .signed_in()
        .get(&format!("/v1/invoice-runs/{}", run["id"].as_str().unwrap()))
        .expect(200)
}

pub fn claim(books: &Books) -> Lease {
    worker(books).claim().unwrap().expect("a job to claim")
}

fn step(books: &Books, lease: &Lease) -> Step {
    RunWork::default().step(&services(books), lease).unwrap()
}

pub fn pass_seconds(books: &Books, seconds: i64) {
    let clock = &books.venue.service.clock;
    clock.set(clock.now().plus(TimeDelta::seconds(seconds)));
}

#[test]
fn progress_shows_after_each_chunk_and_the_result_at_the_end() {
    let books = books();
    two_chunks(&books);
    let run = begin_run(&books);
    assert_eq!(job(&books, &run)["status"], "queued");
    let lease = claim(&books);
    assert_eq!(step(&books, &lease), Step::More);
    let half = job(&books, &run);
    assert_eq!(
        (&half["status"], &half["progress"]),
        (&json!("running"), &json!({"done": 200, "total": 205}))
    );
    assert_eq!(run_now(&books, &run)["accounts"]["pending"], 5);
    worker(&books).work_on(&lease);
    let done = job(&books, &run);
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("succeeded"), &json!({"done": 205, "total": 205}))
    );
    assert_eq!(
        done["result"],
        json!(format!("/v1/invoice-runs/{}", run["id"].as_str().unwrap()))
    );
    let run = run_now(&books, &run);
    assert_eq!(
        (&run["status"], &run["accounts"]["invoiced"], &run["total"]),
        (&json!("completed"), &json!(205), &json!("205.00"))
    );
    books.assert_sound();
}

#[test]
fn another_worker_goes_on_after_a_crash_and_the_one_that_comes_back_is_fenced() {
    let books = books();
    let accounts = two_chunks(&books);
    let run = begin_run(&books);
    let dead = claim(&books);
    assert_eq!(step(&books, &dead), Step::More);
    assert!(worker(&books).claim().unwrap().is_none(), "the lease holds");
    pass_seconds(&books, 31);
    let heir = claim(&books);
    assert_eq!((heir.job_id, heir.fencing_token), (dead.job_id, dead.fencing_token + 1));
    assert_eq!(step(&books, &dead), Step::LeaseLost, "who comes back writes nothing");
    assert_eq!(run_now(&books, &run)["accounts"]["pending"], 5);
    worker(&books).work_on(&heir);
    // a worker that comes back even later neither writes nor ends the job again
    worker(&books).work_on(&dead);
    let run = run_now(&books, &run);
    assert_eq!(
        (&run["status"], &run["accounts"]["invoiced"]),
        (&json!("completed"), &json!(205))
    );
    assert!(accounts.iter().all(|account| books.state(*account) == (0, 10_000)));
    books.assert_sound();
}

#[test]
fn a_sale_between_draft_and_write_belongs_to_the_next_run_and_a_reversal_is_seen() {
    let books = books();
    let (sold, voided, limited) = (books.account(10_000), books.account(10_000), books.account(10_000));
    let (_, sale, _) = (
        books.sell(sold, 1, 100),
        books.sell(voided, 1, 200),
        books.sell(limited, 1, 5_000),
    );
    let body = of_all(1, 1, "limit_minus_invoiced");
    let run = books.signed_in().post_new("/v1/invoice-runs", body).expect(202);
    let lease = claim(&books);
    let chunk = onaccount::invoice_runs::work::read_next_chunk(&services(&books), &lease)
        .unwrap()
        .unwrap();
    books.sell(sold, 1, 7);
    books.reverse(sale).unwrap();
    books.change_limit(limited, -9_000).unwrap();
    let services = services(&books);
    services
        .db
        .write_blocking(|connection| {
            onaccount::invoice_runs::commit::commit_chunk(connection, &services.clock, &lease, &chunk)
        })
        .unwrap();
    worker(&books).work_on(&lease);
    let run = run_now(&books, &run);
    assert_eq!(run["accounts"]["invoiced"], 2);
    assert_eq!(run["accounts"]["skipped"]["nothing_to_invoice"], 1);
    assert_eq!(books.state(sold), (-7, 9_900));
    assert_eq!(books.state(voided), (0, 10_000));
    assert_eq!(books.state(limited), (0, 0), "the limit as it was under the lock");
    books.assert_sound();
}

#[test]
fn a_queued_job_is_cancelled_at_once_and_a_running_one_after_its_chunk() {
    let books = books();
    two_chunks(&books);
    let run = begin_run(&books);
    let cancel = |run: &Value| {
        let path = format!("/v1/jobs/{}/cancel", run["job"]["id"].as_str().unwrap());
        books.signed_in().send(ureq::http::Method::POST, &path, None)
    };
    assert_eq!(cancel(&run).expect(200)["status"], "cancelled");
    assert_eq!(run_now(&books, &run)["status"], "cancelled");
    cancel(&run).problem(409, "job_finished");
    let run = begin_run(&books);
    let lease = claim(&books);
    let asked = cancel(&run).expect(200);
    assert_eq!(
        (&asked["status"], &asked["cancel_asked"]),
        (&json!("running"), &json!(true))
    );
    worker(&books).work_on(&lease);
    let run = run_now(&books, &run);
    assert_eq!(
        (&run["status"], &run["job"]["status"]),
        (&json!("cancelled"), &json!("cancelled"))
    );
    assert_eq!(
        (&run["accounts"]["invoiced"], &run["accounts"]["pending"]),
        (&json!(200), &json!(5))
    );
    let rest = begin_run(&books);
    worker(&books).run_until_idle().unwrap();
    let rest = run_now(&books, &rest);
    assert_eq!(
        (
            &rest["accounts"]["invoiced"],
            &rest["accounts"]["skipped"]["nothing_to_invoice"]
        ),
        (&json!(5), &json!(200))
    );
    books.assert_sound();
}

#[test]
fn a_worker_that_is_long_in_its_transaction_keeps_no_other_tenant_waiting() {
    let books = books();
    two_chunks(&books);
    begin_run(&books);
    let slow = claim(&books);
    pass_seconds(&books, 31);
    let (neighbour, _, _) = books.venue.neighbour(77);
    let service = &books.venue.service;
    let job = NewJob {
        id: service.clock.new_id(),
        tenant_id: neighbour,
        kind: JobKind::InvoiceRun,
        subject_id: service.clock.new_id(),
        progress_total: 0,
        actor_kind: "system",
        actor_id: Id::NIL,
        actor_name: String::new(),
        created_at: service.clock.now(),
    };
    let job_id = job.id;
    let mut job = Some(job);
    service.write(|connection| insert_job(connection, job.take().unwrap()));
    let mut next = None;
    service.write(|connection| {
        assert_eq!(renew(connection, &slow, service.clock.now())?, Renewal::Renewed);
        // SQLite has one writer, who would wait
        if matches!(connection, DbConnection::Postgres(_)) {
            next = Some(claim(&books));
        }
        Ok(())
    });
    let next = next.unwrap_or_else(|| claim(&books));
    assert_eq!((next.tenant_id, next.job_id), (neighbour, job_id));
    assert!(worker(&books).claim().unwrap().is_none(), "the lease was renewed");
}

#[test]
fn the_jobs_of_a_tenant_go_one_after_another() {
    let books = books();
    let account = books.account(10_000);
    books.sell(account, 1, 100);
    let (first, second) = (begin_run(&books), begin_run(&books));
    let lease = claim(&books);
    assert_eq!(json!(lease.job_id), first["job"]["id"]);
    assert!(worker(&books).claim().unwrap().is_none());
    worker(&books).run_until_idle().unwrap();
    assert_eq!(job(&books, &second)["status"], "queued");
    worker(&books).work_on(&lease);
    worker(&books).run_until_idle().unwrap();
    assert_eq!(run_now(&books, &first)["accounts"]["invoiced"], 1);
    assert_eq!(run_now(&books, &second)["accounts"]["skipped"]["nothing_to_invoice"], 1);
    let listed = books
        .signed_in()
        .get("/v1/jobs?status=succeeded,failed&limit=1")
        .expect(200);
    assert_eq!(listed["items"][0]["id"], second["job"]["id"]);
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = books
        .signed_in()
        .get(&format!("/v1/jobs?status=succeeded,failed&limit=1&cursor={cursor}"))
        .expect(200);
    assert_eq!(
        (&rest["items"][0]["id"], &rest["next_cursor"]),
        (&first["job"]["id"], &Value::Null)
    );
    books
        .signed_in()
        .get("/v1/jobs?status=done")
        .problem(422, "validation_failed");
}

#[test]
fn a_stopping_process_ends_its_chunk_and_gives_the_job_back() {
    let books = books();
    two_chunks(&books);
    let run = begin_run(&books);
    let lease = claim(&books);
    assert_eq!(step(&books, &lease), Step::More);
    let is_stopping = Arc::new(AtomicBool::new(false));
    is_stopping.store(true, Ordering::SeqCst);
    Worker::new(services(&books), is_stopping).work_on(&lease);
    assert_eq!(job(&books, &run)["status"], "running");
    let heir = claim(&books);
    worker(&books).work_on(&heir);
    assert_eq!(run_now(&books, &run)["accounts"]["invoiced"], 205);
    books.assert_sound();
}

#[test]
fn a_run_is_reversed_in_chunks_by_whoever_comes_next() {
    let books = books();
    let accounts = two_chunks(&books);
    let run = begin_run(&books);
    let path = format!("/v1/invoice-runs/{}/reversal", run["id"].as_str().unwrap());
    let reverse = || books.signed_in().post_keyless(&path);
    reverse().problem(409, "run_not_completed");
    worker(&books).run_until_idle().unwrap();
    let asked = reverse().expect(202);
    assert_eq!(asked["status"], "completed");
    reverse().problem(409, "run_not_completed");
    let lease = claim(&books);
    let work = onaccount::invoice_runs::ReversalWork;
    assert_eq!(
        work.step(&services(&books), &lease).unwrap(),
        Step::More,
        "it looks at every account first"
    );
    assert_eq!(work.step(&services(&books), &lease).unwrap(), Step::More);
    let cancel = format!("/v1/jobs/{}/cancel", asked["reversal_job"]["id"].as_str().unwrap());
    books
        .signed_in()
        .send(ureq::http::Method::POST, &cancel, None)
        .problem(409, "job_not_cancellable");
    let half = run_now(&books, &run);
    assert_eq!(
        (&half["status"], &half["accounts"]["reversed"]),
        (&json!("reversing"), &json!(200))
    );
    pass_seconds(&books, 31);
    let heir = claim(&books);
    assert_eq!(work.step(&services(&books), &lease).unwrap(), Step::LeaseLost);
    worker(&books).work_on(&heir);
    let run = run_now(&books, &run);
    assert_eq!(
        (&run["status"], &run["accounts"]["reversed"]),
        (&json!("reversed"), &json!(205))
    );
    assert!(accounts.iter().all(|account| books.state(*account) == (-100, 10_000)));
    books.assert_sound();
}

#[test]
fn a_job_that_fails_says_why_and_changes_nothing() {
    let books = books();
    let account = books.account(10_000);
    books.sell(account, 1, 100);
    books.on_day(3);
    let mut early = of_all(1, 1, "none");
    early["invoice_date"] = json!(super::books::date(2));
    let later = begin_run(&books);
    books
        .signed_in()
        .post_new("/v1/invoice-runs", early)
        .problem(409, "invoice_date_before_last");
    // a run of before midnight that waits while another one of today takes the first number
    let tenant_id = books.venue.tenant_id;
    books.venue.service.write(|connection| {
        use diesel::prelude::*;
        use onaccount::db::schema::number_series;
        diesel::insert_into(number_series::table)
            .values((
                number_series::tenant_id.eq(tenant_id),
                number_series::series.eq("invoice-2026"),
                number_series::next_value.eq(1_i64),
                number_series::last_used_on.eq(Some(super::books::date(4))),
            ))
            .execute(connection)
    });
    worker(&books).run_until_idle().unwrap();
    let failed = job(&books, &later);
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("invoice_date_before_last"))
    );
    assert_eq!(run_now(&books, &later)["status"], "failed");
    assert_eq!(books.state(account), (-100, 10_000));
    books.assert_sound();
}
