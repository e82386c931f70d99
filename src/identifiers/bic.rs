//! Bank identifier codes.

use super::{Fault, FaultCode, compact, country};
use crate::text_type;

text_type!(
    /// A BIC (ISO 9362): bank, country, place and perhaps branch.
    Bic, pattern: "^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$", length: 8..=11, example: "ABNANL2A",
    expected: "expected a BIC of 8 or 11 capitals and digits, such as ABNANL2A"
);

impl Bic {
    /// The BIC of a text in any case, with or without blanks.
    ///
    /// # Errors
    /// `bic_form`.
    pub fn judge(text: &str) -> Result<String, Fault> {
        let bic = Bic::try_new(compact(text)).map_err(|_| Fault::new(FaultCode::BicForm))?;
        let is_of_country = bic.as_str().get(4..6).is_some_and(country::is_country);
        if is_of_country {
            Ok(bic.into_string())
        } else {
            Err(Fault::new(FaultCode::BicForm))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bic_has_eight_or_eleven_characters_and_a_country() {
        assert_eq!(Bic::judge("abna nl 2a").as_deref(), Ok("ABNANL2A"));
        assert_eq!(Bic::judge("AGRIFRPP882").as_deref(), Ok("AGRIFRPP882"));
        for text in ["", "AGRIFRPP8", "ABNANL2", "ABNA9L2A", "ABNAQQ2A", "RABO"] {
            assert!(Bic::judge(text).is_err(), "{text}");
        }
    }
}
