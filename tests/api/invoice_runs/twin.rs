//! One account in the service beside the same in the model: whatever happens to both, they agree.

use std::collections::HashMap;

use onaccount::id::Id;
use serde_json::{Value, json};

use super::books::{Books, beer, date};
use crate::model::actions::{Action, run_on};
use crate::model::{Account, Kind, Refused, Reset, Run};

pub struct Twin<'a> {
    pub books: &'a Books,
    pub id: Id,
    pub model: Account,
    /// By the model's sequence numbers, from 1.
    pub entries: Vec<Id>,
    /// By the model's invoice numbers, from 1.
    invoices: Vec<Value>,
    /// The day before the model's day 1.
    day_0: i32,
}

pub fn word(reset: Reset) -> &'static str {
    match reset {
        Reset::None => "none",
        Reset::BalanceToZero => "balance_to_zero",
        Reset::LimitMinusInvoiced => "limit_minus_invoiced",
    }
}

/// One of these, by an index that wraps around.
pub fn pick<T: Copy>(index: usize, from: &[T]) -> Option<T> {
    from.get(index % from.len().max(1)).copied()
}

/// An amount of an answer, in cents.
fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

impl<'a> Twin<'a> {
    pub fn open(books: &'a Books, day_0: i32) -> Self {
        Twin {
            id: books.account(0),
            books,
            model: Account::default(),
            entries: Vec::new(),
            invoices: Vec::new(),
            day_0,
        }
    }

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

    /// Answers the run and its invoice, when the action is one that makes them.
    pub fn act(&mut self, today: i32, action: Action) -> Option<(Value, usize)> {
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
            Action::ChangeLimit { delta } => {
                let changed = self.books.change_limit(self.id, delta);
                let of_model = self.model.change_limit(delta, today);
                self.assert_same(of_model, changed);
            }
            Action::Refund { .. } | Action::Void { .. } | Action::ReverseEntry { .. } => self.undo(today, action),
            Action::Run {
                days_ago,
                reset,
                includes_late,
            } => return self.run(run_on(today, days_ago, reset, includes_late)),
            Action::ReverseInvoice { invoice } => {
                let all: Vec<usize> = self.model.invoices.iter().map(|i| i.no).collect();
                if let Some(no) = pick(invoice, &all) {
                    self.reverse_invoice(no, today);
                }
            }
        }
        None
    }

    /// Gives back or takes back what was posted before.
    fn undo(&mut self, today: i32, action: Action) {
        match action {
            Action::Refund { sale, amount } => {
                // a refund names a quantity, and a quantity is above zero
                let amount = amount.max(1);
                let sale = pick(sale, &self.model.sales());
                if let Some(sale) = sale.filter(|sale| self.model.entry(*sale).balance < 0) {
                    let refunded = self.books.refund(self.entries[sale - 1], amount);
                    let of_model = self.model.refund(sale, amount, today);
                    self.assert_same(of_model, refunded);
                }
            }
            Action::Void { sale } => {
                if let Some(sale) = pick(sale, &self.model.sales()) {
                    let voided = self.books.void(self.id, self.entries[sale - 1]);
                    let of_model = self.model.void(sale, today);
                    self.assert_same(of_model, voided);
                }
            }
            Action::ReverseEntry { entry } => {
                let all: Vec<usize> = self.model.entries.iter().map(|e| e.seq).collect();
                if let Some(seq) = pick(entry, &all) {
                    self.reverse_entry(seq, today);
                }
            }
            other => unreachable!("{other:?} undoes nothing"),
        }
    }

    fn reverse_entry(&mut self, seq: usize, today: i32) {
        let reversed = self.books.reverse(self.entries[seq - 1]);
        let of_model = self.model.reverse_entry(seq, today);
        self.assert_same(of_model, reversed);
    }

    /// A run of this account alone; answers it and its invoice in the model.
    fn run(&mut self, run: Run) -> Option<(Value, usize)> {
        let answer = self.books.try_run(body_of(run, self.day_0, &[self.id]));
        match self.model.run(within(run)) {
            Ok(no) => {
                let of_service = answer.expect(200);
                self.note_invoice(no, &of_service);
                Some((of_service["id"].clone(), no))
            }
            Err(code) => {
                answer.problem(409, code);
                None
            }
        }
    }

    /// The same for one of the accounts of a larger run: `listed` is what the run says of it.
    pub fn note_run(&mut self, run: Run, of_service: &Value, listed: &Value) -> Option<usize> {
        match self.model.run(within(run)) {
            Ok(no) => {
                assert_eq!(listed["state"], "invoiced", "{listed}");
                self.note_invoice(no, of_service);
                Some(no)
            }
            Err(code) => {
                assert_eq!(
                    (&listed["state"], &listed["skip"]["code"]),
                    (&json!("skipped"), &json!(code))
                );
                None
            }
        }
    }

    /// Both made an invoice: it is the same, entry by entry.
    fn note_invoice(&mut self, no: usize, of_service: &Value) {
        let invoice = self.books.invoice_of(of_service, self.id);
        self.note_reset(&invoice);
        let of_model = self.model.invoice(no);
        assert_eq!(cents(&invoice["total"]), of_model.total);
        assert_eq!(cents(&invoice["limit_taken"]), of_model.limit_taken);
        let seqs: HashMap<String, usize> = self.entries.iter().map(Id::to_string).zip(1..).collect();
        let covers = invoice["covers"].as_array().unwrap().iter();
        let covered: Vec<(usize, &str)> = covers
            .map(|entry| {
                (
                    seqs[entry["id"].as_str().unwrap()],
                    entry["reset_type"].as_str().unwrap(),
                )
            })
            .collect();
        let expected: Vec<(usize, &str)> = of_model
            .covers
            .iter()
            .map(|(&seq, &reset)| (seq, word(reset)))
            .collect();
        assert_eq!(covered, expected);
        self.invoices.push(invoice);
    }

    fn note_reset(&mut self, invoice: &Value) {
        let id = invoice["reset_mutation_id"].as_str().unwrap().parse().unwrap();
        self.entries.push(id);
    }

    fn reverse_invoice(&mut self, no: usize, today: i32) {
        let answer = self.books.reverse_invoice(&self.invoices[no - 1]);
        match self.model.reverse_invoice(no, today) {
            Ok(()) => self.note_reset(&answer.expect(201)),
            Err(code) => drop(answer.problem(409, code)),
        }
    }

    /// The run of an invoice that stood was reversed whole, in the service.
    pub fn note_reversal(&mut self, no: usize, today: i32, run_id: &Value) {
        self.model.reverse_invoice(no, today).unwrap();
        let note = self.books.invoice_of(&json!({"id": run_id}), self.id);
        assert_eq!(note["reverses"]["id"], self.invoices[no - 1]["id"]);
        self.note_reset(&note);
    }

    pub fn assert_equal(&self) {
        assert_eq!(self.books.state(self.id), (self.model.balance(), self.model.limit()));
        self.model.assert_consistent();
    }

    /// Takes back the credits, so that the account can be invoiced.
    pub fn reverse_credits(&mut self, today: i32) {
        let credits = self.model.entries.iter().filter(|e| e.is_standing(Kind::Credit));
        for seq in credits.map(|e| e.seq).collect::<Vec<_>>() {
            self.reverse_entry(seq, today);
        }
    }

    /// After a run over everything: each sale is invoiced once, and each invoice is what the model says.
    pub fn assert_covered(&self) {
        self.assert_equal();
        let uncovered = self.model.uncovered();
        assert!(uncovered.is_empty(), "left uncovered by the final run: {uncovered:?}");
        assert_eq!(self.model.balance(), self.model.left_standing_by_none());
        for (invoice, of_model) in self.invoices.iter().zip(&self.model.invoices) {
            let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
            let now = self.books.signed_in().get(&path).expect(200);
            assert_eq!(cents(&now["limit_returned"]), of_model.limit_returned);
            assert_eq!(now["status"] == "standing", of_model.is_standing);
        }
    }
}

/// A run that would end before it begins takes its first day.
fn within(run: Run) -> Run {
    Run {
        to: run.to.max(run.from),
        ..run
    }
}

/// The request of a run of these accounts.
pub fn body_of(run: Run, day_0: i32, accounts: &[Id]) -> Value {
    let run = within(run);
    json!({
        "from": date(day_0 + run.from),
        "to": date(day_0 + run.to),
        "reset_type": word(run.reset),
        "late": if run.includes_late { "include" } else { "exclude" },
        "accounts": {"account_ids": accounts},
    })
}
