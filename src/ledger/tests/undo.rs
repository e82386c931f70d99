//! Refunds, reversals, voids and resets.

use super::*;
use crate::ledger::model::EntryKind;
use crate::ledger::posting::{LineChoice, StandingInvoice};

#[test]
fn a_refund_gives_back_and_may_lift_the_balance_above_0() {
    let mut account = account(10_000);
    let bought = post(&mut account, sale(1000), None);
    let refunded = post(&mut account, refund_of(&bought), Some(&Target::new(&bought)));
    assert_eq!(
        (refunded.row.balance_change_minor, refunded.row.refers_to),
        (1000, Some(bought.row.id))
    );
    assert_eq!(
        (refunded.lines[0].amount_minor, refunded.lines[0].quantity_milli),
        (-1000, -1000)
    );
    assert_eq!(refunded.lines[0].sale_line_no, Some(1));
    let lines = vec![line(1000, 500)];
    let loose = Action::RefundWithoutSale {
        account: AccountRef::Id(id(ACCOUNT)),
        occurred_at: None,
        amount_minor: 500,
        lines,
        reason: "goodwill".to_owned(),
        details: TillDetails::default(),
    };
    let loose = post(&mut account, loose, None);
    assert_eq!(
        (account.balance_minor, loose.lines[0].amount_minor, loose.row.refers_to),
        (500, -500, None)
    );
}

#[test]
fn a_refund_is_not_before_its_sale() {
    let mut account = account(10_000);
    let bought = post(&mut account, sale_of(1000, at("2026-10-20T12:04:00Z"), false), None);
    let target = Target::new(&bought);
    let refund_at = |text: &str| refund(&bought, Some(at(text)), RefundChoice::Rest);
    let early = decide_now(&account, refund_at("2026-10-20T12:03:59Z"), Some(&target));
    assert_eq!(rejection(early), Rejection::RefundBeforeSale);
    assert!(decide_now(&account, refund_at("2026-10-20T12:04:00Z"), Some(&target)).is_ok());
    // the till's clock was ahead of ours: what follows is not before it
    let untimed = decide_now(&account, refund_of(&bought), Some(&target)).unwrap();
    assert_eq!(untimed.row.occurred_at, bought.row.occurred_at);
}

#[test]
fn refunds_reversals_and_resets_need_an_account_that_was_activated() {
    let bought = decide_now(&account(10_000), sale(1000), None).unwrap();
    let target = Target::new(&bought);
    let inactive = AccountState {
        status: AccountStatus::Inactive,
        ..account(10_000)
    };
    for action in [refund_of(&bought), reversal_of(&bought), void_of(&bought)] {
        assert_eq!(
            rejection(decide_now(&inactive, action, Some(&target))),
            Rejection::AccountInactive
        );
    }
    for status in [AccountStatus::Active, AccountStatus::Blocked, AccountStatus::Closed] {
        let account = AccountState {
            status,
            ..account(10_000)
        };
        for action in [refund_of(&bought), reversal_of(&bought), void_of(&bought)] {
            assert!(decide_now(&account, action, Some(&target)).is_ok());
        }
    }
}

#[test]
fn a_closed_account_gets_no_credit_and_no_other_limit() {
    let closed = AccountState {
        status: AccountStatus::Closed,
        ..account(10_000)
    };
    let credit = Action::Credit {
        account_id: id(ACCOUNT),
        amount_minor: 1,
        reason: "prepaid".to_owned(),
    };
    assert_eq!(rejection(decide_now(&closed, credit, None)), Rejection::AccountClosed);
    assert_eq!(
        rejection(decide_now(&closed, limit_change(1), None)),
        Rejection::AccountClosed
    );
}

#[test]
fn a_reversal_is_the_opposite_of_its_entry() {
    let mut account = account(10_000);
    let bought = post(&mut account, sale(1000), None);
    let reversal = post(&mut account, reversal_of(&bought), Some(&Target::new(&bought)));
    assert_eq!(
        (account.balance_minor, account.last_seq, reversal.row.line_count),
        (0, 2, 0)
    );
    assert_eq!(
        (reversal.row.kind, reversal.row.refers_to),
        (EntryKind::Reversal, Some(bought.row.id))
    );
    let raised = post(&mut account, limit_change(500), None);
    post(&mut account, reversal_of(&raised), Some(&Target::new(&raised)));
    assert_eq!(account.credit_limit_minor, 10_000);
}

#[test]
fn what_cannot_be_reversed() {
    let mut account = account(10_000);
    let bought = post(&mut account, sale(1000), None);
    let fresh = Target::new(&bought);
    let reversed = Target {
        reversed_by: Some(id(5)),
        ..fresh.clone()
    };
    let outcome = decide_now(&account, reversal_of(&bought), Some(&reversed));
    assert_eq!(rejection(outcome), Rejection::AlreadyReversed);
    let refunded = Target {
        refunds_standing: 1,
        ..fresh.clone()
    };
    for action in [reversal_of(&bought), void_of(&bought)] {
        assert_eq!(
            rejection(decide_now(&account, action, Some(&refunded))),
            Rejection::HasRefunds
        );
    }
    let invoice = StandingInvoice {
        id: id(6),
        number: "2026-00001".to_owned(),
    };
    let invoiced = Target {
        invoice: Some(invoice),
        ..fresh.clone()
    };
    let outcome = decide_now(&account, reversal_of(&bought), Some(&invoiced));
    assert_eq!(
        rejection(outcome),
        Rejection::AlreadyInvoiced {
            number: "2026-00001".to_owned()
        }
    );
    let reversal = post(&mut account, reversal_of(&bought), Some(&fresh));
    let outcome = decide_now(&account, reversal_of(&reversal), Some(&Target::new(&reversal)));
    assert_eq!(rejection(outcome), Rejection::NotReversible);
    assert_eq!(
        rejection(decide_now(&account, reversal_of(&bought), None)),
        Rejection::NotFound
    );
}

#[test]
fn a_raise_that_is_in_use_by_a_later_decrease_cannot_be_reversed() {
    let mut account = account(0);
    let raised = post(&mut account, limit_change(1000), None);
    post(&mut account, limit_change(-500), None);
    let outcome = decide_now(&account, reversal_of(&raised), Some(&Target::new(&raised)));
    assert_eq!(
        rejection(outcome),
        Rejection::LimitWouldBeNegative {
            limit_minor: 500,
            change_minor: -1000
        }
    );
}

#[test]
fn a_void_of_an_invoiced_sale_refunds_what_is_left() {
    let mut account = account(10_000);
    let bought = post(&mut account, sale_of(1000, at("2026-10-20T11:00:00Z"), false), None);
    let invoice = Some(StandingInvoice {
        id: id(6),
        number: "2026-00001".to_owned(),
    });
    let mut target = Target {
        invoice,
        ..Target::new(&bought)
    };
    let part = RefundChoice::Lines(vec![LineChoice {
        line_no: 1,
        quantity_milli: Some(400),
    }]);
    let part = post(&mut account, refund(&bought, None, part), Some(&target));
    target.note_refund(&part.lines.iter().map(Line::from).collect::<Vec<_>>());
    let void = post(&mut account, void_of(&bought), Some(&target));
    assert_eq!(
        (void.row.kind, void.row.balance_change_minor, account.balance_minor),
        (EntryKind::Refund, 600, 0)
    );
    assert_eq!(flags(&void), [Flag::VoidedAsRefund]);
    target.note_refund(&void.lines.iter().map(Line::from).collect::<Vec<_>>());
    assert_eq!(
        rejection(decide_now(&account, void_of(&bought), Some(&target))),
        Rejection::NothingToRefund
    );
}

#[test]
fn a_void_names_the_account_of_its_sale() {
    let bought = decide_now(&account(10_000), sale(1000), None).unwrap();
    let other = AccountState {
        id: id(2),
        ..account(10_000)
    };
    let outcome = decide_now(&other, void_of(&bought), Some(&Target::new(&bought)));
    assert_eq!(rejection(outcome), Rejection::OtherAccount);
}

#[test]
fn only_a_sale_is_refunded_or_voided() {
    let mut account = account(10_000);
    let raised = post(&mut account, limit_change(500), None);
    for action in [refund_of(&raised), void_of(&raised)] {
        assert_eq!(
            rejection(decide_now(&account, action, Some(&Target::new(&raised)))),
            Rejection::NotFound
        );
    }
}

#[test]
fn a_reset_and_its_reversal_are_exact_and_may_be_zero() {
    let mut account = account(10_000);
    post(&mut account, sale_of(13_000, at("2026-10-20T11:00:00Z"), true), None);
    let reset = Action::InvoiceReset {
        account_id: id(ACCOUNT),
        invoice_id: id(7),
        run_id: id(8),
        balance_change_minor: 13_000,
        limit_change_minor: -10_000,
    };
    let reset = post(&mut account, reset, None);
    assert_eq!((account.balance_minor, account.credit_limit_minor), (0, 0));
    assert_eq!((reset.row.refers_to, reset.row.run_id), (Some(id(7)), Some(id(8))));
    let outcome = decide_now(&account, reversal_of(&reset), Some(&Target::new(&reset)));
    assert_eq!(rejection(outcome), Rejection::NotReversible);
    let undo = Action::ResetReversal {
        entry_id: reset.row.id,
        run_id: id(8),
    };
    post(&mut account, undo, Some(&Target::new(&reset)));
    assert_eq!((account.balance_minor, account.credit_limit_minor), (-13_000, 10_000));
}

#[test]
fn what_does_not_fit_is_refused() {
    let rich = AccountState {
        balance_minor: i64::MIN + 1,
        ..account(0)
    };
    let outcome = decide_now(&rich, sale_of(2, at("2026-10-20T11:00:00Z"), true), None);
    assert_eq!(rejection(outcome), Rejection::AmountOverflow);
    let limited = account(i64::MAX);
    assert_eq!(
        rejection(decide_now(&limited, limit_change(1), None)),
        Rejection::AmountOverflow
    );
}
