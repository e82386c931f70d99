//! Random histories of a venue's accounts, through the service and through the model: sales, refunds, voids (also such that
//! come before their sale), credits, limits, runs of one account and of all, and reversals of entries, invoices and whole
//! runs in any order. Both agree after every event, and in the end every unreversed sale is covered once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use onaccount::db::schema::{entries, invoice_stretches};
use onaccount::id::Id;
use proptest::collection::vec;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::books::Books;
use super::twin::{Twin, body_of, pick};
use crate::model::actions::{Action, Event, events, run_on, start_limit};
use crate::model::{Reset, Run};

const CASES: u32 = 24;
const ACCOUNTS_MAX: usize = 3;
const EVENTS_MAX: usize = 45;

/// A run that made invoices.
struct MadeRun {
    id: Value,
    /// The account and the number of its invoice in the model.
    invoices: Vec<(usize, usize)>,
    is_reversed: bool,
}

/// What happens to some accounts. Days go on from case to case: dates of invoices only rise.
struct History<'a> {
    books: &'a Books,
    twins: Vec<Twin<'a>>,
    runs: Vec<MadeRun>,
    /// Sales that were voided before they came, with the account that the void named.
    voided_early: Vec<(usize, Id)>,
    /// The day before day 1.
    day_0: i32,
}

impl History<'_> {
    fn happen(&mut self, today: i32, event: Event) {
        self.books.on_day(self.day_0 + today);
        let (accounts, twins) = (self.twins.len(), &mut self.twins);
        match event {
            Event::To { account, action } => {
                let made = twins[account % accounts].act(today, action);
                if let Some((id, no)) = made {
                    self.note_run(id, vec![(account % accounts, no)]);
                }
            }
            Event::RunAll {
                days_ago,
                reset,
                includes_late,
            } => self.run_all(run_on(today, days_ago, reset, includes_late)),
            Event::ReverseRun { run } => {
                if !self.runs.is_empty() {
                    self.reverse_run(run % self.runs.len(), today);
                }
            }
            Event::VoidEarly { account } => {
                let sale_id = self.books.venue.service.clock.new_id();
                let voided = self.books.void(twins[account % accounts].id, sale_id);
                assert_eq!(voided, Err("awaiting_sale".to_owned()));
                self.voided_early.push((account % accounts, sale_id));
            }
            Event::SellVoided { void, amount } => {
                if let Some((account, sale_id)) = pick(void, &self.voided_early) {
                    let sold = self
                        .books
                        .sell_as(sale_id, twins[account].id, self.day_0 + today, amount);
                    assert_eq!(sold, Err("reversed_before_arrival".to_owned()));
                }
            }
            Event::VoidOfOther { account, sale } => {
                let (account, other) = (account % accounts, (account + 1) % accounts);
                if let Some(sale) = pick(sale, &twins[account].model.sales()) {
                    let voided = self.books.void(twins[other].id, twins[account].entries[sale - 1]);
                    assert_eq!(voided, Err("unknown_account".to_owned()));
                }
            }
        }
        self.twins.iter().for_each(Twin::assert_equal);
    }

    fn note_run(&mut self, id: Value, invoices: Vec<(usize, usize)>) {
        self.runs.push(MadeRun {
            id,
            invoices,
            is_reversed: false,
        });
    }

    fn run_all(&mut self, run: Run) {
        let ids: Vec<Id> = self.twins.iter().map(|twin| twin.id).collect();
        let made = self.books.run(body_of(run, self.day_0, &ids));
        let path = format!("/v1/invoice-runs/{}/accounts", made["id"].as_str().unwrap());
        let listed = self.books.signed_in().get(&path).expect(200);
        let by_account: HashMap<&str, &Value> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (item["account_id"].as_str().unwrap(), item))
            .collect();
        assert_eq!(by_account.len(), ids.len(), "every account is in the run");
        let mut invoices = Vec::new();
        for (account, twin) in self.twins.iter_mut().enumerate() {
            if let Some(no) = twin.note_run(run, &made, by_account[twin.id.to_string().as_str()]) {
                invoices.push((account, no));
            }
        }
        self.note_run(made["id"].clone(), invoices);
    }

    /// Of a run that can be taken back, all invoices that stand are; of one that cannot, none is.
    fn reverse_run(&mut self, run: usize, today: i32) {
        let MadeRun {
            id,
            invoices,
            is_reversed,
        } = &self.runs[run];
        let model = |account: usize| &self.twins[account].model;
        let standing: Vec<(usize, usize)> = invoices
            .iter()
            .filter(|(account, no)| model(*account).invoice(*no).is_standing)
            .copied()
            .collect();
        let obstacles: Vec<&str> = standing
            .iter()
            .filter_map(|(account, no)| model(*account).obstacle(*no))
            .collect();
        let answer = self.books.reverse_run(id);
        if *is_reversed {
            answer.problem(409, "already_reversed");
        } else if !obstacles.is_empty() {
            let problem = answer.problem(409, "run_not_reversible");
            let named: Vec<&str> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| error["code"].as_str().unwrap())
                .collect();
            assert_eq!(named, obstacles, "{problem}");
        } else {
            assert_eq!(answer.expect(200)["status"], "reversed");
            for (account, no) in standing {
                self.twins[account].note_reversal(no, today, &self.runs[run].id);
            }
            self.runs[run].is_reversed = true;
        }
    }

    /// Undoes the credits, runs over everything, and looks for what no invoice covers.
    fn finish(mut self, today: i32) {
        for twin in &mut self.twins {
            twin.reverse_credits(today);
        }
        for void in 0..self.voided_early.len() {
            self.happen(today, Event::SellVoided { void, amount: 500 });
        }
        self.run_all(Run {
            from: 1,
            to: today,
            reset: Reset::BalanceToZero,
            includes_late: true,
        });
        for twin in &self.twins {
            twin.assert_covered();
            assert_each_sale_is_covered_once(self.books, twin.id);
        }
        self.books.assert_sound();
    }
}

/// As the rows say, whatever the model thinks.
fn assert_each_sale_is_covered_once(books: &Books, account_id: Id) {
    let tenant_id = books.venue.tenant_id;
    let db = &books.venue.service.state.db;
    let of_account = entries::tenant_id.eq(tenant_id).and(entries::account_id.eq(account_id));
    let columns = (entries::seq, entries::id, entries::kind, entries::refers_to);
    let rows: Vec<(i64, Id, String, Option<Id>)> = db
        .read_blocking(|connection| Ok(entries::table.filter(of_account).select(columns).load(connection)?))
        .unwrap();
    let standing = invoice_stretches::table
        .filter(
            invoice_stretches::tenant_id
                .eq(tenant_id)
                .and(invoice_stretches::account_id.eq(account_id)),
        )
        .filter(invoice_stretches::is_standing)
        .select((invoice_stretches::first_seq, invoice_stretches::last_seq));
    let stretches: Vec<(i64, i64)> = db.read_blocking(|connection| Ok(standing.load(connection)?)).unwrap();
    let covered: Vec<i64> = stretches.into_iter().flat_map(|(first, last)| first..=last).collect();
    let reversed: HashSet<Id> = rows
        .iter()
        .filter(|(_, _, kind, _)| kind == "reversal")
        .filter_map(|(.., refers_to)| *refers_to)
        .collect();
    let due: HashSet<i64> = rows
        .iter()
        .filter(|(_, id, kind, _)| matches!(kind.as_str(), "sale" | "refund") && !reversed.contains(id))
        .map(|(seq, ..)| *seq)
        .collect();
    assert_eq!(covered.len(), due.len(), "an entry is covered twice");
    assert_eq!(covered.into_iter().collect::<HashSet<i64>>(), due);
}

fn play(books: &Books, day_0: i32, limits: &[i64], events: &[(i32, Event)]) {
    books.on_day(day_0 + 1);
    let mut history = History {
        books,
        twins: limits.iter().map(|_| Twin::open(books, day_0)).collect(),
        runs: Vec::new(),
        voided_early: Vec::new(),
        day_0,
    };
    for (account, &delta) in limits.iter().enumerate().filter(|(_, limit)| **limit > 0) {
        let action = Action::ChangeLimit { delta };
        history.happen(1, Event::To { account, action });
    }
    let mut today = 1;
    for &(days, event) in events {
        today += days;
        history.happen(today, event);
    }
    history.finish(today);
}

#[test]
fn the_service_and_the_model_agree_on_random_histories() {
    let books = Books::open();
    let last_day = Cell::new(0);
    let failed_on = RefCell::new(None);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let histories = (vec(start_limit(), 2..=ACCOUNTS_MAX), events(EVENTS_MAX));
    let outcome = TestRunner::new(config).run(&histories, |(limits, events)| {
        *failed_on.borrow_mut() = Some(events.clone());
        // dates of invoices only rise: also after a case that failed half-way, and is now made smaller
        let most: i32 = events.iter().map(|(days, _)| days).sum::<i32>() + 1;
        let day_0 = last_day.get();
        last_day.set(day_0 + most);
        play(&books, day_0, &limits, &events);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}\n{:?}", failed_on.borrow());
    }
}
