//! The pure rule of a run: the worked examples to the cent, and random histories against the model.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use onaccount::id::Id;
use onaccount::invoice_runs::plan::{
    AccountFacts, BillableKind, InvoicePlan, Late, LimitReturn, OpenEntry, Origin, OriginInvoice, Outcome, ResetType,
    RunTerms, SkipReason, plan,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::model::actions::{Action, Step, reset, run_on, start_limit, steps};
use crate::model::{Account, Kind, Refused, Reset, Run};

fn date(day: i32) -> NaiveDate {
    // days before the first one are needed too: late sales
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(u64::try_from(day + 100).unwrap())
}

fn id(seq: usize) -> Id {
    Id::from(Uuid::from_u128(u128::try_from(seq).unwrap()))
}

fn reset_type(reset: Reset) -> ResetType {
    match reset {
        Reset::None => ResetType::None,
        Reset::BalanceToZero => ResetType::BalanceToZero,
        Reset::LimitMinusInvoiced => ResetType::LimitMinusInvoiced,
    }
}

fn terms(run: Run) -> RunTerms {
    RunTerms {
        from: date(run.from),
        to: date(run.to),
        reset_type: reset_type(run.reset),
        late: if run.includes_late {
            Late::Include
        } else {
            Late::Exclude
        },
    }
}

/// What the store would read of this account.
fn facts(account: &Account) -> AccountFacts {
    let open = account
        .entries
        .iter()
        .filter(|e| {
            matches!(e.kind, Kind::Sale | Kind::Refund)
                && !e.is_reversed
                && account.standing_invoice_of(e.seq).is_none()
        })
        .map(|e| OpenEntry {
            seq: i64::try_from(e.seq).unwrap(),
            id: id(e.seq),
            kind: if e.kind == Kind::Sale {
                BillableKind::Sale
            } else {
                BillableKind::Refund
            },
            balance_change_minor: e.balance,
            business_date: date(e.day),
            refund_of: e.refers_to.map(id),
            origin: e.refers_to.and_then(|sale| {
                let invoice = account.standing_invoice_of(sale)?;
                Some(Origin {
                    invoice_id: id(invoice.no),
                    reset_type: reset_type(invoice.covers[&sale]),
                })
            }),
            line_count: 1,
        })
        .collect();
    let origins = account
        .invoices
        .iter()
        .map(|i| {
            (
                id(i.no),
                OriginInvoice {
                    limit_taken_minor: i.limit_taken,
                    limit_returned_minor: i.limit_returned,
                },
            )
        })
        .collect();
    AccountFacts {
        last_seq: i64::try_from(account.entries.len()).unwrap(),
        credit_limit_minor: account.limit(),
        credits_standing: account
            .entries
            .iter()
            .filter(|e| e.is_standing(Kind::Credit))
            .count()
            .try_into()
            .unwrap(),
        has_billing_holder: true,
        open,
        origins,
    }
}

/// Runs the model and compares every figure with the plan of the service.
fn run_and_compare(account: &mut Account, run: Run) -> Result<usize, Refused> {
    let planned = plan(&facts(account), &terms(run)).unwrap();
    let result = account.run(run);
    match (planned, result) {
        (Outcome::Skip(reason), Err(code)) => assert_eq!(reason.as_str(), code),
        (Outcome::Invoice(planned), Ok(no)) => assert_same(account, no, &planned),
        (planned, result) => panic!("the model says {result:?}, the plan says {planned:?}"),
    }
    result
}

fn assert_same(account: &Account, no: usize, planned: &InvoicePlan) {
    let invoice = account.invoice(no);
    let reset_entry = account.entry(invoice.reset_seq);
    let covered: BTreeMap<i64, ResetType> = planned.covered.iter().map(|c| (c.seq, c.reset_type)).collect();
    let expected: BTreeMap<i64, ResetType> = invoice
        .covers
        .iter()
        .map(|(&seq, &reset)| (i64::try_from(seq).unwrap(), reset_type(reset)))
        .collect();
    assert_eq!(covered, expected);
    for entry in &planned.covered {
        let day = account.entry(usize::try_from(entry.seq).unwrap()).day;
        assert_eq!(entry.is_late, day < invoice.from);
    }
    assert_eq!(planned.total_minor, invoice.total);
    assert_eq!(planned.balance_change_minor, reset_entry.balance);
    assert_eq!(planned.limit_change_minor, reset_entry.limit);
    assert_eq!(planned.limit_taken_minor, invoice.limit_taken);
    let returns: Vec<LimitReturn> = invoice
        .returns
        .iter()
        .filter(|&(_, &amount)| amount > 0)
        .map(|(&no, &amount_minor)| LimitReturn {
            origin_invoice_id: id(no),
            amount_minor,
        })
        .collect();
    assert_eq!(planned.returns, returns);
}

fn apply(account: &mut Account, today: i32, action: Action) -> Result<(), Refused> {
    let pick = |index: usize, from: &[usize]| from.get(index % from.len().max(1)).copied();
    match action {
        Action::Sell {
            amount,
            days_ago,
            is_offline,
        } => account.sell(amount, today - days_ago, is_offline).map(drop),
        Action::Refund { sale, amount } => {
            pick(sale, &account.sales()).map_or(Ok(()), |sale| account.refund(sale, amount, today).map(drop))
        }
        Action::Void { sale } => {
            pick(sale, &account.sales()).map_or(Ok(()), |sale| account.void(sale, today).map(drop))
        }
        Action::RefundWithoutSale { amount } => account.refund_without_sale(amount, today).map(drop),
        Action::Credit { amount } => account.credit(amount, today).map(drop),
        Action::ReverseEntry { entry } => {
            let all: Vec<usize> = account.entries.iter().map(|e| e.seq).collect();
            pick(entry, &all).map_or(Ok(()), |seq| account.reverse_entry(seq, today).map(drop))
        }
        Action::ChangeLimit { delta } => account.change_limit(delta, today).map(drop),
        Action::Run {
            days_ago,
            reset,
            includes_late,
        } => run_and_compare(account, run_on(today, days_ago, reset, includes_late)).map(drop),
        Action::ReverseInvoice { invoice } => {
            let all: Vec<usize> = account.invoices.iter().map(|i| i.no).collect();
            pick(invoice, &all).map_or(Ok(()), |no| account.reverse_invoice(no, today))
        }
    }
}

/// Plays the steps, checks after each, and answers the last day.
fn play(account: &mut Account, steps: &[Step]) -> i32 {
    let mut today = 1;
    for &(days, action) in steps {
        today += days;
        let before = (account.balance(), account.limit(), account.entries.len());
        if apply(account, today, action).is_err() {
            assert_eq!(
                (account.balance(), account.limit(), account.entries.len()),
                before,
                "a refusal changed something"
            );
        }
        account.assert_consistent();
    }
    today
}

fn reverse_standing_credits(account: &mut Account, today: i32) {
    let credits: Vec<usize> = account
        .entries
        .iter()
        .filter(|e| e.is_standing(Kind::Credit))
        .map(|e| e.seq)
        .collect();
    for seq in credits {
        account.reverse_entry(seq, today).unwrap();
    }
}

fn account_with(limit: i64) -> Account {
    let mut account = Account::default();
    if limit > 0 {
        account.change_limit(limit, 0).unwrap();
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_equal_the_model_whatever_happened_before(limit in start_limit(), steps in steps(40)) {
        let mut account = account_with(limit);
        let today = play(&mut account, &steps);
        reverse_standing_credits(&mut account, today);
        let last = run_and_compare(&mut account, Run { from: 1, to: today, reset: Reset::BalanceToZero, includes_late: true });
        prop_assert!(matches!(last, Ok(_) | Err("nothing_to_invoice")));
        prop_assert!(account.uncovered().is_empty(), "left uncovered by the final run: {:?}", account.uncovered());
        prop_assert_eq!(
            account.balance(),
            account.left_standing_by_none(),
            "only what runs with `none` covered is left standing"
        );
    }

    #[test]
    fn a_plan_of_sales_alone_keeps_what_its_type_promises(
        amounts in prop::collection::vec(0..=4_000_i64, 1..20),
        reset in reset(),
    ) {
        let mut account = account_with(1_000_000);
        for amount in amounts {
            account.sell(amount, 1, false).unwrap();
        }
        let (balance, limit) = (account.balance(), account.limit());
        run_and_compare(&mut account, Run { from: 1, to: 1, reset, includes_late: true }).unwrap();
        match reset {
            Reset::None => prop_assert_eq!((account.balance(), account.limit()), (balance, limit)),
            Reset::BalanceToZero => prop_assert_eq!((account.balance(), account.limit()), (0, limit)),
            Reset::LimitMinusInvoiced => {
                prop_assert_eq!(account.balance(), 0);
                prop_assert_eq!(account.limit(), balance + limit, "the room stays what it was");
            }
        }
    }
}

fn planned(account: &Account, run: Run) -> InvoicePlan {
    match plan(&facts(account), &terms(run)).unwrap() {
        Outcome::Invoice(invoice) => invoice,
        Outcome::Skip(reason) => panic!("skipped: {reason:?}"),
    }
}

fn days(from: i32, to: i32, reset: Reset) -> Run {
    Run {
        from,
        to,
        reset,
        includes_late: true,
    }
}

#[test]
fn each_reset_type_does_what_the_table_says() {
    for (reset, balance, limit) in [
        (Reset::None, -3_500, 10_000),
        (Reset::BalanceToZero, -500, 10_000),
        (Reset::LimitMinusInvoiced, -500, 7_000),
    ] {
        let mut account = account_with(10_000);
        account.sell(3_000, 1, false).unwrap();
        account.sell(500, 2, false).unwrap();
        let invoice = planned(&account, days(1, 1, reset));
        assert_eq!(invoice.total_minor, 3_000);
        assert_eq!(account.balance() + invoice.balance_change_minor, balance, "{reset:?}");
        assert_eq!(account.limit() + invoice.limit_change_minor, limit, "{reset:?}");
    }
}

#[test]
fn a_limit_is_never_taken_below_zero() {
    let mut account = account_with(10_000);
    account.sell(13_000, 1, true).unwrap();
    let invoice = planned(&account, days(1, 1, Reset::LimitMinusInvoiced));
    assert_eq!(
        (
            invoice.balance_change_minor,
            invoice.limit_change_minor,
            invoice.limit_taken_minor
        ),
        (13_000, -10_000, 10_000)
    );
}

#[test]
fn a_refund_is_reset_the_way_its_sale_was_in_all_nine_combinations() {
    let all = [Reset::None, Reset::BalanceToZero, Reset::LimitMinusInvoiced];
    for of_sale in all {
        for of_refund in all {
            let mut account = account_with(10_000);
            let sale = account.sell(3_000, 1, false).unwrap();
            run_and_compare(&mut account, days(1, 1, of_sale)).unwrap();
            account.refund(sale, 3_000, 2).unwrap();
            let invoice = planned(&account, days(2, 2, of_refund));
            assert_eq!(invoice.total_minor, -3_000);
            let end = (
                account.balance() + invoice.balance_change_minor,
                account.limit() + invoice.limit_change_minor,
            );
            assert_eq!(end, (0, 10_000), "sale {of_sale:?}, refund {of_refund:?}");
            let expected = match of_sale {
                Reset::None => (0, 0),
                Reset::BalanceToZero => (-3_000, 0),
                Reset::LimitMinusInvoiced => (-3_000, 3_000),
            };
            assert_eq!((invoice.balance_change_minor, invoice.limit_change_minor), expected);
        }
    }
}

#[test]
fn a_refund_waits_until_its_sale_is_taken() {
    let mut account = account_with(10_000);
    let sale = account.sell(3_000, 1, false).unwrap();
    account.refund(sale, 1_000, 5).unwrap();
    let late_excluded = Run {
        from: 2,
        to: 5,
        reset: Reset::None,
        includes_late: false,
    };
    assert_eq!(
        plan(&facts(&account), &terms(late_excluded)).unwrap(),
        Outcome::Skip(SkipReason::NothingToInvoice)
    );
    let both = planned(&account, days(2, 5, Reset::None));
    assert_eq!(
        both.covered.iter().map(|c| (c.seq, c.is_late)).collect::<Vec<_>>(),
        [(2, true), (3, false)]
    );
    assert_eq!(both.total_minor, 2_000);
}

#[test]
fn accounts_are_skipped_with_the_first_reason_that_holds() {
    let mut account = account_with(10_000);
    let run = days(1, 9, Reset::None);
    let without_holder = |account: &Account| AccountFacts {
        has_billing_holder: false,
        ..facts(account)
    };
    assert_eq!(
        plan(&without_holder(&account), &terms(run)).unwrap(),
        Outcome::Skip(SkipReason::NothingToInvoice)
    );
    account.sell(0, 1, false).unwrap();
    assert_eq!(
        plan(&without_holder(&account), &terms(run)).unwrap(),
        Outcome::Skip(SkipReason::NoBillingHolder)
    );
    account.credit(100, 1).unwrap();
    assert_eq!(
        plan(&without_holder(&account), &terms(run)).unwrap(),
        Outcome::Skip(SkipReason::CreditAccount)
    );
}

#[test]
fn entries_that_net_to_nothing_still_make_an_invoice() {
    let mut account = account_with(10_000);
    let sale = account.sell(3_000, 1, false).unwrap();
    account.refund(sale, 3_000, 1).unwrap();
    let invoice = planned(&account, days(1, 1, Reset::LimitMinusInvoiced));
    assert_eq!((invoice.covered.len(), invoice.total_minor), (2, 0));
    assert_eq!((invoice.balance_change_minor, invoice.limit_change_minor), (0, 0));
}

#[test]
fn amounts_that_do_not_fit_are_an_error_and_not_a_wrap() {
    let mut account = Account::default();
    account.sell(1, 1, true).unwrap();
    account.sell(1, 1, true).unwrap();
    let mut huge = facts(&account);
    for entry in &mut huge.open {
        entry.balance_change_minor = -i64::MAX;
    }
    assert!(plan(&huge, &terms(days(1, 1, Reset::None))).is_err());
}
