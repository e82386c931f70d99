//! Rows of runs, what is asked of a run, and how it is answered.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::plan::{Late, ResetType, RunTerms, SkipReason};
use crate::clock::Timestamp;
use crate::db::schema::{invoice_run_accounts, invoice_runs};
use crate::id::Id;
use crate::invoices::model::{InvoiceCategory, InvoiceKind, InvoiceLine, InvoiceStatus, InvoiceVat, Payer};
use crate::jobs::Job;
use crate::money::{Amount, Money};
use crate::period::BusinessDate;
use crate::text::{SearchText, sort_key};
use crate::text_enum;

/// The most accounts that a request may name one by one; a filter may fit more.
pub const ACCOUNT_IDS_MAX: usize = 10_000;

text_enum! {
    /// How far a run is.
    pub enum RunStatus {
        /// Its job waits or works.
        Pending => "pending",
        /// Every chosen account was invoiced or skipped.
        Completed => "completed",
        /// Its job failed; the invoices made before that stand.
        Failed => "failed",
        /// Its job was cancelled; the invoices made before that stand.
        Cancelled => "cancelled",
        /// Its invoices are being reversed.
        Reversing => "reversing",
        /// Its invoices are reversed.
        Reversed => "reversed",
    }
}

text_enum! {
    /// What became of an account in a run.
    pub enum RunAccountState {
        /// Its turn has not come.
        Pending => "pending",
        /// It has an invoice.
        Invoiced => "invoiced",
        /// It has none; the reason says why.
        Skipped => "skipped",
        /// Its invoice was reversed.
        Reversed => "reversed",
    }
}

/// A run as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_runs, treat_none_as_default_value = false)]
pub struct RunRow {
    pub tenant_id: Id,
    pub id: Id,
    pub job_id: Id,
    pub reversal_job_id: Option<Id>,
    pub from_date: NaiveDate,
    pub to_date: NaiveDate,
    pub invoice_date: NaiveDate,
    pub reset_type: ResetType,
    pub late: Late,
    /// [`Selection`] (JSON).
    pub selection: String,
    pub status: RunStatus,
    pub actor_kind: String,
    pub actor_id: Id,
    pub actor_name: String,
    pub created_at: Timestamp,
}

impl RunRow {
    /// What decides what the run takes and how it resets.
    #[must_use]
    pub fn terms(&self) -> RunTerms {
        RunTerms {
            from: self.from_date,
            to: self.to_date,
            reset_type: self.reset_type,
            late: self.late,
        }
    }
}

/// An account that a run has chosen.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_run_accounts, treat_none_as_default_value = false)]
pub struct RunAccountRow {
    pub tenant_id: Id,
    pub run_id: Id,
    /// From 1, in the order of account numbers: the order of the invoice numbers too.
    pub ordinal: i64,
    pub account_id: Id,
    pub state: RunAccountState,
    pub skip_code: Option<SkipReason>,
    pub invoice_id: Option<Id>,
}

/// Which accounts to invoice by what they are like. Every given condition holds; inactive accounts never fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "has_condition"))]
#[schema(min_properties = 1, example = json!({"balance_lt": "-50.00"}))]
pub struct AccountFilter {
    /// Part of the name, without regard to case and accents, or of the number; accents or blanks alone are no part of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "says_something"))]
    pub q: Option<SearchText>,
    /// Only accounts with a balance below this; below zero the customer owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_lt: Option<Amount>,
    /// Only accounts that this customer is linked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder_id: Option<Id>,
}

/// A filter that leaves nobody out would invoice everybody.
fn says_something(q: &SearchText) -> Result<(), ValidationError> {
    if sort_key(q.as_str()).is_empty() {
        let message = "expected more than accents and blanks; choose every account with \"all\": true".into();
        return Err(ValidationError::new("says_nothing").with_message(message));
    }
    Ok(())
}

fn has_condition(filter: &AccountFilter) -> Result<(), ValidationError> {
    if filter.q.is_none() && filter.balance_lt.is_none() && filter.holder_id.is_none() {
        let message = "expected at least one condition; choose every account with \"all\": true".into();
        return Err(ValidationError::new("missing_condition").with_message(message));
    }
    Ok(())
}

/// The accounts of a run: some by their ids, or by a filter, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_one_choice"))]
#[schema(example = json!({"all": true}))]
pub struct Selection {
    /// These accounts, at most 10 000; none of them may be inactive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 10_000)]
    pub account_ids: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub filter: Option<AccountFilter>,
    /// Every account that is not inactive; only `true` says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

fn is_one_choice(selection: &Selection) -> Result<(), ValidationError> {
    let choices = [
        selection.account_ids.is_some(),
        selection.filter.is_some(),
        selection.all == Some(true),
    ];
    if selection.all == Some(false) || choices.iter().filter(|is_made| **is_made).count() != 1 {
        let message = "expected exactly one of \"account_ids\", \"filter\" and \"all\": true".into();
        return Err(ValidationError::new("one_choice").with_message(message));
    }
    if selection
        .account_ids
        .as_ref()
        .is_some_and(|ids| ids.len() > ACCOUNT_IDS_MAX)
    {
        let message = "expected at most 10000 accounts; use a filter for more".into();
        return Err(ValidationError::new("too_many").with_message(message));
    }
    Ok(())
}

/// What to invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-10-01", "to": "2026-10-31", "reset_type": "balance_to_zero",
    "accounts": {"all": true}}))]
pub struct NewInvoiceRun {
    /// The first business date of the period.
    pub from: BusinessDate,
    /// Its last one; nothing later is taken.
    pub to: BusinessDate,
    pub reset_type: ResetType,
    /// Whether to take what is from before the period and stands on no invoice. It is, unless told otherwise.
    #[serde(default = "include", skip_serializing_if = "is_include")]
    #[schema(default = "include")]
    pub late: Late,
    /// When left out: today in the tenant's time zone, or the date of the year's last invoice, should that be later. Not in the
    /// future, not before the last invoice of its year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<BusinessDate>,
    #[validate(nested)]
    pub accounts: Selection,
}

fn include() -> Late {
    Late::Include
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_include(late: &Late) -> bool {
    *late == Late::Include
}

impl NewInvoiceRun {
    /// What decides what the run takes and how it resets.
    #[must_use]
    pub fn terms(&self) -> RunTerms {
        RunTerms {
            from: self.from.date(),
            to: self.to.date(),
            reset_type: self.reset_type,
            late: self.late,
        }
    }
}

/// How many accounts of a run came to what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunCounts {
    pub total: i64,
    pub pending: i64,
    pub invoiced: i64,
    pub reversed: i64,
    pub skipped: SkipCounts,
}

/// How many accounts were skipped, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SkipCounts {
    pub nothing_to_invoice: i64,
    pub credit_account: i64,
    pub no_billing_holder: i64,
}

impl SkipCounts {
    /// Counts `accounts` more for a reason.
    pub fn add(&mut self, reason: SkipReason, accounts: i64) {
        let count = match reason {
            SkipReason::NothingToInvoice => &mut self.nothing_to_invoice,
            SkipReason::CreditAccount => &mut self.credit_account,
            SkipReason::NoBillingHolder => &mut self.no_billing_holder,
        };
        *count = count.saturating_add(accounts);
    }
}

/// An invoice run: its parameters, how far it is, and what it came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvoiceRun {
    pub id: Id,
    pub status: RunStatus,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub invoice_date: NaiveDate,
    pub reset_type: ResetType,
    pub late: Late,
    /// The accounts as they were chosen.
    pub selection: Selection,
    pub accounts: RunCounts,
    /// What the invoices of the run that stand add up to, credit notes included.
    pub total: Money,
    /// The job that makes the invoices.
    pub job: Job,
    /// The job that reverses them.
    #[schema(required)]
    pub reversal_job: Option<Job>,
    /// Who asked for it.
    #[schema(example = "Vera de Vries")]
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A run in a list: without its jobs and counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvoiceRunSummary {
    pub id: Id,
    pub status: RunStatus,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub invoice_date: NaiveDate,
    pub reset_type: ResetType,
    pub late: Late,
    /// The accounts as they were chosen.
    pub selection: Selection,
    pub job_id: Id,
    #[schema(required)]
    pub reversal_job_id: Option<Id>,
    #[schema(example = "Vera de Vries")]
    pub created_by: String,
    pub created_at: Timestamp,
}

/// Why an account was skipped, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Skip {
    pub code: SkipReason,
    #[schema(example = "No unreversed sale of the account up to the last day waits for an invoice.")]
    pub detail: String,
    /// Of a credit account: the credits that stand. Reverse them with `POST /v1/mutations/{id}/reversal`.
    pub credit_ids: Vec<Id>,
}

/// The invoice that an account got, by what people and programs know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunInvoice {
    pub id: Id,
    #[schema(example = "2026-00017")]
    pub number: String,
    pub kind: InvoiceKind,
    pub status: InvoiceStatus,
    pub total: Money,
}

/// What became of one account in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunAccount {
    pub account_id: Id,
    #[schema(example = "71900001")]
    pub account_number: String,
    #[schema(example = "Hockeyclub De Linde")]
    pub account_name: String,
    pub state: RunAccountState,
    #[schema(required)]
    pub skip: Option<Skip>,
    #[schema(required)]
    pub invoice: Option<RunInvoice>,
}

/// What a run would make of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewAccount {
    pub account_id: Id,
    #[schema(example = "71900001")]
    pub account_number: String,
    #[schema(example = "Hockeyclub De Linde")]
    pub account_name: String,
    #[schema(required)]
    pub skip: Option<Skip>,
    #[schema(required)]
    pub invoice: Option<PreviewInvoice>,
}

/// The invoice that a run would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewInvoice {
    pub kind: InvoiceKind,
    pub payer: Payer,
    /// Including VAT; below zero on a credit note.
    pub total: Money,
    /// The account as the run would leave it.
    pub balance_after: Money,
    pub credit_limit_after: Money,
    pub available_after: Money,
    /// How many mutations it would cover, and how many of those are from before the period.
    pub covered_count: i64,
    pub late_count: i64,
    pub lines: Vec<InvoiceLine>,
    /// Ordered by category.
    pub categories: Vec<InvoiceCategory>,
    /// Ordered by rate.
    pub vat: Vec<InvoiceVat>,
}

/// What a run would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewTotals {
    /// How many accounts are chosen.
    pub accounts: i64,
    /// How many invoices there would be.
    pub invoices: i64,
    pub skipped: SkipCounts,
    /// What they would add up to, credit notes included.
    pub total: Money,
}

/// A page of what a run would make; nothing is written.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Preview {
    /// Of the whole run; on the first page only.
    #[schema(required)]
    pub totals: Option<PreviewTotals>,
    /// In the order of account numbers. A page may be shorter than asked for when its accounts have many lines.
    pub items: Vec<PreviewAccount>,
    /// Send it as `cursor` to get the next page; null on the last one.
    #[schema(required, example = "eyJzIjoiMSJ9")]
    pub next_cursor: Option<String>,
}
