//! Invoice numbers: one series without gaps for each tenant and year of the invoice date.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use crate::db::schema::number_series;
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};

/// The series of one year, locked until the transaction ends: nobody else takes a number meanwhile.
#[derive(Debug)]
pub struct LockedSeries {
    tenant_id: Id,
    invoice_date: NaiveDate,
    next_value: i64,
    last_used_on: Option<NaiveDate>,
}

/// A number that has been taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceNumber {
    pub year: i32,
    pub value: i64,
    /// `2026-00017`, after the tenant's prefix.
    pub text: String,
}

#[derive(QueryableByName)]
struct SeriesRow {
    #[diesel(sql_type = BigInt)]
    next_value: i64,
    #[diesel(sql_type = Nullable<Date>)]
    last_used_on: Option<NaiveDate>,
}

impl LockedSeries {
    /// Locks the series of the invoice date's year. Callers lock it before they lock accounts.
    ///
    /// # Errors
    /// 409 `invoice_date_before_last`: dates rise with the numbers.
    pub fn lock(connection: &mut DbConnection, tenant_id: Id, invoice_date: NaiveDate) -> ApiResult<Self> {
        let series = Self::lock_from(connection, tenant_id, invoice_date)?;
        check_date(series.last_used_on, invoice_date)?;
        Ok(series)
    }

    /// Locks the series of a date's year, for invoices of that date, or of the last one's where that is later: today goes
    /// back when the tenant's zone or a clock is put right.
    ///
    /// # Errors
    /// Those of the database.
    pub fn lock_from(connection: &mut DbConnection, tenant_id: Id, earliest: NaiveDate) -> QueryResult<Self> {
        let series = series_name(earliest.year());
        diesel::sql_query(
            "INSERT INTO number_series (tenant_id, series, next_value) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING",
        )
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(&series)
        .execute(connection)?;
        let text = format!(
            "SELECT next_value, last_used_on FROM number_series WHERE tenant_id = $1 AND series = $2{}",
            dialect::for_update(connection)
        );
        let row: SeriesRow = diesel::sql_query(text)
            .bind::<SqlId, _>(tenant_id)
            .bind::<Text, _>(&series)
            .get_result(connection)?;
        Ok(Self {
            tenant_id,
            invoice_date: row.last_used_on.map_or(earliest, |last| last.max(earliest)),
            next_value: row.next_value,
            last_used_on: row.last_used_on,
        })
    }

    /// The date of the invoices that take its numbers.
    #[must_use]
    pub fn invoice_date(&self) -> NaiveDate {
        self.invoice_date
    }

    /// Takes the next number, after the tenant's prefix.
    ///
    /// # Errors
    /// When the series is used up, after 2^63 invoices.
    pub fn take(&mut self, prefix: &str) -> ApiResult<InvoiceNumber> {
        let (year, value) = (self.invoice_date.year(), self.next_value);
        self.next_value = value
            .checked_add(1)
            .ok_or_else(|| ApiError::new(Code::AmountOverflow))?;
        self.last_used_on = Some(self.invoice_date);
        Ok(InvoiceNumber {
            year,
            value,
            text: format!("{prefix}{year}-{value:05}"),
        })
    }

    /// Records what was taken; when nothing was, the series stays as it is.
    pub fn save(self, connection: &mut DbConnection) -> QueryResult<()> {
        let series = series_name(self.invoice_date.year());
        diesel::update(number_series::table.find((self.tenant_id, series)))
            .set((
                number_series::next_value.eq(self.next_value),
                number_series::last_used_on.eq(self.last_used_on),
            ))
            .execute(connection)
            .map(drop)
    }
}

/// The date of the last invoice of a year's series.
pub fn last_invoice_date(connection: &mut DbConnection, tenant_id: Id, year: i32) -> QueryResult<Option<NaiveDate>> {
    number_series::table
        .find((tenant_id, series_name(year)))
        .select(number_series::last_used_on)
        .first(connection)
        .optional()
        .map(Option::flatten)
}

/// Refuses an invoice date before that of the last invoice of its series.
///
/// # Errors
/// 409 `invoice_date_before_last`, naming both.
pub fn check_date(last_used_on: Option<NaiveDate>, invoice_date: NaiveDate) -> ApiResult<()> {
    match last_used_on {
        Some(last) if invoice_date < last => Err(ApiError::new(Code::InvoiceDateBeforeLast).detail(format!(
            "the last invoice of the series is of {last}; {invoice_date} is before it"
        ))),
        _ => Ok(()),
    }
}

fn series_name(year: i32) -> String {
    format!("invoice-{year}")
}
