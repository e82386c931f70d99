//! Judging one row of a till's list.

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use super::{moment, vat};
use crate::clock::Timestamp;
use crate::imports::amounts::{self, Mark};
use crate::imports::fields::Field;
use crate::imports::judge::{Judge, RowFinding, amount_code};
use crate::imports::model::{ImportKind, Mapping, Severity};
use crate::imports::sheet::SheetRow;
use crate::ledger::TenantRules;

/// A quantity in a row has at most so many decimals.
const QUANTITY_DIGITS: u32 = 3;
/// A unit price in a row has at most so many.
const PRICE_DIGITS: u32 = 4;

/// By what all rows of a file are judged.
#[derive(Debug, Clone)]
pub struct Terms {
    pub rules: TenantRules,
    /// What the columns of numbers tell of their decimals.
    pub mark: Option<Mark>,
    pub now: Timestamp,
}

impl Terms {
    fn zone(&self) -> Tz {
        self.rules.zone
    }
}

/// A sale as a row describes it; below zero it was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleDraft {
    /// What the clock on the wall showed.
    pub local: NaiveDateTime,
    pub occurred_at: Timestamp,
    pub payment_type: String,
    pub product_code: String,
    pub product_name: String,
    /// In thousandths.
    pub quantity_milli: i64,
    /// VAT included.
    pub amount_minor: i64,
    /// In hundredths of a percent.
    pub vat_rate: i32,
    /// In ten thousandths of the currency's unit.
    pub unit_price: Option<i64>,
}

/// The sale in a row, when nothing is wrong with it, and what is.
#[must_use]
pub fn judge_sale(mapping: &Mapping, row: &SheetRow, terms: &Terms) -> (Option<SaleDraft>, Vec<RowFinding>) {
    let mut judge = Judge::new(ImportKind::SalesHistory, mapping, row);
    let moment = sold_at(&mut judge, terms);
    let payment_type = judge.line(Field::PaymentType, 100);
    let product_name = judge.line(Field::ProductName, 200);
    let product_code = judge.line(Field::ProductCode, 64);
    let quantity_milli = number(&mut judge, Field::Quantity, terms, QUANTITY_DIGITS);
    let unit_price = number(&mut judge, Field::UnitPrice, terms, PRICE_DIGITS);
    let amount_minor = number(&mut judge, Field::Amount, terms, terms.rules.currency.digits());
    let vat_rate = vat_rate(&mut judge, terms, moment.map(|(local, _)| local));
    let whole = || {
        let (local, occurred_at) = moment?;
        Some(SaleDraft {
            local,
            occurred_at,
            product_code: if product_code.is_empty() {
                product_name.chars().take(64).collect::<String>().trim().to_owned()
            } else {
                product_code.clone()
            },
            payment_type: payment_type.clone(),
            product_name: product_name.clone(),
            quantity_milli: quantity_milli?,
            amount_minor: amount_minor?,
            vat_rate: vat_rate?,
            unit_price,
        })
    };
    let draft = if judge.has_errors() { None } else { whole() };
    (draft, judge.findings)
}

/// When it was sold; an error when the ledger would not take a sale of that day.
fn sold_at(judge: &mut Judge<'_>, terms: &Terms) -> Option<(NaiveDateTime, Timestamp)> {
    judge.text(Field::SoldAt)?;
    let Some(local) = judge.cell(Field::SoldAt).and_then(moment::parse) else {
        judge.error(Field::SoldAt, "moment_form");
        return None;
    };
    let at = moment::instant(local, terms.zone());
    let earliest = terms.rules.earliest_business_date(terms.now);
    if at > terms.now {
        judge.error(Field::SoldAt, "moment_ahead");
    } else if terms.rules.business_date(at) < earliest {
        judge.find(Severity::Error, Field::SoldAt, "moment_too_old", earliest.to_string());
    }
    Some((local, at))
}

fn number(judge: &mut Judge<'_>, field: Field, terms: &Terms, digits: u32) -> Option<i64> {
    let text = judge.text(field)?;
    match amounts::parse_signed(&text, judge.is_number(field), terms.mark, digits) {
        Ok(scaled) => Some(scaled),
        Err(fault) => {
            judge.error(field, amount_code(fault));
            None
        }
    }
}

fn vat_rate(judge: &mut Judge<'_>, terms: &Terms, local: Option<NaiveDateTime>) -> Option<i32> {
    let text = judge.text(Field::VatRate)?;
    let date = local.map_or_else(|| terms.rules.business_date(terms.now), |local| local.date());
    let rate = vat::parse(&text, judge.is_number(Field::VatRate), terms.zone(), date);
    if rate.is_none() {
        judge.error(Field::VatRate, "vat_rate_form");
    }
    rate
}
