//! Requests and answers of tills.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{Cursor, PageLimit};
use crate::id::Id;
use crate::ledger::{AccountStatus, EntryKind};
use crate::money::{Currency, Money};
use crate::period::BusinessDate;
use crate::text::SearchText;

/// Which accounts a till lists, sorted by name.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TillAccountQuery {
    /// Part of a name or number. It searches every account that is not inactive or closed.
    pub q: Option<SearchText>,
    /// `true`: the till's standard list only. Left out: the standard list, or with `q` every account.
    pub shown_on_till: Option<bool>,
    pub limit: Option<PageLimit>,
    pub cursor: Option<Cursor>,
}

/// What a till list is made of, without the page.
#[derive(Debug, Clone, Serialize)]
pub struct TillAccountFilter {
    pub q: Option<SearchText>,
    pub shown_on_till: Option<bool>,
}

impl From<&TillAccountQuery> for TillAccountFilter {
    fn from(query: &TillAccountQuery) -> Self {
        let standard = query.q.is_none().then_some(true);
        Self {
            q: query.q.clone(),
            shown_on_till: query.shown_on_till.or(standard),
        }
    }
}

/// An account's row for a till.
#[derive(Debug, Clone, Queryable)]
pub struct TillAccountRow {
    pub id: Id,
    pub number: String,
    pub name: String,
    pub name_key: String,
    pub status: AccountStatus,
    pub on_account_allowed: bool,
    pub balance_minor: i64,
    pub credit_limit_minor: i64,
}

/// An account as a till sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000001", "number": "71900001", "name": "Vera de Vries",
    "status": "active", "on_account_allowed": true, "available": "65.00"}))]
pub struct TillAccount {
    pub id: Id,
    pub number: String,
    /// The name of who pays; empty while nobody does.
    pub name: String,
    pub status: AccountStatus,
    pub on_account_allowed: bool,
    /// What can still be bought, when the tenant lets tills see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Money>,
}

impl TillAccount {
    /// The row as it is answered to someone who may or may not see what is available.
    #[must_use]
    pub fn new(row: TillAccountRow, currency: Currency, shows_available: bool) -> Self {
        let available = row.credit_limit_minor.saturating_add(row.balance_minor);
        Self {
            id: row.id,
            number: row.number,
            name: row.name,
            status: row.status,
            on_account_allowed: row.on_account_allowed,
            available: shows_available.then(|| Money::new(available, currency)),
        }
    }
}

/// Of which day the totals are.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TillTotalsQuery {
    /// The business date.
    #[param(example = "2026-11-20")]
    pub business_date: BusinessDate,
}

/// The sum of a till's entries of one kind.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct TotalRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub kind: EntryKind,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub entries: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub balance_change_minor: i64,
}

/// How many, and how much together.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TillTotal {
    #[schema(minimum = 0, example = 12)]
    pub count: i64,
    pub amount: Money,
}

/// What the one who asks has posted on a business date.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"business_date": "2026-11-20", "sales": {"count": 12, "amount": "184.50"},
    "refunds": {"count": 1, "amount": "3.20"}, "voids": {"count": 0, "amount": "0.00"}, "net": "181.30"}))]
pub struct TillTotals {
    pub business_date: NaiveDate,
    /// Voided ones included.
    pub sales: TillTotal,
    /// Given back; voids that became refunds included.
    pub refunds: TillTotal,
    /// Taken back by a void or reversal on this date.
    pub voids: TillTotal,
    /// Sales less refunds and voids.
    pub net: Money,
}

impl TillTotals {
    /// The totals of a day from the sums of its kinds.
    #[must_use]
    pub fn new(business_date: NaiveDate, rows: &[TotalRow], currency: Currency) -> Self {
        let of_kind = |kind| rows.iter().find(|row| row.kind == kind);
        let total = |kind, sign: i64| TillTotal {
            count: of_kind(kind).map_or(0, |row| row.entries),
            amount: Money::new(of_kind(kind).map_or(0, |row| sign * row.balance_change_minor), currency),
        };
        let (sales, refunds) = (total(EntryKind::Sale, -1), total(EntryKind::Refund, 1));
        let voids = total(EntryKind::Reversal, 1);
        let net_minor = sales.amount.minor() - refunds.amount.minor() - voids.amount.minor();
        Self {
            business_date,
            sales,
            refunds,
            voids,
            net: Money::new(net_minor, currency),
        }
    }
}
