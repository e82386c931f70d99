//! Texts from outside, as types that can only hold what the contract allows: one pattern drives the parser and the schema.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, Script};

/// Declares a text type: the pattern that a JSON string must match, its length in characters, an example, and what to
/// say when it does not match. The pattern is anchored by its author and must read the same in ECMA-262 and in Rust.
#[macro_export]
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident, pattern: $pattern:expr, length: $min:literal ..= $max:literal, example: $example:expr, expected: $expected:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks `text` against the pattern and the length.
            ///
            /// # Errors
            /// What was expected, for the person who sent it.
            pub fn try_new(text: impl Into<String>) -> Result<Self, &'static str> {
                static PATTERN: std::sync::LazyLock<Option<regex::Regex>> = std::sync::LazyLock::new(|| regex::Regex::new($pattern).ok());
                let text = text.into();
                let is_match = PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(&text));
                if is_match && ($min..=$max).contains(&text.chars().count()) { Ok(Self(text)) } else { Err($expected) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)
                    .and_then(|text| Self::try_new(text).map_err(serde::de::Error::custom))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some($pattern))
                    .min_length(Some($min))
                    .max_length(Some($max))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

/// No control characters, and no blank at either end; empty is refused.
pub const LINE_PATTERN: &str = r"^[^\x00-\x20\x7F]([^\x00-\x1F\x7F]*[^\x00-\x20\x7F])?$";
/// As [`LINE_PATTERN`], or empty.
pub const OPTIONAL_LINE_PATTERN: &str = r"^([^\x00-\x20\x7F]([^\x00-\x1F\x7F]*[^\x00-\x20\x7F])?)?$";

text_type!(
    /// A name: 1 to 100 characters on one line.
    Name, pattern: LINE_PATTERN, length: 1..=100, example: "Vera de Vries",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);
text_type!(
    /// Why something was done, for whoever reads it later: 1 to 500 characters on one line.
    Reason, pattern: LINE_PATTERN, length: 1..=500, example: "raised for the summer party",
    expected: "expected 1 to 500 characters on one line, without blanks at either end"
);
text_type!(
    /// A short text that may be empty: up to 200 characters on one line.
    Line, pattern: OPTIONAL_LINE_PATTERN, length: 0..=200, example: "Dorpsstraat 1",
    expected: "expected at most 200 characters on one line, without blanks at either end"
);
text_type!(
    /// An e-mail address, as far as a pattern can tell: at most 254 characters.
    Email, pattern: r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
    length: 3..=254, example: "vera@example.com", expected: "expected an e-mail address such as vera@example.com"
);
text_type!(
    /// What a person searches for: part of a name or number, 1 to 100 characters.
    SearchText, pattern: LINE_PATTERN, length: 1..=100, example: "vries",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);

/// Declares an enum that stands as text in the database, in JSON and in the contract, with the same words everywhere.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident => $text:tt),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it in the database and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    format!("expected one of: {}", [$($text),+].join(", "))
                })
            }
        }

        // not derived: serde_json takes a value that is no text for a syntax error when an enum is expected
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(value)?.parse().map_err(Into::into)
            }
        }
    };
}

/// The form of a name in which it sorts and is searched: compatibility-decomposed, accents stripped, case folded. Made
/// here and compared byte by byte, so that both databases order alike (product of Unicode NFKD, UCD `Mn`, case folding).
#[must_use]
pub fn sort_key(name: &str) -> String {
    key(name, |_| false)
}

/// As [`sort_key`], but marks stay where they make another letter: they are accents, or vowels that may be left out, in Latin,
/// Greek, Cyrillic, Arabic and Hebrew only (UCD `Script`).
#[must_use]
pub fn letters_key(name: &str) -> String {
    key(name, |script| {
        !matches!(
            script,
            Script::Latin | Script::Greek | Script::Cyrillic | Script::Arabic | Script::Hebrew | Script::Common
        )
    })
}

/// `keeps_marks` is asked of the letter before a mark.
fn key(name: &str, keeps_marks: fn(Script) -> bool) -> String {
    let (categories, scripts) = (
        CodePointMapData::<GeneralCategory>::new(),
        CodePointMapData::<Script>::new(),
    );
    let decomposed = icu_normalizer::DecomposingNormalizerBorrowed::new_nfkd().normalize(name);
    let mut keeps = false;
    let bare: String = decomposed
        .chars()
        .filter(|&character| {
            if categories.get(character) == GeneralCategory::NonspacingMark {
                return keeps;
            }
            keeps = keeps_marks(scripts.get(character));
            true
        })
        .collect();
    icu_casemap::CaseMapper::new()
        .fold_string(&bare)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Writes a text that is empty when there is none as JSON null: `#[serde(serialize_with = "empty_as_null")]`.
///
/// # Errors
/// What the serializer said.
pub fn empty_as_null<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.is_empty() {
        serializer.serialize_none()
    } else {
        serializer.serialize_str(text)
    }
}

/// The LIKE pattern of what contains `text`; its escape character is `\`.
#[must_use]
pub fn containing(text: &str) -> String {
    format!("%{}%", like_literal(text))
}

/// `text` as a literal inside a LIKE pattern whose escape character is `\`.
#[must_use]
pub fn like_literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_knows_no_case_accent_or_width() {
        for (name, key) in [
            ("Zoë Çelik", "zoe celik"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("Ｆｕｌｌ  width", "full width"),
            ("İzmir", "izmir"),
            ("Ελλάδα", "ελλαδα"),
            ("Андрей", "андреи"),
            ("مُحَمَّد", "محمد"),
        ] {
            assert_eq!(sort_key(name), key, "{name}");
            assert_eq!(letters_key(name), key, "{name}");
        }
    }

    #[test]
    fn a_mark_that_makes_another_letter_stays() {
        for (one, other) in [("གི་ནི།", "གྷ་ན།"), ("कि", "कु"), ("ガス", "カス"), ("กิ", "กุ")]
        {
            assert_ne!(letters_key(one), letters_key(other));
        }
    }

    #[test]
    fn a_name_has_no_blank_ends_and_no_control_characters() {
        for bad in ["", " a", "a ", "a\nb", "a\u{0}b", &"x".repeat(101)] {
            assert!(Name::try_new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a b", "Ærø", &"x".repeat(100)] {
            assert!(Name::try_new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_email_has_a_dotted_domain() {
        assert!(Email::try_new("a@b.nl").is_ok());
        for bad in ["a", "a@b", "@b.nl", "a b@c.nl", "a@b..nl"] {
            assert!(Email::try_new(bad).is_err(), "{bad}");
        }
    }
}
