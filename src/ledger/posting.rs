//! What can be posted to the ledger, and the facts that the rules ask about an entry that a posting refers to.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;

use super::model::{Author, Entry, EntryKind, EntryRow, Line};
use crate::auth::TenantContext;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::money::Currency;
use crate::period;

/// The account that a request names: by its id or by the number people know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountRef {
    Id(Id),
    Number(String),
}

/// What a till or a person says about a sale besides its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TillDetails {
    pub receipt_number: Option<String>,
    pub operator: Option<String>,
    /// Table, room, order.
    pub reference: Option<String>,
}

/// Which part of a sale is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundChoice {
    /// What is left of every line.
    Rest,
    /// Of some lines. The order is the client's; a line may be named more than once.
    Lines(Vec<LineChoice>),
}

/// How much of one line of a sale is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChoice {
    pub line_no: i32,
    /// In thousandths, above zero; `None`: what is left of it.
    pub quantity_milli: Option<i64>,
}

/// A sale on account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub account: AccountRef,
    /// By the till's clock.
    pub occurred_at: Timestamp,
    /// The till had no connection and the goods are gone.
    pub is_offline: bool,
    /// The sum of the lines, zero or more.
    pub amount_minor: i64,
    pub lines: Vec<Line>,
    pub details: TillDetails,
}

/// A refund of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub sale_id: Id,
    /// By the till's clock; `None`: now.
    pub occurred_at: Option<Timestamp>,
    pub choice: RefundChoice,
    pub reason: Option<String>,
    pub details: TillDetails,
}

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A till sells on account.
    Sale(Sale),
    /// Gives back a sale or part of it.
    Refund(Refund),
    /// Gives money back without a sale. Quantities and amounts as a person writes them: above zero is given back.
    RefundWithoutSale {
        account: AccountRef,
        /// By the till's clock; `None`: now.
        occurred_at: Option<Timestamp>,
        amount_minor: i64,
        lines: Vec<Line>,
        reason: String,
        details: TillDetails,
    },
    /// Raises (above zero) or lowers the credit limit.
    LimitChange {
        account_id: Id,
        change_minor: i64,
        reason: String,
    },
    /// Prepaid money, above zero.
    Credit {
        account_id: Id,
        amount_minor: i64,
        reason: String,
    },
    /// Undoes an entry, but not an invoice's reset.
    Reversal { entry_id: Id, reason: Option<String> },
    /// A till takes back a sale: it is reversed or, when it stands on an invoice, what is left of it is refunded.
    Void { sale_id: Id, account: AccountRef },
    /// What an invoice does to its account; zeros are allowed.
    InvoiceReset {
        account_id: Id,
        invoice_id: Id,
        run_id: Id,
        balance_change_minor: i64,
        limit_change_minor: i64,
    },
    /// Undoes an invoice's reset, when the invoice is reversed.
    ResetReversal { entry_id: Id, run_id: Id },
}

impl Action {
    /// The account the action itself names, if it does.
    #[must_use]
    pub fn account(&self) -> Option<AccountRef> {
        match self {
            Self::Sale(sale) => Some(sale.account.clone()),
            Self::RefundWithoutSale { account, .. } | Self::Void { account, .. } => Some(account.clone()),
            Self::LimitChange { account_id, .. }
            | Self::Credit { account_id, .. }
            | Self::InvoiceReset { account_id, .. } => Some(AccountRef::Id(*account_id)),
            Self::Refund(_) | Self::Reversal { .. } | Self::ResetReversal { .. } => None,
        }
    }

    /// The entry the action refers to, if it does.
    #[must_use]
    pub fn target_id(&self) -> Option<Id> {
        match self {
            Self::Refund(refund) => Some(refund.sale_id),
            Self::Void { sale_id, .. } => Some(*sale_id),
            Self::Reversal { entry_id, .. } | Self::ResetReversal { entry_id, .. } => Some(*entry_id),
            Self::Sale(_)
            | Self::RefundWithoutSale { .. }
            | Self::LimitChange { .. }
            | Self::Credit { .. }
            | Self::InvoiceReset { .. } => None,
        }
    }
}

/// One thing to post. Its id becomes the entry's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub id: Id,
    pub author: Author,
    pub action: Action,
}

/// The tenant's settings that the ledger goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRules {
    pub currency: Currency,
    pub zone: Tz,
    /// Minutes after midnight.
    pub business_day_start_min: i32,
    pub accept_sales_days: i32,
    /// Overrides `accept_sales_days`.
    pub accept_sales_from: Option<NaiveDate>,
    pub accepts_offline_sales: bool,
    pub offline_sale_minor_max: Option<i64>,
}

impl From<&TenantContext> for TenantRules {
    fn from(tenant: &TenantContext) -> Self {
        Self {
            currency: tenant.currency,
            zone: tenant.time_zone,
            business_day_start_min: tenant.business_day_start_min,
            accept_sales_days: tenant.accept_sales_days,
            accept_sales_from: tenant.accept_sales_from,
            accepts_offline_sales: tenant.accepts_offline_sales,
            offline_sale_minor_max: tenant.offline_sale_minor_max,
        }
    }
}

impl TenantRules {
    /// The business date of a moment.
    #[must_use]
    pub fn business_date(&self, at: Timestamp) -> NaiveDate {
        period::business_date(at.naive_utc(), self.zone, self.business_day_start_min)
    }

    /// The first business date on which a sale may have happened to be accepted now.
    #[must_use]
    pub fn earliest_business_date(&self, now: Timestamp) -> NaiveDate {
        let today = self.business_date(now);
        let by_days = today.checked_sub_signed(TimeDelta::days(i64::from(self.accept_sales_days)));
        self.accept_sales_from.unwrap_or_else(|| by_days.unwrap_or(today))
    }
}

/// A line of a sale and what was given back of it so far, by refunds that stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldLine {
    pub line_no: i32,
    pub line: Line,
    /// In thousandths, zero or more.
    pub refunded_milli: i64,
    /// With the sign of the line's amount.
    pub refunded_minor: i64,
    /// Of a line of quantity 0: whether it was given back.
    pub is_refunded: bool,
}

/// The invoice that an entry stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingInvoice {
    pub id: Id,
    pub number: String,
}

/// An entry that a posting refers to, with what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub row: EntryRow,
    /// Of a sale: its lines and what was refunded of them. Of a refund: its lines.
    pub lines: Vec<SoldLine>,
    /// The reversal of it.
    pub reversed_by: Option<Id>,
    pub invoice: Option<StandingInvoice>,
    /// How many refunds of it stand.
    pub refunds_standing: u32,
}

impl Target {
    /// An entry of which nothing has become yet.
    #[must_use]
    pub fn new(entry: &Entry) -> Self {
        let lines = entry.lines.iter().map(|row| SoldLine {
            line_no: row.line_no,
            line: Line::from(row),
            refunded_milli: 0,
            refunded_minor: 0,
            is_refunded: false,
        });
        Self {
            row: entry.row.clone(),
            lines: lines.collect(),
            reversed_by: None,
            invoice: None,
            refunds_standing: 0,
        }
    }

    /// Takes note of a refund of this sale that stands.
    pub fn note_refund(&mut self, lines: &[Line]) {
        self.refunds_standing = self.refunds_standing.saturating_add(1);
        for line in lines {
            self.note_line(line, 1);
        }
    }

    /// Takes note that a refund of this sale was reversed.
    pub fn forget_refund(&mut self, lines: &[Line]) {
        self.refunds_standing = self.refunds_standing.saturating_sub(1);
        for line in lines {
            self.note_line(line, -1);
        }
    }

    /// A refund's line has the opposite sign of the sale's.
    fn note_line(&mut self, refunded: &Line, times: i64) {
        let sold = self
            .lines
            .iter_mut()
            .find(|sold| Some(sold.line_no) == refunded.sale_line_no);
        if let Some(sold) = sold {
            sold.refunded_milli = sold
                .refunded_milli
                .saturating_sub(refunded.quantity_milli.saturating_mul(times));
            sold.refunded_minor = sold
                .refunded_minor
                .saturating_sub(refunded.amount_minor.saturating_mul(times));
            sold.is_refunded = times > 0;
        }
    }

    /// Whether it counts in the number of the account's standing credits.
    #[must_use]
    pub fn is_credit(&self) -> bool {
        self.row.kind == EntryKind::Credit
    }
}
