//! Languages: by ISO 639 code, or by name in English, Dutch, French, German or the language itself.

use std::sync::LazyLock;

use super::names::Names;
use super::{Fault, FaultCode, country};
use crate::text_type;

text_type!(
    /// A language, and a country where that matters (BCP 47).
    LanguageTag, pattern: "^[a-z]{2}(-[A-Z]{2})?$", length: 2..=5, example: "nl",
    expected: "expected a language such as nl or nl-BE"
);

/// Names that people use, or that other lists have (Debian's iso-codes), and CLDR does not.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("OudBulgaars", "cu"),
    ("OudSlavisch", "cu"),
    ("Castiliaans", "es"),
    ("Kastilisch", "es"),
    ("Spanisch (Kastilisch)", "es"),
    ("Farsi", "fa"),
    ("goudjarâtî (gujrâtî)", "gu"),
    ("Interlingua (Internationale Hilfssprachen-Vereinigung)", "ia"),
    ("yi de Sichuan", "ii"),
    ("Bokmål, Noors", "nb"),
    ("Ndbele, Noord", "nd"),
    ("Vlaamse", "nl"),
    ("Nynorsk-Noors", "nn"),
    ("Zuid-Ndebele", "nr"),
    ("Osseets", "os"),
    ("Ossetisch, Osseets", "os"),
    ("Roemeens en Moldavisch", "ro"),
    ("Slovaaks", "sk"),
    ("Slovaaks, Slowaaks", "sk"),
    ("Sotho (Süd)", "st"),
    ("tongien (Îles Tonga)", "to"),
    ("Mandarin", "zh"),
    ("Mandarijn", "zh"),
];

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names::read(include_str!("../../data/cldr/languages.tsv"));
    for (name, code) in OTHER_NAMES {
        names.decide(name, &[*code]);
    }
    names
});

/// The language (ISO 639-1, with a country when one was written: `nl-BE`).
///
/// # Errors
/// `unknown_language`; `ambiguous_language` with the choices.
pub fn judge_language(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    // written like a name, with a capital: Yi is the language of Sichuan, yi is the code of Yiddish
    let is_name = text.chars().any(char::is_uppercase) && text.chars().any(char::is_lowercase);
    let named = if is_name { NAMES.find(text) } else { &[] };
    if let Some(code) = NAMES.code(text).filter(|_| named.is_empty()) {
        return Ok(code.to_owned());
    }
    if let Some((language, country)) = text.split_once(['-', '_']) {
        let country = country.to_ascii_uppercase();
        if let Some(code) = NAMES.code(language).filter(|_| country::is_country(&country)) {
            return Ok(format!("{code}-{country}"));
        }
    }
    match NAMES.find(text) {
        [code] => Ok((*code).to_owned()),
        [] => Err(Fault::new(FaultCode::UnknownLanguage)),
        several => Err(Fault {
            code: FaultCode::AmbiguousLanguage,
            choices: several.iter().map(|code| (*code).to_owned()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_code_and_by_name() {
        for (text, code) in [
            ("nl", "nl"),
            ("NL", "nl"),
            ("nl_be", "nl-BE"),
            ("de-AT", "de-AT"),
            ("dut", "nl"),
            ("Dutch", "nl"),
            ("NEDERLANDS", "nl"),
            ("Néerlandais", "nl"),
            ("neerlandais", "nl"),
            ("Niederländisch", "nl"),
            ("Frans", "fr"),
            ("français", "fr"),
            ("Duits", "de"),
            ("Deutsch", "de"),
            ("Vlaams", "nl"),
            ("日本語", "ja"),
            ("yi", "yi"),
            ("YI", "yi"),
            ("Yi", "ii"),
            ("Twi", "tw"),
            ("Nl", "nl"),
            ("slovaaks", "sk"),
            ("Spanisch (Kastilisch)", "es"),
        ] {
            assert_eq!(judge_language(text).as_deref(), Ok(code), "{text}");
        }
        for text in ["", "Klingonish", "xx", "nl-QQ"] {
            assert_eq!(
                judge_language(text).unwrap_err().code,
                FaultCode::UnknownLanguage,
                "{text}"
            );
        }
        assert_eq!(judge_language("isiNdebele").unwrap_err().choices, ["nd", "nr"]);
    }
}
