//! A batch of many postings: in order, in one transaction, each with its own outcome.

use std::sync::Arc;

use onaccount::error::Code;
use onaccount::id::Id;
use onaccount::ledger::{
    AccountRef, Action, BatchItem, Decline, DeclineCode, Entry, Line, LineChoice, Outcome, Refund, RefundChoice,
    Rejection, Sale, TenantRules, TillDetails, post_batch,
};
use onaccount::money::Currency;

use super::{item, post};
use crate::harness::{NOON, Venue, at};

pub fn sale(account: AccountRef, amount_minor: i64) -> Action {
    let line = Line {
        product_code: "BEER".into(),
        product_name: "Beer".into(),
        category: String::new(),
        quantity_milli: 3000,
        amount_minor,
        vat_rate: 2100,
        unit_price: Some(12_500),
        sale_line_no: None,
    };
    Action::Sale(Sale {
        account,
        occurred_at: at(NOON),
        is_offline: false,
        amount_minor,
        lines: vec![line],
        details: TillDetails {
            receipt_number: Some("7".into()),
            operator: None,
            reference: Some("T1".into()),
        },
    })
}

pub fn refund(sale_id: Id, choice: RefundChoice) -> Action {
    Action::Refund(Refund {
        sale_id,
        occurred_at: None,
        choice,
        reason: None,
        details: TillDetails::default(),
    })
}

fn entry(outcome: &Outcome) -> &Entry {
    match outcome {
        Outcome::Posted { entry, .. } => entry,
        other => panic!("not posted: {other:?}"),
    }
}

fn reversal(entry_id: Id) -> Action {
    Action::Reversal { entry_id, reason: None }
}

fn limit(account_id: Id, change_minor: i64) -> Action {
    Action::LimitChange {
        account_id,
        change_minor,
        reason: "budget".into(),
    }
}

fn declined(amount_minor: i64, available_minor: i64, credit_limit_minor: i64) -> Outcome {
    let code = DeclineCode::LimitExceeded;
    let decline = Decline {
        code,
        amount_minor,
        available_minor,
        credit_limit_minor,
    };
    Outcome::Declined {
        decline,
        is_replayed: false,
    }
}

/// Twelve postings to one account, each of which depends on those before it.
fn story(venue: &Venue, account_id: Id) -> Vec<BatchItem> {
    let account = || AccountRef::Number("71900001".into());
    let ids: Vec<Id> = (0..12).map(|_| venue.service.clock.new_id()).collect();
    let one = RefundChoice::Lines(vec![LineChoice {
        line_no: 1,
        quantity_milli: Some(1000),
    }]);
    let actions = [
        sale(account(), 100),
        limit(account_id, 1000),
        sale(account(), 900),
        sale(account(), 101),
        refund(ids[2], one.clone()),
        sale(account(), 400),
        refund(ids[2], RefundChoice::Rest),
        refund(ids[2], one),
        reversal(ids[2]),
        reversal(ids[6]),
        refund(ids[2], RefundChoice::Rest),
        Action::Void {
            sale_id: ids[5],
            account: account(),
        },
    ];
    let items = ids
        .iter()
        .zip(actions)
        .map(|(id, action)| item(venue.tenant_id, *id, action));
    items.collect()
}

#[test]
fn later_items_see_what_earlier_ones_did() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let outcomes = post(&venue.service, &story(&venue, account_id));
    assert_eq!(outcomes[0], declined(100, 0, 0));
    assert_eq!(outcomes[3], declined(101, 100, 1000));
    let nothing_left = Rejection::MoreOfLineThanLeft {
        line_no: 1,
        left_milli: 0,
    };
    assert_eq!(outcomes[7], Outcome::Refused(nothing_left));
    assert_eq!(outcomes[8], Outcome::Refused(Rejection::HasRefunds));
    let posted = [1, 2, 4, 5, 6, 9, 10, 11].map(|index: usize| {
        let row = &entry(&outcomes[index]).row;
        (row.seq, row.balance_after_minor)
    });
    let expected = [
        (1, 0),
        (2, -900),
        (3, -600),
        (4, -1000),
        (5, -400),
        (6, -1000),
        (7, -400),
        (8, 0),
    ];
    assert_eq!(posted, expected);
    assert_eq!(venue.state(account_id), (0, 1000, 8));
}

#[test]
fn a_batch_that_is_sent_again_replays_what_was_posted_or_declined() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let items = story(&venue, account_id);
    let outcomes = post(&venue.service, &items);
    for (first, second) in outcomes.into_iter().zip(post(&venue.service, &items)) {
        match first {
            Outcome::Refused(_) => assert!(matches!(second, Outcome::Refused(_)), "{second:?}"),
            posted_or_declined => assert_eq!(posted_or_declined.replayed(), second),
        }
    }
    assert_eq!(venue.state(account_id), (0, 1000, 8));
}

#[test]
fn the_same_key_twice_in_a_batch_replays_or_is_refused() {
    let venue = Venue::open();
    let (tenant_id, account_id) = (venue.tenant_id, venue.account("71900001", "10.00"));
    let (id, declined_id) = (venue.service.clock.new_id(), venue.service.clock.new_id());
    let account = || AccountRef::Id(account_id);
    let outcomes = post(
        &venue.service,
        &[
            item(tenant_id, id, sale(account(), 100)),
            item(tenant_id, id, sale(account(), 100)),
            item(tenant_id, id, sale(account(), 200)),
            item(tenant_id, declined_id, sale(account(), 5000)),
            item(tenant_id, declined_id, sale(account(), 5000)),
        ],
    );
    assert_eq!(outcomes[1], outcomes[0].clone().replayed());
    assert_eq!(outcomes[2], Outcome::Refused(Rejection::KeyReused));
    assert_eq!(outcomes[4], outcomes[3].clone().replayed());
    assert_eq!(venue.state(account_id), (-100, 1000, 2));
}

#[test]
fn a_batch_may_hold_postings_of_several_tenants_and_keeps_their_order() {
    let venue = Venue::open();
    let (neighbour_id, ..) = venue.neighbour(720);
    let own = venue.account("71900001", "0.00");
    let foreign = venue.service.account(neighbour_id, "71900001");
    let id = venue.service.clock.new_id();
    let new_id = || venue.service.clock.new_id();
    let number = || AccountRef::Number("71900001".into());
    let outcomes = post(
        &venue.service,
        &[
            item(neighbour_id, new_id(), limit(foreign, 1000)),
            item(venue.tenant_id, new_id(), limit(own, 1000)),
            item(neighbour_id, id, sale(number(), 200)),
            item(venue.tenant_id, id, sale(number(), 300)),
            item(venue.tenant_id, new_id(), sale(AccountRef::Id(foreign), 100)),
            item(neighbour_id, new_id(), refund(id, RefundChoice::Rest)),
            item(neighbour_id, new_id(), limit(own, 1000)),
        ],
    );
    let accounts: Vec<Id> = [0, 1, 2, 3, 5]
        .map(|index: usize| entry(&outcomes[index]).row.account_id)
        .to_vec();
    assert_eq!(accounts, [foreign, own, foreign, own, foreign]);
    assert_eq!(outcomes[4], Outcome::Refused(Rejection::UnknownAccount));
    assert_eq!(outcomes[6], Outcome::Refused(Rejection::NotFound));
    assert_eq!(venue.state(own), (-300, 1000, 2));
    assert_eq!(entry(&outcomes[5]).row.balance_change_minor, 200);
}

#[test]
fn batches_that_lock_the_same_accounts_in_another_order_all_get_through() {
    let venue = Venue::open();
    let accounts: Vec<Id> = (1..=6).map(|n| venue.account(&n.to_string(), "1000.00")).collect();
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let (venue, mut accounts) = (&venue, accounts.clone());
            accounts.rotate_left(worker);
            if worker % 2 == 1 {
                accounts.reverse();
            }
            scope.spawn(move || {
                for _ in 0..5 {
                    let new_sale = |id: &Id| {
                        item(
                            venue.tenant_id,
                            venue.service.clock.new_id(),
                            sale(AccountRef::Id(*id), 100),
                        )
                    };
                    let items: Vec<_> = accounts.iter().map(new_sale).collect();
                    assert!(
                        post(&venue.service, &items)
                            .iter()
                            .all(|outcome| matches!(outcome, Outcome::Posted { .. }))
                    );
                }
            });
        }
    });
    for account_id in accounts {
        assert_eq!(venue.state(account_id), (-3000, 100_000, 31));
    }
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let (tenant_id, reset_id) = (venue.tenant_id, super::post_reset(&venue, account_id));
    let items = [
        item(
            tenant_id,
            venue.service.clock.new_id(),
            sale(AccountRef::Id(account_id), 100),
        ),
        item(tenant_id, reset_id, sale(AccountRef::Id(account_id), 100)),
    ];
    let failed = venue
        .service
        .state
        .db
        .write_blocking(|connection| onaccount::ledger::post_batch(connection, &venue.service.clock, &items));
    assert_eq!(failed.unwrap_err().code(), onaccount::error::Code::IdempotencyKeyReused);
    assert_eq!(venue.state(account_id), (0, 1000, 2));
}

#[test]
fn the_first_entry_is_in_the_currency_that_the_tenant_has_by_now() {
    let venue = Venue::open();
    let account_id: Id = venue.open_account("0.00").id.parse().unwrap();
    let raise = |currency: &str| {
        let action = Action::LimitChange {
            account_id,
            change_minor: 1000,
            reason: "the first limit".into(),
        };
        let asked = item(venue.tenant_id, venue.service.clock.new_id(), action);
        let rules = TenantRules {
            currency: Currency::try_from_code(currency).unwrap(),
            ..(*asked.rules).clone()
        };
        let asked = BatchItem {
            rules: Arc::new(rules),
            ..asked
        };
        let state = &venue.service.state;
        state
            .db
            .write_blocking(|connection| post_batch(connection, &venue.service.clock, std::slice::from_ref(&asked)))
    };
    assert_eq!(raise("JPY").unwrap_err().code(), Code::ServiceUnavailable);
    assert!(matches!(raise("EUR").unwrap().as_slice(), [Outcome::Posted { entry, .. }] if entry.row.seq == 1));
}
