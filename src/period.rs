//! Business dates and periods of them.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// The longest period that can be asked for, in days: five years and a few days.
pub const PERIOD_DAYS_MAX: i64 = 1830;

/// What a request may name: one spelling, so that both databases compare it alike, and years that both databases and
/// spreadsheets know.
const DATE_PATTERN: &str = "^(19[0-9]{2}|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";

/// A business date in a request: `YYYY-MM-DD`, from 1900-01-01 to 9999-12-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BusinessDate(NaiveDate);

impl BusinessDate {
    /// The date.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.0
    }
}

/// Of a date that the service has recorded or computed itself.
impl From<NaiveDate> for BusinessDate {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

impl<'de> Deserialize<'de> for BusinessDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let has_form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = if has_form { text.parse::<NaiveDate>().ok() } else { None };
        date.filter(|date| (1900..=9999).contains(&date.year()))
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected a date from 1900 to 9999, such as 2026-10-31"))
    }
}

impl PartialSchema for BusinessDate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some(DATE_PATTERN))
            .examples([serde_json::json!("2026-10-31")])
            .into()
    }
}

impl ToSchema for BusinessDate {}

/// Business dates from the one to the other, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: NaiveDate,
    to: NaiveDate,
}

/// Why two dates are not a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("the period ends ({to}) before it begins ({from})")]
    TurnedRound { from: NaiveDate, to: NaiveDate },
    #[error("the period has {days} days; at most {PERIOD_DAYS_MAX} can be asked for")]
    TooLong { days: i64 },
}

impl Period {
    /// The period of these dates.
    ///
    /// # Errors
    /// When it ends before it begins, or has more than [`PERIOD_DAYS_MAX`] days.
    pub fn try_new(from: NaiveDate, to: NaiveDate) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::TurnedRound { from, to });
        }
        let days = (to - from).num_days() + 1;
        if days > PERIOD_DAYS_MAX {
            return Err(PeriodError::TooLong { days });
        }
        Ok(Self { from, to })
    }

    /// Its first business date.
    #[must_use]
    pub fn from(self) -> NaiveDate {
        self.from
    }

    /// Its last business date.
    #[must_use]
    pub fn to(self) -> NaiveDate {
        self.to
    }

    /// Whether the business date is in it.
    #[must_use]
    pub fn contains(self, date: NaiveDate) -> bool {
        self.from <= date && date <= self.to
    }
}

/// The business date of a moment (UTC): the date on the wall in the tenant's zone, or the date before it while the clock on the
/// wall shows less than the start of the business day (minutes after midnight).
#[must_use]
pub fn business_date(occurred_at: NaiveDateTime, zone: Tz, business_day_start_min: i32) -> NaiveDate {
    let local = zone.from_utc_datetime(&occurred_at).naive_local();
    let minute_of_day = i64::from(local.time().num_seconds_from_midnight()) / 60;
    if minute_of_day >= i64::from(business_day_start_min) {
        return local.date();
    }
    local.date().checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn business_date_of(utc: &str, zone: &str, start_min: i32) -> NaiveDate {
        business_date(utc.parse().unwrap(), zone.parse().unwrap(), start_min)
    }

    #[test]
    fn period_includes_both_its_ends() {
        let period = Period::try_new(date("2026-10-01"), date("2026-10-31")).unwrap();
        assert!(period.contains(date("2026-10-01")) && period.contains(date("2026-10-31")));
        assert!(!period.contains(date("2026-09-30")) && !period.contains(date("2026-11-01")));
        assert!(Period::try_new(date("2026-10-01"), date("2026-10-01")).is_ok());
    }

    #[test]
    fn period_turned_round_is_refused() {
        let (from, to) = (date("2026-10-02"), date("2026-10-01"));
        assert_eq!(Period::try_new(from, to), Err(PeriodError::TurnedRound { from, to }));
    }

    #[test]
    fn period_of_ten_years_is_refused() {
        assert_eq!(
            Period::try_new(date("2016-01-01"), date("2025-12-31")),
            Err(PeriodError::TooLong { days: 3653 })
        );
        assert!(Period::try_new(date("2026-01-01"), date("2026-01-01") + Days::new(1829)).is_ok());
        assert!(Period::try_new(date("2026-01-01"), date("2026-01-01") + Days::new(1830)).is_err());
    }

    #[test]
    fn a_date_has_one_spelling() {
        let read = |text: &str| serde_json::from_value(text.into()).map(BusinessDate::date).ok();
        let pattern = regex::Regex::new(DATE_PATTERN).unwrap();
        for right in ["2026-10-31", "1900-01-01", "9999-12-31"] {
            assert_eq!(read(right), Some(date(right)));
            assert!(pattern.is_match(right), "{right}");
        }
        for wrong in [
            "2026-10-32",
            "1899-12-31",
            "0000-01-01",
            "-999-01-01",
            "-9999-01-01",
            "+12026-01-01",
            "2026-1-31",
            "2026-10-31 ",
            "+026-10-31",
            "12026-10-3",
            "20261031",
            "2026-10-31T00:00:00Z",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
            assert!(!pattern.is_match(wrong), "{wrong}");
        }
    }

    #[test]
    fn midnight_is_that_of_the_tenant() {
        assert_eq!(
            business_date_of("2026-06-30T21:59:59", "Europe/Amsterdam", 0),
            date("2026-06-30")
        );
        assert_eq!(
            business_date_of("2026-06-30T22:00:00", "Europe/Amsterdam", 0),
            date("2026-07-01")
        );
        assert_eq!(
            business_date_of("2026-06-30T18:29:59", "Asia/Kolkata", 0),
            date("2026-06-30")
        );
        assert_eq!(
            business_date_of("2026-06-30T18:30:00", "Asia/Kolkata", 0),
            date("2026-07-01")
        );
        assert_eq!(
            business_date_of("2026-07-01T02:29:00", "America/St_Johns", 0),
            date("2026-06-30")
        );
    }

    #[test]
    fn a_bar_that_closes_at_four_sells_until_four_on_the_day_before() {
        assert_eq!(
            business_date_of("2026-07-05T01:59:59", "Europe/Amsterdam", 240),
            date("2026-07-04")
        );
        assert_eq!(
            business_date_of("2026-07-05T02:00:00", "Europe/Amsterdam", 240),
            date("2026-07-05")
        );
    }

    // 2026-03-29: at 02:00 the clock goes to 03:00 (01:00 UTC).
    #[test]
    fn the_short_night_of_2026() {
        let at = |utc, start| business_date_of(utc, "Europe/Amsterdam", start);
        assert_eq!(at("2026-03-28T22:59:59", 0), date("2026-03-28"));
        assert_eq!(at("2026-03-28T23:00:00", 0), date("2026-03-29"));
        assert_eq!(at("2026-03-29T00:59:59", 150), date("2026-03-28"));
        // 02:30 never shows on the wall; 03:00 is after it
        assert_eq!(at("2026-03-29T01:00:00", 150), date("2026-03-29"));
        assert_eq!(at("2026-03-29T01:59:59", 240), date("2026-03-28"));
        assert_eq!(at("2026-03-29T02:00:00", 240), date("2026-03-29"));
    }

    // 2026-10-25: at 03:00 the clock goes back to 02:00 (01:00 UTC).
    #[test]
    fn the_long_night_of_2026() {
        let at = |utc, start| business_date_of(utc, "Europe/Amsterdam", start);
        assert_eq!(at("2026-10-24T21:59:59", 0), date("2026-10-24"));
        assert_eq!(at("2026-10-24T22:00:00", 0), date("2026-10-25"));
        // 02:30 shows twice; the hour in between belongs to the date before again, as the clock on the wall says
        assert_eq!(at("2026-10-25T00:29:59", 150), date("2026-10-24"));
        assert_eq!(at("2026-10-25T00:30:00", 150), date("2026-10-25"));
        assert_eq!(at("2026-10-25T01:00:00", 150), date("2026-10-24"));
        assert_eq!(at("2026-10-25T01:30:00", 150), date("2026-10-25"));
        assert_eq!(at("2026-10-25T02:59:59", 240), date("2026-10-24"));
        assert_eq!(at("2026-10-25T03:00:00", 240), date("2026-10-25"));
    }
}
