//! What the fields of a customer may hold.

use crate::text::LINE_PATTERN;
use crate::text_type;

text_type!(
    /// The tenant's own number of a customer.
    CustomerNumber, pattern: "^[!-~]([ -~]*[!-~])?$", length: 1..=40, example: "D-1042",
    expected: "expected 1 to 40 characters of ASCII, without blanks at either end"
);
text_type!(
    /// A telephone number.
    Phone, pattern: r"^[0-9+(][0-9 ()./+-]*[0-9)]$", length: 3..=30, example: "+31 20 123 4567",
    expected: "expected 3 to 30 digits, blanks and + ( ) . / -"
);
text_type!(
    /// One line of an address.
    AddressLine, pattern: LINE_PATTERN, length: 1..=100, example: "Dorpsstraat 1",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);
text_type!(
    /// A postcode.
    Postcode, pattern: LINE_PATTERN, length: 1..=20, example: "1234 AB",
    expected: "expected 1 to 20 characters on one line, without blanks at either end"
);
text_type!(
    /// A country by its ISO 3166-1 code.
    Country, pattern: "^[A-Z]{2}$", length: 2..=2, example: "NL",
    expected: "expected the two capitals of a country, such as NL"
);
text_type!(
    /// A VAT number that begins with its country.
    VatNumber, pattern: "^[A-Z]{2}[0-9A-Z+*.-]{2,18}$", length: 4..=20, example: "NL123456789B01",
    expected: "expected a VAT number that begins with its country, such as NL123456789B01"
);
text_type!(
    /// The form of an IBAN.
    IbanForm, pattern: "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", length: 15..=34, example: "NL91ABNA0417164300",
    expected: "expected an IBAN in capitals and digits without blanks, such as NL91ABNA0417164300"
);
text_type!(
    /// A language, and a country where that matters (BCP 47).
    LanguageTag, pattern: "^[a-z]{2}(-[A-Z]{2})?$", length: 2..=5, example: "nl",
    expected: "expected a language such as nl or nl-BE"
);

/// An IBAN in its electronic form, without blanks, with the right check digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    /// Checks the form and the check digits.
    ///
    /// # Errors
    /// What was expected.
    pub fn try_new(text: impl Into<String>) -> Result<Self, &'static str> {
        let form = IbanForm::try_new(text)?;
        if has_right_check_digits(form.as_str()) {
            Ok(Iban(form.into_string()))
        } else {
            Err("the check digits of the IBAN are wrong")
        }
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

/// ISO 7064, mod 97-10: country and check digits moved to the end, letters as 10 to 35, the number is 1 modulo 97.
fn has_right_check_digits(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let remainder = tail
        .chars()
        .chain(head.chars())
        .try_fold(0_u32, |remainder, character| {
            let value = character.to_digit(36)?;
            let shift = if value > 9 { 100 } else { 10 };
            Some((remainder * shift + value) % 97)
        });
    remainder == Some(1)
}

/// Whether mail to this address would reach nobody: its domain is reserved for tests and examples (RFC 2606, RFC 6761).
#[must_use]
pub fn is_fictional(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_under = |reserved: &&str| domain == *reserved || domain.ends_with(&format!(".{reserved}"));
    [
        "example.com",
        "example.net",
        "example.org",
        "test",
        "example",
        "invalid",
        "localhost",
    ]
    .iter()
    .any(is_under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_has_check_digits() {
        for (iban, is_right) in [
            ("NL91ABNA0417164300", true),
            ("GB82WEST12345698765432", true),
            ("MT84MALT011000012345MTLCAST001S", true),
            ("NL92ABNA0417164300", false),
            ("NL91ABNA0417164301", false),
        ] {
            assert_eq!(Iban::try_new(iban).is_ok(), is_right, "{iban}");
        }
    }

    #[test]
    fn reserved_domains_are_fictional() {
        for (email, fictional) in [
            ("a@example.com", true),
            ("a@mail.Example.ORG", true),
            ("a@club.test", true),
            ("a@x.example", true),
            ("a@x.invalid", true),
            ("a@my.localhost", true),
            ("a@example.nl", false),
            ("a@notexample.com", false),
            ("a@contest.nl", false),
        ] {
            assert_eq!(is_fictional(email), fictional, "{email}");
        }
    }
}
