//! What an invoice run does to one account: the pure rule, on facts that the store has read.
//!
//! Amounts are minor units (`i64`); balances below zero are owed. Nothing here reads a clock or a database, so the same
//! function serves the preview, the run, and the second look that a run takes under the account's lock.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use crate::id::Id;
use crate::text_enum;

text_enum! {
    /// What an invoice does to the account it is made for.
    pub enum ResetType {
        /// The account stays as it is.
        None => "none",
        /// The invoiced part leaves the balance; the spending room is restored.
        BalanceToZero => "balance_to_zero",
        /// The invoiced part leaves the balance and the limit: a fixed budget is used up.
        LimitMinusInvoiced => "limit_minus_invoiced",
    }
}

text_enum! {
    /// What happens to entries from before the period that no standing invoice covers.
    pub enum Late {
        /// They are invoiced with the period.
        Include => "include",
        /// They wait for another run.
        Exclude => "exclude",
    }
}

/// The parameters of a run that decide what it takes and how it resets. Both dates are inclusive business dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunTerms {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub reset_type: ResetType,
    pub late: Late,
}

/// The kinds of entries that an invoice can cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillableKind {
    Sale,
    Refund,
    Charge,
}

/// A billable entry that is neither reversed nor covered by a standing invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEntry {
    pub seq: i64,
    pub id: Id,
    pub kind: BillableKind,
    /// Below zero for a sale, above zero for a refund.
    pub balance_change_minor: i64,
    pub business_date: NaiveDate,
    /// Of a refund: its sale; `None` for a refund without a sale.
    pub refund_of: Option<Id>,
    /// Of a refund whose sale stands on an earlier invoice: that invoice, and how it reset the sale.
    pub origin: Option<Origin>,
    pub line_count: i64,
}

/// Where the sale of a refund was invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub invoice_id: Id,
    pub reset_type: ResetType,
}

/// How much of the limit an earlier invoice took and how much of that has been given back since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginInvoice {
    pub limit_taken_minor: i64,
    pub limit_returned_minor: i64,
}

/// All that decides what a run does to one account, as it was at `last_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountFacts {
    pub last_seq: i64,
    pub credit_limit_minor: i64,
    /// Unreversed credits; more than zero makes it a credit account, which cannot be invoiced.
    pub credits_standing: i64,
    pub has_billing_holder: bool,
    /// Ordered by `seq`.
    pub open: Vec<OpenEntry>,
    /// Every invoice that an [`Origin`] of `open` names.
    pub origins: BTreeMap<Id, OriginInvoice>,
}

text_enum! {
    /// Why a run makes no invoice for an account.
    pub enum SkipReason {
        /// No unreversed sale, refund or charge waits for an invoice.
        NothingToInvoice => "nothing_to_invoice",
        /// Prepaid money stands on it.
        CreditAccount => "credit_account",
        /// Nobody pays for it.
        NoBillingHolder => "no_billing_holder",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Invoice(InvoicePlan),
    Skip(SkipReason),
}

/// One entry on the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoveredEntry {
    pub seq: i64,
    pub business_date: NaiveDate,
    /// How this entry is reset: the run's way, or the way its sale was.
    pub reset_type: ResetType,
    pub origin_invoice_id: Option<Id>,
    /// From before the period.
    pub is_late: bool,
    pub line_count: i64,
}

/// Limit that an earlier invoice took and that this one gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReturn {
    pub origin_invoice_id: Id,
    /// Above zero.
    pub amount_minor: i64,
}

/// The invoice of one account and the reset that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePlan {
    /// Ordered by `seq`, never empty.
    pub covered: Vec<CoveredEntry>,
    /// Above zero when the customer owes it; below zero makes it a credit note.
    pub total_minor: i64,
    /// Of the reset entry.
    pub balance_change_minor: i64,
    /// Of the reset entry, limit returned included.
    pub limit_change_minor: i64,
    /// What this invoice itself takes from the limit; never below zero.
    pub limit_taken_minor: i64,
    /// Ordered by invoice; at most one for each.
    pub returns: Vec<LimitReturn>,
}

/// An amount that does not fit in 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount does not fit in 64 bits")]
pub struct AmountOverflow;

/// Decides what a run with `terms` does to the account that `facts` describe.
///
/// # Errors
/// [`AmountOverflow`] when a sum does not fit.
pub fn plan(facts: &AccountFacts, terms: &RunTerms) -> Result<Outcome, AmountOverflow> {
    if facts.credits_standing > 0 {
        return Ok(Outcome::Skip(SkipReason::CreditAccount));
    }
    let taken = entries_taken(&facts.open, terms);
    if taken.is_empty() {
        return Ok(Outcome::Skip(SkipReason::NothingToInvoice));
    }
    if !facts.has_billing_holder {
        return Ok(Outcome::Skip(SkipReason::NoBillingHolder));
    }
    invoice(facts, terms, &taken).map(Outcome::Invoice)
}

/// A refund is taken only together with its sale or after it; until then it waits.
fn entries_taken<'a>(open: &'a [OpenEntry], terms: &RunTerms) -> Vec<&'a OpenEntry> {
    let in_period =
        |e: &OpenEntry| e.business_date <= terms.to && (terms.late == Late::Include || e.business_date >= terms.from);
    let sold: HashSet<Id> = open
        .iter()
        .filter(|e| in_period(e) && e.kind != BillableKind::Refund)
        .map(|e| e.id)
        .collect();
    let waits_for_sale = |e: &OpenEntry| {
        e.kind == BillableKind::Refund && e.origin.is_none() && e.refund_of.is_some_and(|sale| !sold.contains(&sale))
    };
    open.iter().filter(|e| in_period(e) && !waits_for_sale(e)).collect()
}

fn invoice(facts: &AccountFacts, terms: &RunTerms, taken: &[&OpenEntry]) -> Result<InvoicePlan, AmountOverflow> {
    let mut total = 0;
    let mut cleared = 0;
    let mut out_of_limit = 0;
    let mut refunded_by_origin: BTreeMap<Id, i64> = BTreeMap::new();
    for entry in taken {
        total = subtract(total, entry.balance_change_minor)?;
        let reset_type = reset_of(entry, terms);
        if reset_type != ResetType::None {
            cleared = subtract(cleared, entry.balance_change_minor)?;
        }
        match (reset_type, entry.origin) {
            (ResetType::LimitMinusInvoiced, Some(origin)) => {
                let refunded = refunded_by_origin.entry(origin.invoice_id).or_default();
                *refunded = add(*refunded, entry.balance_change_minor)?;
            }
            (ResetType::LimitMinusInvoiced, None) => out_of_limit = subtract(out_of_limit, entry.balance_change_minor)?,
            (ResetType::None | ResetType::BalanceToZero, _) => {}
        }
    }
    let own_limit_change = limit_change(out_of_limit, facts.credit_limit_minor)?;
    let returns = limit_returns(&refunded_by_origin, &facts.origins)?;
    let returned = returns.iter().try_fold(0, |sum, r| add(sum, r.amount_minor))?;
    Ok(InvoicePlan {
        covered: taken.iter().map(|entry| covered(entry, terms)).collect(),
        total_minor: total,
        balance_change_minor: cleared,
        limit_change_minor: add(own_limit_change, returned)?,
        limit_taken_minor: own_limit_change.checked_neg().ok_or(AmountOverflow)?.max(0),
        returns,
    })
}

/// A refund of an invoiced sale is reset the way that sale was, whatever this run's type is.
fn reset_of(entry: &OpenEntry, terms: &RunTerms) -> ResetType {
    entry.origin.map_or(terms.reset_type, |origin| origin.reset_type)
}

fn covered(entry: &OpenEntry, terms: &RunTerms) -> CoveredEntry {
    CoveredEntry {
        seq: entry.seq,
        business_date: entry.business_date,
        reset_type: reset_of(entry, terms),
        origin_invoice_id: entry.origin.map(|origin| origin.invoice_id),
        is_late: entry.business_date < terms.from,
        line_count: entry.line_count,
    }
}

/// What is invoiced leaves the limit, as far as there is any; more refunded than sold raises it.
fn limit_change(out_of_limit: i64, credit_limit_minor: i64) -> Result<i64, AmountOverflow> {
    let taken = if out_of_limit >= 0 {
        out_of_limit.min(credit_limit_minor)
    } else {
        out_of_limit
    };
    taken.checked_neg().ok_or(AmountOverflow)
}

/// An invoice never gives back more than it took.
fn limit_returns(
    refunded_by_origin: &BTreeMap<Id, i64>,
    origins: &BTreeMap<Id, OriginInvoice>,
) -> Result<Vec<LimitReturn>, AmountOverflow> {
    let mut returns = Vec::new();
    for (&origin_invoice_id, &refunded) in refunded_by_origin {
        let left = match origins.get(&origin_invoice_id) {
            Some(origin) => subtract(origin.limit_taken_minor, origin.limit_returned_minor)?,
            None => 0,
        };
        let amount_minor = refunded.min(left);
        if amount_minor > 0 {
            returns.push(LimitReturn {
                origin_invoice_id,
                amount_minor,
            });
        }
    }
    Ok(returns)
}

fn add(a: i64, b: i64) -> Result<i64, AmountOverflow> {
    a.checked_add(b).ok_or(AmountOverflow)
}

fn subtract(a: i64, b: i64) -> Result<i64, AmountOverflow> {
    a.checked_sub(b).ok_or(AmountOverflow)
}
