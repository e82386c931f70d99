//! The national part of VAT numbers: its form and its check digits, country by country, as the tax offices publish them.

use chrono::NaiveDate;

use super::enterprise::is_belgian;

/// The rule of a country.
pub struct Rule {
    /// How its VAT numbers begin.
    pub prefix: &'static str,
    /// How long the national part is, when zeros may have been lost from its beginning; 0 otherwise.
    pub length: usize,
    /// Whether the national part is one, in capitals and without separators.
    pub is_valid: fn(&str) -> bool,
}

const fn rule(prefix: &'static str, length: usize, is_valid: fn(&str) -> bool) -> Rule {
    Rule {
        prefix,
        length,
        is_valid,
    }
}

pub const RULES: &[Rule] = &[
    rule("AT", 0, austrian),
    rule("BE", 10, is_belgian),
    rule("BG", 9, bulgarian),
    rule("CY", 9, cypriot),
    rule("CZ", 8, czech),
    rule("DE", 9, |n| !n.starts_with('0') && n.len() == 9 && is_mod_11_10(n)),
    rule("DK", 8, |n| {
        !n.starts_with('0') && is_multiple(n, &[2, 7, 6, 5, 4, 3, 2, 1], 11)
    }),
    rule("EE", 9, |n| is_multiple(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1], 10)),
    rule("EL", 9, |n| {
        checked(n, &[256, 128, 64, 32, 16, 8, 4, 2], |sum| sum % 11 % 10)
    }),
    rule("ES", 9, spanish),
    rule("EU", 0, |n| n.len() == 9 && digits(n).is_some()),
    rule("FI", 8, |n| is_multiple(n, &[7, 9, 10, 5, 8, 4, 2, 1], 11)),
    rule("FR", 11, french),
    rule("HR", 11, |n| n.len() == 11 && is_mod_11_10(n)),
    rule("HU", 8, |n| is_multiple(n, &[9, 7, 3, 1, 9, 7, 3, 1], 10)),
    rule("IE", 0, irish),
    rule("IT", 11, italian),
    rule("LT", 9, lithuanian),
    rule("LU", 8, |n| {
        n.len() == 8 && number(n, 0..6).map(|base| base % 89) == number(n, 6..8)
    }),
    rule("LV", 11, latvian),
    rule("MT", 8, |n| {
        !n.starts_with('0') && is_multiple(n, &[3, 4, 6, 7, 8, 9, 10, 1], 37)
    }),
    rule("NL", 12, dutch),
    rule("PL", 10, |n| checked(n, &[6, 5, 7, 2, 3, 4, 5, 6, 7], |sum| sum % 11)),
    rule("PT", 9, |n| {
        !n.starts_with('0') && checked(n, &[9, 8, 7, 6, 5, 4, 3, 2], |sum| (11 - sum % 11) % 11 % 10)
    }),
    rule("RO", 0, romanian),
    rule("SE", 12, |n| {
        n.len() == 12 && n.ends_with("01") && n.get(..10).is_some_and(is_luhn)
    }),
    rule("SI", 8, slovenian),
    rule("SK", 10, slovak),
    rule("GB", 9, british),
    rule("XI", 9, british),
    rule("CHE", 0, swiss),
    rule("NO", 0, norwegian),
];

/// The digits of a text that is nothing but ASCII digits.
pub(super) fn digits(text: &str) -> Option<Vec<u32>> {
    if text.is_empty() || !text.is_ascii() {
        return None;
    }
    text.chars().map(|character| character.to_digit(10)).collect()
}

/// The number in a range of the text.
fn number(text: &str, range: std::ops::Range<usize>) -> Option<u64> {
    let part = text.get(range)?;
    digits(part)?;
    part.parse().ok()
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// As many digits as there are weights, whose weighted sum is a multiple.
fn is_multiple(text: &str, weights: &[u32], modulus: u32) -> bool {
    digits(text)
        .is_some_and(|digits| digits.len() == weights.len() && weighted(&digits, weights).is_multiple_of(modulus))
}

/// One digit more than there are weights: the last one comes of the weighted sum of the others.
fn checked(text: &str, weights: &[u32], check: impl Fn(u32) -> u32) -> bool {
    digits(text).is_some_and(|digits| {
        digits.len() == weights.len() + 1 && digits.last() == Some(&check(weighted(&digits, weights)))
    })
}

/// The sum of Luhn's formula: from the end, every second digit doubled and its digits added up.
fn luhn_sum(digits: &[u32]) -> u32 {
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    digits.iter().rev().enumerate().map(doubled).sum()
}

/// Whether a number of digits ends with the check digit of Luhn's formula.
pub(super) fn is_luhn(text: &str) -> bool {
    digits(text).is_some_and(|digits| luhn_sum(&digits).is_multiple_of(10))
}

/// ISO 7064, mod 11,10.
fn is_mod_11_10(text: &str) -> bool {
    digits(text).is_some_and(|digits| {
        let fold = |check: u32, digit: &u32| (if check == 0 { 10 } else { check } * 2 % 11 + digit) % 10;
        digits.iter().fold(5, fold) == 1
    })
}

fn is_date(year: u64, month: u64, day: u64) -> bool {
    let part = |number: u64| u32::try_from(number).ok();
    let date = i32::try_from(year).ok().zip(part(month)).zip(part(day));
    date.and_then(|((year, month), day)| NaiveDate::from_ymd_opt(year, month, day))
        .is_some()
}

/// `U` and eight digits, of which the last comes of Luhn's sum over the others.
fn austrian(n: &str) -> bool {
    let Some(digits) = n.strip_prefix('U').and_then(digits).filter(|digits| digits.len() == 8) else {
        return false;
    };
    let sum = digits.split_last().map(|(check, others)| luhn_sum(others) + check);
    sum.is_some_and(|sum| sum % 10 == 6)
}

fn bulgarian(n: &str) -> bool {
    match n.len() {
        9 => {
            let ten = |sum: u32, other: u32| if sum % 11 == 10 { other % 11 % 10 } else { sum % 11 };
            let other = digits(n).map_or(0, |digits| weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 10]));
            checked(n, &[1, 2, 3, 4, 5, 6, 7, 8], |sum| ten(sum, other))
        }
        10 => {
            let is_citizen = bulgarian_birth_date(n) && checked(n, &[2, 4, 8, 5, 10, 9, 7, 3, 6], |sum| sum % 11 % 10);
            let is_foreigner = checked(n, &[21, 19, 17, 13, 11, 9, 7, 3, 1], |sum| sum % 10);
            is_citizen || is_foreigner || checked(n, &[4, 3, 2, 7, 6, 5, 4, 3, 2], |sum| (11 - sum % 11) % 11)
        }
        _ => false,
    }
}

fn bulgarian_birth_date(n: &str) -> bool {
    let (Some(year), Some(month), Some(day)) = (number(n, 0..2), number(n, 2..4), number(n, 4..6)) else {
        return false;
    };
    match month {
        41.. => is_date(2000 + year, month - 40, day),
        21.. => is_date(1800 + year, month - 20, day),
        _ => is_date(1900 + year, month, day),
    }
}

fn cypriot(n: &str) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let Some((head, check)) = n.split_at_checked(8) else {
        return false;
    };
    let Some(digits) = digits(head).filter(|_| !head.starts_with("12")) else {
        return false;
    };
    let value = |(place, digit): (usize, &u32)| match place % 2 {
        0 => usize::try_from(*digit)
            .ok()
            .and_then(|digit| ODD.get(digit))
            .copied()
            .unwrap_or(0),
        _ => *digit,
    };
    let sum: u32 = digits.iter().enumerate().map(value).sum();
    letter("ABCDEFGHIJKLMNOPQRSTUVWXYZ", u64::from(sum % 26)).is_some_and(|letter| check == letter)
}

/// The letter at a place of an alphabet.
fn letter(alphabet: &str, place: u64) -> Option<&str> {
    let place = usize::try_from(place).ok()?;
    alphabet.get(place..place + 1)
}

fn czech(n: &str) -> bool {
    let legal = |sum: u32| {
        let check = (11 - sum % 11) % 11;
        if check == 0 { 1 } else { check % 10 }
    };
    let special = |sum: u32| (18 - (21 - sum % 11) % 11) % 10;
    match n.len() {
        8 => !n.starts_with('9') && checked(n, &[8, 7, 6, 5, 4, 3, 2], legal),
        9 if n.starts_with('6') => {
            n.get(1..)
                .is_some_and(|rest| checked(rest, &[8, 7, 6, 5, 4, 3, 2], special))
                || is_birth_number(n)
        }
        9 | 10 => is_birth_number(n),
        _ => false,
    }
}

/// The birth number of Czechia and Slovakia.
fn is_birth_number(n: &str) -> bool {
    let (Some(year), Some(month), Some(day)) = (number(n, 0..2), number(n, 2..4), number(n, 4..6)) else {
        return false;
    };
    let month = month % 50 % 20;
    if n.len() == 9 {
        let year = if year >= 80 { 1800 + year } else { 1900 + year };
        return digits(n).is_some() && year <= 1953 && is_date(year, month, day);
    }
    let year = if year < 54 { 2000 + year } else { 1900 + year };
    n.len() == 10 && is_date(year, month, day) && number(n, 0..9).map(|base| base % 11 % 10) == number(n, 9..10)
}

fn spanish(n: &str) -> bool {
    const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let (Some(first), Some(last), 9) = (n.chars().next(), n.get(8..9), n.len()) else {
        return false;
    };
    let is_lettered = |digits: Option<u64>| digits.and_then(|number| letter(LETTERS, number % 23)) == Some(last);
    let person = |leading: char| number(&format!("{leading}{}", n.get(1..8).unwrap_or_default()), 0..8);
    match first {
        'K' | 'L' | 'M' => is_lettered(number(n, 1..8)),
        '0'..='9' => is_lettered(person(first)),
        'X' => is_lettered(person('0')),
        'Y' => is_lettered(person('1')),
        'Z' => is_lettered(person('2')),
        _ if "ABCDEFGHJNPQRSUVW".contains(first) => {
            let Some(body) = n.get(1..8).and_then(digits) else {
                return false;
            };
            let shifted: Vec<u32> = body.into_iter().chain([0]).collect();
            let check = u64::from((10 - luhn_sum(&shifted) % 10) % 10);
            last == check.to_string() || letter("JABCDEFGHI", check) == Some(last)
        }
        _ => false,
    }
}

fn french(n: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some((key, siren)) = n.split_at_checked(2) else {
        return false;
    };
    let Some(base) = number(siren, 0..siren.len()).filter(|_| siren.len() == 9) else {
        return false;
    };
    // Numbers that begin with 000 are Monaco's and have no check digit of their own.
    if !siren.starts_with("000") && !is_luhn(siren) {
        return false;
    }
    if let Some(key) = number(key, 0..2) {
        return (base * 100 + 12) % 97 == key;
    }
    let place = |character: char| ALPHABET.find(character).and_then(|place| u64::try_from(place).ok());
    let mut key = key.chars();
    let (Some(first), Some(second)) = (key.next(), key.next()) else {
        return false;
    };
    let (Some(a), Some(b)) = (place(first), place(second)) else {
        return false;
    };
    let check = if first.is_ascii_digit() {
        (a * 24 + b).checked_sub(10)
    } else {
        (a * 34 + b).checked_sub(100)
    };
    check.is_some_and(|check| (base + 1 + check / 11) % 11 == check % 11)
}

fn irish(n: &str) -> bool {
    const ALPHABET: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    if !n.is_ascii() || !(8..=9).contains(&n.len()) {
        return false;
    }
    let check_of = |digits: &str, extra: &str| {
        let digits = self::digits(digits)?;
        let extra = if extra.is_empty() {
            0
        } else {
            u32::try_from(ALPHABET.find(extra)?).ok()?
        };
        letter(
            ALPHABET,
            u64::from((weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + 9 * extra) % 23),
        )
    };
    let check = n.get(7..8);
    if n.get(..7).and_then(digits).is_some() {
        return check_of(n.get(..7).unwrap_or_default(), n.get(8..).unwrap_or_default()) == check;
    }
    // The old form: the second place is a letter, + or *, and the first digit belongs at the end.
    let is_old = n.len() == 8
        && n.get(1..2)
            .is_some_and(|mark| mark.starts_with(|c: char| c.is_ascii_uppercase() || c == '+' || c == '*'));
    let old = format!("0{}{}", n.get(2..7).unwrap_or_default(), n.get(..1).unwrap_or_default());
    is_old && check_of(&old, "") == check
}

fn italian(n: &str) -> bool {
    let is_office = |office: u64| matches!(office, 1..=100 | 120 | 121 | 888 | 999);
    n.len() == 11 && !n.starts_with("0000000") && number(n, 7..10).is_some_and(is_office) && is_luhn(n)
}

fn lithuanian(n: &str) -> bool {
    let Some(digits) = digits(n) else { return false };
    let (length, marker) = (digits.len(), digits.len().checked_sub(2));
    if !matches!(length, 9 | 12) || marker.and_then(|place| digits.get(place)) != Some(&1) {
        return false;
    }
    let weights = |shift: u32| {
        (0_u32..)
            .map(move |place| 1 + (place + shift) % 9)
            .take(length - 1)
            .collect::<Vec<_>>()
    };
    let sum = weighted(&digits, &weights(0)) % 11;
    let sum = if sum == 10 {
        weighted(&digits, &weights(2)) % 11
    } else {
        sum
    };
    digits.last() == Some(&(sum % 10))
}

fn latvian(n: &str) -> bool {
    if n.len() != 11 || digits(n).is_none() {
        return false;
    }
    if n.starts_with(|first: char| first > '3') {
        return digits(n).is_some_and(|digits| weighted(&digits, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3);
    }
    let is_checked = checked(n, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9], |sum| (1 + sum) % 11 % 10);
    let (Some(day), Some(month), Some(year), Some(century)) =
        (number(n, 0..2), number(n, 2..4), number(n, 4..6), number(n, 6..7))
    else {
        return false;
    };
    is_checked && (n.starts_with("32") || is_date(1800 + century * 100 + year, month, day))
}

/// Nine digits, `B`, two digits: the nine have the check digit of citizen numbers, or the whole is right modulo 97.
fn dutch(n: &str) -> bool {
    let (Some(base), Some("B"), Some(suffix), 12) = (n.get(..9), n.get(9..10), number(n, 10..12), n.len()) else {
        return false;
    };
    let Some(digits) = digits(base) else { return false };
    if suffix == 0 || digits.iter().all(|digit| *digit == 0) {
        return false;
    }
    // The last weight is -1, which is 10 modulo 11.
    weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11) || mod_97(&format!("NL{n}")) == Some(1)
}

/// Modulo 97 with letters as 10 to 35.
fn mod_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0_u32, |remainder, character| {
        let value = character.to_digit(36)?;
        let shift = if value > 9 { 100 } else { 10 };
        Some((remainder * shift + value) % 97)
    })
}

fn romanian(n: &str) -> bool {
    if n.len() == 13 {
        return checked(n, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9], |sum| {
            if sum % 11 == 10 { 1 } else { sum % 11 }
        }) && number(n, 3..5)
            .zip(number(n, 5..7))
            .is_some_and(|(month, day)| is_date(2000, month, day));
    }
    (2..=10).contains(&n.len())
        && !n.starts_with('0')
        && checked(&format!("{n:0>10}"), &[7, 5, 3, 2, 1, 7, 5, 3, 2], |sum| {
            sum * 10 % 11 % 10
        })
}

fn slovenian(n: &str) -> bool {
    let check = |sum: u32| match 11 - sum % 11 {
        10 => 0,
        // Such a number is not given out.
        11 => u32::MAX,
        check => check,
    };
    !n.starts_with('0') && checked(n, &[8, 7, 6, 5, 4, 3, 2], check)
}

fn slovak(n: &str) -> bool {
    let is_company = n.len() == 10
        && !n.starts_with('0')
        && number(n, 2..3).is_some_and(|third| matches!(third, 2 | 3 | 4 | 7 | 8 | 9))
        && number(n, 0..10).is_some_and(|number| number.is_multiple_of(11));
    is_company || (n.len() == 10 && is_birth_number(n))
}

fn british(n: &str) -> bool {
    if let (5, Some(office), Some(department)) = (n.len(), n.get(..2), number(n, 2..5)) {
        return (office == "GD" && department < 500) || (office == "HA" && department >= 500);
    }
    let Some(digits) = digits(n).filter(|digits| matches!(digits.len(), 9 | 12)) else {
        return false;
    };
    let remainder = weighted(&digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    let is_new = number(n, 0..3).is_some_and(|head| head >= 100) && matches!(remainder, 42 | 55);
    remainder == 0 || is_new
}

fn swiss(n: &str) -> bool {
    let Some((base, suffix)) = n.split_at_checked(9) else {
        return false;
    };
    matches!(suffix, "" | "MWST" | "TVA" | "IVA" | "TPV")
        && checked(base, &[5, 4, 3, 2, 7, 6, 5, 4], |sum| (11 - sum % 11) % 11)
}

fn norwegian(n: &str) -> bool {
    n.strip_suffix("MVA")
        .is_some_and(|base| is_multiple(base, &[3, 2, 7, 6, 5, 4, 3, 2, 1], 11))
}
