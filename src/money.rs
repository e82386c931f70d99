//! Money: integer minor units inside, a decimal string outside, never a float.

use std::fmt;

pub use crate::currency::Currency;
use crate::decimal::{self, DecimalFormat, DecimalString, Sign, decimal_string};

/// An amount of a currency, as answers carry it. Rows carry the bare minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of minor units (cents of a euro).
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }
}

/// `12.50`: exactly the currency's decimals, no currency sign, no grouping.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        decimal::write_scaled(f, self.minor, self.currency.digits())
    }
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        decimal::string_schema(
            r"^-?(0|[1-9][0-9]{0,18})(\.[0-9]{2,3})?$".to_owned(),
            "Money as a decimal string with exactly the decimals of the tenant's currency. Never a JSON number.",
            "12.50",
        )
    }
}

impl utoipa::ToSchema for Money {}

/// Why an amount is not one of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("{currency} has {} decimals, no more", currency.digits())]
    TooManyDecimals { currency: Currency },
}

/// Money in a request: exact, still without its currency. Its size is bounded, so that sums of many cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Thousandths of the currency's unit.
    milli: i64,
    /// How many decimals the client wrote.
    decimals: u32,
}

impl Amount {
    const FORMAT: DecimalFormat = DecimalFormat {
        sign: Sign::Any,
        digits_max: 11,
        decimals_max: 3,
    };

    /// The amount in minor units of the currency.
    ///
    /// # Errors
    /// When it has more decimals than the currency.
    pub fn to_minor(self, currency: Currency) -> Result<i64, AmountError> {
        let divisor = 10_i64.pow(3_u32.saturating_sub(currency.digits()));
        if self.decimals > currency.digits() {
            return Err(AmountError::TooManyDecimals { currency });
        }
        Ok(self.milli / divisor)
    }
}

/// The shortest form, so that two spellings of one amount are one request.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        decimal::write_shortest(f, self.milli, 3)
    }
}

impl DecimalString for Amount {
    const DESCRIPTION: &'static str = "Money as a decimal string with at most the decimals of the tenant's currency. \
                                       A JSON number is refused.";
    const EXAMPLE: &'static str = "12.50";
    const EXPECTED: &'static str = Self::FORMAT.sign.words();

    fn pattern() -> String {
        Self::FORMAT.pattern()
    }

    fn parse(text: &str) -> Option<Self> {
        let parsed = Self::FORMAT.parse(text)?;
        Some(Self {
            milli: parsed.scaled,
            decimals: parsed.decimals,
        })
    }
}

decimal_string!(Amount);

/// An [`Amount`] with a narrower sign.
macro_rules! signed_amount {
    ($name:ident, $sign:expr, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(Amount);

        impl $name {
            const FORMAT: DecimalFormat = DecimalFormat {
                sign: $sign,
                ..Amount::FORMAT
            };

            /// The amount in minor units of the currency.
            ///
            /// # Errors
            /// When it has more decimals than the currency.
            pub fn to_minor(self, currency: Currency) -> Result<i64, AmountError> {
                self.0.to_minor(currency)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl DecimalString for $name {
            const DESCRIPTION: &'static str = $doc;
            const EXAMPLE: &'static str = "12.50";
            const EXPECTED: &'static str = $sign.words();

            fn pattern() -> String {
                Self::FORMAT.pattern()
            }

            fn parse(text: &str) -> Option<Self> {
                Self::FORMAT.parse(text)?;
                Amount::parse(text).map(Self)
            }
        }

        decimal_string!($name);
    };
}

signed_amount!(
    NonNegativeAmount,
    Sign::NonNegative,
    "Money of zero or more, as a decimal string with at most the decimals of the tenant's currency. A JSON number is refused."
);
signed_amount!(
    PositiveAmount,
    Sign::Positive,
    "Money of more than zero, as a decimal string with at most the decimals of the tenant's currency. A JSON number is refused."
);
signed_amount!(
    NonZeroAmount,
    Sign::NonZero,
    "Money above or below zero, as a decimal string with at most the decimals of the tenant's currency. A JSON number is refused."
);

/// The quotient rounded to the nearest integer, a half away from zero: the one rounding of the service.
///
/// # Panics
/// When the denominator is zero.
#[must_use]
pub fn div_round_half_away(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator / denominator;
    let remainder = (numerator % denominator).unsigned_abs();
    // remainder * 2 >= denominator, without the overflow
    if remainder < denominator.unsigned_abs() - remainder {
        return quotient;
    }
    if (numerator < 0) == (denominator < 0) {
        quotient + 1
    } else {
        quotient - 1
    }
}

/// `amount * part / whole`, rounded half away from zero; `None` when `whole` is zero or the result does not fit.
#[must_use]
pub fn checked_share(amount_minor: i64, part: i64, whole: i64) -> Option<i64> {
    if whole == 0 {
        return None;
    }
    let product = i128::from(amount_minor) * i128::from(part);
    i64::try_from(div_round_half_away(product, i128::from(whole))).ok()
}

/// The sum, or `None` when it does not fit.
pub fn checked_sum(amounts: impl IntoIterator<Item = i64>) -> Option<i64> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::testing::assert_pattern_agrees;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::try_from_code(code).unwrap()
    }

    #[test]
    fn money_shows_exactly_the_digits_of_its_currency() {
        let shown = |minor, code| Money::new(minor, currency(code)).to_string();
        assert_eq!(shown(1250, "EUR"), "12.50");
        assert_eq!(shown(-5, "EUR"), "-0.05");
        assert_eq!(shown(0, "EUR"), "0.00");
        assert_eq!(shown(1250, "JPY"), "1250");
        assert_eq!(shown(1250, "KWD"), "1.250");
        assert_eq!(
            serde_json::to_string(&Money::new(-3500, Currency::EUR)).unwrap(),
            "\"-35.00\""
        );
    }

    #[test]
    fn amount_is_read_from_a_string_and_never_from_a_number() {
        let amount: Amount = serde_json::from_str("\"12.5\"").unwrap();
        assert_eq!(amount.to_minor(Currency::EUR), Ok(1250));
        for number in ["12.5", "12", "-1", "null", "true"] {
            let error = serde_json::from_str::<Amount>(number).unwrap_err().to_string();
            assert!(error.contains("in a JSON string such as"), "{error}");
        }
        assert!(serde_json::from_str::<Amount>("\"12,50\"").is_err());
    }

    #[test]
    fn amount_may_not_have_more_decimals_than_its_currency() {
        let amount = |text: &str| Amount::parse(text).unwrap();
        let error = AmountError::TooManyDecimals {
            currency: Currency::EUR,
        };
        assert_eq!(amount("12.345").to_minor(Currency::EUR), Err(error));
        assert_eq!(amount("12.500").to_minor(Currency::EUR), Err(error));
        assert_eq!(amount("12.345").to_minor(currency("KWD")), Ok(12_345));
        assert_eq!(amount("12").to_minor(currency("JPY")), Ok(12));
        assert!(amount("12.0").to_minor(currency("JPY")).is_err());
        assert_eq!(amount("-0").to_minor(Currency::EUR), Ok(0));
        assert_eq!(
            amount("-99999999999.99").to_minor(Currency::EUR),
            Ok(-9_999_999_999_999)
        );
    }

    #[test]
    fn two_spellings_of_an_amount_serialize_alike() {
        for text in ["12.5", "12.50", "12.500"] {
            assert_eq!(
                serde_json::to_string(&Amount::parse(text).unwrap()).unwrap(),
                "\"12.5\""
            );
        }
    }

    #[test]
    fn narrower_amounts_refuse_the_other_sign() {
        assert!(NonNegativeAmount::parse("0").is_some());
        assert!(NonNegativeAmount::parse("-0.01").is_none());
        assert!(PositiveAmount::parse("0.01").is_some());
        assert!(PositiveAmount::parse("0.00").is_none());
        assert!(NonZeroAmount::parse("-0.01").is_some());
        assert!(NonZeroAmount::parse("-0.00").is_none());
    }

    #[test]
    fn division_rounds_a_half_away_from_zero() {
        for (numerator, denominator, rounded) in [
            (1, 2, 1),
            (-1, 2, -1),
            (1, -2, -1),
            (-1, -2, 1),
            (1, 3, 0),
            (2, 3, 1),
            (-2, 3, -1),
            (5, 2, 3),
            (7, 7, 1),
            (0, 5, 0),
        ] {
            assert_eq!(
                div_round_half_away(numerator, denominator),
                rounded,
                "{numerator}/{denominator}"
            );
        }
        assert_eq!(div_round_half_away(i128::MAX, 1), i128::MAX);
        assert_eq!(checked_share(100, 1, 3), Some(33));
        assert_eq!(checked_share(100, 1, 0), None);
        assert_eq!(checked_share(i64::MAX, 2, 1), None);
        assert_eq!(checked_sum([i64::MAX, 1]), None);
        assert_eq!(checked_sum([1, -3]), Some(-2));
    }

    proptest! {
        #[test]
        fn parser_and_pattern_agree(text in r"-?[0-9]{0,12}(\.[0-9]{0,4})?|[-0-9. ,+e]{0,8}") {
            assert_pattern_agrees::<Amount>(&text);
            assert_pattern_agrees::<NonNegativeAmount>(&text);
            assert_pattern_agrees::<PositiveAmount>(&text);
            assert_pattern_agrees::<NonZeroAmount>(&text);
        }

        #[test]
        fn parser_and_pattern_agree_near_zero(text in r"-?0{0,2}(\.[0-2]{0,4})?") {
            assert_pattern_agrees::<Amount>(&text);
            assert_pattern_agrees::<PositiveAmount>(&text);
            assert_pattern_agrees::<NonZeroAmount>(&text);
        }

        #[test]
        fn money_that_is_shown_reads_back(minor in -9_999_999_999_999_i64..9_999_999_999_999) {
            let shown = Money::new(minor, Currency::EUR).to_string();
            prop_assert_eq!(Amount::parse(&shown).unwrap().to_minor(Currency::EUR), Ok(minor));
        }
    }
}
