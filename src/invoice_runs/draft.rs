//! What a run makes of some accounts, complete but for numbers and ids: the same for a preview, for a run, and for the
//! second look under the accounts' lock.

use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::invoices::model::Payer;

use super::facts::{AccountHead, AccountReading, read_chunk};
use super::plan::{AmountOverflow, InvoicePlan, Outcome, RunTerms, SkipReason, plan};

/// What a run makes of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDraft {
    pub head: AccountHead,
    pub outcome: DraftOutcome,
}

impl AccountDraft {
    /// The invoice, if the account gets one.
    #[must_use]
    pub fn invoice(&self) -> Option<&Draft> {
        match &self.outcome {
            DraftOutcome::Invoice(draft) => Some(draft),
            DraftOutcome::Skip(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftOutcome {
    Invoice(Box<Draft>),
    Skip(SkipReason),
}

/// An invoice that is not made yet; its lines follow from what it covers ([`super::lines`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub payer: Payer,
    pub plan: InvoicePlan,
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
    readings.into_iter().map(|reading| draft(reading, terms)).collect()
}

fn draft(reading: AccountReading, terms: &RunTerms) -> ApiResult<AccountDraft> {
    let AccountReading { head, payer, facts } = reading;
    let outcome = match (plan(&facts, terms)?, payer) {
        (Outcome::Skip(reason), _) => DraftOutcome::Skip(reason),
        (Outcome::Invoice(_), None) => DraftOutcome::Skip(SkipReason::NoBillingHolder),
        (Outcome::Invoice(plan), Some(payer)) => DraftOutcome::Invoice(Box::new(Draft { payer, plan })),
    };
    Ok(AccountDraft { head, outcome })
}

impl From<AmountOverflow> for ApiError {
    fn from(_: AmountOverflow) -> Self {
        ApiError::new(Code::AmountOverflow)
    }
}
