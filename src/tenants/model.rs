//! A tenant and its settings.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::texts::{DayStart, InvoicePrefix, Locale, TimeZone};
use crate::audit::Changes;
use crate::clock::Timestamp;
use crate::db::schema::tenants;
use crate::error::{ApiError, ApiResult};
use crate::http::{Cursor, PageLimit, Patch, not_null};
use crate::id::Id;
use crate::identifiers::{Country, Iban, OrEmpty, VatNumber, or_empty};
use crate::money::{Currency, Money, NonNegativeAmount};
use crate::period::BusinessDate;
use crate::text::{Line, Name};
use crate::text_enum;

text_enum! {
    /// When turnover is booked.
    pub enum RevenueAt {
        /// When it is invoiced: the export books revenue and VAT.
        Invoice => "invoice",
        /// When it is sold: the export books the debtor against a clearing account, no revenue and no VAT.
        Sale => "sale",
    }
}

/// A tenant's row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenants, treat_none_as_null = true)]
pub struct TenantRow {
    pub id: Id,
    pub number: i64,
    pub name: String,
    pub currency: String,
    pub time_zone: String,
    pub locale: String,
    pub business_day_start_min: i32,
    pub accept_sales_days: i32,
    pub accept_sales_from: Option<NaiveDate>,
    pub shows_available_on_till: bool,
    pub accepts_offline_sales: bool,
    pub offline_sale_minor_max: Option<i64>,
    pub revenue_at: RevenueAt,
    pub invoice_prefix: String,
    pub street: String,
    pub postcode: String,
    pub city: String,
    pub country: String,
    pub vat_number: String,
    pub iban: String,
    pub version: i64,
    pub created_at: Timestamp,
}

/// A tenant as it goes over the wire: money and times of day are strings there, so it is not the row.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000007", "number": 719, "name": "Sportclub Noord",
    "currency": "EUR", "time_zone": "Europe/Amsterdam", "locale": "nl-NL", "business_day_start": "04:00",
    "accept_sales_days": 35, "accept_sales_from": null, "shows_available_on_till": true, "accepts_offline_sales": true,
    "offline_sale_max": "50.00", "revenue_at": "invoice", "invoice_prefix": "", "street": "Dorpsstraat 1",
    "postcode": "1234 AB", "city": "Noord", "country": "NL", "vat_number": "NL123456789B01", "iban": "NL91ABNA0417164300",
    "created_at": "2026-11-21T09:30:00Z"}))]
pub struct Tenant {
    /// Its id.
    pub id: Id,
    /// Its number; account numbers begin with it.
    #[schema(minimum = 1, maximum = 999_999_999)]
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its only currency; fixed after the first mutation.
    pub currency: Currency,
    /// Where its business days are counted (IANA).
    pub time_zone: String,
    /// Its language and country.
    pub locale: String,
    /// Before this time of day, it is still the business day before.
    pub business_day_start: DayStart,
    /// How old a sale may be, in days.
    pub accept_sales_days: i32,
    /// The first day from which sales are accepted; overrides the days.
    #[schema(required)]
    pub accept_sales_from: Option<NaiveDate>,
    /// Whether a till sees what is available on an account.
    pub shows_available_on_till: bool,
    /// Whether sales made without a connection are accepted.
    pub accepts_offline_sales: bool,
    /// The largest sale accepted that was made without a connection; null: any.
    #[schema(required)]
    pub offline_sale_max: Option<Money>,
    /// When turnover is booked.
    pub revenue_at: RevenueAt,
    /// What stands before invoice numbers.
    pub invoice_prefix: String,
    /// Street and house number.
    pub street: String,
    /// Postcode.
    pub postcode: String,
    /// City.
    pub city: String,
    /// Country, ISO 3166-1.
    pub country: String,
    /// VAT number.
    pub vat_number: String,
    /// IBAN.
    pub iban: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A tenant to make. Its settings are changed afterwards.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": 719, "name": "Sportclub Noord", "currency": "EUR", "time_zone": "Europe/Amsterdam"}))]
pub struct NewTenant {
    /// Its number, unique in the portal; account numbers begin with it.
    #[validate(range(min = 1, max = 999_999_999, message = "expected a number from 1 to 999999999"))]
    #[schema(minimum = 1, maximum = 999_999_999)]
    pub number: i64,
    /// Its name.
    pub name: Name,
    /// Its only currency, ISO 4217.
    pub currency: Currency,
    /// Where its business days are counted.
    pub time_zone: TimeZone,
    /// Its language and country; nl-NL by default.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub locale: Option<Locale>,
}

/// Settings to change. Absent fields stay as they are.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"business_day_start": "04:00", "offline_sale_max": "50.00", "accept_sales_from": null}))]
pub struct TenantPatch {
    /// Its name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub name: Option<Name>,
    /// Its only currency, ISO 4217; not after the first mutation.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// Where its business days are counted. Business dates that were recorded stay.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub time_zone: Option<TimeZone>,
    /// Its language and country.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub locale: Option<Locale>,
    /// Before this time of day, it is still the business day before. Business dates that were recorded stay.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub business_day_start: Option<DayStart>,
    /// How old a sale may be, in days.
    #[serde(default, deserialize_with = "not_null")]
    #[validate(range(min = 1, max = 3660, message = "expected a number of days from 1 to 3660"))]
    #[schema(nullable = false, minimum = 1, maximum = 3660)]
    pub accept_sales_days: Option<i32>,
    /// The first day from which sales are accepted, for a load of history; overrides the days. Null: the days count.
    #[serde(default)]
    #[schema(value_type = Option<BusinessDate>)]
    pub accept_sales_from: Patch<BusinessDate>,
    /// Whether a till sees what is available on an account.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub shows_available_on_till: Option<bool>,
    /// Whether sales made without a connection are accepted.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub accepts_offline_sales: Option<bool>,
    /// The largest sale accepted that was made without a connection. Null: any.
    #[serde(default)]
    #[schema(value_type = Option<NonNegativeAmount>)]
    pub offline_sale_max: Patch<NonNegativeAmount>,
    /// When turnover is booked.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub revenue_at: Option<RevenueAt>,
    /// What stands before invoice numbers.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub invoice_prefix: Option<InvoicePrefix>,
    /// Street and house number.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub street: Option<Line>,
    /// Postcode.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub postcode: Option<Line>,
    /// City.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub city: Option<Line>,
    /// Country, ISO 3166-1.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(schema_with = or_empty::<Country>)]
    pub country: Option<OrEmpty<Country>>,
    /// VAT number.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(schema_with = or_empty::<VatNumber>)]
    pub vat_number: Option<OrEmpty<VatNumber>>,
    /// IBAN.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(schema_with = or_empty::<Iban>)]
    pub iban: Option<OrEmpty<Iban>>,
}

/// Which page of the tenants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TenantQuery {
    /// How many items a page has.
    pub limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Cursor>,
}

impl NewTenant {
    /// The row of the new tenant, its settings at their defaults.
    #[must_use]
    pub fn row(self, id: Id, now: Timestamp) -> TenantRow {
        TenantRow {
            id,
            number: self.number,
            name: self.name.into_string(),
            currency: self.currency.code().to_owned(),
            time_zone: self.time_zone.0.name().to_owned(),
            locale: self.locale.map_or_else(|| "nl-NL".to_owned(), Locale::into_string),
            business_day_start_min: 0,
            accept_sales_days: 35,
            accept_sales_from: None,
            shows_available_on_till: true,
            accepts_offline_sales: true,
            offline_sale_minor_max: None,
            revenue_at: RevenueAt::Invoice,
            invoice_prefix: String::new(),
            street: String::new(),
            postcode: String::new(),
            city: String::new(),
            country: String::new(),
            vat_number: String::new(),
            iban: String::new(),
            version: 1,
            created_at: now,
        }
    }
}

impl TenantRow {
    /// As it goes over the wire.
    ///
    /// # Errors
    /// Only when the row holds a currency that this version does not know.
    pub fn document(&self) -> ApiResult<Tenant> {
        let currency = self.currency()?;
        let row = self.clone();
        Ok(Tenant {
            id: row.id,
            number: row.number,
            name: row.name,
            currency,
            time_zone: row.time_zone,
            locale: row.locale,
            business_day_start: DayStart(row.business_day_start_min),
            accept_sales_days: row.accept_sales_days,
            accept_sales_from: row.accept_sales_from,
            shows_available_on_till: row.shows_available_on_till,
            accepts_offline_sales: row.accepts_offline_sales,
            offline_sale_max: row.offline_sale_minor_max.map(|minor| Money::new(minor, currency)),
            revenue_at: row.revenue_at,
            invoice_prefix: row.invoice_prefix,
            street: row.street,
            postcode: row.postcode,
            city: row.city,
            country: row.country,
            vat_number: row.vat_number,
            iban: row.iban,
            created_at: row.created_at,
        })
    }

    fn currency(&self) -> ApiResult<Currency> {
        Currency::try_from_code(&self.currency)
            .ok_or_else(|| ApiError::internal(format!("tenant {}: unknown currency", self.number)))
    }

    /// The next version of the row with these settings.
    ///
    /// # Errors
    /// 422 when the largest offline sale has more decimals than the currency, or would change its meaning with it.
    pub fn patched(&self, patch: TenantPatch) -> ApiResult<Self> {
        let old_currency = self.currency()?;
        let currency = patch.currency.unwrap_or(old_currency);
        let offline_sale_minor_max = match patch.offline_sale_max {
            Patch::Keep if currency != old_currency && self.offline_sale_minor_max.is_some() => {
                return Err(ApiError::field(
                    "/offline_sale_max",
                    "missing_field",
                    "give it in the new currency, or null",
                ));
            }
            Patch::Keep => self.offline_sale_minor_max,
            Patch::Clear => None,
            Patch::Set(amount) => Some(
                amount
                    .to_minor(currency)
                    .map_err(|error| ApiError::field("/offline_sale_max", "too_many_decimals", error.to_string()))?,
            ),
        };
        let text = |new: Option<String>, old: &String| new.unwrap_or_else(|| old.clone());
        Ok(TenantRow {
            id: self.id,
            number: self.number,
            name: text(patch.name.map(Name::into_string), &self.name),
            currency: currency.code().to_owned(),
            time_zone: text(patch.time_zone.map(|zone| zone.0.name().to_owned()), &self.time_zone),
            locale: text(patch.locale.map(Locale::into_string), &self.locale),
            business_day_start_min: patch
                .business_day_start
                .map_or(self.business_day_start_min, |start| start.0),
            accept_sales_days: patch.accept_sales_days.unwrap_or(self.accept_sales_days),
            accept_sales_from: patch
                .accept_sales_from
                .map(BusinessDate::date)
                .apply(self.accept_sales_from),
            shows_available_on_till: patch.shows_available_on_till.unwrap_or(self.shows_available_on_till),
            accepts_offline_sales: patch.accepts_offline_sales.unwrap_or(self.accepts_offline_sales),
            offline_sale_minor_max,
            revenue_at: patch.revenue_at.unwrap_or(self.revenue_at),
            invoice_prefix: text(
                patch.invoice_prefix.map(InvoicePrefix::into_string),
                &self.invoice_prefix,
            ),
            street: text(patch.street.map(Line::into_string), &self.street),
            postcode: text(patch.postcode.map(Line::into_string), &self.postcode),
            city: text(patch.city.map(Line::into_string), &self.city),
            country: text(
                patch
                    .country
                    .map(|country| country.0.map(Country::into_string).unwrap_or_default()),
                &self.country,
            ),
            vat_number: text(
                patch
                    .vat_number
                    .map(|number| number.0.map(VatNumber::into_string).unwrap_or_default()),
                &self.vat_number,
            ),
            iban: text(
                patch.iban.map(|iban| iban.0.map(Iban::into_string).unwrap_or_default()),
                &self.iban,
            ),
            version: self.version.saturating_add(1),
            created_at: self.created_at,
        })
    }

    /// What is different in `new`.
    #[must_use]
    pub fn changes_to(&self, new: &Self) -> Changes {
        let start = |row: &Self| DayStart(row.business_day_start_min).to_string();
        Changes::new()
            .field("name", &self.name, &new.name)
            .field("currency", &self.currency, &new.currency)
            .field("time_zone", &self.time_zone, &new.time_zone)
            .field("locale", &self.locale, &new.locale)
            .field("business_day_start", start(self), start(new))
            .field("accept_sales_days", self.accept_sales_days, new.accept_sales_days)
            .optional("accept_sales_from", self.accept_sales_from, new.accept_sales_from)
            .field(
                "shows_available_on_till",
                self.shows_available_on_till,
                new.shows_available_on_till,
            )
            .field(
                "accepts_offline_sales",
                self.accepts_offline_sales,
                new.accepts_offline_sales,
            )
            .optional("offline_sale_max", self.offline_sale_max(), new.offline_sale_max())
            .field("revenue_at", self.revenue_at, new.revenue_at)
            .field("invoice_prefix", &self.invoice_prefix, &new.invoice_prefix)
            .field("street", &self.street, &new.street)
            .field("postcode", &self.postcode, &new.postcode)
            .field("city", &self.city, &new.city)
            .field("country", &self.country, &new.country)
            .field("vat_number", &self.vat_number, &new.vat_number)
            .field("iban", &self.iban, &new.iban)
    }

    fn offline_sale_max(&self) -> Option<String> {
        let currency = self.currency().ok()?;
        self.offline_sale_minor_max
            .map(|minor| Money::new(minor, currency).to_string())
    }
}
