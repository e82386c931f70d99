//! International bank account numbers.

use super::{Fault, FaultCode, compact};
use crate::text_type;

text_type!(
    /// The form of an IBAN.
    IbanForm, pattern: "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", length: 15..=34, example: "NL91ABNA0417164300",
    expected: "expected an IBAN in capitals and digits without blanks, such as NL91ABNA0417164300"
);

/// An IBAN in its electronic form, without blanks: of a country that has them, with its length and structure and with the
/// right check digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    /// Checks the form, the country's structure and the check digits.
    ///
    /// # Errors
    /// What was expected.
    pub fn try_new(text: impl Into<String>) -> Result<Self, &'static str> {
        let form = IbanForm::try_new(text)?;
        check(form.as_str()).map_err(|code| match code {
            FaultCode::IbanCountry => "no IBAN begins with this country",
            FaultCode::IbanStructure => "the IBAN has not the length or structure of its country",
            _ => "the check digits of the IBAN are wrong",
        })?;
        Ok(Iban(form.into_string()))
    }

    /// The text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de> serde::Deserialize<'de> for Iban {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Iban::try_new(text).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Iban {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        IbanForm::schema()
    }
}

impl utoipa::ToSchema for Iban {}

/// The IBAN in its electronic form, of a text in any grouping and case.
///
/// # Errors
/// What is wrong with it.
pub fn judge_iban(text: &str) -> Result<String, Fault> {
    let compacted = compact(text);
    let form = IbanForm::try_new(compacted).map_err(|_| Fault::new(FaultCode::IbanForm))?;
    check(form.as_str()).map_err(Fault::new)?;
    Ok(form.into_string())
}

fn check(electronic: &str) -> Result<(), FaultCode> {
    match electronic.parse::<iban::Iban>() {
        Ok(_) if has_right_national_check(electronic) => Ok(()),
        Ok(_) | Err(iban::ParseIbanError::InvalidBban(_)) => Err(FaultCode::IbanStructure),
        Err(iban::ParseIbanError::UnknownCountry(_)) if is_pakistani(electronic) => Ok(()),
        Err(iban::ParseIbanError::UnknownCountry(_)) => Err(FaultCode::IbanCountry),
        Err(iban::ParseIbanError::InvalidBaseIban { source }) => Err(match source {
            iban::ParseBaseIbanError::InvalidChecksum => FaultCode::IbanCheckDigits,
            iban::ParseBaseIbanError::InvalidFormat => FaultCode::IbanForm,
        }),
    }
}

/// Pakistan is in the registry of IBANs and not in the crate: four letters and sixteen letters or digits. The check digits are
/// right already.
fn is_pakistani(electronic: &str) -> bool {
    let bank = electronic.get(4..8).unwrap_or_default();
    electronic.starts_with("PK") && electronic.len() == 24 && bank.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A Belgian account number ends with its first ten digits modulo 97, 97 for 0; other countries are judged by the IBAN alone.
fn has_right_national_check(electronic: &str) -> bool {
    let Some(number) = electronic.strip_prefix("BE").and_then(|rest| rest.get(2..)) else {
        return true;
    };
    let digits = |range: std::ops::Range<usize>| number.get(range).and_then(|digits| digits.parse::<u64>().ok());
    match (digits(0..10), digits(10..12)) {
        (Some(account), Some(check)) => (account % 97 == check) || (account % 97 == 0 && check == 97),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_has_the_structure_of_its_country_and_check_digits() {
        for (iban, is_right) in [
            ("NL91ABNA0417164300", true),
            ("GB82WEST12345698765432", true),
            ("MT84MALT011000012345MTLCAST001S", true),
            ("BE68539007547034", true),
            ("PK36SCBL0000001123456702", true),
            ("NL92ABNA0417164300", false),
            ("NL91ABNA0417164301", false),
            ("NL5630030A1717164300", false),
        ] {
            assert_eq!(Iban::try_new(iban).is_ok(), is_right, "{iban}");
        }
    }

    #[test]
    fn an_iban_may_be_written_in_groups_and_small_letters() {
        assert_eq!(
            judge_iban("nl91 abna\u{a0}0417 1643 00").as_deref(),
            Ok("NL91ABNA0417164300")
        );
        for (text, code) in [
            ("", FaultCode::IbanForm),
            ("0417164300", FaultCode::IbanForm),
            ("NL91 ABNA 0417 1643 01", FaultCode::IbanCheckDigits),
            ("AT93 1904 3002 3457 3201 99", FaultCode::IbanStructure),
            ("ZZ68 5390 0754 7034", FaultCode::IbanCheckDigits),
        ] {
            assert_eq!(judge_iban(text).unwrap_err().code, code, "{text}");
        }
    }
}
