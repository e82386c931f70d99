//! What names a country, a language, a company or a bank account: the strict form that the contract takes, and the forms in
//! which people write it in a spreadsheet, judged into that strict form.
//!
//! Everything here is pure. A judgement is exact or it is a [`Fault`]: a name that means two countries is refused with the
//! choices, and leading zeros that a spreadsheet lost are restored only where the country's own rule proves them.

mod bic;
mod country;
mod enterprise;
mod iban;
mod language;
mod names;
mod postcode;
mod vat;
mod vat_rules;

use serde::{Deserialize, Deserializer};
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

pub use bic::Bic;
pub use country::{Country, judge_country};
pub use enterprise::{EnterpriseNumber, judge_enterprise_number};
pub use iban::{Iban, judge_iban};
pub use language::{LanguageTag, judge_language};
pub use postcode::{judge_postcode, may_lose_zeros};
pub use vat::{VatNumber, judge_vat_number};

/// Why a text names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code.
    pub code: FaultCode,
    /// What it may have meant, for an ambiguous name: codes.
    pub choices: Vec<String>,
}

impl Fault {
    fn new(code: FaultCode) -> Self {
        Fault {
            code,
            choices: Vec::new(),
        }
    }
}

crate::text_enum! {
    /// What is wrong with an identifier.
    pub enum FaultCode {
        /// No country has this code or name.
        UnknownCountry => "unknown_country",
        /// Several countries have this name.
        AmbiguousCountry => "ambiguous_country",
        /// No language has this code or name.
        UnknownLanguage => "unknown_language",
        /// Several languages have this name.
        AmbiguousLanguage => "ambiguous_language",
        /// Not the form of an IBAN.
        IbanForm => "iban_form",
        /// No bank of this country has IBANs.
        IbanCountry => "iban_country",
        /// The length or structure is not that of the country.
        IbanStructure => "iban_structure",
        /// The check digits are wrong.
        IbanCheckDigits => "iban_check_digits",
        /// Not the form of a BIC, or of an unknown country.
        BicForm => "bic_form",
        /// Not the form of a VAT number of its country.
        VatForm => "vat_form",
        /// No country is known whose VAT number it is.
        VatCountry => "vat_country",
        /// Not the form of an enterprise number of its country, or its check digits are wrong.
        EnterpriseForm => "enterprise_form",
        /// Not the form of a postcode of its country.
        PostcodeForm => "postcode_form",
    }
}

/// A judged value, and whether zeros were put before it that a spreadsheet had lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The strict form.
    pub value: String,
    /// Whether leading zeros were restored.
    pub is_restored: bool,
}

impl Judged {
    fn as_written(value: String) -> Self {
        Judged {
            value,
            is_restored: false,
        }
    }
}

/// A value of the contract, or the empty text for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrEmpty<T>(pub Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrEmpty<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(OrEmpty(None));
        }
        let value = serde::de::value::StringDeserializer::new(text);
        T::deserialize(value).map(|value| OrEmpty(Some(value)))
    }
}

/// How the contract spells [`OrEmpty`]: `#[schema(schema_with = or_empty::<Country>)]`.
#[must_use]
pub fn or_empty<T: PartialSchema>() -> RefOr<Schema> {
    let empty = ObjectBuilder::new().schema_type(Type::String).max_length(Some(0));
    OneOfBuilder::new().item(T::schema()).item(empty).into()
}

/// The text in capitals without what people write between the groups of a number: blanks of any kind, hyphens, dots and
/// strokes.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars()
        .filter(|character| !is_separator(*character))
        .flat_map(char::to_uppercase)
        .collect()
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || is_invisible(character)
        || matches!(character, '-' | '.' | '/' | '\u{2010}'..='\u{2015}')
}

/// Characters that no reader sees and that programs leave in a text: zero-width ones, marks of direction, soft hyphens.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_what_nobody_sees_fall_away() {
        assert_eq!(compact(" nl91\u{a0}abna-0417.1643/00\u{200b}"), "NL91ABNA0417164300");
    }

    #[test]
    fn nothing_is_a_value_where_it_may_be() {
        let read = |json: &str| serde_json::from_str::<OrEmpty<Country>>(json);
        assert_eq!(read("\"\"").unwrap(), OrEmpty(None));
        assert_eq!(read("\"NL\"").unwrap().0.unwrap().as_str(), "NL");
        assert!(read("\"nl\"").is_err());
    }
}
