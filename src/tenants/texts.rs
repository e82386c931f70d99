//! What the settings of a tenant may hold.

use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::text_type;

text_type!(
    /// What stands before the invoice numbers of a tenant.
    InvoicePrefix, pattern: "^([A-Za-z0-9][A-Za-z0-9/.-]*)?$", length: 0..=10, example: "SN-",
    expected: "expected at most 10 letters, digits, / . and -"
);
text_type!(
    /// A language and a country (BCP 47).
    Locale, pattern: "^[a-z]{2}-[A-Z]{2}$", length: 5..=5, example: "nl-NL",
    expected: "expected a language and a country such as nl-NL"
);

/// A time zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(pub Tz);

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // Parsing takes aliases in any case; the contract lists the names.
        let known = TZ_VARIANTS.iter().find(|zone| zone.name() == name);
        known.map(|zone| TimeZone(*zone)).ok_or_else(|| {
            serde::de::Error::custom("expected a time zone of the IANA database, such as Europe/Amsterdam")
        })
    }
}

impl PartialSchema for TimeZone {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(TZ_VARIANTS.iter().map(|zone| zone.name())))
            .description(Some("A time zone of the IANA database."))
            .examples([serde_json::json!("Europe/Amsterdam")])
            .into()
    }
}

impl ToSchema for TimeZone {}

/// When a business day starts, in minutes after midnight; `HH:MM` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayStart(pub i32);

const DAY_START_PATTERN: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

impl std::fmt::Display for DayStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl std::str::FromStr for DayStart {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a time of day such as 04:00";
        let (hours, minutes) = text.split_once(':').ok_or(expected)?;
        let number = |digits: &str, max: i32| {
            let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse::<i32>().ok().filter(|number| is_number && *number <= max);
            number.ok_or(expected)
        };
        Ok(DayStart(number(hours, 23)? * 60 + number(minutes, 59)?))
    }
}

impl Serialize for DayStart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for DayStart {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(DAY_START_PATTERN))
            .examples([serde_json::json!("04:00")])
            .into()
    }
}

impl ToSchema for DayStart {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_at_a_time_of_day() {
        assert_eq!("04:00".parse(), Ok(DayStart(240)));
        assert_eq!("23:59".parse(), Ok(DayStart(1439)));
        assert_eq!(DayStart(65).to_string(), "01:05");
        let pattern = regex::Regex::new(DAY_START_PATTERN).unwrap();
        for wrong in ["24:00", "4:00", "04:60", "04", "+4:00", "04:0x", ""] {
            assert!(wrong.parse::<DayStart>().is_err(), "{wrong}");
            assert!(!pattern.is_match(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_zone_is_one_of_the_list() {
        let read = |json: &str| serde_json::from_str::<TimeZone>(json);
        assert_eq!(read("\"Europe/Amsterdam\"").unwrap(), TimeZone(Tz::Europe__Amsterdam));
        assert!(read("\"europe/amsterdam\"").is_err());
        assert!(read("\"Europe/Nowhere\"").is_err());
    }
}
