//! One cell, as text wherever text can say it: numbers never become floats of ours.

use calamine::{Data, DataRef, ExcelDateTime};
use serde::{Deserialize, Serialize};

use super::CELL_CHARS_MAX;
use crate::identifiers::is_invisible;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SheetCell {
    /// Nothing.
    #[default]
    #[serde(rename = "_")]
    Empty,
    /// A text, as it is.
    #[serde(rename = "t")]
    Text(String),
    /// A number in decimal digits, with a point when it has decimals; never an exponent.
    #[serde(rename = "n")]
    Number(String),
    /// A date, or an instant without a zone (ISO 8601).
    #[serde(rename = "d")]
    Date(String),
    /// True or false.
    #[serde(rename = "b")]
    Bool(bool),
    /// An error of a formula, such as `#N/A`.
    #[serde(rename = "e")]
    Error(String),
}

impl SheetCell {
    /// What a reader of the sheet sees: without blanks at the ends, invisible characters and line breaks.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            SheetCell::Empty => String::new(),
            SheetCell::Text(text) => clean(text),
            SheetCell::Number(text) | SheetCell::Date(text) | SheetCell::Error(text) => text.clone(),
            SheetCell::Bool(value) => value.to_string(),
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            SheetCell::Empty => true,
            SheetCell::Text(text) => text
                .chars()
                .all(|character| character.is_whitespace() || is_invisible(character)),
            _ => false,
        }
    }

    pub(super) fn text(text: &str) -> Self {
        if text.is_empty() {
            SheetCell::Empty
        } else if text.chars().nth(CELL_CHARS_MAX).is_none() {
            SheetCell::Text(text.to_owned())
        } else {
            SheetCell::Text(text.chars().take(CELL_CHARS_MAX).collect())
        }
    }
}

fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<&DataRef<'_>> for SheetCell {
    fn from(data: &DataRef<'_>) -> Self {
        match data {
            DataRef::Empty => SheetCell::Empty,
            DataRef::String(text) => SheetCell::text(text),
            DataRef::SharedString(text) => SheetCell::text(text),
            DataRef::Int(number) => SheetCell::Number(number.to_string()),
            DataRef::Float(number) => SheetCell::Number(decimal(*number)),
            DataRef::Bool(value) => SheetCell::Bool(*value),
            DataRef::DateTime(at) => date(at),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => SheetCell::Date(text.clone()),
            DataRef::Error(error) => SheetCell::Error(error.to_string()),
        }
    }
}

impl From<&Data> for SheetCell {
    fn from(data: &Data) -> Self {
        match data {
            Data::Empty => SheetCell::Empty,
            Data::String(text) => SheetCell::text(text),
            Data::Int(number) => SheetCell::Number(number.to_string()),
            Data::Float(number) => SheetCell::Number(decimal(*number)),
            Data::Bool(value) => SheetCell::Bool(*value),
            Data::DateTime(at) => date(at),
            Data::DateTimeIso(text) | Data::DurationIso(text) => SheetCell::Date(text.clone()),
            Data::Error(error) => SheetCell::Error(error.to_string()),
        }
    }
}

/// The fifteen digits that spreadsheet programs show of a number, without an exponent.
fn decimal(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let text = rounded.to_string();
    if text == "-0" { "0".to_owned() } else { text }
}

fn date(at: &ExcelDateTime) -> SheetCell {
    if at.is_duration() {
        return SheetCell::Number(decimal(at.as_f64()));
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        SheetCell::Date(date)
    } else {
        SheetCell::Date(format!("{date}T{hour:02}:{minute:02}:{second:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits() {
        for (number, text) in [
            (412_345_678.0, "412345678"),
            (0.1 + 0.2, "0.3"),
            (1250.5, "1250.5"),
            (-0.0, "0"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345.0, "123456789012345"),
        ] {
            assert_eq!(decimal(number), text);
        }
    }

    #[test]
    fn what_nobody_sees_is_not_shown() {
        let text = SheetCell::Text("\u{a0} Café\u{200b} \n 't Ölvat ".to_owned());
        assert_eq!(text.shown(), "Café 't Ölvat");
        assert!(SheetCell::Text(" \u{a0}\u{feff}".to_owned()).is_blank());
    }
}
