//! The rules of the ledger, pure: an account's state and a posting make an entry, a decline or a refusal. Nothing here
//! reads a clock or a database.

use chrono::TimeDelta;

use super::draft::{Draft, Moment};
use super::model::{AccountState, AccountStatus, Entry, EntryKind, EntryRow, Flag, Line};
use super::posting::{Action, Posting, Refund, RefundChoice, Sale, Target, TenantRules};
use super::refunds::refund_lines;
use super::rejection::{Decline, DeclineCode, NotPosted, Rejection};
use crate::clock::Timestamp;
use crate::id::Id;
use crate::money::checked_sum;

/// How far a till's clock may be ahead of ours.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);
/// An offline sale that is younger than this could have been sent online.
const OFFLINE_AGE_MIN: TimeDelta = TimeDelta::seconds(60);

/// Where and when something is decided.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub tenant_id: Id,
    pub rules: &'a TenantRules,
    pub now: Timestamp,
}

/// Decides one posting. `target` is the entry that the action refers to, when it refers to one and it exists.
///
/// # Errors
/// A decline, to be kept under the posting's key, or a refusal.
pub fn decide(
    scene: Scene,
    account: &AccountState,
    posting: &Posting,
    target: Option<&Target>,
) -> Result<Entry, NotPosted> {
    let draft = match &posting.action {
        Action::Sale(sale) => sell(scene, account, sale)?,
        Action::Refund(asked) => give_back(scene, account, asked, target)?,
        Action::RefundWithoutSale {
            occurred_at,
            amount_minor,
            lines,
            reason,
            details,
            ..
        } => {
            check_activated(account)?;
            let lines = lines.iter().map(given_back).collect();
            loose_refund(scene, account, *occurred_at)?
                .balance(*amount_minor)
                .lines(lines)
                .reason(reason)
                .details(details)
        }
        Action::LimitChange {
            change_minor, reason, ..
        } => {
            check_not_closed(account)?;
            Draft::now(EntryKind::LimitChange, scene)
                .limit(*change_minor)
                .reason(reason)
        }
        Action::Credit {
            amount_minor, reason, ..
        } => {
            check_not_closed(account)?;
            Draft::now(EntryKind::Credit, scene)
                .balance(*amount_minor)
                .reason(reason)
        }
        Action::Reversal { reason, .. } => {
            let draft = reverse(scene, account, target)?;
            Draft {
                reason: reason.clone(),
                ..draft
            }
        }
        Action::Void { .. } => void(scene, account, target)?,
        Action::InvoiceReset {
            invoice_id,
            run_id,
            balance_change_minor,
            limit_change_minor,
            ..
        } => {
            check_activated(account)?;
            let draft = Draft::now(EntryKind::InvoiceReset, scene)
                .balance(*balance_change_minor)
                .limit(*limit_change_minor);
            Draft {
                refers_to: Some(*invoice_id),
                run_id: Some(*run_id),
                ..draft
            }
        }
        Action::ResetReversal { run_id, .. } => Draft {
            run_id: Some(*run_id),
            ..reverse_reset(scene, target)?
        },
    };
    Ok(draft.finish(scene, account, posting)?)
}

fn sell(scene: Scene, account: &AccountState, sale: &Sale) -> Result<Draft, NotPosted> {
    let moment = till_moment(scene, account, sale.occurred_at, sale.amount_minor)?;
    let flags = if sale.is_offline {
        offline_flags(scene, account, sale)?
    } else {
        check_online(account, sale.amount_minor)?;
        Vec::new()
    };
    let draft = Draft::new(EntryKind::Sale, moment)
        .balance(-sale.amount_minor)
        .lines(sale.lines.clone())
        .details(&sale.details);
    Ok(Draft {
        flags,
        is_offline: sale.is_offline,
        ..draft
    })
}

fn give_back(
    scene: Scene,
    account: &AccountState,
    asked: &Refund,
    target: Option<&Target>,
) -> Result<Draft, NotPosted> {
    let sale = refundable(account, target)?;
    let moment = match asked.occurred_at {
        Some(at) => refund_moment(scene, account, sale, at)?,
        None => after(scene, &sale.row),
    };
    let draft = refund(sale, &asked.choice, moment)?.details(&asked.details);
    Ok(Draft {
        reason: asked.reason.clone(),
        ..draft
    })
}

fn loose_refund(scene: Scene, account: &AccountState, occurred_at: Option<Timestamp>) -> Result<Draft, NotPosted> {
    Ok(match occurred_at {
        Some(at) => Draft::new(EntryKind::Refund, till_moment(scene, account, at, 0)?),
        None => Draft::now(EntryKind::Refund, scene),
    })
}

/// The till's time, when it can be accepted. What is too old is declined even offline: nothing is known any more about
/// the keys of that time.
fn till_moment(
    scene: Scene,
    account: &AccountState,
    occurred_at: Timestamp,
    amount_minor: i64,
) -> Result<Moment, NotPosted> {
    let business_date = scene.rules.business_date(occurred_at);
    if occurred_at > scene.now.plus(AHEAD_MAX) {
        return Err(declined(DeclineCode::OccurredAtAhead, account, amount_minor));
    }
    if business_date < scene.rules.earliest_business_date(scene.now) {
        return Err(declined(DeclineCode::OccurredAtTooOld, account, amount_minor));
    }
    Ok(Moment {
        occurred_at,
        business_date,
    })
}

/// As [`till_moment`], and not before the sale.
fn refund_moment(
    scene: Scene,
    account: &AccountState,
    sale: &Target,
    occurred_at: Timestamp,
) -> Result<Moment, NotPosted> {
    let moment = till_moment(scene, account, occurred_at, 0)?;
    if occurred_at < sale.row.occurred_at {
        return Err(Rejection::RefundBeforeSale.into());
    }
    Ok(Moment {
        business_date: moment.business_date.max(sale.row.business_date),
        ..moment
    })
}

/// Now; but the clock of a till may have been ahead, and a consequence is never before its cause.
fn after(scene: Scene, cause: &EntryRow) -> Moment {
    Moment {
        occurred_at: scene.now.max(cause.occurred_at),
        business_date: scene.rules.business_date(scene.now).max(cause.business_date),
    }
}

fn declined(code: DeclineCode, account: &AccountState, amount_minor: i64) -> NotPosted {
    NotPosted::Declined(Decline {
        code,
        amount_minor,
        available_minor: account.available_minor(),
        credit_limit_minor: account.credit_limit_minor,
    })
}

fn check_online(account: &AccountState, amount_minor: i64) -> Result<(), NotPosted> {
    let reason = match account.status {
        AccountStatus::Inactive => Some(DeclineCode::AccountInactive),
        AccountStatus::Blocked => Some(DeclineCode::AccountBlocked),
        AccountStatus::Closed => Some(DeclineCode::AccountClosed),
        AccountStatus::Active if !account.on_account_allowed => Some(DeclineCode::OnAccountNotAllowed),
        AccountStatus::Active if amount_minor > account.available_minor() => Some(DeclineCode::LimitExceeded),
        AccountStatus::Active => None,
    };
    reason.map_or(Ok(()), |code| Err(declined(code, account, amount_minor)))
}

/// The goods are gone: the sale is recorded, and flagged with all that would have declined it.
fn offline_flags(scene: Scene, account: &AccountState, sale: &Sale) -> Result<Vec<Flag>, NotPosted> {
    let (amount_minor, occurred_at) = (sale.amount_minor, sale.occurred_at);
    let is_over_cap = scene.rules.offline_sale_minor_max.is_some_and(|max| amount_minor > max);
    if !scene.rules.accepts_offline_sales || is_over_cap {
        return Err(declined(DeclineCode::OfflineNotAccepted, account, amount_minor));
    }
    let facts = [
        (Flag::OverLimit, amount_minor > account.available_minor()),
        (Flag::Blocked, account.status == AccountStatus::Blocked),
        (Flag::Closed, account.status == AccountStatus::Closed),
        (
            Flag::NotAllowed,
            !account.on_account_allowed || account.status == AccountStatus::Inactive,
        ),
        (Flag::ClockSkew, occurred_at > scene.now),
        (Flag::OfflineDoubtful, occurred_at.plus(OFFLINE_AGE_MIN) > scene.now),
    ];
    Ok(facts
        .into_iter()
        .filter_map(|(flag, is_so)| is_so.then_some(flag))
        .collect())
}

fn check_activated(account: &AccountState) -> Result<(), Rejection> {
    if account.status == AccountStatus::Inactive {
        Err(Rejection::AccountInactive)
    } else {
        Ok(())
    }
}

fn check_not_closed(account: &AccountState) -> Result<(), Rejection> {
    if account.status == AccountStatus::Closed {
        Err(Rejection::AccountClosed)
    } else {
        Ok(())
    }
}

/// The sale, when it is one that can still be refunded.
fn refundable<'a>(account: &AccountState, target: Option<&'a Target>) -> Result<&'a Target, Rejection> {
    let sale = target
        .filter(|target| target.row.kind == EntryKind::Sale)
        .ok_or(Rejection::NotFound)?;
    check_activated(account)?;
    if sale.reversed_by.is_some() {
        Err(Rejection::AlreadyReversed)
    } else {
        Ok(sale)
    }
}

fn refund(sale: &Target, choice: &RefundChoice, moment: Moment) -> Result<Draft, Rejection> {
    let lines = refund_lines(&sale.lines, choice)?;
    let amount_minor = checked_sum(lines.iter().map(|line| -line.amount_minor)).ok_or(Rejection::AmountOverflow)?;
    let draft = Draft::new(EntryKind::Refund, moment).balance(amount_minor).lines(lines);
    Ok(Draft {
        refers_to: Some(sale.row.id),
        ..draft
    })
}

/// A line as a person writes it, with the sign it has on a refund.
fn given_back(line: &Line) -> Line {
    Line {
        quantity_milli: -line.quantity_milli,
        amount_minor: -line.amount_minor,
        ..line.clone()
    }
}

fn reverse(scene: Scene, account: &AccountState, target: Option<&Target>) -> Result<Draft, Rejection> {
    let target = target.ok_or(Rejection::NotFound)?;
    check_activated(account)?;
    if matches!(target.row.kind, EntryKind::Reversal | EntryKind::InvoiceReset) {
        return Err(Rejection::NotReversible);
    }
    if target.reversed_by.is_some() {
        return Err(Rejection::AlreadyReversed);
    }
    if let Some(invoice) = &target.invoice {
        return Err(Rejection::AlreadyInvoiced {
            number: invoice.number.clone(),
        });
    }
    if target.refunds_standing > 0 {
        return Err(Rejection::HasRefunds);
    }
    Ok(opposite(scene, target))
}

fn reverse_reset(scene: Scene, target: Option<&Target>) -> Result<Draft, Rejection> {
    let reset = target
        .filter(|target| target.row.kind == EntryKind::InvoiceReset)
        .ok_or(Rejection::NotFound)?;
    if reset.reversed_by.is_some() {
        return Err(Rejection::AlreadyReversed);
    }
    Ok(opposite(scene, reset))
}

fn opposite(scene: Scene, target: &Target) -> Draft {
    let draft = Draft::new(EntryKind::Reversal, after(scene, &target.row))
        .balance(-target.row.balance_change_minor)
        .limit(-target.row.limit_change_minor);
    Draft {
        refers_to: Some(target.row.id),
        ..draft
    }
}

/// The goods and the money have gone back already, so an invoiced sale is refunded instead.
fn void(scene: Scene, account: &AccountState, target: Option<&Target>) -> Result<Draft, Rejection> {
    let sale = target
        .filter(|target| target.row.kind == EntryKind::Sale)
        .ok_or(Rejection::NotFound)?;
    if sale.row.account_id != account.id {
        return Err(Rejection::OtherAccount);
    }
    if sale.invoice.is_none() {
        return reverse(scene, account, target);
    }
    let sale = refundable(account, target)?;
    let draft = refund(sale, &RefundChoice::Rest, after(scene, &sale.row))?;
    Ok(Draft {
        flags: vec![Flag::VoidedAsRefund],
        ..draft
    })
}
