//! What a run makes of some accounts, complete but for numbers and ids: the same for a preview, for a run, and for the
//! second look under the accounts' lock.

use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::invoices::model::Payer;

use super::facts::{AccountHead, AccountReading, read_chunk, read_net_lines};
use super::figures::{NetLine, VatTotal, vat_totals};
use super::plan::{AmountOverflow, InvoicePlan, Outcome, RunTerms, SkipReason, plan};

/// What a run makes of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDraft {
    pub head: AccountHead,
    pub outcome: DraftOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftOutcome {
    Invoice(Box<Draft>),
    Skip(SkipReason),
}

/// An invoice that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub payer: Payer,
    pub plan: InvoicePlan,
    pub lines: Vec<NetLine>,
    pub vat: Vec<VatTotal>,
}

/// Drafts the first of these accounts that make up one chunk, in their order; at least one when there is any.
///
/// # Errors
/// When the database fails, or an amount does not fit.
pub fn draft_chunk(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
) -> ApiResult<Vec<AccountDraft>> {
    let readings = read_chunk(connection, tenant_id, terms, account_ids)?;
    let planned: Vec<(AccountReading, Outcome)> = readings
        .into_iter()
        .map(|reading| plan(&reading.facts, terms).map(|outcome| (reading, outcome)))
        .collect::<Result<_, _>>()?;
    let (invoiced, waiting) = what_to_read(&planned);
    let mut lines = read_net_lines(connection, tenant_id, terms, &invoiced, &waiting)?;
    planned
        .into_iter()
        .map(|(reading, outcome)| {
            let lines = lines.remove(&reading.head.id).unwrap_or_default();
            Ok(AccountDraft {
                outcome: draft(&reading, outcome, lines)?,
                head: reading.head,
            })
        })
        .collect()
}

/// The accounts that get an invoice, and those of their open entries that are not on it.
fn what_to_read(planned: &[(AccountReading, Outcome)]) -> (Vec<Id>, Vec<Id>) {
    let mut invoiced = Vec::new();
    let mut waiting = Vec::new();
    for (reading, outcome) in planned {
        if let Outcome::Invoice(plan) = outcome {
            invoiced.push(reading.head.id);
            let is_covered = |seq: i64| plan.covered.binary_search_by_key(&seq, |covered| covered.seq).is_ok();
            waiting.extend(
                reading
                    .facts
                    .open
                    .iter()
                    .filter(|entry| !is_covered(entry.seq))
                    .map(|entry| entry.id),
            );
        }
    }
    (invoiced, waiting)
}

fn draft(reading: &AccountReading, outcome: Outcome, lines: Vec<NetLine>) -> ApiResult<DraftOutcome> {
    let plan = match outcome {
        Outcome::Invoice(plan) => plan,
        Outcome::Skip(reason) => return Ok(DraftOutcome::Skip(reason)),
    };
    let Some(payer) = reading.payer.clone() else {
        return Ok(DraftOutcome::Skip(SkipReason::NoBillingHolder));
    };
    let vat = vat_totals(&lines)?;
    let gross = vat
        .iter()
        .try_fold(0_i64, |sum, rate| sum.checked_add(rate.gross_minor))
        .ok_or(AmountOverflow)?;
    if gross != plan.total_minor {
        let account = reading.head.id;
        let total = plan.total_minor;
        return Err(ApiError::internal(format!(
            "the lines of account {account} add up to {gross}, its entries to {total}"
        )));
    }
    Ok(DraftOutcome::Invoice(Box::new(Draft {
        payer,
        plan,
        lines,
        vat,
    })))
}

impl From<AmountOverflow> for ApiError {
    fn from(_: AmountOverflow) -> Self {
        ApiError::new(Code::AmountOverflow)
    }
}
