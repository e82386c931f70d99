//! Postcodes: free text, but for the zeros that spreadsheets lose, and for the shapes of the countries around.

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

/// Whether the country's postcodes may begin with 0, which a cell that holds a number cannot.
#[must_use]
pub fn may_lose_zeros(country: Option<&str>) -> bool {
    country.is_some_and(|country| DIGITS.iter().any(|(of, _)| *of == country))
}

/// Whether the text has the shape of the country's postcodes, perhaps behind its letters (`B-2000`); of a country whose shape is not
/// known here every text has.
fn has_shape(text: &str, country: &str) -> bool {
    let bare = match text.split_once('-') {
        Some((prefix, rest)) if country.starts_with(prefix.trim()) => rest,
        _ => text,
    };
    let signs: Vec<u8> = bare.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let is_number = signs.iter().all(u8::is_ascii_digit);
    match (country, signs.as_slice()) {
        ("NL", [b'1'..=b'9', digits @ .., first, second]) => {
            let are_digits = digits.len() == 3 && digits.iter().all(u8::is_ascii_digit);
            are_digits && first.is_ascii_alphabetic() && second.is_ascii_alphabetic()
        }
        ("BE" | "LU", [b'1'..=b'9', _, _, _]) | ("DE" | "FR", [_, _, _, _, _]) => is_number,
        ("NL" | "BE" | "LU" | "DE" | "FR", _) => false,
        _ => true,
    }
}

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
        _ if country.is_some_and(|country| !has_shape(text, country)) => Err(Fault::new(FaultCode::PostcodeForm)),
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
        assert!(may_lose_zeros(Some("DE")) && !may_lose_zeros(Some("NL")) && !may_lose_zeros(None));
    }

    #[test]
    fn a_postcode_has_the_shape_of_its_country_where_that_is_known() {
        let right = [
            ("1234 AB", "NL"),
            ("1234ab", "NL"),
            ("NL-1234 AB", "NL"),
            ("2000", "BE"),
            ("B-2000", "BE"),
            ("L-1009", "LU"),
            ("10115", "DE"),
            ("75 001", "FR"),
            ("SW1A 1AA", "GB"),
            ("1234", "CH"),
        ];
        for (text, country) in right {
            assert!(judge_postcode(text, Some(country)).is_ok(), "{text} {country}");
        }
        let wrong = [
            ("1234", "NL"),
            ("0234 AB", "NL"),
            ("1234 A", "NL"),
            ("12345", "BE"),
            ("0200", "BE"),
            ("X-1009", "LU"),
            ("1011A", "DE"),
            ("Nice", "FR"),
        ];
        for (text, country) in wrong {
            assert!(judge_postcode(text, Some(country)).is_err(), "{text} {country}");
        }
        assert!(judge_postcode("1234", None).is_ok());
    }
}
