//! An account's state, its entries and their lines: rows as they stand in the database.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::auth::{Actor, ActorKind};
use crate::clock::Timestamp;
use crate::db::schema::{accounts, entries, entry_lines};
use crate::id::Id;
use crate::text_enum;

text_enum! {
    /// What a mutation is. It decides which of balance and limit it changes, and with which sign.
    pub enum EntryKind {
        /// Bought on account: the balance falls.
        Sale => "sale",
        /// Given back, of a sale or without one: the balance rises.
        Refund => "refund",
        /// The credit limit rises or falls.
        LimitChange => "limit_change",
        /// Prepaid money: the balance rises and the account is a credit account until this is reversed.
        Credit => "credit",
        /// What an invoice does to the account, by its reset type.
        InvoiceReset => "invoice_reset",
        /// Undoes exactly one earlier mutation.
        Reversal => "reversal",
        /// Made from a price plan: the balance falls.
        Charge => "charge",
        /// Received by the bookkeeping: the balance rises.
        Payment => "payment",
    }
}

impl EntryKind {
    /// The word as it stands in a statement's own text. The indexes of reversals and of refunds hold no other kinds: of a
    /// parameter in its place a planner does not know that they fit, or has to plan anew for each value.
    pub fn literal(self) -> SqlLiteral<Text> {
        sql(&format!("'{self}'"))
    }
}

text_enum! {
    /// What an account may do.
    pub enum AccountStatus {
        /// Made, not yet activated.
        Inactive => "inactive",
        /// Buys on account.
        Active => "active",
        /// Buys nothing for now.
        Blocked => "blocked",
        /// Owes nothing and buys nothing.
        Closed => "closed",
    }
}

text_enum! {
    /// What the back office should look at: why an offline sale would not have been accepted online, or that a void became a refund.
    pub enum Flag {
        /// More than was available.
        OverLimit => "over_limit",
        /// The account was blocked.
        Blocked => "blocked",
        /// The account was closed.
        Closed => "closed",
        /// The account may not buy on account, or was not activated.
        NotAllowed => "not_allowed",
        /// The till's clock was ahead of the service's.
        ClockSkew => "clock_skew",
        /// Sent as offline, and yet less than 60 seconds old.
        OfflineDoubtful => "offline_doubtful",
        /// A till's void of a sale that was invoiced already, so that it is a refund.
        VoidedAsRefund => "voided_as_refund",
    }
}

/// Flags as the database keeps them: their words in the order of [`Flag::ALL`], with commas between.
#[must_use]
pub fn flags_text(flags: &[Flag]) -> String {
    let words: Vec<&str> = Flag::ALL
        .iter()
        .filter(|flag| flags.contains(flag))
        .map(|flag| flag.as_str())
        .collect();
    words.join(",")
}

/// The flags in a text of [`flags_text`].
#[must_use]
pub fn flags_of(text: &str) -> Vec<Flag> {
    text.split(',').filter_map(|word| word.parse().ok()).collect()
}

/// An account as the ledger knows it: the fold of its entries, and what a sale asks of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = accounts)]
pub struct AccountState {
    pub id: Id,
    pub number: String,
    pub status: AccountStatus,
    pub on_account_allowed: bool,
    /// Below zero: the customer owes.
    pub balance_minor: i64,
    pub credit_limit_minor: i64,
    /// The number of the account's last entry; 0 before the first.
    pub last_seq: i64,
    /// How many credits stand unreversed; with any it is a credit account.
    pub credits_standing: i32,
}

impl AccountState {
    /// What can still be bought: limit plus balance, below zero when more was bought than the limit allows.
    /// [`AccountState::apply`] sees to it that this fits.
    #[must_use]
    pub fn available_minor(&self) -> i64 {
        self.credit_limit_minor.saturating_add(self.balance_minor)
    }

    /// The state after the entry, which was decided on this state.
    pub fn apply(&mut self, entry: &EntryRow, credits_change: i32) {
        self.balance_minor = entry.balance_after_minor;
        self.credit_limit_minor = entry.limit_after_minor;
        self.last_seq = entry.seq;
        self.credits_standing = self.credits_standing.saturating_add(credits_change);
    }
}

/// A mutation: one immutable change of an account's balance and/or limit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    pub tenant_id: Id,
    pub account_id: Id,
    /// 1, 2, 3, .. in the account, without gaps.
    pub seq: i64,
    pub id: Id,
    pub kind: EntryKind,
    pub balance_change_minor: i64,
    pub limit_change_minor: i64,
    pub balance_after_minor: i64,
    pub limit_after_minor: i64,
    pub business_date: NaiveDate,
    /// By the clock of whoever did it.
    pub occurred_at: Timestamp,
    /// By ours.
    pub posted_at: Timestamp,
    pub actor_kind: ActorKind,
    pub actor_id: Id,
    pub actor_name: String,
    /// Refund: its sale, if it has one. Reversal: the reversed entry. Invoice reset: its invoice.
    pub refers_to: Option<Id>,
    /// Of an invoice reset and of its reversal: the run.
    pub run_id: Option<Id>,
    pub reason: Option<String>,
    pub flags: String,
    pub is_offline: bool,
    pub receipt_number: Option<String>,
    pub operator: Option<String>,
    pub reference: Option<String>,
    pub line_count: i32,
}

impl EntryRow {
    /// What was available on the account after it.
    #[must_use]
    pub fn available_after_minor(&self) -> i64 {
        self.limit_after_minor.saturating_add(self.balance_after_minor)
    }
}

/// What was bought: one product of a sale or refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub product_code: String,
    pub product_name: String,
    pub category: String,
    /// In thousandths; negative on a refund.
    pub quantity_milli: i64,
    /// Including VAT; a discount is negative, and a refund has the opposite sign.
    pub amount_minor: i64,
    /// In 1/100 of a percent.
    pub vat_rate: i32,
    /// In 1/10 000 of the currency's unit.
    pub unit_price: Option<i64>,
    /// Of a refund's line: which line of its sale it gives back.
    pub sale_line_no: Option<i32>,
}

/// A [`Line`] in its place in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = entry_lines, treat_none_as_default_value = false)]
pub struct LineRow {
    pub tenant_id: Id,
    pub account_id: Id,
    pub entry_seq: i64,
    pub line_no: i32,
    pub business_date: NaiveDate,
    pub product_code: String,
    pub product_name: String,
    pub category: String,
    pub quantity_milli: i64,
    pub amount_minor: i64,
    pub vat_rate: i32,
    pub unit_price: Option<i64>,
    pub sale_line_no: Option<i32>,
}

impl LineRow {
    /// Puts a line in its entry. Lines are numbered from 1.
    #[must_use]
    pub fn new(entry: &EntryRow, line_no: i32, line: Line) -> Self {
        Self {
            tenant_id: entry.tenant_id,
            account_id: entry.account_id,
            entry_seq: entry.seq,
            line_no,
            business_date: entry.business_date,
            product_code: line.product_code,
            product_name: line.product_name,
            category: line.category,
            quantity_milli: line.quantity_milli,
            amount_minor: line.amount_minor,
            vat_rate: line.vat_rate,
            unit_price: line.unit_price,
            sale_line_no: line.sale_line_no,
        }
    }
}

impl From<&LineRow> for Line {
    fn from(row: &LineRow) -> Self {
        Self {
            product_code: row.product_code.clone(),
            product_name: row.product_name.clone(),
            category: row.category.clone(),
            quantity_milli: row.quantity_milli,
            amount_minor: row.amount_minor,
            vat_rate: row.vat_rate,
            unit_price: row.unit_price,
            sale_line_no: row.sale_line_no,
        }
    }
}

/// An entry with its lines, in order. Only sales, refunds and charges have lines; their amounts add up to minus the
/// entry's balance change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub row: EntryRow,
    pub lines: Vec<LineRow>,
}

/// Who posts: as it will stand on the entry for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub kind: ActorKind,
    pub id: Id,
    pub name: String,
}

impl From<&Actor> for Author {
    fn from(actor: &Actor) -> Self {
        Self {
            kind: actor.kind,
            id: actor.id,
            name: actor.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_kept_as_words_and_read_back() {
        let text = flags_text(&[Flag::Blocked, Flag::OverLimit]);
        assert_eq!(text, "over_limit,blocked");
        assert_eq!(flags_of(&text), [Flag::OverLimit, Flag::Blocked]);
        assert_eq!(flags_of(""), []);
    }
}
