//! VAT numbers.

use super::vat_rules::{RULES, Rule};
use super::{Fault, FaultCode, Judged, compact, country};
use crate::text_type;

text_type!(
    /// A VAT number that begins with its country.
    VatNumber, pattern: "^[A-Z]{2}[0-9A-Z+*.-]{2,18}$", length: 4..=20, example: "NL123456789B01",
    expected: "expected a VAT number that begins with its country, such as NL123456789B01"
);

/// At most so many zeros come back before a number that a spreadsheet has shortened.
const ZEROS_MAX: usize = 5;

/// The VAT number with its country before it and without separators, of a text that may lack the country when `country` is
/// known. Of the European Union, the United Kingdom, Switzerland and Norway the form and the check digits must be right, and
/// lost leading zeros come back where the check digits prove them; of other countries any letters and digits will do.
///
/// # Errors
/// `vat_country` when no country is known; `vat_form` when the number is not one of that country.
pub fn judge_vat_number(text: &str, country: Option<&str>) -> Result<Judged, Fault> {
    let number = compact(text).replace([':', '(', ')'], "");
    if let Some((prefix, rest)) = split_prefix(&number)
        && let Some(judged) = judge_national(prefix, rest)
    {
        return Ok(judged);
    }
    let prefix = country.map(prefix_of);
    if let Some(judged) = prefix.and_then(|prefix| judge_national(prefix, &number)) {
        return Ok(judged);
    }
    let is_known = prefix.is_some() || split_prefix(&number).is_some();
    Err(Fault::new(if is_known {
        FaultCode::VatForm
    } else {
        FaultCode::VatCountry
    }))
}

/// The country at the beginning, in the spelling of VAT numbers, and the rest.
fn split_prefix(number: &str) -> Option<(&'static str, &str)> {
    if let Some(rest) = number.strip_prefix("CHE") {
        return Some(("CHE", rest));
    }
    let (prefix, rest) = number.split_at_checked(2)?;
    if prefix == "GR" {
        return Some(("EL", rest));
    }
    if let Some(rule) = RULES.iter().find(|rule| rule.prefix == prefix) {
        return Some((rule.prefix, rest));
    }
    let code = country::judge_country(prefix).ok()?;
    Some((code, rest))
}

/// How VAT numbers of a country begin.
fn prefix_of(country: &str) -> &str {
    match country {
        "GR" => "EL",
        "CH" => "CHE",
        other => other,
    }
}

/// The number with its prefix, when the rest is one of that country.
fn judge_national(prefix: &str, rest: &str) -> Option<Judged> {
    let Some(rule) = RULES.iter().find(|rule| rule.prefix == prefix) else {
        let is_plain = (4..=18).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && rest.bytes().any(|byte| byte.is_ascii_digit());
        return is_plain.then(|| Judged::as_written(format!("{prefix}{rest}")));
    };
    let judge = |national: &str| (rule.is_valid)(national).then(|| format!("{prefix}{national}"));
    if let Some(value) = judge(rest) {
        return Some(Judged::as_written(value));
    }
    restored(rule, rest, judge)
}

/// The number with as many zeros before it as its length lacks, when that makes it right. Without check digits zeros prove
/// nothing.
fn restored(rule: &Rule, rest: &str, judge: impl Fn(&str) -> Option<String>) -> Option<Judged> {
    let missing = rule.length.checked_sub(rest.len())?;
    if missing == 0 || missing > ZEROS_MAX || !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let length = rule.length;
    judge(&format!("{rest:0>length$}")).map(|value| Judged {
        value,
        is_restored: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, country: Option<&str>) -> Result<(String, bool), FaultCode> {
        judge_vat_number(text, country)
            .map(|judged| (judged.value, judged.is_restored))
            .map_err(|fault| fault.code)
    }

    #[test]
    fn a_vat_number_is_written_in_many_ways() {
        for (text, country, value) in [
            ("nl 1234.56.782.b01", None, "NL123456782B01"),
            ("BE 0468.561.072", None, "BE0468561072"),
            ("0468.561.072", Some("BE"), "BE0468561072"),
            ("EL 094259216", None, "EL094259216"),
            ("GR094259216", None, "EL094259216"),
            ("094259216", Some("GR"), "EL094259216"),
            ("CHE-105.048.256 MWST", None, "CHE105048256MWST"),
            ("NO 995 525 828 MVA", None, "NO995525828MVA"),
            ("BR16.727.230/0001-97", None, "BR16727230000197"),
            ("XI 980 7806 84", None, "XI980780684"),
            ("ATU13585627", Some("AT"), "ATU13585627"),
        ] {
            assert_eq!(judged(text, country), Ok((value.to_owned(), false)), "{text}");
        }
    }

    #[test]
    fn lost_zeros_come_back_where_check_digits_prove_them() {
        assert_eq!(judged("468561072", Some("BE")), Ok(("BE0468561072".to_owned(), true)));
        assert_eq!(judged("NL4495445B01", None), Ok(("NL004495445B01".to_owned(), true)));
        assert_eq!(judged("468561073", Some("BE")), Err(FaultCode::VatForm));
    }

    #[test]
    fn a_wrong_one_is_refused() {
        for (text, country, code) in [
            ("123456789", None, FaultCode::VatCountry),
            ("", Some("NL"), FaultCode::VatForm),
            ("CY CY 00632993F", None, FaultCode::VatForm),
            ("BE 02A2.239.951", None, FaultCode::VatForm),
            ("BE 0220,764.971", None, FaultCode::VatForm),
            ("8?79739J", Some("IE"), FaultCode::VatForm),
            ("DE 266297673", None, FaultCode::VatForm),
        ] {
            assert_eq!(judged(text, country), Err(code), "{text}");
        }
    }
}
