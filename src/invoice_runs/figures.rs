//! The figures of an invoice that follow from its lines: a total per category and the VAT per rate.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::plan::AmountOverflow;
use crate::money::div_round_half_away;

/// One line of an invoice: all that was bought of one product at one VAT rate on one business date, refunds netted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetLine {
    pub business_date: NaiveDate,
    pub product_code: String,
    /// In 1/100 of a percent.
    pub vat_rate: i32,
    /// As on the latest line of the group; so is the category.
    pub product_name: String,
    pub category: String,
    pub quantity_milli: i64,
    /// Including VAT.
    pub amount_minor: i64,
}

impl NetLine {
    /// Where it stands on the invoice.
    #[must_use]
    pub fn place(&self) -> (NaiveDate, &str, i32) {
        (self.business_date, &self.product_code, self.vat_rate)
    }
}

/// The VAT of one rate: `gross = net + vat`, rounded once for the whole invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VatTotal {
    /// In 1/100 of a percent.
    pub vat_rate: i32,
    pub gross_minor: i64,
    pub net_minor: i64,
    pub vat_minor: i64,
}

/// What each category's amounts (including VAT) add up to, ordered by category.
///
/// # Errors
/// [`AmountOverflow`] when a sum does not fit.
pub fn category_totals<'a>(
    lines: impl IntoIterator<Item = (&'a str, i64)>,
) -> Result<BTreeMap<&'a str, i64>, AmountOverflow> {
    let mut totals = BTreeMap::new();
    for (category, amount_minor) in lines {
        let total: &mut i64 = totals.entry(category).or_default();
        *total = total.checked_add(amount_minor).ok_or(AmountOverflow)?;
    }
    Ok(totals)
}

/// Ordered by rate.
///
/// # Errors
/// [`AmountOverflow`] when a sum does not fit.
pub fn vat_totals<'a>(lines: impl IntoIterator<Item = &'a NetLine>) -> Result<Vec<VatTotal>, AmountOverflow> {
    let mut gross_by_rate: BTreeMap<i32, i64> = BTreeMap::new();
    for line in lines {
        let gross = gross_by_rate.entry(line.vat_rate).or_default();
        *gross = gross.checked_add(line.amount_minor).ok_or(AmountOverflow)?;
    }
    gross_by_rate
        .into_iter()
        .map(|(vat_rate, gross_minor)| vat_of(gross_minor, vat_rate))
        .collect()
}

/// Splits an amount that includes VAT: the VAT is `gross * rate / (100 + rate)`, half a cent away from zero.
///
/// # Errors
/// [`AmountOverflow`] when a part does not fit.
pub fn vat_of(gross_minor: i64, vat_rate: i32) -> Result<VatTotal, AmountOverflow> {
    let numerator = i128::from(gross_minor) * i128::from(vat_rate);
    let denominator = 10_000 + i128::from(vat_rate);
    let vat_minor = i64::try_from(div_round_half_away(numerator, denominator)).map_err(|_| AmountOverflow)?;
    let net_minor = gross_minor.checked_sub(vat_minor).ok_or(AmountOverflow)?;
    Ok(VatTotal {
        vat_rate,
        gross_minor,
        net_minor,
        vat_minor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(day: u32, code: &str, category: &str, vat_rate: i32, amount_minor: i64) -> NetLine {
        NetLine {
            business_date: NaiveDate::from_ymd_opt(2026, 3, day).unwrap(),
            product_code: code.to_owned(),
            vat_rate,
            product_name: code.to_uppercase(),
            category: category.to_owned(),
            quantity_milli: 1000,
            amount_minor,
        }
    }

    #[test]
    fn vat_is_rounded_half_away_from_zero() {
        assert_eq!(vat_of(30, 2000).unwrap().vat_minor, 5);
        assert_eq!(vat_of(3, 2000).unwrap().vat_minor, 1, "0.5 cent rounds up");
        assert_eq!(vat_of(-3, 2000).unwrap().vat_minor, -1, "-0.5 cent rounds down");
        assert_eq!(vat_of(2, 2000).unwrap().vat_minor, 0);
        assert_eq!(
            vat_of(1210, 2100).unwrap(),
            VatTotal {
                vat_rate: 2100,
                gross_minor: 1210,
                net_minor: 1000,
                vat_minor: 210
            }
        );
        assert_eq!(
            vat_of(1000, 0).unwrap(),
            VatTotal {
                vat_rate: 0,
                gross_minor: 1000,
                net_minor: 1000,
                vat_minor: 0
            }
        );
        assert_eq!(vat_of(i64::MAX, 10_000).unwrap().vat_minor, i64::MAX / 2 + 1);
    }

    #[test]
    fn vat_is_rounded_once_per_rate_and_not_per_line() {
        // each 0.10 holds 0.0083 of VAT at 9 %: rounded alone three lines give 0.03, together 0.02
        let lines = [
            line(1, "tea", "drinks", 900, 10),
            line(2, "tea", "drinks", 900, 10),
            line(3, "pie", "food", 900, 10),
        ];
        assert_eq!(
            vat_totals(&lines).unwrap(),
            [VatTotal {
                vat_rate: 900,
                gross_minor: 30,
                net_minor: 28,
                vat_minor: 2
            }]
        );
    }

    #[test]
    fn vat_is_split_by_rate() {
        let lines = [
            line(1, "beer", "drinks", 2100, 605),
            line(1, "tea", "drinks", 900, 218),
            line(2, "beer", "drinks", 2100, -605),
        ];
        assert_eq!(
            vat_totals(&lines).unwrap(),
            [
                VatTotal {
                    vat_rate: 900,
                    gross_minor: 218,
                    net_minor: 200,
                    vat_minor: 18
                },
                VatTotal {
                    vat_rate: 2100,
                    gross_minor: 0,
                    net_minor: 0,
                    vat_minor: 0
                },
            ]
        );
    }

    #[test]
    fn categories_are_totalled_over_days_and_rates() {
        let lines = [
            line(1, "beer", "drinks", 2100, 300),
            line(2, "tea", "drinks", 900, 150),
            line(2, "pie", "", 900, 400),
        ];
        let totals = category_totals(lines.iter().map(|line| (line.category.as_str(), line.amount_minor))).unwrap();
        assert_eq!(totals.into_iter().collect::<Vec<_>>(), [("", 400), ("drinks", 450)]);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let lines = [line(1, "gold", "", 0, i64::MAX), line(1, "gold", "", 0, 1)];
        assert_eq!(vat_totals(&lines), Err(AmountOverflow));
        assert_eq!(category_totals([("", i64::MAX), ("", 1)]), Err(AmountOverflow));
    }
}
