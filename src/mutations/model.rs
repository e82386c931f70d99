//! Requests and answers about mutations.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::clock::Timestamp;
use crate::error::ApiResult;
use crate::http::{CommaList, Cursor, PageLimit, period_of};
use crate::id::Id;
use crate::ledger::{EntryKind, EntryRow, Flag, LineRow, Target, flags_of};
use crate::money::{Currency, Money, NonZeroAmount, PositiveAmount};
use crate::period::BusinessDate;
use crate::sales::{PostedBy, SaleLine};
use crate::text::Reason;

/// Raises or lowers an account's credit limit.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"change": "250.00", "reason": "raised for the summer party"}))]
pub struct NewLimitChange {
    /// Above zero raises the limit, below zero lowers it.
    pub change: NonZeroAmount,
    pub reason: Reason,
}

/// Prepaid money. It makes the account a credit account until it is reversed.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": "100.00", "reason": "paid in advance by bank"}))]
pub struct NewCredit {
    pub amount: PositiveAmount,
    pub reason: Reason,
}

/// Undoes a mutation.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "booked on the wrong account"}))]
pub struct NewReversal {
    pub reason: Option<Reason>,
}

/// One immutable change of an account's balance and/or limit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Mutation {
    /// The key under which it was posted, or an id of the service's.
    pub id: Id,
    pub kind: EntryKind,
    pub account_id: Id,
    /// Its number in the account: 1, 2, 3, ..
    #[schema(minimum = 1, example = 17)]
    pub seq: i64,
    /// Below zero: the customer owes more.
    pub balance_change: Money,
    pub credit_limit_change: Money,
    /// This and the two below are left out for a till that may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_after: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_after: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_after: Option<Money>,
    pub business_date: NaiveDate,
    pub occurred_at: Timestamp,
    pub posted_at: Timestamp,
    pub posted_by: PostedBy,
    /// Of a refund: its sale. Of a reversal: what it undoes. Of an invoice's reset: the invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refers_to_id: Option<Id>,
    /// Of an invoice's reset and of its reversal: the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub offline: bool,
    /// Why the back office should look at it.
    pub flags: Vec<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Of sales and refunds, where one mutation is answered; lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<SaleLine>>,
}

impl Mutation {
    /// A mutation as it stands in a list, for someone who may or may not see what the account has.
    #[must_use]
    pub fn new(row: &EntryRow, currency: Currency, shows_available: bool) -> Self {
        let money = |minor| Money::new(minor, currency);
        let shown = |minor| shows_available.then(|| money(minor));
        Self {
            id: row.id,
            kind: row.kind,
            account_id: row.account_id,
            seq: row.seq,
            balance_change: money(row.balance_change_minor),
            credit_limit_change: money(row.limit_change_minor),
            balance_after: shown(row.balance_after_minor),
            credit_limit_after: shown(row.limit_after_minor),
            available_after: shown(row.available_after_minor()),
            business_date: row.business_date,
            occurred_at: row.occurred_at,
            posted_at: row.posted_at,
            posted_by: PostedBy::from(row),
            refers_to_id: row.refers_to,
            run_id: row.run_id,
            reason: row.reason.clone(),
            offline: row.is_offline,
            flags: flags_of(&row.flags),
            receipt_number: row.receipt_number.clone(),
            operator: row.operator.clone(),
            reference: row.reference.clone(),
            lines: None,
        }
    }

    /// The same with its lines.
    #[must_use]
    pub fn with_lines(self, lines: &[LineRow], currency: Currency) -> Self {
        let lines = lines.iter().map(|line| SaleLine::new(line, currency)).collect();
        Self {
            lines: Some(lines),
            ..self
        }
    }
}

/// A mutation in the report, with the account it is of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportedMutation {
    #[serde(flatten)]
    pub mutation: Mutation,
    #[schema(example = "71900001")]
    pub account_number: String,
    /// The account's name now.
    #[schema(example = "Vera de Vries")]
    pub account_name: String,
}

/// A mutation and what has become of it since.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MutationDetail {
    #[serde(flatten)]
    pub mutation: Mutation,
    /// The mutation that undoes it.
    pub reversed_by_id: Option<Id>,
    /// The invoice that it stands on.
    pub invoice_number: Option<String>,
}

impl MutationDetail {
    /// Puts to a mutation what has become of it.
    #[must_use]
    pub fn new(mutation: Mutation, target: Target) -> Self {
        Self {
            mutation,
            reversed_by_id: target.reversed_by,
            invoice_number: target.invoice.map(|invoice| invoice.number),
        }
    }
}

/// An entry with its account's number and name.
#[derive(Debug, Clone, Queryable)]
pub struct ReportRow {
    pub entry: EntryRow,
    pub account_number: String,
    pub account_name: String,
}

impl ReportRow {
    /// Where it stands in the report.
    #[must_use]
    pub fn key(&self) -> (BusinessDate, Timestamp, Id) {
        (self.entry.business_date.into(), self.entry.posted_at, self.entry.id)
    }

    /// The row as it is answered.
    #[must_use]
    pub fn reported(self, currency: Currency) -> ReportedMutation {
        ReportedMutation {
            mutation: Mutation::new(&self.entry, currency, true),
            account_number: self.account_number,
            account_name: self.account_name,
        }
    }
}

/// Which mutations the report lists: the newest business date first.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MutationQuery {
    /// Of this account only.
    pub account_id: Option<Id>,
    /// Of these kinds only, with commas between.
    #[param(nullable = false, style = Form, explode = false, value_type = Option<Vec<EntryKind>>, example = json!(["sale", "refund"]))]
    pub kind: Option<CommaList<EntryKind>>,
    /// From this business date on.
    pub from: Option<BusinessDate>,
    /// Up to and including this business date.
    pub to: Option<BusinessDate>,
    /// The resets of this invoice run and their reversals only.
    pub run_id: Option<Id>,
    /// Of JSON; a file holds the whole report.
    pub limit: Option<PageLimit>,
    /// Of JSON; a file holds the whole report.
    pub cursor: Option<Cursor>,
}

/// What of the report is asked, without the page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MutationFilter {
    pub account_id: Option<Id>,
    pub kinds: Option<Vec<EntryKind>>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub run_id: Option<Id>,
}

impl MutationQuery {
    /// The filter, when its period is one.
    ///
    /// # Errors
    /// 422 when the period ends before it begins or is too long.
    pub fn filter(&self) -> ApiResult<MutationFilter> {
        let (from, to) = (self.from.map(BusinessDate::date), self.to.map(BusinessDate::date));
        if let (Some(from), Some(to)) = (from, to) {
            period_of(from, to)?;
        }
        Ok(MutationFilter {
            account_id: self.account_id,
            kinds: self.kind.as_ref().map(|kinds| kinds.0.clone()),
            from,
            to,
            run_id: self.run_id,
        })
    }
}

/// A page of one account's mutations: the newest first.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountMutationQuery {
    pub limit: Option<PageLimit>,
    pub cursor: Option<Cursor>,
}
