use super::*;
use crate::auth::ActorKind;
use crate::ledger::model::{Author, flags_of};
use crate::ledger::posting::{AccountRef, LineChoice, StandingInvoice};
use crate::money::Currency;
use uuid::Uuid;

const ACCOUNT: u128 = 1;

fn id(n: u128) -> Id {
    Id::from(Uuid::from_u128(n))
}

fn at(text: &str) -> Timestamp {
    serde_json::from_str(&format!("\"{text}\"")).unwrap()
}

fn now() -> Timestamp {
    at("2026-10-20T12:00:00Z")
}

fn rules() -> TenantRules {
    TenantRules {
        currency: Currency::EUR,
        zone: chrono_tz::Europe::Amsterdam,
        business_day_start_min: 0,
        accept_sales_days: 35,
        accept_sales_from: None,
        accepts_offline_sales: true,
        offline_sale_minor_max: None,
    }
}

/// An active account with this limit, as after raising it.
fn account(credit_limit_minor: i64) -> AccountState {
    AccountState {
        id: id(ACCOUNT),
        number: "71900001".to_owned(),
        status: AccountStatus::Active,
        on_account_allowed: true,
        balance_minor: 0,
        credit_limit_minor,
        last_seq: 0,
        credits_standing: 0,
    }
}

fn line(quantity_milli: i64, amount_minor: i64) -> Line {
    Line {
        product_code: "BEER".to_owned(),
        product_name: "Beer".to_owned(),
        category: "Drinks".to_owned(),
        quantity_milli,
        amount_minor,
        vat_rate: 2100,
        unit_price: None,
        sale_line_no: None,
    }
}

fn sale_of(amount_minor: i64, occurred_at: Timestamp, is_offline: bool) -> Action {
    Action::Sale(Sale {
        account: AccountRef::Id(id(ACCOUNT)),
        occurred_at,
        is_offline,
        amount_minor,
        lines: vec![line(1000, amount_minor)],
        details: TillDetails::default(),
    })
}

fn sale(amount_minor: i64) -> Action {
    sale_of(amount_minor, now(), false)
}

fn refund(sale: &Entry, occurred_at: Option<Timestamp>, choice: RefundChoice) -> Action {
    Action::Refund(Refund {
        sale_id: sale.row.id,
        occurred_at,
        choice,
        reason: None,
        details: TillDetails::default(),
    })
}

fn refund_of(sale: &Entry) -> Action {
    refund(sale, None, RefundChoice::Rest)
}

fn reversal_of(entry: &Entry) -> Action {
    Action::Reversal {
        entry_id: entry.row.id,
        reason: None,
    }
}

fn void_of(sale: &Entry) -> Action {
    Action::Void {
        sale_id: sale.row.id,
        account: AccountRef::Id(sale.row.account_id),
    }
}

fn limit_change(change_minor: i64) -> Action {
    Action::LimitChange {
        account_id: id(ACCOUNT),
        change_minor,
        reason: "budget".to_owned(),
    }
}

fn decide_with(
    rules: &TenantRules,
    account: &AccountState,
    action: Action,
    target: Option<&Target>,
) -> Result<Entry, NotPosted> {
    let author = Author {
        kind: ActorKind::Terminal,
        id: id(9),
        name: "Bar 1".to_owned(),
    };
    let posting = Posting {
        id: id(1000 + u128::try_from(account.last_seq).unwrap()),
        author,
        action,
    };
    decide(
        Scene {
            tenant_id: id(719),
            rules,
            now: now(),
        },
        account,
        &posting,
        target,
    )
}

fn decide_now(account: &AccountState, action: Action, target: Option<&Target>) -> Result<Entry, NotPosted> {
    decide_with(&rules(), account, action, target)
}

/// Decides and applies; what is not posted is a failure of the test.
fn post(account: &mut AccountState, action: Action, target: Option<&Target>) -> Entry {
    let entry = decide_now(account, action, target).unwrap();
    account.apply(&entry.row, 0);
    entry
}

fn decline(outcome: Result<Entry, NotPosted>) -> DeclineCode {
    match outcome {
        Err(NotPosted::Declined(decline)) => decline.code,
        other => panic!("expected a decline, got {other:?}"),
    }
}

fn rejection(outcome: Result<Entry, NotPosted>) -> Rejection {
    match outcome {
        Err(NotPosted::Refused(rejection)) => rejection,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn flags(outcome: &Entry) -> Vec<Flag> {
    flags_of(&outcome.row.flags)
}

#[test]
fn a_sale_of_10_makes_the_balance_minus_10() {
    let mut account = account(10_000);
    let entry = post(&mut account, sale(1000), None);
    assert_eq!(
        (
            entry.row.seq,
            entry.row.balance_change_minor,
            entry.row.balance_after_minor
        ),
        (1, -1000, -1000)
    );
    assert_eq!((entry.row.limit_after_minor, account.available_minor()), (10_000, 9000));
    assert_eq!(
        entry.lines.iter().map(|line| line.amount_minor).sum::<i64>(),
        -entry.row.balance_change_minor
    );
    assert_eq!(post(&mut account, sale(0), None).row.seq, 2);
}

#[test]
fn a_sale_may_use_what_is_available_and_not_a_cent_more() {
    assert!(decide_now(&account(1000), sale(1000), None).is_ok());
    let outcome = decide_now(&account(1000), sale(1001), None);
    let expected = Decline {
        code: DeclineCode::LimitExceeded,
        amount_minor: 1001,
        available_minor: 1000,
        credit_limit_minor: 1000,
    };
    assert_eq!(outcome, Err(NotPosted::Declined(expected)));
}

#[test]
fn a_limit_set_below_what_is_used_declines_sales() {
    let mut account = account(10_000);
    post(&mut account, sale(5000), None);
    post(&mut account, limit_change(-8000), None);
    assert_eq!((account.credit_limit_minor, account.available_minor()), (2000, -3000));
    assert_eq!(decline(decide_now(&account, sale(1), None)), DeclineCode::LimitExceeded);
}

#[test]
fn a_limit_never_falls_below_0() {
    let expected = Rejection::LimitWouldBeNegative {
        limit_minor: 1000,
        change_minor: -1001,
    };
    assert_eq!(
        rejection(decide_now(&account(1000), limit_change(-1001), None)),
        expected
    );
    assert!(decide_now(&account(1000), limit_change(-1000), None).is_ok());
}

#[test]
fn an_online_sale_needs_an_active_account_that_may_buy() {
    let with = |status, on_account_allowed| AccountState {
        status,
        on_account_allowed,
        ..account(10_000)
    };
    let code = |account: &AccountState| decline(decide_now(account, sale(1), None));
    assert_eq!(code(&with(AccountStatus::Inactive, true)), DeclineCode::AccountInactive);
    assert_eq!(code(&with(AccountStatus::Blocked, true)), DeclineCode::AccountBlocked);
    assert_eq!(code(&with(AccountStatus::Closed, true)), DeclineCode::AccountClosed);
    assert_eq!(
        code(&with(AccountStatus::Active, false)),
        DeclineCode::OnAccountNotAllowed
    );
}

#[test]
fn an_offline_sale_is_recorded_with_all_that_is_wrong() {
    let blocked = AccountState {
        status: AccountStatus::Blocked,
        on_account_allowed: false,
        ..account(0)
    };
    let entry = decide_now(&blocked, sale_of(1000, at("2026-10-20T11:00:00Z"), true), None).unwrap();
    assert_eq!(flags(&entry), [Flag::OverLimit, Flag::Blocked, Flag::NotAllowed]);
    let closed = AccountState {
        status: AccountStatus::Closed,
        ..account(10_000)
    };
    let entry = decide_now(&closed, sale_of(1000, at("2026-10-20T11:59:01Z"), true), None).unwrap();
    assert_eq!(flags(&entry), [Flag::Closed, Flag::OfflineDoubtful]);
    let entry = decide_now(&account(10_000), sale_of(1000, at("2026-10-20T12:04:00Z"), true), None).unwrap();
    assert_eq!(flags(&entry), [Flag::ClockSkew, Flag::OfflineDoubtful]);
    let entry = decide_now(&account(10_000), sale_of(1000, at("2026-10-20T11:59:00Z"), true), None).unwrap();
    assert_eq!(flags(&entry), []);
}

#[test]
fn a_tenant_may_refuse_or_cap_offline_sales() {
    let offline = |minor| sale_of(minor, at("2026-10-20T11:00:00Z"), true);
    let refuses = TenantRules {
        accepts_offline_sales: false,
        ..rules()
    };
    let outcome = decide_with(&refuses, &account(10_000), offline(1), None);
    assert_eq!(decline(outcome), DeclineCode::OfflineNotAccepted);
    let caps = TenantRules {
        offline_sale_minor_max: Some(500),
        ..rules()
    };
    assert!(decide_with(&caps, &account(0), offline(500), None).is_ok());
    assert_eq!(
        decline(decide_with(&caps, &account(0), offline(501), None)),
        DeclineCode::OfflineNotAccepted
    );
}

#[test]
fn a_till_may_be_5_minutes_ahead() {
    let sale_at = |text| decide_now(&account(10_000), sale_of(1, at(text), false), None);
    assert!(sale_at("2026-10-20T12:05:00Z").is_ok());
    assert_eq!(decline(sale_at("2026-10-20T12:05:01Z")), DeclineCode::OccurredAtAhead);
    let offline = decide_now(&account(10_000), sale_of(1, at("2026-10-20T12:05:01Z"), true), None);
    assert_eq!(decline(offline), DeclineCode::OccurredAtAhead);
}

#[test]
fn a_sale_may_be_35_business_days_old_or_as_old_as_the_tenant_says() {
    // 2026-09-15 begins at 22:00 UTC of the day before
    let sale_at = |rules: &TenantRules, text| decide_with(rules, &account(10_000), sale_of(1, at(text), true), None);
    assert!(sale_at(&rules(), "2026-09-14T22:00:00Z").is_ok());
    assert_eq!(
        decline(sale_at(&rules(), "2026-09-14T21:59:59Z")),
        DeclineCode::OccurredAtTooOld
    );
    let history = TenantRules {
        accept_sales_from: "2017-01-01".parse().ok(),
        ..rules()
    };
    assert!(sale_at(&history, "2016-12-31T23:00:00Z").is_ok());
    assert_eq!(
        decline(sale_at(&history, "2016-12-31T22:59:59Z")),
        DeclineCode::OccurredAtTooOld
    );
}

#[test]
fn the_business_date_is_stored_with_the_sale() {
    let bar = TenantRules {
        business_day_start_min: 240,
        ..rules()
    };
    let entry = decide_with(&bar, &account(100), sale_of(1, at("2026-10-20T01:59:59Z"), false), None).unwrap();
    assert_eq!(entry.row.business_date.to_string(), "2026-10-19");
    assert_eq!(entry.lines[0].business_date, entry.row.business_date);
}

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
        amount_minor: 500,
        lines,
        reason: "goodwill".to_owned(),
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
