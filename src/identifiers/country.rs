//! Countries: by ISO 3166-1 code, or by name in any language.

use std::sync::LazyLock;

use super::names::Names;
use super::{Fault, FaultCode};
use crate::text_type;

text_type!(
    /// A country by its ISO 3166-1 code.
    Country, pattern: "^[A-Z]{2}$", length: 2..=2, example: "NL",
    expected: "expected the two capitals of a country, such as NL"
);

/// Names that people use and CLDR does not have, or has for another country.
const COLLOQUIAL: &[(&str, &[&str])] = &[
    ("UK", &["GB"]),
    ("U.K.", &["GB"]),
    ("Great Britain", &["GB"]),
    ("Britain", &["GB"]),
    ("Groot-Brittannië", &["GB"]),
    ("Grande-Bretagne", &["GB"]),
    ("Grossbritannien", &["GB"]),
    ("Großbritannien", &["GB"]),
    ("England", &["GB"]),
    ("Engeland", &["GB"]),
    ("Angleterre", &["GB"]),
    ("Scotland", &["GB"]),
    ("Schotland", &["GB"]),
    ("Écosse", &["GB"]),
    ("Schottland", &["GB"]),
    ("Wales", &["GB"]),
    ("Northern Ireland", &["GB"]),
    ("Noord-Ierland", &["GB"]),
    ("Holland", &["NL"]),
    ("Hollande", &["NL"]),
    ("The Netherlands", &["NL"]),
    ("Netherlands, The", &["NL"]),
    ("USA", &["US"]),
    ("U.S.A.", &["US"]),
    ("U.S.", &["US"]),
    ("America", &["US"]),
    ("Amerika", &["US"]),
    ("Amérique", &["US"]),
    ("United States of America", &["US"]),
    ("Verenigde Staten van Amerika", &["US"]),
    ("États-Unis d'Amérique", &["US"]),
    ("Vereinigte Staaten von Amerika", &["US"]),
    ("Korea", &["KP", "KR"]),
    ("Corea", &["KP", "KR"]),
    ("Corée", &["KP", "KR"]),
    ("South Korea", &["KR"]),
    ("North Korea", &["KP"]),
    ("Republic of Korea", &["KR"]),
    ("Czech Republic", &["CZ"]),
    ("Tsjechische Republiek", &["CZ"]),
    ("Russia", &["RU"]),
    ("Russian Federation", &["RU"]),
    ("UAE", &["AE"]),
    ("Emirates", &["AE"]),
    ("Macedonia", &["MK"]),
    ("Macedonië", &["MK"]),
    ("Ivory Coast", &["CI"]),
    ("Burma", &["MM"]),
    ("Birma", &["MM"]),
    ("Swaziland", &["SZ"]),
    ("Cape Verde", &["CV"]),
    ("East Timor", &["TL"]),
    ("Vatican", &["VA"]),
    ("Vaticaan", &["VA"]),
    ("Holy See", &["VA"]),
    ("Persia", &["IR"]),
    ("Wit-Rusland", &["BY"]),
    ("Letland", &["LV"]),
    ("Congo-Kinshasa", &["CD"]),
    ("Congo-Brazzaville", &["CG"]),
    ("DR Congo", &["CD"]),
    ("DRC", &["CD"]),
    ("Guyana", &["GY"]),
    ("Ierland", &["IE"]),
];

/// Names of several countries: at most one of them is called so in CLDR, and others in other lists (Debian's iso-codes). In a
/// widespread language CLDR decides (`mexico`, `paraguai`); here nobody does, nor where five lists differ (`republica dominicana`).
const OF_SEVERAL: &[(&str, &[&str])] = &[
    ("angula", &["AI", "AO"]),
    ("dominik cumhuriyeti", &["DM", "DO"]),
    ("fransuz polineziýasy", &["FR", "PF"]),
    ("gweriniaeth islamaidd pacistan", &["AF", "PK"]),
    ("gweriniaeth y swdan", &["SD", "SE"]),
    ("jamhuuriyada", &["AL", "AO"]),
    ("litwiýa", &["LT", "LV"]),
    ("litwiýa respublikasy", &["LT", "LV"]),
    ("nijeri", &["NE", "NG"]),
    ("nikaraagua", &["NG", "NI"]),
    ("pakistan i̇slâm cumhuriyeti", &["AF", "PK"]),
    ("poblacht dhaonlathach an chongó", &["CD", "DZ"]),
    ("republica dominicana", &["AF", "DO", "IR", "KG", "SY"]),
    ("república de zàmbia", &["GM", "ZM"]),
    ("república islâmica do paquistão", &["AF", "PK"]),
    ("sant martin", &["MF", "SX"]),
    ("sámoa", &["AS", "WS"]),
    ("гвиана", &["GF", "GY"]),
    ("давлати эритрея", &["ER", "PS"]),
    ("доминикан республикасы", &["DM", "DO"]),
    ("князигарии лихтенштейн", &["LI", "LK"]),
    ("конго республикасы", &["CD", "CG"]),
    ("орталық африка республикасы", &["CF", "NP"]),
    ("جمهوری زامبیا", &["GM", "ZM"]),
    ("دومىنىكا جۇمھۇرىيىتى", &["DM", "DO"]),
    ("زامبىيە جۇمھۇرىيىتى", &["GM", "ZM"]),
    ("فلسطین", &["ER", "PS"]),
    ("كونگو", &["CD", "CG"]),
    ("لىتۋانىيە جۇمھۇرىيىتى", &["LT", "MK"]),
    ("ګیانا", &["GN", "GY"]),
    ("अझेर्बेजान", &["AZ", "RS"]),
    ("अमेरिका", &["AM", "US"]),
    ("इस्लामिक रिपब्लिक ऑफ पाकिस्तान", &["AF", "PK"]),
    ("फेडेरल डेमोक्रेटिक रिपब्लिक ऑफ इथियोपिया", &["ET", "NP"]),
    ("रिपब्लिक ऑफ लायबेरिया", &["LR", "RS"]),
    ("সেন্ট মার্টিন (ফ্রেঞ্চ অংশ)", &["MF", "SX"]),
    ("ਕੋਲੰਬੀਆ", &["CO", "KH"]),
    ("ਜੈਂਬੀਆ ਗਣਰਾਜ", &["GM", "ZM"]),
    ("ઇન્ડિપેન્ડન્ટ સ્ટેટ ઓફ સામોઆ", &["PG", "WS"]),
    ("કિંગડમ ઓફ સ્પેન", &["ES", "SZ"]),
    ("દક્ષિણ આફ્રિકા", &["KR", "ZA"]),
    ("ન્યુ કેલેડોનિયા", &["KP", "MK", "NC"]),
    ("રીપબ્લિક ઓફ જર્મની", &["DE", "SO"]),
    ("રીપબ્લિક ઓફ ઝાંબિયા", &["GM", "ZM"]),
    ("રીપબ્લિક ઓફ લિથુઆનીઆ", &["LT", "MK"]),
    ("காங்கோ குடியரசு", &["CD", "CG"]),
    ("ఇస్లామిక్ రిపబ్లిక్ ఆఫ్ పాకిస్తాన్", &["AF", "PK"]),
    ("ಹೊಂಡುರಾಸ್", &["HN", "MX"]),
    ("ኮንጎ", &["CD", "CG"]),
    ("លីបេរីយ៉ា", &["LR", "LY"]),
    ("សាធារណ\u{200b}រដ្ឋ\u{200b}អ៊ីស្លាម\u{200b}ប៉ាគីស្ថាន", &["AF", "PK"]),
];

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names::read(include_str!("../../data/cldr/countries.tsv"));
    for (name, codes) in COLLOQUIAL.iter().chain(OF_SEVERAL) {
        names.decide(name, codes);
    }
    names
});

/// Whether a country has this ISO 3166-1 code, in capitals.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && NAMES.code(code) == Some(code)
}

/// The ISO 3166-1 code of a country that is named by its code or, in any language and any case, by its name.
///
/// # Errors
/// `unknown_country`; `ambiguous_country` with the choices.
pub fn judge_country(text: &str) -> Result<&'static str, Fault> {
    let text = text.trim();
    let by_code = || NAMES.code(text);
    if let Some(code) = Some(text).filter(|text| text.len() == 2).and_then(|_| by_code()) {
        return Ok(code);
    }
    match NAMES.find(text) {
        [code] => Ok(code),
        [] => by_code().ok_or_else(|| Fault::new(FaultCode::UnknownCountry)),
        several => Err(Fault {
            code: FaultCode::AmbiguousCountry,
            choices: several.iter().map(|code| (*code).to_owned()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_code_and_by_name_in_any_language_and_case() {
        for (text, code) in [
            ("nl", "NL"),
            ("Be", "BE"),
            ("NLD", "NL"),
            ("Niederlande", "NL"),
            ("PAYS-BAS", "NL"),
            ("pays bas", "NL"),
            ("holland", "NL"),
            ("België", "BE"),
            ("BELGIE", "BE"),
            ("Belgique", "BE"),
            ("ドイツ", "DE"),
            ("ΕΛΛΆΔΑ", "GR"),
            ("Ελλαδα", "GR"),
            ("Türkiye", "TR"),
            ("TÜRKİYE", "TR"),
            ("KIBRIS", "CY"),
            ("Kıbrıs", "CY"),
            ("Cote d’Ivoire", "CI"),
            ("u.s.a.", "US"),
            ("UK", "GB"),
            ("  Luxembourg\u{200b} ", "LU"),
            ("Mexico", "MX"),
        ] {
            assert_eq!(judge_country(text), Ok(code), "{text}");
        }
    }

    #[test]
    fn an_ambiguous_name_offers_its_choices() {
        for (text, choices) in [
            ("Kongo", ["CD", "CG"]),
            ("korea", ["KP", "KR"]),
            ("Sámoa", ["AS", "WS"]),
            ("LITWIÝA", ["LT", "LV"]),
        ] {
            let fault = judge_country(text).unwrap_err();
            assert_eq!(
                (fault.code, fault.choices),
                (FaultCode::AmbiguousCountry, choices.map(str::to_owned).to_vec())
            );
        }
        for text in ["", "Atlantis", "N", "XX", "12", "གི་ནི།"] {
            assert_eq!(
                judge_country(text).unwrap_err().code,
                FaultCode::UnknownCountry,
                "{text}"
            );
        }
    }
}
