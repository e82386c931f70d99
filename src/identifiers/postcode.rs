//! Postcodes: free text, but for the zeros that spreadsheets lose.

use super::{Fault, FaultCode, Judged};

/// Countries whose postcodes are this many digits and may begin with 0.
const DIGITS: &[(&str, usize)] = &[
    ("DE", 5),
    ("EE", 5),
    ("ES", 5),
    ("FI", 5),
    ("FR", 5),
    ("GF", 5),
    ("GP", 5),
    ("HR", 5),
    ("IT", 5),
    ("ME", 5),
    ("MQ", 5),
    ("MX", 5),
    ("NO", 4),
    ("DK", 4),
    ("RE", 5),
    ("RO", 6),
    ("RS", 5),
    ("SM", 5),
    ("TR", 5),
    ("UA", 5),
    ("US", 5),
    ("YT", 5),
];

/// The postcode, with one lost zero put back where the country's postcodes have one digit more. A shorter one that consists
/// of digits only is an error there: `1000` of Germany may be anything.
///
/// # Errors
/// `postcode_form`.
pub fn judge_postcode(text: &str, country: Option<&str>) -> Result<Judged, Fault> {
    let text = text.trim();
    let length = country.and_then(|country| DIGITS.iter().find(|(of, _)| *of == country));
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match length {
        Some((_, length)) if is_digits && text.len() + 1 == *length => Ok(Judged {
            value: format!("0{text}"),
            is_restored: true,
        }),
        Some((country, length)) if is_digits && text.len() != *length && !(*country == "US" && text.len() == 9) => {
            Err(Fault::new(FaultCode::PostcodeForm))
        }
        _ => Ok(Judged::as_written(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_zero_comes_back_where_the_country_has_one() {
        let judged =
            |text, country| judge_postcode(text, Some(country)).map(|judged| (judged.value, judged.is_restored));
        assert_eq!(judged("1067", "DE"), Ok(("01067".to_owned(), true)));
        assert_eq!(judged("01067", "DE"), Ok(("01067".to_owned(), false)));
        assert_eq!(judged("1000", "BE"), Ok(("1000".to_owned(), false)));
        assert_eq!(judged("1234 AB", "NL"), Ok(("1234 AB".to_owned(), false)));
        assert!(judged("106", "DE").is_err());
    }
}
