//! What a sale asks of its account, and when it may have happened.

use super::*;
use crate::ledger::rejection::Decline;

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
