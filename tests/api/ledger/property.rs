//! Random postings in batches of any size against a model that says the rules as simply as they can be said.

use onaccount::id::Id;
use onaccount::ledger::{AccountRef, Action, BatchItem, LineChoice, Outcome, RefundChoice, Sale};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::batch::{refund, sale};
use super::{item, post};
use crate::harness::Venue;

/// The quantity of every sale's only line, in pieces.
const PIECES: i64 = 3;

#[derive(Debug, Clone)]
enum Act {
    Sell { amount: i64, is_offline: bool },
    Refund { of: usize, pieces: Option<i64> },
    Reverse { of: usize },
    Void { of: usize },
    ChangeLimit { change: i64 },
    Credit { amount: i64 },
    Repeat { of: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..400_i64, prop::bool::weighted(0.2)).prop_map(|(amount, is_offline)| Act::Sell { amount, is_offline }),
        4 => (any::<usize>(), prop::option::of(1..=PIECES)).prop_map(|(of, pieces)| Act::Refund { of, pieces }),
        3 => any::<usize>().prop_map(|of| Act::Reverse { of }),
        1 => any::<usize>().prop_map(|of| Act::Void { of }),
        2 => (-500..1500_i64).prop_filter("a change", |change| *change != 0).prop_map(|change| Act::ChangeLimit { change }),
        1 => (1..300_i64).prop_map(|amount| Act::Credit { amount }),
        2 => any::<usize>().prop_map(|of| Act::Repeat { of }),
    ];
    prop::collection::vec(act, 1..60)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Sale,
    Refund { sale: usize, pieces: i64 },
    Reversal,
    Other,
}

/// One request and what it did, if anything.
#[derive(Debug, Clone, Copy)]
struct Fact {
    what: What,
    balance: i64,
    limit: i64,
    is_reversed: bool,
}

/// The account as a list of facts, one for each request; `None` for what posted nothing.
#[derive(Default)]
struct Model {
    facts: Vec<Option<Fact>>,
}

impl Model {
    fn balance(&self) -> i64 {
        self.facts.iter().flatten().map(|fact| fact.balance).sum()
    }

    fn limit(&self) -> i64 {
        self.facts.iter().flatten().map(|fact| fact.limit).sum()
    }

    fn standing_refunds(&self, sale: usize) -> impl Iterator<Item = (&Fact, i64)> {
        self.facts.iter().flatten().filter_map(move |fact| match fact.what {
            What::Refund { sale: of, pieces } if of == sale && !fact.is_reversed => Some((fact, pieces)),
            _ => None,
        })
    }

    fn sale(&self, of: usize) -> Option<Fact> {
        self.facts[of].filter(|fact| fact.what == What::Sale && !fact.is_reversed)
    }

    fn reverse(&mut self, of: usize) -> Option<Fact> {
        let fact = self.facts[of].filter(|fact| fact.what != What::Reversal && !fact.is_reversed)?;
        if self.standing_refunds(of).next().is_some() || self.limit() - fact.limit < 0 {
            return None;
        }
        self.facts[of].as_mut().unwrap().is_reversed = true;
        Some(Fact {
            what: What::Reversal,
            balance: -fact.balance,
            limit: -fact.limit,
            is_reversed: false,
        })
    }

    fn refund(&self, of: usize, pieces: Option<i64>) -> Option<Fact> {
        let amount = -self.sale(of)?.balance;
        let given: i64 = self.standing_refunds(of).map(|(fact, _)| fact.balance).sum();
        let taken: i64 = self.standing_refunds(of).map(|(_, pieces)| pieces).sum();
        let pieces = pieces.unwrap_or(PIECES - taken);
        if pieces == 0 || taken + pieces > PIECES {
            return None;
        }
        // half a cent is rounded up: amounts are not below zero here
        let due = (2 * amount * (taken + pieces) + PIECES) / (2 * PIECES);
        let balance = (due - given).max(0);
        Some(Fact {
            what: What::Refund { sale: of, pieces },
            balance,
            limit: 0,
            is_reversed: false,
        })
    }

    fn apply(&mut self, act: &Act) -> Option<Fact> {
        let fact = |what, balance, limit| {
            Some(Fact {
                what,
                balance,
                limit,
                is_reversed: false,
            })
        };
        match *act {
            Act::Sell { amount, is_offline } if is_offline || amount <= self.balance() + self.limit() => {
                fact(What::Sale, -amount, 0)
            }
            Act::ChangeLimit { change } if self.limit() + change >= 0 => fact(What::Other, 0, change),
            Act::Credit { amount } => fact(What::Other, amount, 0),
            Act::Refund { of, pieces } => self.refund(of, pieces),
            Act::Reverse { of } => self.reverse(of),
            Act::Void { of } => self.sale(of).and_then(|_| self.reverse(of)),
            Act::Sell { .. } | Act::ChangeLimit { .. } | Act::Repeat { .. } => None,
        }
    }
}

/// The acts with their references within what comes before them; what has nothing to refer to is left out.
fn resolve(acts: Vec<Act>) -> Vec<Act> {
    let mut resolved: Vec<Act> = Vec::new();
    for act in acts {
        let count = resolved.len();
        let act = match act {
            Act::Refund { .. } | Act::Reverse { .. } | Act::Void { .. } | Act::Repeat { .. } if count == 0 => continue,
            Act::Refund { of, pieces } => Act::Refund { of: of % count, pieces },
            Act::Reverse { of } => Act::Reverse { of: of % count },
            Act::Void { of } => Act::Void { of: of % count },
            Act::Repeat { of } => match resolved[of % count] {
                Act::Repeat { .. } => continue,
                _ => Act::Repeat { of: of % count },
            },
            other => other,
        };
        resolved.push(act);
    }
    resolved
}

fn action(act: &Act, account_id: Id, ids: &[Id]) -> Action {
    let account = AccountRef::Id(account_id);
    match *act {
        Act::Sell { amount, is_offline } => match sale(account, amount) {
            Action::Sale(sale) => Action::Sale(Sale { is_offline, ..sale }),
            other => other,
        },
        Act::Refund { of, pieces: None } => refund(ids[of], RefundChoice::Rest),
        Act::Refund {
            of,
            pieces: Some(pieces),
        } => refund(
            ids[of],
            RefundChoice::Lines(vec![LineChoice {
                line_no: 1,
                quantity_milli: Some(pieces * 1000),
            }]),
        ),
        Act::Reverse { of } => Action::Reversal {
            entry_id: ids[of],
            reason: None,
        },
        Act::Void { of } => Action::Void {
            sale_id: ids[of],
            account,
        },
        Act::ChangeLimit { change } => Action::LimitChange {
            account_id,
            change_minor: change,
            reason: "budget".into(),
        },
        Act::Credit { amount } => Action::Credit {
            account_id,
            amount_minor: amount,
            reason: "prepaid".into(),
        },
        Act::Repeat { .. } => unreachable!("repeats are made from what they repeat"),
    }
}

fn items_of(venue: &Venue, account_id: Id, acts: &[Act]) -> Vec<BatchItem> {
    let ids: Vec<Id> = acts.iter().map(|_| venue.service.clock.new_id()).collect();
    let make = |(act, id): (&Act, &Id)| match act {
        Act::Repeat { of } => item(venue.tenant_id, ids[*of], action(&acts[*of], account_id, &ids)),
        act => item(venue.tenant_id, *id, action(act, account_id, &ids)),
    };
    acts.iter().zip(&ids).map(make).collect()
}

fn check(model: &mut Model, first_outcomes: &mut Vec<Option<Outcome>>, act: &Act, outcome: Outcome) {
    if let Act::Repeat { of } = act {
        // what was refused is tried anew, under the rules of now
        let is_kept = first_outcomes[*of]
            .as_ref()
            .is_some_and(|first| !matches!(first, Outcome::Refused(_)));
        if is_kept {
            assert_eq!(Some(outcome), first_outcomes[*of].clone().map(Outcome::replayed));
        } else {
            panic!("the sequence repeats what was refused");
        }
        model.facts.push(None);
        first_outcomes.push(None);
        return;
    }
    let fact = model.apply(act);
    match (&outcome, &fact) {
        (
            Outcome::Posted {
                entry,
                is_replayed: false,
            },
            Some(fact),
        ) => {
            let changes = (entry.row.balance_change_minor, entry.row.limit_change_minor);
            assert_eq!(changes, (fact.balance, fact.limit), "{act:?}");
            assert_eq!(
                entry.lines.iter().map(|line| -line.amount_minor).sum::<i64>(),
                if entry.lines.is_empty() { 0 } else { fact.balance }
            );
        }
        (Outcome::Declined { .. }, None) => assert!(matches!(act, Act::Sell { .. })),
        // of what left no trace: it may still be on its way
        (Outcome::AwaitingSale { is_replayed: false, .. }, None) => assert!(matches!(act, Act::Void { .. })),
        (Outcome::Refused(_), None) => assert!(!matches!(act, Act::Sell { .. })),
        _ => panic!("{act:?}: {outcome:?} but the model says {fact:?}"),
    }
    model.facts.push(fact);
    first_outcomes.push(Some(outcome));
}

#[test]
fn random_postings_in_batches_agree_with_the_model() {
    let venue = Venue::open();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let number = std::cell::Cell::new(0_u32);
    runner
        .run(&(acts(), prop::collection::vec(1..9_usize, 60)), |(acts, sizes)| {
            number.set(number.get() + 1);
            let account_id = venue.service.account(venue.tenant_id, &format!("P-{}", number.get()));
            let acts = without_repeats_of_refusals(resolve(acts));
            let items = items_of(&venue, account_id, &acts);
            let (mut model, mut outcomes, mut done) = (Model::default(), Vec::new(), 0);
            for size in sizes {
                let end = (done + size).min(items.len());
                for (act, outcome) in acts[done..end].iter().zip(post(&venue.service, &items[done..end])) {
                    check(&mut model, &mut outcomes, act, outcome);
                }
                done = end;
                let entries = i64::try_from(model.facts.iter().flatten().count()).unwrap();
                prop_assert_eq!(venue.state(account_id), (model.balance(), model.limit(), entries));
            }
            Ok(())
        })
        .unwrap();
}

/// A refused request leaves no trace, so repeating it is a new request; the model knows only the other repeats.
fn without_repeats_of_refusals(acts: Vec<Act>) -> Vec<Act> {
    let mut model = Model::default();
    let mut kept = Vec::new();
    for act in acts {
        let act = match act {
            Act::Repeat { of } if model.facts[of].is_none() && !matches!(kept[of], Act::Sell { .. }) => {
                Act::Credit { amount: 1 }
            }
            act => act,
        };
        let fact = model.apply(&act);
        model.facts.push(fact);
        kept.push(act);
    }
    kept
}
