//! Rows of invoices, and how they are answered.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::db::schema::{invoice_limit_returns, invoice_lines, invoice_vat, invoices};
use crate::id::Id;
use crate::invoice_runs::plan::ResetType;
use crate::ledger::EntryKind;
use crate::money::{Currency, Money};
use crate::quantity::{Quantity, VatRate};
use crate::text_enum;

text_enum! {
    /// Whether the customer owes the total or gets it back.
    pub enum InvoiceKind {
        /// The customer owes the total, which is zero or more.
        Invoice => "invoice",
        /// The customer gets the total back; or it takes back an invoice.
        CreditNote => "credit_note",
    }
}

impl InvoiceKind {
    /// What a total makes it.
    #[must_use]
    pub fn of_total(total_minor: i64) -> Self {
        if total_minor < 0 {
            Self::CreditNote
        } else {
            Self::Invoice
        }
    }

    /// What takes it back.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Invoice => Self::CreditNote,
            Self::CreditNote => Self::Invoice,
        }
    }
}

text_enum! {
    /// Whether an invoice counts.
    pub enum InvoiceStatus {
        /// It was not taken back, and no other standing invoice covers its entries. What takes back another one stands too,
        /// though it undoes what no longer counts: what counts is what stands and has no `reverses_id`.
        Standing => "standing",
        /// It was taken back; its entries are free for a next run.
        Reversed => "reversed",
    }
}

/// An invoice as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct InvoiceRow {
    pub tenant_id: Id,
    pub id: Id,
    pub kind: InvoiceKind,
    pub status: InvoiceStatus,
    pub run_id: Id,
    pub account_id: Id,
    pub account_number: String,
    pub number: String,
    pub series_year: i32,
    pub series_value: i64,
    pub invoice_date: NaiveDate,
    pub from_date: NaiveDate,
    pub to_date: NaiveDate,
    pub reset_type: ResetType,
    /// Above zero: the customer owes it.
    pub total_minor: i64,
    /// Of what takes back an invoice: that invoice.
    pub reverses_id: Option<Id>,
    /// Of a reversed invoice: what takes it back.
    pub reversed_by_id: Option<Id>,
    pub reset_entry_id: Id,
    pub limit_taken_minor: i64,
    pub limit_returned_minor: i64,
    pub payer_id: Id,
    pub payer_name: String,
    /// [`Payer`] (JSON).
    pub payer_snapshot: String,
    /// [`Issuer`] (JSON).
    pub tenant_snapshot: String,
    pub created_at: Timestamp,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_lines, treat_none_as_default_value = false)]
pub struct InvoiceLineRow {
    pub tenant_id: Id,
    pub invoice_id: Id,
    pub line_no: i32,
    pub business_date: NaiveDate,
    pub product_code: String,
    pub product_name: String,
    pub category: String,
    pub quantity_milli: i64,
    pub amount_minor: i64,
    pub vat_rate: i32,
}

/// The VAT of one rate on an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_vat, treat_none_as_default_value = false)]
pub struct InvoiceVatRow {
    pub tenant_id: Id,
    pub invoice_id: Id,
    pub vat_rate: i32,
    pub gross_minor: i64,
    pub net_minor: i64,
    pub vat_minor: i64,
}

/// What an invoice gave back of the limit that an earlier one took.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_limit_returns, treat_none_as_default_value = false)]
pub struct LimitReturnRow {
    pub tenant_id: Id,
    pub invoice_id: Id,
    pub origin_invoice_id: Id,
    pub amount_minor: i64,
}

/// Who pays, as they were when the invoice was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payer {
    pub id: Id,
    #[schema(example = "Hockeyclub De Linde")]
    pub name: String,
    /// The venue's own number of the customer.
    #[schema(required, example = "D-1042")]
    pub customer_number: Option<String>,
    #[schema(example = "penningmeester@example.com")]
    pub email: String,
    #[schema(example = "Sportlaan 12")]
    pub street: String,
    #[schema(example = "3511 AB")]
    pub postcode: String,
    #[schema(example = "Utrecht")]
    pub city: String,
    #[schema(example = "NL")]
    pub country: String,
    #[schema(example = "NL001234567B01")]
    pub vat_number: String,
    #[schema(example = "NL91ABNA0417164300")]
    pub iban: String,
    /// The language that the customer wants to be written in.
    #[schema(example = "nl")]
    pub language: String,
}

/// The tenant, as it was when the invoice was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Issuer {
    #[schema(example = 719)]
    pub number: i64,
    #[schema(example = "Paviljoen aan het Water")]
    pub name: String,
    #[schema(example = "Sportlaan 12")]
    pub street: String,
    #[schema(example = "3511 AB")]
    pub postcode: String,
    #[schema(example = "Utrecht")]
    pub city: String,
    #[schema(example = "NL")]
    pub country: String,
    #[schema(example = "NL001234567B01")]
    pub vat_number: String,
    #[schema(example = "NL91ABNA0417164300")]
    pub iban: String,
    #[schema(value_type = String, example = "EUR")]
    pub currency: String,
}

/// Another invoice, by what people and programs know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceRef {
    pub id: Id,
    #[schema(example = "2026-00017")]
    pub number: String,
}

/// An invoice in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceSummary {
    pub id: Id,
    pub kind: InvoiceKind,
    pub status: InvoiceStatus,
    /// Without gaps, per year of the invoice date.
    #[schema(example = "2026-00017")]
    pub number: String,
    pub invoice_date: NaiveDate,
    /// The first business date of its period; late entries are from before it.
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub run_id: Id,
    pub account_id: Id,
    #[schema(example = "71900001")]
    pub account_number: String,
    pub payer_id: Id,
    #[schema(example = "Hockeyclub De Linde")]
    pub payer_name: String,
    pub reset_type: ResetType,
    /// Including VAT; below zero on a credit note.
    pub total: Money,
    /// Of what takes back an invoice: that invoice. The two cancel out; what counts in the end is what stands without it.
    #[schema(required)]
    pub reverses_id: Option<Id>,
    /// Of what was taken back: what takes it back.
    #[schema(required)]
    pub reversed_by_id: Option<Id>,
    pub created_at: Timestamp,
}

impl InvoiceSummary {
    /// The row without what only the invoice itself shows.
    #[must_use]
    pub fn new(row: &InvoiceRow, currency: Currency) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            status: row.status,
            number: row.number.clone(),
            invoice_date: row.invoice_date,
            from: row.from_date,
            to: row.to_date,
            run_id: row.run_id,
            account_id: row.account_id,
            account_number: row.account_number.clone(),
            payer_id: row.payer_id,
            payer_name: row.payer_name.clone(),
            reset_type: row.reset_type,
            total: Money::new(row.total_minor, currency),
            reverses_id: row.reverses_id,
            reversed_by_id: row.reversed_by_id,
            created_at: row.created_at,
        }
    }
}

/// One line: all that was bought of one product at one VAT rate on one business date, refunds netted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceLine {
    /// From 1, ordered by business date, product code and VAT rate.
    #[schema(minimum = 1)]
    pub line_no: i32,
    pub business_date: NaiveDate,
    #[schema(example = "beer-05")]
    pub product_code: String,
    /// As on the latest sale of the day.
    #[schema(example = "Beer 0.5 l")]
    pub product_name: String,
    #[schema(example = "drinks")]
    pub category: String,
    pub quantity: Quantity,
    /// Including VAT.
    pub amount: Money,
    pub vat_rate: VatRate,
}

/// What the lines of one category add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceCategory {
    #[schema(example = "drinks")]
    pub category: String,
    /// Including VAT.
    pub amount: Money,
}

/// The VAT of one rate: gross = net + VAT, rounded once for the whole invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceVat {
    pub vat_rate: VatRate,
    pub gross: Money,
    pub net: Money,
    pub vat: Money,
}

/// One mutation that the invoice covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CoveredMutation {
    pub id: Id,
    pub kind: EntryKind,
    pub business_date: NaiveDate,
    /// What it adds to the invoice: above zero for a sale, below zero for a refund.
    pub amount: Money,
    /// How the account was reset for it. A refund is reset the way its sale was.
    pub reset_type: ResetType,
    /// From before the period.
    pub is_late: bool,
    /// Of a refund whose sale is on an earlier invoice: that invoice.
    #[schema(required)]
    pub origin_invoice_id: Option<Id>,
}

/// An invoice with all that stands on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invoice {
    #[serde(flatten)]
    pub summary: InvoiceSummary,
    pub payer: Payer,
    pub issuer: Issuer,
    /// The mutation that reset the account.
    pub reset_mutation_id: Id,
    /// What it took from the account's limit.
    pub limit_taken: Money,
    /// How much of that later invoices have given back.
    pub limit_returned: Money,
    /// The invoice that this one takes back.
    #[schema(required)]
    pub reverses: Option<InvoiceRef>,
    /// The invoice that takes this one back.
    #[schema(required)]
    pub reversed_by: Option<InvoiceRef>,
    pub lines: Vec<InvoiceLine>,
    /// Ordered by category.
    pub categories: Vec<InvoiceCategory>,
    /// Ordered by rate.
    pub vat: Vec<InvoiceVat>,
    /// The mutations on it, in the order of the account; empty when it takes back an invoice.
    pub covers: Vec<CoveredMutation>,
}
