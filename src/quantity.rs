//! Quantities, unit prices and VAT rates: integers inside, decimal strings outside.

use std::fmt;

use crate::decimal::{self, DecimalFormat, DecimalString, Sign, decimal_string};

/// A quantity in answers, in thousandths; negative on a refund's lines. Shown without zeros at the end: `2`, `0.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i64);

impl Quantity {
    /// A quantity of this many thousandths.
    #[must_use]
    pub fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// The quantity in thousandths.
    #[must_use]
    pub fn milli(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        decimal::write_shortest(f, self.0, 3)
    }
}

impl serde::Serialize for Quantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for Quantity {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        decimal::string_schema(
            r"^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,3})?$".to_owned(),
            "A quantity as a decimal string without zeros at the end; negative on a refund.",
            "2",
        )
    }
}

impl utoipa::ToSchema for Quantity {}

/// A quantity in a request.
macro_rules! request_quantity {
    ($name:ident, $sign:expr, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(Quantity);

        impl $name {
            const FORMAT: DecimalFormat = DecimalFormat {
                sign: $sign,
                digits_max: 9,
                decimals_max: 3,
            };

            /// The quantity in thousandths.
            #[must_use]
            pub fn milli(self) -> i64 {
                self.0.milli()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl DecimalString for $name {
            const DESCRIPTION: &'static str = $doc;
            const EXAMPLE: &'static str = "2";
            const EXPECTED: &'static str = Self::FORMAT.sign.words();

            fn pattern() -> String {
                Self::FORMAT.pattern()
            }

            fn parse(text: &str) -> Option<Self> {
                Self::FORMAT
                    .parse(text)
                    .map(|parsed| Self(Quantity(parsed.scaled)))
            }
        }

        decimal_string!($name);
    };
}

request_quantity!(
    NonNegativeQuantity,
    Sign::NonNegative,
    "A quantity of zero or more, as a decimal string with at most 3 decimals. A JSON number is refused."
);
request_quantity!(
    PositiveQuantity,
    Sign::Positive,
    "A quantity of more than zero, as a decimal string with at most 3 decimals. A JSON number is refused."
);

/// A VAT rate in hundredths of a percent, 0 to 100 %. Shown with two decimals: `21.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VatRate(i32);

impl VatRate {
    /// No VAT.
    pub const ZERO: Self = Self(0);

    /// A rate of this many hundredths of a percent, or `None` outside 0 to 100 %.
    #[must_use]
    pub fn try_from_hundredths(hundredths: i32) -> Option<Self> {
        (0..=10_000).contains(&hundredths).then_some(Self(hundredths))
    }

    /// The rate in hundredths of a percent.
    #[must_use]
    pub fn hundredths(self) -> i32 {
        self.0
    }
}

impl fmt::Display for VatRate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        decimal::write_scaled(f, i64::from(self.0), 2)
    }
}

impl DecimalString for VatRate {
    const DESCRIPTION: &'static str = "A VAT rate in percent, 0 to 100, as a decimal string with at most 2 decimals in and \
                                       exactly 2 out. A JSON number is refused.";
    const EXAMPLE: &'static str = "21.00";
    const EXPECTED: &'static str = Sign::NonNegative.words();

    fn pattern() -> String {
        r"^(100(\.0{1,2})?|(0|[1-9][0-9]?)(\.[0-9]{1,2})?)$".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let format = DecimalFormat {
            sign: Sign::NonNegative,
            digits_max: 3,
            decimals_max: 2,
        };
        Self::try_from_hundredths(i32::try_from(format.parse(text)?.scaled).ok()?)
    }
}

decimal_string!(VatRate);

/// A price for one, in 1/10 000 of the currency's unit. It informs; the line's amount counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitPrice(i64);

impl UnitPrice {
    const FORMAT: DecimalFormat = DecimalFormat {
        sign: Sign::Any,
        digits_max: 11,
        decimals_max: 4,
    };

    /// A price of this many 1/10 000.
    #[must_use]
    pub fn from_ten_thousandths(ten_thousandths: i64) -> Self {
        Self(ten_thousandths)
    }

    /// The price in 1/10 000.
    #[must_use]
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }
}

/// At least two decimals, as prices are written: `1.25`, `0.0125`.
impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.0 % 100 == 0 {
            return decimal::write_scaled(f, self.0 / 100, 2);
        }
        decimal::write_shortest(f, self.0, 4)
    }
}

impl DecimalString for UnitPrice {
    const DESCRIPTION: &'static str = "The price of one, as a decimal string with at most 4 decimals; it informs, the line's \
                                       amount counts. A JSON number is refused.";
    const EXAMPLE: &'static str = "1.25";
    const EXPECTED: &'static str = Self::FORMAT.sign.words();

    fn pattern() -> String {
        Self::FORMAT.pattern()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::FORMAT.parse(text).map(|parsed| Self(parsed.scaled))
    }
}

decimal_string!(UnitPrice);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::testing::assert_pattern_agrees;
    use proptest::prelude::*;

    #[test]
    fn quantity_reads_thousandths_and_shows_the_shortest_form() {
        for (text, milli, shown) in [
            ("2", 2000, "2"),
            ("0.50", 500, "0.5"),
            ("1.250", 1250, "1.25"),
            ("0", 0, "0"),
        ] {
            let quantity = NonNegativeQuantity::parse(text).unwrap();
            assert_eq!((quantity.milli(), quantity.to_string().as_str()), (milli, shown));
        }
        assert_eq!(Quantity::from_milli(-1500).to_string(), "-1.5");
        assert!(NonNegativeQuantity::parse("-1").is_none());
        assert!(NonNegativeQuantity::parse("1.2345").is_none());
        assert!(PositiveQuantity::parse("0").is_none());
        assert!(serde_json::from_str::<NonNegativeQuantity>("2").is_err());
    }

    #[test]
    fn vat_rate_is_a_percentage_of_two_decimals() {
        for (text, hundredths, shown) in [
            ("21", 2100, "21.00"),
            ("5.5", 550, "5.50"),
            ("0", 0, "0.00"),
            ("100.00", 10_000, "100.00"),
        ] {
            let rate = VatRate::parse(text).unwrap();
            assert_eq!((rate.hundredths(), rate.to_string().as_str()), (hundredths, shown));
        }
        for text in ["100.01", "101", "-1", "21.001", "21%"] {
            assert!(VatRate::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn unit_price_keeps_four_decimals() {
        for (text, shown) in [
            ("1.25", "1.25"),
            ("0.0125", "0.0125"),
            ("2", "2.00"),
            ("-1.5", "-1.50"),
            ("1.255", "1.255"),
        ] {
            assert_eq!(UnitPrice::parse(text).unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn parser_and_pattern_agree(text in r"-?[0-9]{0,4}(\.[0-9]{0,5})?|100(\.0{0,3})?") {
            assert_pattern_agrees::<NonNegativeQuantity>(&text);
            assert_pattern_agrees::<PositiveQuantity>(&text);
            assert_pattern_agrees::<VatRate>(&text);
            assert_pattern_agrees::<UnitPrice>(&text);
        }
    }
}
