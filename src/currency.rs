//! The currencies in use.

use std::fmt;

use crate::decimal::{self, DecimalString};

/// A currency in use by ISO 4217, with its number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    digits: u32,
}

impl Currency {
    /// The euro.
    pub const EUR: Self = Self { code: "EUR", digits: 2 };

    /// The currency with this code (three capitals), or `None` when ISO 4217 has no such currency in use.
    #[must_use]
    pub fn try_from_code(code: &str) -> Option<Self> {
        let (found, digits) = TABLE.iter().find_map(|(codes, digits)| {
            codes
                .split_ascii_whitespace()
                .find(|known| *known == code)
                .map(|known| (known, *digits))
        })?;
        Some(Self { code: found, digits })
    }

    /// Its three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals its amounts have: 0, 2 or 3.
    #[must_use]
    pub fn digits(self) -> u32 {
        self.digits
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl DecimalString for Currency {
    const DESCRIPTION: &'static str = "A currency in use, by its ISO 4217 code.";
    const EXAMPLE: &'static str = "EUR";
    const EXPECTED: &'static str = "the ISO 4217 code of a currency in use";

    fn pattern() -> String {
        let codes: Vec<&str> = TABLE
            .iter()
            .flat_map(|(codes, _)| codes.split_ascii_whitespace())
            .collect();
        format!("^({})$", codes.join("|"))
    }

    fn parse(text: &str) -> Option<Self> {
        Self::try_from_code(text)
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::try_from_code(&code).ok_or_else(|| serde::de::Error::custom("not the ISO 4217 code of a currency in use"))
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        decimal::schema_of::<Self>()
    }
}

impl utoipa::ToSchema for Currency {}

/// The currencies in use in 2026 by their number of decimals. Funds, metals and units of account are left out.
const TABLE: [(&str, u32); 3] = [
    (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP \
         CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES \
         KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK \
         NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
         TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
        2,
    ),
    ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0),
    ("BHD IQD JOD KWD LYD OMR TND", 3),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::try_from_code(code).unwrap()
    }

    #[test]
    fn currency_is_found_by_its_exact_code() {
        assert_eq!((currency("EUR").code(), currency("EUR").digits()), ("EUR", 2));
        assert_eq!(currency("EUR"), Currency::EUR);
        assert_eq!(currency("JPY").digits(), 0);
        assert_eq!(currency("KWD").digits(), 3);
        for code in ["", "eur", "EU", "EUR ", "EUR AED", "HRK", "BGN", "XAU", "XXX", "CLF"] {
            assert_eq!(Currency::try_from_code(code), None, "{code:?}");
        }
        for (codes, _) in TABLE {
            assert!(codes.split_ascii_whitespace().all(|code| code.len() == 3));
        }
    }
}
