//! Tills, the back office and runs at the same time: nothing is lost, nothing is invoiced twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use diesel::prelude::*;
use onaccount::db::schema::{entries, invoice_stretches};
use onaccount::error::Code;
use onaccount::id::Id;
use onaccount::invoice_runs::plan::ResetType;
use onaccount::invoices::native::{NewInvoices, insert_invoices};
use onaccount::invoices::stretch::Stretch;
use serde_json::json;

use super::books::{Books, of_account, of_all};

/// Sells, refunds, voids and changes limits until it is told to stop; refusals are part of it.
fn keep_selling(books: &Books, accounts: &[Id], first: usize, is_over: &AtomicBool) {
    let mut sales = Vec::new();
    for turn in first.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let account = accounts[turn * 7 % accounts.len()];
        sales.push(books.sell(account, 1, 100 + i64::try_from(turn % 50).unwrap()));
        let earlier = sales[turn * 13 % sales.len()];
        let outcome = match turn % 4 {
            0 => books.refund(earlier, 30),
            1 => books.reverse(earlier),
            2 => books.change_limit(account, if turn % 8 == 2 { 500 } else { -500 }),
            _ => continue,
        };
        let expected = [
            "more_than_sold",
            "already_reversed",
            "already_invoiced",
            "has_refunds",
            "limit_would_be_negative",
        ];
        if let Err(code) = outcome {
            assert!(expected.contains(&code.as_str()), "{code}");
        }
    }
}

#[test]
fn tills_go_on_while_runs_are_made_and_reversed() {
    let books = Books::open();
    let accounts: Vec<Id> = (0..12).map(|_| books.account(5_000)).collect();
    for account in &accounts {
        books.sell(*account, 1, 100);
    }
    let is_over = AtomicBool::new(false);
    let reversed = Mutex::new(0);
    std::thread::scope(|scope| {
        for till in 0..3 {
            let (books, accounts, is_over) = (&books, &accounts, &is_over);
            scope.spawn(move || keep_selling(books, accounts, till * 1_000, is_over));
        }
        for turn in 0..8 {
            let reset_type = ["limit_minus_invoiced", "balance_to_zero", "none"][turn % 3];
            let run = books.run(of_all(1, 1, reset_type));
            let page = books
                .signed_in()
                .get(&format!("/v1/invoices?run_id={}", run["id"].as_str().unwrap()))
                .expect(200);
            for invoice in page["items"].as_array().unwrap().iter().step_by(3) {
                let answer = books.reverse_invoice(invoice);
                if answer.status == 201 {
                    *reversed.lock().unwrap() += 1;
                } else {
                    let code = answer.json()["code"].clone();
                    assert!(
                        code == json!("limit_would_be_negative") || code == json!("refunds_invoiced"),
                        "{code}"
                    );
                }
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(reversed.into_inner().unwrap() > 0, "no invoice was reversed");
    books.run(of_all(1, 1, "balance_to_zero"));
    books.assert_sound();
    let tenant_id = books.venue.tenant_id;
    let uncovered: i64 = books.venue.service.write(|connection| {
        use diesel::dsl::sql;
        use diesel::sql_types::Bool;
        let is_open = "kind IN ('sale', 'refund')
            AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.tenant_id = entries.tenant_id AND r.refers_to = entries.id
                AND r.kind = 'reversal')
            AND NOT EXISTS (SELECT 1 FROM invoice_stretches i WHERE i.tenant_id = entries.tenant_id
                AND i.account_id = entries.account_id AND entries.seq BETWEEN i.first_seq AND i.last_seq AND i.is_standing)";
        entries::table
            .filter(entries::tenant_id.eq(tenant_id))
            .filter(sql::<Bool>(is_open))
            .count()
            .get_result(connection)
    });
    assert_eq!(uncovered, 0);
}

#[test]
fn a_run_of_one_account_is_made_while_tills_sell_to_it() {
    let books = Books::open();
    let account = books.account(5_000);
    books.sell(account, 1, 100);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for till in 0..3 {
            let (books, is_over) = (&books, &is_over);
            scope.spawn(move || keep_selling(books, &[account], till * 1_000, is_over));
        }
        let runs: Vec<_> = (0..25)
            .map(|_| books.try_run(of_account(account, 1, 1, "none")))
            .collect();
        is_over.store(true, Ordering::SeqCst);
        for answer in runs {
            // between two runs no sale may have come
            if answer.status == 409 {
                answer.problem(409, "nothing_to_invoice");
            } else {
                answer.expect(200);
            }
        }
    });
    books.assert_sound();
}

/// The accounts' locks let it not come so far; the statement that inserts sees it all the same.
#[test]
fn an_entry_that_stands_on_an_invoice_is_put_on_no_other() {
    let books = Books::open();
    let account = books.account(5_000);
    for _ in 0..10 {
        books.sell(account, 1, 100);
    }
    let run = books.run(of_account(account, 1, 1, "none"));
    let again = |first_seq, last_seq| {
        let stretch = Stretch {
            invoice_id: books.venue.service.clock.new_id(),
            account_id: account,
            business_date: NaiveDate::default(),
            first_seq,
            last_seq,
            reset_type: ResetType::None,
            origin_invoice_id: None,
            is_late: false,
        };
        let new = NewInvoices {
            covered: vec![stretch],
            ..NewInvoices::default()
        };
        let db = &books.venue.service.state.db;
        db.write_blocking(|connection| insert_invoices(connection, books.venue.tenant_id, &new))
            .map_err(|error| error.code())
    };
    let (first, last) = stretch_of(&books, account);
    assert_eq!(last - first, 9, "ten sales, one stretch");
    for (from, to) in [
        (first, last),
        (first, first),
        (last, last),
        (last, last + 5),
        (1, first),
        (1, last + 5),
    ] {
        assert_eq!(again(from, to), Err(Code::Internal), "{from} to {to}");
    }
    let invoice = books.invoice_of(&run, account);
    books.reverse_invoice(&invoice).expect(201);
    assert_eq!(again(first, last), Ok(()), "it stands on none now");
    assert_eq!(again(last + 1, last + 5), Ok(()), "behind what is covered");
    assert_eq!(again(last, last + 1), Err(Code::Internal));
}

fn stretch_of(books: &Books, account: Id) -> (i64, i64) {
    books.venue.service.write(|connection| {
        invoice_stretches::table
            .filter(invoice_stretches::account_id.eq(account))
            .select((invoice_stretches::first_seq, invoice_stretches::last_seq))
            .get_result(connection)
    })
}
