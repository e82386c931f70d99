//! The statement and the figures in it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store::{AccountRow, ChangeRow, DayRow, LineRow, ProductRow};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::invoice_runs::figures::vat_of;
use crate::ledger::EntryKind;
use crate::money::{Currency, Money};
use crate::period::{BusinessDate, Period};
use crate::quantity::{Quantity, VatRate};

/// Which statement: business dates, both included.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// The first business date.
    #[param(example = "2026-10-01")]
    pub from: BusinessDate,
    /// The last business date; at most 1830 days in all.
    #[param(example = "2026-10-31")]
    pub to: BusinessDate,
    /// Only sales, refunds and charges that stand on an invoice, or only those that do not. Balances and changes stay
    /// what they are.
    #[param(required = false)]
    pub invoiced: Option<bool>,
}

/// What a statement is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub tenant_id: Id,
    pub account_id: Id,
    pub currency: Currency,
    pub period: Period,
    pub invoiced: Option<bool>,
}

/// What happened on an account in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "account_id": "01938f5e-3c00-7000-8000-000000000001", "account_number": "71900001", "account_name": "Hockeyclub De Linde",
    "from": "2026-10-01", "to": "2026-10-31", "invoiced": null,
    "opening_balance": "-10.00", "closing_balance": "-17.60", "sales_total": "7.60",
    "changes": [{"kind": "sale", "count": 1, "balance_change": "-7.60"}],
    "days": [{"business_date": "2026-10-14", "quantity": "3", "amount": "7.60"}],
    "products": [
        {"product_code": "BEER-25", "product_name": "Beer 25 cl", "category": "Drinks", "vat_rate": "21.00", "quantity": "2", "amount": "6.40"},
        {"product_code": "NUTS", "product_name": "Nuts", "category": "Snacks", "vat_rate": "9.00", "quantity": "1", "amount": "1.20"}],
    "vat": [
        {"vat_rate": "9.00", "gross": "1.20", "net": "1.10", "vat": "0.10"},
        {"vat_rate": "21.00", "gross": "6.40", "net": "5.29", "vat": "1.11"}],
    "lines": [
        {"business_date": "2026-10-14", "product_code": "BEER-25", "product_name": "Beer 25 cl", "category": "Drinks", "vat_rate": "21.00", "quantity": "2", "amount": "6.40"},
        {"business_date": "2026-10-14", "product_code": "NUTS", "product_name": "Nuts", "category": "Snacks", "vat_rate": "9.00", "quantity": "1", "amount": "1.20"}]}))]
pub struct Statement {
    pub account_id: Id,
    #[schema(example = "71900001")]
    pub account_number: String,
    /// The name of who pays; null while nobody holds the account.
    #[schema(required, example = "Hockeyclub De Linde")]
    pub account_name: Option<String>,
    /// The first business date.
    pub from: NaiveDate,
    /// The last business date.
    pub to: NaiveDate,
    /// Which sales, refunds and charges are meant: all (null), those on a standing invoice, or those on none.
    #[schema(required)]
    pub invoiced: Option<bool>,
    /// The balance before the period; below zero the customer owes.
    pub opening_balance: Money,
    /// The balance at the end of the period: opening balance plus all changes.
    pub closing_balance: Money,
    /// What the unreversed sales, refunds and charges of the period add up to, VAT included.
    pub sales_total: Money,
    /// Everything that changed the balance or the limit in the period, by kind; reversed mutations and reversals too.
    pub changes: Vec<StatementChange>,
    /// The days with activity, in order.
    pub days: Vec<StatementDay>,
    /// Ordered by product code and VAT rate.
    pub products: Vec<StatementProduct>,
    /// Ordered by rate.
    pub vat: Vec<StatementVat>,
    /// By day, product and VAT rate, in that order. Written one by one after the rest, so it is empty in memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required)]
    pub lines: Vec<StatementLine>,
}

/// All mutations of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementChange {
    pub kind: EntryKind,
    /// How many there are.
    #[schema(minimum = 1)]
    pub count: i64,
    /// What they change the balance by; below zero the customer owes more.
    pub balance_change: Money,
}

/// One business date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementDay {
    pub business_date: NaiveDate,
    /// Of all products together.
    pub quantity: Quantity,
    /// Including VAT.
    pub amount: Money,
}

/// One product at one VAT rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementProduct {
    #[schema(example = "BEER-25")]
    pub product_code: String,
    /// As on the latest line; so is the category.
    #[schema(example = "Beer 25 cl")]
    pub product_name: String,
    #[schema(example = "Drinks")]
    pub category: String,
    pub vat_rate: VatRate,
    pub quantity: Quantity,
    /// Including VAT.
    pub amount: Money,
}

/// The VAT of one rate: gross = net + VAT, rounded once for the whole statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementVat {
    pub vat_rate: VatRate,
    pub gross: Money,
    pub net: Money,
    pub vat: Money,
}

/// One product at one VAT rate on one business date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementLine {
    pub business_date: NaiveDate,
    #[schema(example = "BEER-25")]
    pub product_code: String,
    /// As on the latest line of the day; so is the category.
    #[schema(example = "Beer 25 cl")]
    pub product_name: String,
    #[schema(example = "Drinks")]
    pub category: String,
    pub vat_rate: VatRate,
    pub quantity: Quantity,
    /// Including VAT.
    pub amount: Money,
}

/// What the database knows of a statement, lines apart.
#[derive(Debug)]
pub struct Found {
    pub account: AccountRow,
    pub opening_minor: i64,
    pub changes: Vec<ChangeRow>,
    pub days: Vec<DayRow>,
    pub products: Vec<ProductRow>,
}

impl Statement {
    /// Adds up what was found.
    ///
    /// # Errors
    /// 422 `amount_overflow` when a sum does not fit.
    pub fn try_new(scope: &Scope, found: Found) -> ApiResult<Self> {
        let money = |minor| Money::new(minor, scope.currency);
        let changed = checked_sum(found.changes.iter().map(|change| change.balance_change_minor))?;
        let closing = found.opening_minor.checked_add(changed).ok_or_else(overflow)?;
        let sales = checked_sum(found.products.iter().map(|product| product.amount_minor))?;
        let vat = vat(&found.products, scope.currency)?;
        let products = found
            .products
            .into_iter()
            .map(|row| StatementProduct::try_new(row, scope.currency));
        Ok(Statement {
            account_id: scope.account_id,
            account_number: found.account.number,
            account_name: Some(found.account.name).filter(|name| !name.is_empty()),
            from: scope.period.from(),
            to: scope.period.to(),
            invoiced: scope.invoiced,
            opening_balance: money(found.opening_minor),
            closing_balance: money(closing),
            sales_total: money(sales),
            changes: found
                .changes
                .into_iter()
                .map(|row| StatementChange::new(&row, scope.currency))
                .collect(),
            days: found
                .days
                .into_iter()
                .map(|row| StatementDay::new(&row, scope.currency))
                .collect(),
            products: products.collect::<ApiResult<_>>()?,
            vat,
            lines: Vec::new(),
        })
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("statement-{}-{}-{}", self.account_number, self.from, self.to)
    }
}

/// The VAT of each rate, on the statement's own totals.
fn vat(products: &[ProductRow], currency: Currency) -> ApiResult<Vec<StatementVat>> {
    let mut gross_by_rate = std::collections::BTreeMap::new();
    for product in products {
        let gross: &mut i64 = gross_by_rate.entry(product.vat_rate).or_default();
        *gross = gross.checked_add(product.amount_minor).ok_or_else(overflow)?;
    }
    let totals = gross_by_rate.into_iter().map(|(rate, gross)| {
        let total = vat_of(gross, rate).map_err(|_| overflow())?;
        Ok(StatementVat {
            vat_rate: vat_rate(rate)?,
            gross: Money::new(total.gross_minor, currency),
            net: Money::new(total.net_minor, currency),
            vat: Money::new(total.vat_minor, currency),
        })
    });
    totals.collect()
}

impl StatementChange {
    fn new(row: &ChangeRow, currency: Currency) -> Self {
        StatementChange {
            kind: row.kind,
            count: row.count,
            balance_change: Money::new(row.balance_change_minor, currency),
        }
    }
}

impl StatementDay {
    fn new(row: &DayRow, currency: Currency) -> Self {
        StatementDay {
            business_date: row.business_date,
            quantity: Quantity::from_milli(row.quantity_milli),
            amount: Money::new(row.amount_minor, currency),
        }
    }
}

impl StatementProduct {
    fn try_new(row: ProductRow, currency: Currency) -> ApiResult<Self> {
        Ok(StatementProduct {
            product_code: row.product_code,
            product_name: row.product_name,
            category: row.category,
            vat_rate: vat_rate(row.vat_rate)?,
            quantity: Quantity::from_milli(row.quantity_milli),
            amount: Money::new(row.amount_minor, currency),
        })
    }
}

impl StatementLine {
    /// The line of a row.
    ///
    /// # Errors
    /// 500 when the row has a VAT rate that cannot be.
    pub fn try_new(row: LineRow, currency: Currency) -> ApiResult<Self> {
        Ok(StatementLine {
            business_date: row.business_date,
            product_code: row.product_code,
            product_name: row.product_name,
            category: row.category,
            vat_rate: vat_rate(row.vat_rate)?,
            quantity: Quantity::from_milli(row.quantity_milli),
            amount: Money::new(row.amount_minor, currency),
        })
    }
}

fn vat_rate(hundredths: i32) -> ApiResult<VatRate> {
    VatRate::try_from_hundredths(hundredths).ok_or_else(|| ApiError::internal(format!("VAT rate {hundredths}")))
}

fn checked_sum(amounts: impl IntoIterator<Item = i64>) -> ApiResult<i64> {
    let sum = amounts.into_iter().try_fold(0_i64, i64::checked_add);
    sum.ok_or_else(overflow)
}

fn overflow() -> ApiError {
    ApiError::new(Code::AmountOverflow)
}
