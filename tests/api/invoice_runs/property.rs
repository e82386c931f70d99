//! Random histories of an account, through the service and through the model: sales, refunds, voids, credits, limits, runs
//! and reversals in any order. Both agree after every action, and in the end every unreversed sale is covered once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use onaccount::id::Id;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::books::{Books, beer, date};
use crate::model::actions::{Action, Step, run_on, start_limit, steps};
use crate::model::{Account, Kind, Refused, Reset, Run};

const CASES: u32 = 24;
const STEPS_MAX: usize = 30;

/// One account in the service beside the same in the model. Days go on from case to case: dates of invoices only rise.
struct Twins<'a> {
    books: &'a Books,
    id: Id,
    model: Account,
    /// By the model's sequence numbers, from 1.
    entries: Vec<Id>,
    /// By the model's invoice numbers, from 1.
    invoices: Vec<Value>,
    /// The day before the model's day 1.
    day_0: i32,
}

fn word(reset: Reset) -> &'static str {
    match reset {
        Reset::None => "none",
        Reset::BalanceToZero => "balance_to_zero",
        Reset::LimitMinusInvoiced => "limit_minus_invoiced",
    }
}

impl Twins<'_> {
    /// Both did the same: the code of a refusal, or an entry with the next number.
    fn assert_same(&mut self, of_model: Result<usize, Refused>, of_service: Result<Id, String>) {
        match (of_model, of_service) {
            (Ok(seq), Ok(id)) => {
                assert_eq!(seq, self.entries.len() + 1);
                self.entries.push(id);
            }
            (Err(refused), Err(code)) => assert_eq!(refused, code),
            (model, service) => panic!("the model says {model:?}, the service {service:?}"),
        }
    }

    fn act(&mut self, today: i32, action: Action) {
        self.books.on_day(self.day_0 + today);
        let pick = |index: usize, from: &[usize]| from.get(index % from.len().max(1)).copied();
        match action {
            Action::Sell {
                amount,
                days_ago,
                is_offline,
            } => {
                let day = today - days_ago;
                let item = beer(amount, amount);
                let sold = self.books.sell_items(self.id, self.day_0 + day, &[item], is_offline);
                let of_model = self.model.sell(amount, day, is_offline);
                self.assert_same(of_model, sold);
            }
            Action::Refund { sale, amount } => {
                let sales: Vec<usize> = self
                    .model
                    .entries
                    .iter()
                    .filter(|e| e.kind == Kind::Sale)
                    .map(|e| e.seq)
                    .collect();
                // a refund names a quantity, and a quantity is above zero
                let amount = amount.max(1);
                if let Some(sale) = pick(sale, &sales).filter(|sale| self.model.entry(*sale).balance < 0) {
                    let refunded = self.books.refund(self.entries[sale - 1], amount);
                    let of_model = self.model.refund(sale, amount, today);
                    self.assert_same(of_model, refunded);
                }
            }
            Action::RefundWithoutSale { amount } => {
                let refunded = self.books.refund_without_sale(self.id, amount);
                let of_model = self.model.refund_without_sale(amount, today);
                self.assert_same(of_model, refunded);
            }
            Action::Credit { amount } => {
                let credited = Ok(self.books.credit(self.id, amount));
                let of_model = self.model.credit(amount, today);
                self.assert_same(of_model, credited);
            }
            Action::ReverseEntry { entry } => {
                let all: Vec<usize> = self.model.entries.iter().map(|e| e.seq).collect();
                if let Some(seq) = pick(entry, &all) {
                    let reversed = self.books.reverse(self.entries[seq - 1]);
                    let of_model = self.model.reverse_entry(seq, today);
                    self.assert_same(of_model, reversed);
                }
            }
            Action::ChangeLimit { delta } => {
                let changed = self.books.change_limit(self.id, delta);
                let of_model = self.model.change_limit(delta, today);
                self.assert_same(of_model, changed);
            }
            Action::Run {
                days_ago,
                reset,
                includes_late,
            } => self.run(run_on(today, days_ago, reset, includes_late)),
            Action::ReverseInvoice { invoice } => {
                let all: Vec<usize> = self.model.invoices.iter().map(|i| i.no).collect();
                if let Some(no) = pick(invoice, &all) {
                    self.reverse_invoice(no, today);
                }
            }
        }
    }

    fn run(&mut self, run: Run) {
        let body = json!({
            "from": date(self.day_0 + run.from),
            "to": date(self.day_0 + run.to.max(run.from)),
            "reset_type": word(run.reset),
            "late": if run.includes_late { "include" } else { "exclude" },
            "accounts": {"account_ids": [self.id]},
        });
        let run = Run {
            to: run.to.max(run.from),
            ..run
        };
        let answer = self.books.try_run(body);
        match self.model.run(run) {
            Ok(no) => {
                let invoice = self.books.invoice_of(&answer.expect(200), self.id);
                self.entries
                    .push(invoice["reset_mutation_id"].as_str().unwrap().parse().unwrap());
                self.compare(no, &invoice);
                self.invoices.push(invoice);
            }
            Err(code) => drop(answer.problem(409, code)),
        }
    }

    fn compare(&self, no: usize, invoice: &Value) {
        let of_model = self.model.invoice(no);
        let cents = |name: &str| invoice[name].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        assert_eq!(cents("total"), of_model.total);
        assert_eq!(cents("limit_taken"), of_model.limit_taken);
        let seqs: HashMap<String, usize> = self
            .entries
            .iter()
            .zip(1..)
            .map(|(id, seq)| (id.to_string(), seq))
            .collect();
        let covered: Vec<(usize, &str)> = invoice["covers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|covered| {
                (
                    seqs[covered["id"].as_str().unwrap()],
                    covered["reset_type"].as_str().unwrap(),
                )
            })
            .collect();
        let expected: Vec<(usize, &str)> = of_model
            .covers
            .iter()
            .map(|(&seq, &reset)| (seq, word(reset)))
            .collect();
        assert_eq!(covered, expected);
    }

    fn reverse_invoice(&mut self, no: usize, today: i32) {
        let answer = self.books.reverse_invoice(&self.invoices[no - 1]);
        match self.model.reverse_invoice(no, today) {
            Ok(()) => {
                let note = answer.expect(201);
                self.entries
                    .push(note["reset_mutation_id"].as_str().unwrap().parse().unwrap());
            }
            Err(code) => drop(answer.problem(409, code)),
        }
    }

    fn assert_equal(&self) {
        assert_eq!(self.books.state(self.id), (self.model.balance(), self.model.limit()));
        self.model.assert_consistent();
    }

    /// Undoes the credits, runs over everything, and looks for what no invoice covers.
    fn finish(&mut self, today: i32) {
        let credits = self.model.entries.iter().filter(|e| e.is_standing(Kind::Credit));
        for seq in credits.map(|e| e.seq).collect::<Vec<_>>() {
            let reversed = self.books.reverse(self.entries[seq - 1]);
            let of_model = self.model.reverse_entry(seq, today);
            self.assert_same(of_model, reversed);
        }
        self.run(Run {
            from: 1,
            to: today,
            reset: Reset::BalanceToZero,
            includes_late: true,
        });
        self.assert_equal();
        let uncovered = self.model.entries.iter().find(|e| {
            matches!(e.kind, Kind::Sale | Kind::Refund)
                && !e.is_reversed
                && self.model.standing_invoice_of(e.seq).is_none()
        });
        assert!(uncovered.is_none(), "left uncovered by the final run: {uncovered:?}");
        for (invoice, of_model) in self.invoices.iter().zip(&self.model.invoices) {
            let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
            let now = self.books.signed_in().get(&path).expect(200);
            let returned = now["limit_returned"]
                .as_str()
                .unwrap()
                .replace('.', "")
                .parse::<i64>()
                .unwrap();
            assert_eq!(returned, of_model.limit_returned);
            assert_eq!(now["status"] == "standing", of_model.is_standing);
        }
    }
}

fn play(books: &Books, day_0: i32, limit: i64, steps: &[Step]) -> i32 {
    books.on_day(day_0 + 1);
    let id = books.account(0);
    let mut twins = Twins {
        books,
        id,
        model: Account::default(),
        entries: Vec::new(),
        invoices: Vec::new(),
        day_0,
    };
    if limit > 0 {
        twins.act(1, Action::ChangeLimit { delta: limit });
    }
    let mut today = 1;
    for &(days, action) in steps {
        today += days;
        twins.act(today, action);
        twins.assert_equal();
    }
    twins.finish(today);
    day_0 + today
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
    let outcome = TestRunner::new(config).run(&(start_limit(), steps(STEPS_MAX)), |(limit, steps)| {
        *failed_on.borrow_mut() = Some(steps.clone());
        // dates of invoices only rise: also after a case that failed half-way, and is now made smaller
        let most: i32 = steps.iter().map(|(days, _)| days).sum::<i32>() + 1;
        let day_0 = last_day.get();
        last_day.set(day_0 + most);
        play(&books, day_0, limit, &steps);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}\n{:?}", failed_on.borrow());
    }
    books.on_day(last_day.get());
    books.assert_sound();
}
