//! Puts an invoice together from its rows.

use std::collections::HashMap;

use super::model::{
    CoveredMutation, Invoice, InvoiceCategory, InvoiceLine, InvoiceLineRow, InvoiceRef, InvoiceSummary, InvoiceVat,
};
use super::store::{self, CoveredRow};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::invoice_runs::figures::{VatTotal, category_totals};
use crate::invoice_runs::plan::AmountOverflow;
use crate::money::{Currency, Money};
use crate::quantity::{Quantity, VatRate};

/// The invoice with all that stands on it; nothing when there is none.
///
/// # Errors
/// When the database fails, or a snapshot cannot be read.
pub fn find_whole(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    id: Id,
) -> ApiResult<Option<Invoice>> {
    let Some(row) = store::find_invoice(connection, tenant_id, id)? else {
        return Ok(None);
    };
    let lines = store::list_lines(connection, tenant_id, id, None, i64::MAX)?;
    let vat: Vec<VatTotal> = store::list_vat(connection, tenant_id, id)?
        .into_iter()
        .map(|row| VatTotal {
            vat_rate: row.vat_rate,
            gross_minor: row.gross_minor,
            net_minor: row.net_minor,
            vat_minor: row.vat_minor,
        })
        .collect();
    let covers = store::list_covered(connection, tenant_id, id)?;
    let others: Vec<Id> = row.reverses_id.into_iter().chain(row.reversed_by_id).collect();
    let numbers: HashMap<Id, String> = store::list_numbers(connection, tenant_id, &others)?
        .into_iter()
        .collect();
    let reference = |id: Option<Id>| {
        id.and_then(|id| {
            numbers.get(&id).map(|number| InvoiceRef {
                id,
                number: number.clone(),
            })
        })
    };
    Ok(Some(Invoice {
        summary: InvoiceSummary::new(&row, currency),
        payer: snapshot(&row.payer_snapshot)?,
        issuer: snapshot(&row.tenant_snapshot)?,
        reset_mutation_id: row.reset_entry_id,
        limit_taken: Money::new(row.limit_taken_minor, currency),
        limit_returned: Money::new(row.limit_returned_minor, currency),
        reverses: reference(row.reverses_id),
        reversed_by: reference(row.reversed_by_id),
        categories: categories_of(
            lines.iter().map(|line| (line.category.as_str(), line.amount_minor)),
            currency,
        )?,
        lines: lines
            .into_iter()
            .map(|line| line_of(line, currency))
            .collect::<ApiResult<_>>()?,
        vat: vat_of_rates(&vat, currency)?,
        covers: covers
            .into_iter()
            .map(|covered| covered_of(covered, currency))
            .collect(),
    }))
}

fn snapshot<T: serde::de::DeserializeOwned>(text: &str) -> ApiResult<T> {
    serde_json::from_str(text).map_err(ApiError::internal)
}

/// A rate from the database, whose CHECK keeps it from 0 to 100 %.
///
/// # Errors
/// When it is none.
pub fn vat_rate(hundredths: i32) -> ApiResult<VatRate> {
    VatRate::try_from_hundredths(hundredths).ok_or_else(|| ApiError::internal(format!("{hundredths} is no VAT rate")))
}

/// A line as it is answered.
///
/// # Errors
/// When its VAT rate is none.
pub fn line_of(row: InvoiceLineRow, currency: Currency) -> ApiResult<InvoiceLine> {
    Ok(InvoiceLine {
        line_no: row.line_no,
        business_date: row.business_date,
        product_code: row.product_code,
        product_name: row.product_name,
        category: row.category,
        quantity: Quantity::from_milli(row.quantity_milli),
        amount: Money::new(row.amount_minor, currency),
        vat_rate: vat_rate(row.vat_rate)?,
    })
}

fn covered_of(covered: CoveredRow, currency: Currency) -> CoveredMutation {
    CoveredMutation {
        id: covered.id,
        kind: covered.kind,
        business_date: covered.business_date,
        amount: Money::new(covered.balance_change_minor.saturating_neg(), currency),
        reset_type: covered.reset_type,
        is_late: covered.is_late,
        origin_invoice_id: covered.origin_invoice_id,
    }
}

/// The totals of the categories of some lines, ordered by category.
///
/// # Errors
/// [`AmountOverflow`] when a sum does not fit.
pub fn categories_of<'a>(
    lines: impl IntoIterator<Item = (&'a str, i64)>,
    currency: Currency,
) -> Result<Vec<InvoiceCategory>, AmountOverflow> {
    let totals = category_totals(lines)?;
    let category = |(category, minor): (&str, i64)| InvoiceCategory {
        category: category.to_owned(),
        amount: Money::new(minor, currency),
    };
    Ok(totals.into_iter().map(category).collect())
}

/// The VAT of an invoice as it is answered.
///
/// # Errors
/// When a rate is none.
pub fn vat_of_rates(vat: &[VatTotal], currency: Currency) -> ApiResult<Vec<InvoiceVat>> {
    let money = |minor| Money::new(minor, currency);
    let answered = vat.iter().map(|rate| {
        Ok(InvoiceVat {
            vat_rate: vat_rate(rate.vat_rate)?,
            gross: money(rate.gross_minor),
            net: money(rate.net_minor),
            vat: money(rate.vat_minor),
        })
    });
    answered.collect()
}
