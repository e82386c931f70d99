//! The rules of the ledger, with the worked examples of the design.

mod sales;
mod undo;

use super::decide::{Scene, decide};
use super::model::{AccountState, AccountStatus, Entry, Flag, Line};
use super::posting::{Action, Posting, Refund, RefundChoice, Sale, Target, TenantRules, TillDetails};
use super::rejection::{DeclineCode, NotPosted, Rejection};
use crate::auth::ActorKind;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::ledger::model::{Author, flags_of};
use crate::ledger::posting::AccountRef;
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
