//! Enterprise numbers: the number of a company in its country's register.

use super::vat_rules::{digits, is_luhn};
use super::{Fault, FaultCode, Judged, compact};
use crate::text_type;

text_type!(
    /// The number of a company in its country's register, without separators.
    EnterpriseNumber, pattern: "^[A-Z]{0,4}[0-9]{2,16}$", length: 2..=20, example: "12345678",
    expected: "expected a number of 2 to 16 digits without separators, perhaps behind letters, such as 12345678"
);

/// The number without separators. Of countries whose rule is known (Belgium, the Netherlands, France, Luxembourg's form is
/// free) the length and check digits must be right; lost leading zeros come back where those prove them. `is_number`: the
/// spreadsheet kept it as a number, which cannot have leading zeros.
///
/// # Errors
/// `enterprise_form`.
pub fn judge_enterprise_number(text: &str, country: Option<&str>, is_number: bool) -> Result<Judged, Fault> {
    let fault = || Fault::new(FaultCode::EnterpriseForm);
    let mut number = compact(text);
    if let Some(rest) = country.and_then(|country| number.strip_prefix(country)) {
        number = rest.to_string();
    }
    match country {
        Some("BE") => belgian(&number).ok_or_else(fault),
        Some("NL") => padded(&number, 8, 12, |padded| is_number || padded.len() == number.len()).ok_or_else(fault),
        Some("FR") => padded(&number, 9, 14, is_luhn).ok_or_else(fault),
        _ => EnterpriseNumber::try_new(number)
            .map(|number| Judged::as_written(number.into_string()))
            .map_err(|_| fault()),
    }
}

/// Ten digits beginning with 0 or 1, of which the last two are 97 minus the others modulo 97. The first 0 is often left out.
fn belgian(number: &str) -> Option<Judged> {
    let number = number
        .strip_prefix("(0)")
        .map_or_else(|| number.to_owned(), |rest| format!("0{rest}"));
    let is_restored = number.len() == 9;
    let value = if is_restored { format!("0{number}") } else { number };
    is_belgian(&value).then_some(Judged { value, is_restored })
}

/// Whether it is a Belgian enterprise number of ten digits, which is the VAT number behind `BE` too.
pub(super) fn is_belgian(number: &str) -> bool {
    if number.len() != 10 || digits(number).is_none() || !number.starts_with(['0', '1']) {
        return false;
    }
    let part = |range: std::ops::Range<usize>| number.get(range).and_then(|digits| digits.parse::<u64>().ok());
    match (part(0..8), part(8..10)) {
        (Some(base), Some(check)) => base > 0 && 97 - base % 97 == check,
        _ => false,
    }
}

/// Digits of the short or the long length; at most two zeros come back before a shorter one, when `is_right` then.
fn padded(number: &str, short: usize, long: usize, is_right: impl Fn(&str) -> bool) -> Option<Judged> {
    digits(number)?;
    if number.len() == short || number.len() == long {
        return is_right(number).then(|| Judged::as_written(number.to_owned()));
    }
    if number.len() + 2 < short || number.len() > short {
        return None;
    }
    let value = format!("{number:0>short$}");
    is_right(&value).then_some(Judged {
        value,
        is_restored: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, country: &str, is_number: bool) -> Option<(String, bool)> {
        let judged = judge_enterprise_number(text, Some(country), is_number).ok()?;
        Some((judged.value, judged.is_restored))
    }

    #[test]
    fn a_belgian_number_has_check_digits_and_gets_its_zero_back() {
        let full = |restored| Some(("0468561072".to_owned(), restored));
        assert_eq!(judged("0468.561.072", "BE", false), full(false));
        assert_eq!(judged("(0)468.561.072", "BE", false), full(false));
        assert_eq!(judged("468561072", "BE", true), full(true));
        assert_eq!(judged("BE 0468 561 072", "BE", false), full(false));
        for wrong in ["0468561073", "02A2.239.951", "0220,764.971", "68561072", "0000000097"] {
            assert_eq!(judged(wrong, "BE", false), None, "{wrong}");
        }
    }

    #[test]
    fn a_dutch_number_has_eight_digits_and_a_french_one_check_digits() {
        assert_eq!(judged("12345678", "NL", false), Some(("12345678".to_owned(), false)));
        assert_eq!(judged("1234567", "NL", true), Some(("01234567".to_owned(), true)));
        assert_eq!(
            judged("1234567", "NL", false),
            None,
            "nothing proves that a text has lost a zero"
        );
        assert_eq!(judged("415267764", "FR", false), Some(("415267764".to_owned(), false)));
        assert_eq!(judged("415267765", "FR", false), None);
        assert_eq!(judged("5520136", "FR", true), None);
        assert_eq!(judged("B 123456", "LU", false), Some(("B123456".to_owned(), false)));
    }
}
