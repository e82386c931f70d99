//! What tills are answered.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::ActorKind;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::ledger::{Decline, DeclineCode, Entry, EntryRow, Flag, LineRow, Target, flags_of};
use crate::money::{Currency, Money};
use crate::quantity::{Quantity, UnitPrice, VatRate};
use crate::request_keys::KeyRow;
use crate::text_enum;

text_enum! {
    /// Says that it is in the ledger.
    pub enum PostedStatus {
        /// It is in the ledger.
        Posted => "posted",
    }
}

text_enum! {
    /// Says that it was declined, for good.
    pub enum DeclinedStatus {
        /// It is not in the ledger and never will be.
        Declined => "declined",
    }
}

text_enum! {
    /// Says that a void came before the sale.
    pub enum VoidedStatus {
        /// It is not in the ledger and never will be.
        ReversedBeforeArrival => "reversed_before_arrival",
    }
}

text_enum! {
    /// Says that a void waits for its sale.
    pub enum AwaitingStatus {
        /// The sale is not recorded yet.
        AwaitingSale => "awaiting_sale",
    }
}

/// Who posted something, as they were called then.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostedBy {
    pub kind: ActorKind,
    pub id: Id,
    #[schema(example = "Bar 1")]
    pub name: String,
}

impl From<&EntryRow> for PostedBy {
    fn from(row: &EntryRow) -> Self {
        Self {
            kind: row.actor_kind,
            id: row.actor_id,
            name: row.actor_name.clone(),
        }
    }
}

/// A line of a sale or refund.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaleLine {
    /// From 1.
    #[schema(minimum = 1, example = 1)]
    pub line_no: i32,
    #[schema(example = "BEER-25")]
    pub product_code: String,
    #[schema(example = "Beer 25 cl")]
    pub name: String,
    /// The product's group, empty for none.
    #[schema(example = "Drinks")]
    pub category: String,
    /// Below zero on a refund.
    pub quantity: Quantity,
    /// Including VAT; on a refund with the opposite sign.
    pub amount: Money,
    pub vat_rate: VatRate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<UnitPrice>,
    /// Of a refund's line: which line of the sale it gives back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_line_no: Option<i32>,
}

impl SaleLine {
    /// A line as it is answered. The database keeps rates between 0 and 100 %.
    #[must_use]
    pub fn new(row: &LineRow, currency: Currency) -> Self {
        Self {
            line_no: row.line_no,
            product_code: row.product_code.clone(),
            name: row.product_name.clone(),
            category: row.category.clone(),
            quantity: Quantity::from_milli(row.quantity_milli),
            amount: Money::new(row.amount_minor, currency),
            vat_rate: VatRate::try_from_hundredths(row.vat_rate).unwrap_or(VatRate::ZERO),
            unit_price: row.unit_price.map(UnitPrice::from_ten_thousandths),
            sale_line_no: row.sale_line_no,
        }
    }
}

/// A sale as it was posted. It never changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sale {
    /// The key under which it was posted.
    pub id: Id,
    pub status: PostedStatus,
    pub account_id: Id,
    /// The number of the mutation in its account: 1, 2, 3, ..
    #[schema(minimum = 1, example = 17)]
    pub seq: i64,
    pub amount: Money,
    /// What is available on the account after it, when the till may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_after: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_after: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_after: Option<Money>,
    pub business_date: NaiveDate,
    pub occurred_at: Timestamp,
    pub posted_at: Timestamp,
    pub offline: bool,
    /// Why the back office should look at it.
    pub flags: Vec<Flag>,
    pub posted_by: PostedBy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub lines: Vec<SaleLine>,
}

impl Sale {
    /// A sale as it is answered to someone who may or may not see what the account has.
    #[must_use]
    pub fn new(entry: &Entry, currency: Currency, shows_available: bool) -> Self {
        let row = &entry.row;
        let shown = |minor: i64| shows_available.then(|| Money::new(minor, currency));
        Self {
            id: row.id,
            status: PostedStatus::Posted,
            account_id: row.account_id,
            seq: row.seq,
            amount: Money::new(-row.balance_change_minor, currency),
            available_after: shown(row.available_after_minor()),
            balance_after: shown(row.balance_after_minor),
            credit_limit_after: shown(row.limit_after_minor),
            business_date: row.business_date,
            occurred_at: row.occurred_at,
            posted_at: row.posted_at,
            offline: row.is_offline,
            flags: flags_of(&row.flags),
            posted_by: PostedBy::from(row),
            receipt_number: row.receipt_number.clone(),
            operator: row.operator.clone(),
            reference: row.reference.clone(),
            lines: entry.lines.iter().map(|line| SaleLine::new(line, currency)).collect(),
        }
    }
}

/// A sale that was declined, for good.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeclinedSale {
    /// The key under which it was asked.
    pub id: Id,
    pub status: DeclinedStatus,
    pub account_id: Option<Id>,
    /// Why.
    pub code: DeclineCode,
    /// What the till's screen may show, at most 50 characters.
    #[schema(max_length = 50, example = "Limit exceeded")]
    pub till_message: String,
    pub amount: Money,
    /// What the account had then, when the till may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// When it was declined.
    pub declined_at: Timestamp,
}

impl DeclinedSale {
    /// A declined sale as it is answered to someone who may or may not see what the account has.
    #[must_use]
    pub fn new(key: &KeyRow, decline: Decline, till_message: &str, currency: Currency, shows_available: bool) -> Self {
        let shown = |minor: i64| shows_available.then(|| Money::new(minor, currency));
        Self {
            id: key.key,
            status: DeclinedStatus::Declined,
            account_id: key.account_id,
            code: decline.code,
            till_message: till_message.to_owned(),
            amount: Money::new(decline.amount_minor, currency),
            available: shown(decline.available_minor),
            credit_limit: shown(decline.credit_limit_minor),
            occurred_at: key.occurred_at,
            declined_at: key.recorded_at,
        }
    }
}

/// How much of a line was given back so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundedLine {
    #[schema(minimum = 1, example = 1)]
    pub line_no: i32,
    pub quantity: Quantity,
    pub amount: Money,
}

/// A posted sale and what has become of it since.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaleDetail {
    #[serde(flatten)]
    pub sale: Sale,
    /// The mutation that undoes it, when it was voided or reversed.
    pub reversed_by_id: Option<Id>,
    /// The invoice it stands on.
    pub invoice_number: Option<String>,
    /// What was given back of it so far.
    pub refunded: Money,
    /// Line by line, the lines of which something was given back.
    pub refunded_lines: Vec<RefundedLine>,
}

impl SaleDetail {
    /// Puts to a sale what has become of it.
    #[must_use]
    pub fn new(sale: Sale, target: Target, currency: Currency) -> Self {
        let refunded = target
            .lines
            .iter()
            .filter(|sold| sold.is_refunded)
            .map(|sold| RefundedLine {
                line_no: sold.line_no,
                quantity: Quantity::from_milli(sold.refunded_milli),
                amount: Money::new(sold.refunded_minor, currency),
            });
        let refunded: Vec<RefundedLine> = refunded.collect();
        Self {
            sale,
            reversed_by_id: target.reversed_by,
            invoice_number: target.invoice.map(|invoice| invoice.number),
            refunded: Money::new(refunded.iter().map(|line| line.amount.minor()).sum(), currency),
            refunded_lines: refunded,
        }
    }
}

/// A sale that was voided before it arrived.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VoidedSale {
    /// The key under which it will be refused.
    pub id: Id,
    pub status: VoidedStatus,
    /// The account that the void named.
    pub account_id: Option<Id>,
    /// When the void came.
    pub voided_at: Timestamp,
}

impl From<KeyRow> for VoidedSale {
    fn from(key: KeyRow) -> Self {
        Self {
            id: key.key,
            status: VoidedStatus::ReversedBeforeArrival,
            account_id: key.account_id,
            voided_at: key.recorded_at,
        }
    }
}

/// A void that came before its sale.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AwaitingSale {
    pub status: AwaitingStatus,
    /// The sale that will not be posted when it comes.
    pub sale_id: Id,
    pub account_id: Id,
}

impl AwaitingSale {
    /// The answer to such a void.
    #[must_use]
    pub fn new(sale_id: Id, account_id: Id) -> Self {
        Self {
            status: AwaitingStatus::AwaitingSale,
            sale_id,
            account_id,
        }
    }
}

/// What became of a sale under its key: `status` tells which.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SaleState {
    /// It is in the ledger.
    Posted(Box<SaleDetail>),
    /// It was declined.
    Declined(DeclinedSale),
    /// It was voided before it arrived.
    Voided(VoidedSale),
}
