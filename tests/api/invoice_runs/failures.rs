//! The job of a run when things break under it: the database goes away, a chunk panics.

use std::cell::{Cell, RefCell};

use onaccount::db::DbConnection;
use onaccount::error::{ApiError, ApiResult, Code};
use onaccount::id::Id;
use onaccount::invoice_runs::RunWork;
use onaccount::invoice_runs::commit::commit_chunk;
use onaccount::invoice_runs::work::read_next_chunk;
use onaccount::jobs::{JobStatus, Lease, Services, Step, Work};
use serde_json::json;

use super::jobs::{begin_run, books, claim, job, run_now, two_chunks, worker};
use crate::harness::{Away, TestDatabase};

/// The work of a run, whose database goes away after the first chunk and is back after the first failure.
struct Interrupted<'a> {
    work: RunWork,
    database: &'a TestDatabase,
    away: RefCell<Option<Away>>,
    came_to: RefCell<Vec<Result<Step, Code>>>,
}

impl Work for Interrupted<'_> {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let step = self.work.step(services, lease);
        let mut came_to = self.came_to.borrow_mut();
        came_to.push(step.as_ref().map(Clone::clone).map_err(ApiError::code));
        if step.is_err() {
            self.away.take();
        } else if came_to.len() == 1 {
            self.away.replace(Some(self.database.take_away()));
        }
        step
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, run_id: Id, status: JobStatus) -> ApiResult<()> {
        self.work.end(connection, tenant_id, run_id, status)
    }
}

#[test]
fn a_job_whose_database_goes_away_goes_on_when_it_is_back() {
    let books = books();
    let accounts = two_chunks(&books);
    let run = begin_run(&books);
    let lease = claim(&books);
    let work = Interrupted {
        work: RunWork::default(),
        database: &books.venue.service.database,
        away: RefCell::default(),
        came_to: RefCell::default(),
    };
    worker(&books).work_with(&work, &lease);
    let result_path = format!("/v1/invoice-runs/{}", run["id"].as_str().unwrap());
    assert_eq!(
        work.came_to.into_inner(),
        [
            Ok(Step::More),
            Err(Code::ServiceUnavailable),
            Ok(Step::Done { result_path })
        ]
    );
    assert_eq!(job(&books, &run)["status"], "succeeded");
    assert_eq!(run_now(&books, &run)["accounts"]["invoiced"], 205);
    assert!(accounts.iter().all(|account| books.state(*account) == (0, 10_000)));
    books.assert_sound();
}

/// The work of a run, whose second chunk panics when all of it is written and nothing is committed.
struct Panicking {
    work: RunWork,
    chunks: Cell<u32>,
}

impl Work for Panicking {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        self.chunks.set(self.chunks.get() + 1);
        if self.chunks.get() == 1 {
            return self.work.step(services, lease);
        }
        let chunk = read_next_chunk(services, lease)?.expect("a second chunk");
        services.db.write_blocking(|connection| {
            commit_chunk(connection, &services.clock, lease, &chunk)?;
            panic!("in the middle of a transaction")
        })
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, run_id: Id, status: JobStatus) -> ApiResult<()> {
        self.work.end(connection, tenant_id, run_id, status)
    }
}

#[test]
fn a_chunk_that_panics_fails_the_job_and_leaves_nothing_of_itself() {
    let books = books();
    let accounts = two_chunks(&books);
    let run = begin_run(&books);
    let lease = claim(&books);
    let worker = worker(&books);
    let panicking = Panicking {
        work: RunWork::default(),
        chunks: Cell::new(0),
    };
    worker.work_with(&panicking, &lease);
    let failed = job(&books, &run);
    assert_eq!(
        (&failed["status"], &failed["error"]["code"], &failed["progress"]["done"]),
        (&json!("failed"), &json!("internal"), &json!(200))
    );
    let failed = run_now(&books, &run);
    assert_eq!(
        (
            &failed["status"],
            &failed["accounts"]["invoiced"],
            &failed["accounts"]["pending"]
        ),
        (&json!("failed"), &json!(200), &json!(5))
    );
    books.assert_sound();
    let rest = begin_run(&books);
    worker.run_until_idle().unwrap();
    assert_eq!(run_now(&books, &rest)["accounts"]["invoiced"], 5);
    assert!(accounts.iter().all(|account| books.state(*account) == (0, 10_000)));
    books.assert_sound();
}
