//! Amounts of money as people write them: `1.250,00`, `1250.00`, `€ 100`, `75,-`. Which mark stands before the decimals is told
//! by the whole column; where a cell could mean two amounts and the column does not tell, it is an error.

use crate::money::Currency;

/// What stands before the decimals in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// `1,250.50`
    Point,
    /// `1.250,50`
    Comma,
}

/// What a column of amounts has shown of its mark so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    points: usize,
    commas: usize,
}

impl Evidence {
    /// Looks at one cell.
    pub fn see(&mut self, text: &str) {
        match mark_of(bare(text).trim_start_matches('-')) {
            Some(Mark::Point) => self.points += 1,
            Some(Mark::Comma) => self.commas += 1,
            None => {}
        }
    }

    /// The mark, when every cell that tells one tells the same.
    #[must_use]
    pub fn mark(self) -> Option<Mark> {
        match (self.points, self.commas) {
            (0, 0) => None,
            (_, 0) => Some(Mark::Point),
            (0, _) => Some(Mark::Comma),
            _ => None,
        }
    }
}

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountFault {
    /// Not a number.
    Form,
    /// Two numbers are possible, such as 1.250.
    Ambiguous,
    /// More decimals than the currency has.
    Decimals,
    /// Below zero.
    Negative,
    /// More than can be kept.
    TooLarge,
}

/// The amount in minor units. `mark` is what the column tells; `is_number`: the spreadsheet kept a number, whose mark is a point.
///
/// # Errors
/// Why it is none.
pub fn parse(text: &str, is_number: bool, mark: Option<Mark>, currency: Currency) -> Result<i64, AmountFault> {
    parse_scaled(text, is_number, mark, currency.digits())
}

/// As [`parse`], of any number with at most so many decimals, of which that many are kept; it may be below zero.
///
/// # Errors
/// Why it is none.
pub fn parse_signed(text: &str, is_number: bool, mark: Option<Mark>, digits: u32) -> Result<i64, AmountFault> {
    match bare(text).strip_prefix('-') {
        Some(rest) => parse_scaled(rest, is_number, mark, digits).map(|scaled| -scaled),
        None => parse_scaled(text, is_number, mark, digits),
    }
}

fn parse_scaled(text: &str, is_number: bool, mark: Option<Mark>, digits: u32) -> Result<i64, AmountFault> {
    let digits = usize::try_from(digits).unwrap_or(0);
    if is_number {
        return exact(text, digits);
    }
    let bare = bare(text);
    if bare.starts_with('-') {
        return Err(AmountFault::Negative);
    }
    if bare.is_empty()
        || !bare
            .chars()
            .all(|character| character.is_ascii_digit() || matches!(character, '.' | ','))
    {
        return Err(AmountFault::Form);
    }
    // A cell that tells its own mark is read by it; the column's counts where a cell could be read both ways.
    let own = mark_of(&bare).or_else(|| {
        if bare.contains(['.', ',']) {
            mark
        } else {
            Some(Mark::Point)
        }
    });
    let (group, decimal) = match own.ok_or(AmountFault::Ambiguous)? {
        Mark::Point => (',', '.'),
        Mark::Comma => ('.', ','),
    };
    let (whole, decimals) = bare.split_once(decimal).unwrap_or((&bare, ""));
    if decimals.contains([group, decimal]) || !is_grouped(whole, group) {
        return Err(AmountFault::Form);
    }
    let whole: String = whole.chars().filter(|character| *character != group).collect();
    exact(&format!("{whole}.{decimals}"), digits)
}

/// The text without currency, blanks and the Dutch `,-`.
fn bare(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '\'' | '\u{2019}'))
        .collect();
    let text = text
        .trim_start_matches(['€', '$', '£'])
        .trim_end_matches(['€', '$', '£']);
    let text = text
        .strip_prefix("EUR")
        .or_else(|| text.strip_suffix("EUR"))
        .unwrap_or(text);
    let text = [",-", ",--", ",—", ",–", ".-", ".--"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .unwrap_or(text);
    text.to_owned()
}

/// The mark that a text shows by itself: the last of two different ones, one that stands once and not before three digits,
/// or the other one than that which stands twice.
fn mark_of(bare: &str) -> Option<Mark> {
    let (points, commas) = (bare.matches('.').count(), bare.matches(',').count());
    match (points, commas) {
        (0, 0) => None,
        (0, 1) => (!is_three_behind(bare, ',')).then_some(Mark::Comma),
        (1, 0) => (!is_three_behind(bare, '.')).then_some(Mark::Point),
        (0, _) => Some(Mark::Point),
        (_, commas) if commas > 0 && bare.rfind('.') > bare.rfind(',') => Some(Mark::Point),
        _ => Some(Mark::Comma),
    }
}

/// Whether exactly three digits follow and at most three, not beginning with 0, come before: then it may divide thousands.
fn is_three_behind(bare: &str, mark: char) -> bool {
    bare.split_once(mark).is_some_and(|(before, behind)| {
        behind.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0')
    })
}

fn is_grouped(whole: &str, group: char) -> bool {
    let mut parts = whole.split(group);
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    !first.is_empty() && (rest.peek().is_none() || first.len() <= 3) && rest.all(|part| part.len() == 3)
}

/// A plain decimal without its point; zeros beyond these decimals do not count.
fn exact(text: &str, digits: usize) -> Result<i64, AmountFault> {
    if text.starts_with('-') {
        return Err(AmountFault::Negative);
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !(whole.bytes().chain(decimals.bytes())).all(|byte| byte.is_ascii_digit()) || whole.is_empty() {
        return Err(AmountFault::Form);
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > digits {
        return Err(AmountFault::Decimals);
    }
    let minor: i64 = format!("{whole}{decimals:0<digits$}")
        .parse()
        .map_err(|_| AmountFault::TooLarge)?;
    if minor > 9_999_999_999_999 {
        Err(AmountFault::TooLarge)
    } else {
        Ok(minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euros(text: &str, mark: Option<Mark>) -> Result<i64, AmountFault> {
        parse(text, false, mark, Currency::EUR)
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, minor) in [
            ("100", 10_000),
            ("100,00", 10_000),
            ("1.250,50", 125_050),
            ("1,250.50", 125_050),
            ("1250.00", 125_000),
            ("€ 75,-", 7_500),
            ("€ 1.000,00", 100_000),
            ("EUR 12.5", 1_250),
            ("2500,5", 250_050),
            ("12\u{a0}000,00", 1_200_000),
            ("1.250.000", 125_000_000),
            ("0,500", 50),
            ("0", 0),
        ] {
            assert_eq!(euros(text, None), Ok(minor), "{text}");
        }
    }

    #[test]
    fn thousands_or_decimals_is_told_by_the_column() {
        assert_eq!(euros("1.250", None), Err(AmountFault::Ambiguous));
        assert_eq!(euros("1,250", None), Err(AmountFault::Ambiguous));
        assert_eq!(euros("1.250", Some(Mark::Comma)), Ok(125_000));
        assert_eq!(euros("1.250", Some(Mark::Point)), Ok(125));
        let mut column = Evidence::default();
        for text in ["100", "1.250", "75,50"] {
            column.see(text);
        }
        assert_eq!(column.mark(), Some(Mark::Comma));
        column.see("12.50");
        assert_eq!(column.mark(), None, "a column that contradicts itself tells nothing");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (text, fault) in [
            ("", AmountFault::Form),
            ("geen", AmountFault::Form),
            ("1.25.00", AmountFault::Form),
            ("12,345.6.7", AmountFault::Form),
            ("-5", AmountFault::Negative),
            ("1,005.001", AmountFault::Decimals),
            ("99999999999999", AmountFault::TooLarge),
        ] {
            assert_eq!(euros(text, None), Err(fault), "{text}");
        }
        assert_eq!(parse_signed("€ -2,50", false, None, 2), Ok(-250));
        assert_eq!(parse_signed("-€ 1.250,5", false, None, 2), Ok(-125_050));
        assert_eq!(parse_signed("-2.5", true, None, 3), Ok(-2_500));
        assert_eq!(parse_signed("--2", false, None, 2), Err(AmountFault::Negative));
        assert_eq!(parse("1250", true, None, Currency::EUR), Ok(125_000));
        assert_eq!(
            parse("1.250", true, None, Currency::EUR),
            Ok(125),
            "a number has its point"
        );
    }
}
