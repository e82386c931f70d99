//! Exact decimal strings: how money, quantities and rates travel in JSON. One [`DecimalFormat`] is both the parser and the
//! pattern of the contract, so that the two cannot drift.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// Which numbers a decimal string may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Any number.
    Any,
    /// Zero or more.
    NonNegative,
    /// More than zero.
    Positive,
    /// Any number but zero.
    NonZero,
}

impl Sign {
    /// Such a number in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Sign::Any => "a decimal with a point",
            Sign::NonNegative => "a decimal of zero or more with a point",
            Sign::Positive => "a positive decimal with a point",
            Sign::NonZero => "a decimal but zero with a point",
        }
    }
}

/// The form of a decimal string: its sign, at most how many digits before the point and after it.
#[derive(Debug, Clone, Copy)]
pub struct DecimalFormat {
    pub sign: Sign,
    pub digits_max: u32,
    pub decimals_max: u32,
}

/// A parsed decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// The number times 10 to the power of the format's `decimals_max`.
    pub scaled: i64,
    /// How many decimals the text had.
    pub decimals: u32,
}

impl DecimalFormat {
    /// The ECMA 262 pattern that accepts exactly what [`DecimalFormat::parse`] accepts.
    #[must_use]
    pub fn pattern(self) -> String {
        let more_digits = self.digits_max.saturating_sub(1);
        let decimals = self.decimals_max;
        match self.sign {
            Sign::Any => format!(r"^-?(0|[1-9][0-9]{{0,{more_digits}}})(\.[0-9]{{1,{decimals}}})?$"),
            Sign::NonNegative => format!(r"^(0|[1-9][0-9]{{0,{more_digits}}})(\.[0-9]{{1,{decimals}}})?$"),
            Sign::Positive | Sign::NonZero => {
                let minus = if self.sign == Sign::NonZero { "-?" } else { "" };
                let fractions: Vec<String> = (0..decimals).map(|zeros| fraction_pattern(zeros, decimals)).collect();
                let fractions = fractions.join("|");
                format!(r"^{minus}([1-9][0-9]{{0,{more_digits}}}(\.[0-9]{{1,{decimals}}})?|0\.({fractions}))$")
            }
        }
    }

    /// The number in the text, or `None` when the text does not have this form.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<Parsed> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) if matches!(self.sign, Sign::Any | Sign::NonZero) => (true, rest),
            Some(_) => return None,
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        let decimals = u32::try_from(fraction.len()).ok()?;
        let is_canonical = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
        if !is_canonical || whole.len() > usize::try_from(self.digits_max).ok()? || decimals > self.decimals_max {
            return None;
        }
        let mut scaled: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            scaled = scaled.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        }
        scaled = scaled.checked_mul(10_i64.checked_pow(self.decimals_max - decimals)?)?;
        if matches!(self.sign, Sign::Positive | Sign::NonZero) && scaled == 0 {
            return None;
        }
        Some(Parsed {
            scaled: if is_negative { -scaled } else { scaled },
            decimals,
        })
    }
}

/// The decimals of a number below one with this many zeros before its first other digit.
fn fraction_pattern(zeros: u32, decimals: u32) -> String {
    let lead: String = (0..zeros).map(|_| '0').collect();
    match decimals - zeros - 1 {
        0 => format!("{lead}[1-9]"),
        rest => format!("{lead}[1-9][0-9]{{0,{rest}}}"),
    }
}

/// Writes a number of 10 to the power of minus `decimals` as a decimal string with exactly that many decimals.
///
/// # Errors
/// Only those of the formatter.
pub fn write_scaled(f: &mut impl fmt::Write, scaled: i64, decimals: u32) -> fmt::Result {
    let unit = 10_u64.pow(decimals);
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, fraction) = (scaled.unsigned_abs() / unit, scaled.unsigned_abs() % unit);
    match usize::try_from(decimals) {
        Ok(width) if width > 0 => write!(f, "{sign}{whole}.{fraction:0width$}"),
        _ => write!(f, "{sign}{whole}"),
    }
}

/// The same in the shortest form: no zeros at the end, no point when nothing follows it.
///
/// # Errors
/// Only those of the formatter.
pub fn write_shortest(f: &mut impl fmt::Write, mut scaled: i64, mut decimals: u32) -> fmt::Result {
    while decimals > 0 && scaled % 10 == 0 {
        scaled /= 10;
        decimals -= 1;
    }
    write_scaled(f, scaled, decimals)
}

/// A value that travels as a decimal string.
pub trait DecimalString: Sized {
    /// What the contract says about it.
    const DESCRIPTION: &'static str;
    /// A string that parses.
    const EXAMPLE: &'static str;
    /// What parses, for the words of a refusal.
    const EXPECTED: &'static str;
    /// The ECMA 262 pattern of the strings that parse.
    fn pattern() -> String;
    /// The value, or `None` when the text does not match the pattern.
    fn parse(text: &str) -> Option<Self>;
}

/// The schema of a decimal string.
#[must_use]
pub fn schema_of<T: DecimalString>() -> RefOr<Schema> {
    string_schema(T::pattern(), T::DESCRIPTION, T::EXAMPLE)
}

/// The schema of a string with a pattern.
#[must_use]
pub fn string_schema(pattern: String, description: &str, example: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .description(Some(description))
        .examples([example])
        .into()
}

/// Reads a decimal string from JSON; a JSON number is refused, so that no client ever rounds through a float.
///
/// # Errors
/// When the value is not a string, or not one that parses.
pub fn deserialize<'de, T: DecimalString, D: de::Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: DecimalString> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}, in a JSON string such as \"{}\"", T::EXPECTED, T::EXAMPLE)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// Serde and contract of a [`DecimalString`] that also implements `Display`.
macro_rules! decimal_string {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::decimal::deserialize(deserializer)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::decimal::schema_of::<Self>()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use decimal_string;

#[cfg(test)]
pub(crate) mod testing {
    use super::DecimalString;

    /// Asserts that the parser and the pattern of the contract agree on the text.
    pub fn assert_pattern_agrees<T: DecimalString>(text: &str) {
        let schema = serde_json::json!({"type": "string", "pattern": T::pattern()});
        let is_valid = jsonschema::is_valid(&schema, &serde_json::json!(text));
        assert_eq!(
            T::parse(text).is_some(),
            is_valid,
            "parser and pattern differ on {text:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: DecimalFormat = DecimalFormat {
        sign: Sign::Any,
        digits_max: 3,
        decimals_max: 2,
    };

    #[test]
    fn parse_reads_exact_numbers() {
        assert_eq!(
            ANY.parse("12.5"),
            Some(Parsed {
                scaled: 1250,
                decimals: 1
            })
        );
        assert_eq!(
            ANY.parse("-0.05"),
            Some(Parsed {
                scaled: -5,
                decimals: 2
            })
        );
        assert_eq!(
            ANY.parse("999"),
            Some(Parsed {
                scaled: 99_900,
                decimals: 0
            })
        );
    }

    #[test]
    fn parse_refuses_every_other_form() {
        for text in [
            "", "-", ".", "1.", ".5", "01", "+1", "1,5", "1e2", " 1", "1 ", "1000", "1.234", "--1", "1.2.3", "١",
        ] {
            assert_eq!(ANY.parse(text), None, "{text:?}");
        }
        assert_eq!(
            DecimalFormat {
                sign: Sign::NonNegative,
                ..ANY
            }
            .parse("-1"),
            None
        );
        assert_eq!(
            DecimalFormat {
                sign: Sign::Positive,
                ..ANY
            }
            .parse("0.00"),
            None
        );
        assert!(
            DecimalFormat {
                sign: Sign::Positive,
                ..ANY
            }
            .parse("0.01")
            .is_some()
        );
    }

    #[test]
    fn a_refusal_says_which_numbers_are_right() {
        let refused = |text: &str| {
            let json = serde_json::Value::from(text).to_string();
            serde_json::from_str::<crate::money::PositiveAmount>(&json)
                .unwrap_err()
                .to_string()
        };
        for text in ["-5.00", "2,50", "0"] {
            let words = refused(text);
            assert!(words.contains("expected a positive decimal with a point"), "{words}");
        }
        let number = serde_json::from_str::<crate::money::NonZeroAmount>("2.5")
            .unwrap_err()
            .to_string();
        assert!(
            number.contains("expected a decimal but zero with a point, in a JSON string"),
            "{number}"
        );
    }

    #[test]
    fn write_keeps_or_trims_decimals() {
        let written = |scaled, decimals| {
            let mut text = String::new();
            write_scaled(&mut text, scaled, decimals).unwrap();
            text.push(' ');
            write_shortest(&mut text, scaled, decimals).unwrap();
            text
        };
        assert_eq!(written(1250, 2), "12.50 12.5");
        assert_eq!(written(-5, 2), "-0.05 -0.05");
        assert_eq!(written(2000, 3), "2.000 2");
        assert_eq!(written(0, 3), "0.000 0");
        assert_eq!(written(7, 0), "7 7");
        assert_eq!(written(i64::MIN, 2), "-92233720368547758.08 -92233720368547758.08");
    }
}
