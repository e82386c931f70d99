//! A chunk is drafted while the one before it is written: what happens to its accounts meanwhile.

use std::cell::Cell;

use diesel::prelude::*;
use onaccount::db::DbConnection;
use onaccount::db::schema::{account_holders, accounts, tenants};
use onaccount::error::ApiResult;
use onaccount::id::Id;
use onaccount::invoice_runs::RunWork;
use onaccount::jobs::{JobStatus, Lease, Services, Step, Work};
use serde_json::json;

use super::books::of_all;
use super::jobs::{begin_run, books, claim, pass_seconds, run_now, services, two_chunks, worker};

/// The work of a run; between its first chunk and its second, which is drafted by then, a test does what it likes.
struct Between<'a> {
    work: RunWork,
    then: Cell<Option<Box<dyn FnOnce() + 'a>>>,
}

impl Work for Between<'_> {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let step = self.work.step(services, lease);
        if let Some(then) = self.then.take() {
            then();
        }
        step
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, run_id: Id, status: JobStatus) -> ApiResult<()> {
        self.work.end(connection, tenant_id, run_id, status)
    }
}

#[test]
fn what_happens_to_an_account_whose_chunk_is_drafted_ahead_is_seen_when_its_turn_comes() {
    let books = books();
    let all = two_chunks(&books);
    let [sold, voided, refunded, limited, moved] = all[200..] else {
        panic!("five accounts are in the second chunk")
    };
    let (second, third) = (books.sell(voided, 1, 200), books.sell(refunded, 1, 500));
    let customer_of = |account: Id| -> Id {
        books.venue.service.write(|connection| {
            account_holders::table
                .filter(account_holders::account_id.eq(account))
                .select(account_holders::customer_id)
                .first(connection)
        })
    };
    let payer = customer_of(sold);
    let body = of_all(1, 1, "limit_minus_invoiced");
    let run = books.signed_in().post_new("/v1/invoice-runs", body).expect(202);
    let then = || {
        books.sell(sold, 1, 7);
        books.reverse(second).unwrap();
        books.refund(third, 100).unwrap();
        books.change_limit(limited, -9_950).unwrap();
        books.venue.service.write(|connection| {
            let name: (String, String) = accounts::table
                .filter(accounts::id.eq(sold))
                .select((accounts::name, accounts::name_key))
                .first(connection)?;
            diesel::update(accounts::table.filter(accounts::id.eq(moved)))
                .set((accounts::name.eq(name.0), accounts::name_key.eq(name.1)))
                .execute(connection)?;
            diesel::update(account_holders::table.filter(account_holders::account_id.eq(moved)))
                .set(account_holders::customer_id.eq(payer))
                .execute(connection)?;
            diesel::update(tenants::table)
                .set(tenants::street.eq("Nieuwe Gracht 1"))
                .execute(connection)
        });
    };
    let work = Between {
        work: RunWork::default(),
        then: Cell::new(Some(Box::new(then))),
    };
    worker(&books).work_with(&work, &claim(&books));
    let run = run_now(&books, &run);
    assert_eq!(run["accounts"]["invoiced"], 205);
    let total = |account: Id| books.invoice_of(&run, account)["total"].clone();
    // a sale after the draft belongs to the next run; where there is one writer, the draft is made after the sale
    let of_sold = if services(&books).db.has_many_writers() {
        ("1.00", (-7, 9_900))
    } else {
        ("1.07", (0, 9_893))
    };
    assert_eq!([sold, voided, refunded].map(total), [of_sold.0, "1.00", "5.00"]);
    assert_eq!(books.state(sold), of_sold.1);
    assert_eq!(books.state(refunded), (0, 9_500));
    assert_eq!(books.state(limited), (0, 0), "the limit as it was under the lock");
    let invoice = books.invoice_of(&run, moved);
    assert_eq!(
        invoice["payer"]["id"],
        json!(payer),
        "who pays as it was under the lock"
    );
    assert_eq!(
        invoice["issuer"]["street"], "Nieuwe Gracht 1",
        "what the venue says of itself then"
    );
    books.assert_sound();
}

#[test]
fn a_chunk_that_was_drafted_ahead_is_not_written_once_another_worker_has_the_run() {
    let books = books();
    let accounts = two_chunks(&books);
    let run = begin_run(&books);
    let work = Between {
        work: RunWork::default(),
        then: Cell::new(Some(Box::new(|| {
            pass_seconds(&books, 31);
            worker(&books).work_on(&claim(&books));
        }))),
    };
    let lease = claim(&books);
    worker(&books).work_with(&work, &lease);
    assert!(work.then.take().is_none(), "another worker came");
    let run = run_now(&books, &run);
    assert_eq!(
        (&run["status"], &run["accounts"]["invoiced"]),
        (&json!("completed"), &json!(205))
    );
    assert!(accounts.iter().all(|account| books.state(*account) == (0, 10_000)));
    books.assert_sound();
}
