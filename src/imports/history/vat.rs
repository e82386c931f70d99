//! A VAT rate as a till writes it: `21`, `21,00 %`, `BTW hoog (21%)`, or in the Netherlands `hoog`.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use regex::Regex;

use crate::text::sort_key;

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"-?[0-9]+(?:[.,][0-9]+)?").ok());

const NOTHING: [&str; 9] = [
    "geen",
    "nul",
    "vrijgesteld",
    "none",
    "zero",
    "exempt",
    "exonere",
    "keine",
    "steuerfrei",
];

/// The rate in hundredths of a percent. `is_number`: the spreadsheet kept a number, which may be a part of one (0.21).
#[must_use]
pub fn parse(text: &str, is_number: bool, zone: Tz, date: NaiveDate) -> Option<i32> {
    let mut numbers = NUMBER.as_ref()?.find_iter(text);
    let Some(number) = numbers.next() else {
        return of_words(text, zone, date);
    };
    if numbers.next().is_some() || number.as_str().starts_with('-') {
        return None;
    }
    let (whole, decimals) = number.as_str().split_once(['.', ',']).unwrap_or((number.as_str(), ""));
    let decimals = decimals.trim_end_matches('0');
    // No country has a rate below 1 %: this is a cell whose format is percent.
    let is_part = is_number && whole == "0" && !decimals.is_empty();
    let digits = if is_part { 4 } else { 2 };
    if decimals.len() > digits {
        return None;
    }
    let hundredths: i32 = format!("{whole}{decimals:0<digits$}").parse().ok()?;
    (0..=10_000).contains(&hundredths).then_some(hundredths)
}

/// High and low are certain where the law says what they are on a day.
fn of_words(text: &str, zone: Tz, date: NaiveDate) -> Option<i32> {
    let text = sort_key(text);
    let has = |word: &str| {
        text.split(|letter: char| !letter.is_alphanumeric())
            .any(|part| part == word)
    };
    if NOTHING.iter().any(|word| has(word)) {
        return Some(0);
    }
    if zone != Tz::Europe__Amsterdam {
        return None;
    }
    let is_since = |year, month| (date.year(), date.month()) >= (year, month);
    match (has("hoog"), has("laag")) {
        (true, false) => Some(if is_since(2012, 10) { 2_100 } else { 1_900 }),
        (false, true) => Some(if is_since(2019, 1) { 900 } else { 600 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        let rate =
            |text: &str, is_number: bool, zone: Tz, date: &str| parse(text, is_number, zone, date.parse().unwrap());
        let here = |text: &str| rate(text, false, Tz::Europe__Amsterdam, "2026-10-01");
        for (text, hundredths) in [
            ("21", 2_100),
            ("21,00 %", 2_100),
            ("9.0", 900),
            ("BTW hoog (21%)", 2_100),
            ("5,5%", 550),
            ("0", 0),
            ("Geen BTW", 0),
            ("Hoog", 2_100),
            ("btw-tarief 21%", 2_100),
            ("btw laag", 900),
        ] {
            assert_eq!(here(text), Some(hundredths), "{text}");
        }
        for wrong in ["", "hoog en laag", "21 of 9", "101", "-9", "5.555", "verlegd"] {
            assert_eq!(here(wrong), None, "{wrong}");
        }
        assert_eq!(rate("laag", false, Tz::Europe__Amsterdam, "2018-12-31"), Some(600));
        assert_eq!(rate("laag", false, Tz::Europe__Brussels, "2026-10-01"), None);
        assert_eq!(rate("0.21", true, Tz::Europe__Brussels, "2026-10-01"), Some(2_100));
        assert_eq!(rate("0.055", true, Tz::Europe__Brussels, "2026-10-01"), Some(550));
    }
}
