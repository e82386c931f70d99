//! Where the headings of a file are, and which column fills which field: pure.

use sha2::{Digest, Sha256};

use super::fields::{Field, field_of, fields_of, heading_key, is_optional};
use super::model::{ImportKind, MappedColumn, Mapping, PreviewRow, UpdateKey};
use super::sheet::{SheetCell, SheetRow};

/// So many rows with anything in them may stand above the headings.
pub const HEAD_ROWS: usize = 30;
/// How many rows a preview has.
const PREVIEW_ROWS: usize = 10;

/// The beginning of a sheet.
#[derive(Debug, Clone, Default)]
pub struct SheetHead {
    pub name: String,
    pub is_hidden: bool,
    pub rows: Vec<SheetRow>,
}

/// Where the headings stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headings {
    /// The sheet.
    pub sheet: String,
    /// The row, from 1.
    pub row: u32,
    /// What stands in its cells, from the first column on.
    pub texts: Vec<String>,
}

/// Finds the row of headings: the one that has most headings known here, of equals the first, visible sheets before hidden
/// ones. Where none is known, the first row with two texts.
#[must_use]
pub fn find_headings(kind: ImportKind, sheets: &[SheetHead], wanted_row: Option<u32>) -> Option<Headings> {
    let candidates = || {
        let visible = sheets.iter().filter(|sheet| !sheet.is_hidden);
        let hidden = sheets.iter().filter(|sheet| sheet.is_hidden);
        visible.chain(hidden).flat_map(move |sheet| {
            let fits = move |row: &&SheetRow| wanted_row.is_none_or(|wanted| wanted == row.row);
            sheet.rows.iter().filter(fits).map(move |row| (sheet, row))
        })
    };
    let known = |row: &SheetRow| {
        let mut fields: Vec<Field> = texts_of(row).iter().filter_map(|text| field_of(kind, text)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields.len()
    };
    let words = |row: &SheetRow| texts_of(row).iter().filter(|text| !text.is_empty()).count();
    let mut best: Option<(usize, &SheetHead, &SheetRow)> = None;
    for (sheet, row) in candidates() {
        let count = known(row);
        if count > best.map_or(0, |(most, ..)| most) {
            best = Some((count, sheet, row));
        }
    }
    let least = if wanted_row.is_some() { 1 } else { 2 };
    let found = best
        .filter(|(count, ..)| *count >= least)
        .map(|(_, sheet, row)| (sheet, row));
    let found = found.or_else(|| candidates().find(|(_, row)| words(row) >= 2));
    let (sheet, row) = found.or_else(|| candidates().next())?;
    Some(Headings {
        sheet: sheet.name.clone(),
        row: row.row,
        texts: texts_of(row),
    })
}

/// What the texts of a row show; what is no text is no heading.
fn texts_of(row: &SheetRow) -> Vec<String> {
    let text = |cell: &SheetCell| match cell {
        SheetCell::Text(_) => cell.shown(),
        _ => String::new(),
    };
    row.cells.iter().map(text).collect()
}

/// The mapping that the headings surely mean. A field that two columns claim is given to neither.
#[must_use]
pub fn propose(kind: ImportKind, headings: &[String]) -> Mapping {
    let fields: Vec<Option<Field>> = headings.iter().map(|heading| field_of(kind, heading)).collect();
    let claims = |field: Field| fields.iter().filter(|other| **other == Some(field)).count();
    let columns = headings
        .iter()
        .zip(&fields)
        .enumerate()
        .filter(|(_, (heading, _))| !heading.is_empty());
    let columns: Vec<MappedColumn> = columns
        .map(|(index, (heading, field))| MappedColumn {
            column: column_letters(index),
            heading: heading.clone(),
            field: field.filter(|field| claims(*field) == 1),
        })
        .collect();
    let has_number = columns.iter().any(|column| column.field == Some(Field::CustomerNumber));
    Mapping {
        columns,
        optional_fields: Vec::new(),
        update_by: has_number.then_some(UpdateKey::CustomerNumber),
    }
}

/// The fields that are needed and that no column fills. First and last name together stand for a name.
#[must_use]
pub fn missing(kind: ImportKind, mapping: &Mapping) -> Vec<Field> {
    let is_mapped = |field: Field| mapping.columns.iter().any(|column| column.field == Some(field));
    let has_parts = is_mapped(Field::FirstName) && is_mapped(Field::LastName);
    fields_of(kind)
        .iter()
        .copied()
        .filter(|field| {
            let is_excused = is_optional(kind, *field) || mapping.optional_fields.contains(field);
            let is_filled = is_mapped(*field) || (*field == Field::Name && has_parts);
            !(is_filled || is_excused)
        })
        .collect()
}

/// Whether one column holds every name and nothing says that they are companies': each row makes a company all the same.
#[must_use]
pub fn names_may_be_of_persons(mapping: &Mapping) -> bool {
    let fills = |field| mapping.column_of(field).is_some();
    let of_companies = [
        Field::FirstName,
        Field::LastName,
        Field::EnterpriseNumber,
        Field::VatNumber,
    ];
    fills(Field::Name) && !of_companies.into_iter().any(fills)
}

/// The headings of columns that fill nothing.
#[must_use]
pub fn unmapped(mapping: &Mapping) -> Vec<String> {
    let free = mapping.columns.iter().filter(|column| column.field.is_none());
    free.map(|column| column.heading.clone()).collect()
}

/// Tells files with the same headings in the same order, however they are spelled.
#[must_use]
pub fn signature(kind: ImportKind, headings: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(kind.as_str());
    for heading in headings {
        hash.update([0]);
        hash.update(heading_key(heading));
    }
    hex(&hash.finalize())
}

/// Bytes in hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The first rows below the headings, as they look.
#[must_use]
pub fn preview(sheets: &[SheetHead], headings: &Headings) -> Vec<PreviewRow> {
    let sheet = sheets.iter().find(|sheet| sheet.name == headings.sheet);
    let rows = sheet
        .into_iter()
        .flat_map(|sheet| &sheet.rows)
        .filter(|row| row.row > headings.row);
    rows.take(PREVIEW_ROWS)
        .map(|row| PreviewRow {
            row: row.row,
            cells: row.cells.iter().map(SheetCell::shown).collect(),
        })
        .collect()
}

/// The letters of a column from 0: A, B, .., Z, AA, ..
#[must_use]
pub fn column_letters(index: usize) -> String {
    let (mut rest, mut letters) = (index, Vec::new());
    loop {
        let letter = u8::try_from(rest % 26).unwrap_or(0);
        letters.push(char::from(b'A' + letter));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.into_iter().rev().collect()
}

/// The column from 0 that the letters name.
#[must_use]
pub fn column_index(letters: &str) -> Option<usize> {
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let place = letters.chars().try_fold(0_usize, |place, letter| {
        let digit = letter
            .to_ascii_uppercase()
            .is_ascii_uppercase()
            .then(|| letter.to_digit(36))??;
        Some(place * 26 + usize::try_from(digit).ok()?.checked_sub(9)?)
    })?;
    place.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, is_hidden: bool, rows: &[(u32, &[&str])]) -> SheetHead {
        let rows = rows.iter().map(|(row, cells)| SheetRow {
            row: *row,
            cells: cells.iter().map(|cell| SheetCell::Text((*cell).to_owned())).collect(),
        });
        SheetHead {
            name: name.to_owned(),
            is_hidden,
            rows: rows.collect(),
        }
    }

    #[test]
    fn columns_have_letters() {
        for (index, letters) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
        ] {
            assert_eq!(column_letters(index), letters);
            assert_eq!(column_index(letters), Some(index));
        }
        for wrong in ["", "1", "A1", "AAAA"] {
            assert_eq!(column_index(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn headings_are_found_below_titles_and_on_other_sheets() {
        let sheets = [
            head("Uitleg", false, &[(1, &["Vul blad Klanten in"])]),
            head("Lijsten", true, &[(1, &["Naam", "Adres", "Land"])]),
            head(
                "Klanten",
                false,
                &[
                    (1, &["Klantenlijst 2026"]),
                    (5, &["Naam", "Adres", "Land"]),
                    (6, &["De Bal", "Straat 1", "NL"]),
                ],
            ),
        ];
        let found = find_headings(ImportKind::Customers, &sheets, None).unwrap();
        assert_eq!((found.sheet.as_str(), found.row), ("Klanten", 5));
        assert_eq!(
            preview(&sheets, &found),
            [PreviewRow {
                row: 6,
                cells: vec!["De Bal".into(), "Straat 1".into(), "NL".into()]
            }]
        );
        assert_eq!(find_headings(ImportKind::Customers, &[], None), None);
    }

    #[test]
    fn what_is_unsure_is_left_out() {
        let headings = ["Naam", "Bedrijfsnaam", "Land", "Nummer", ""].map(str::to_owned);
        let mapping = propose(ImportKind::Customers, &headings);
        let fields: Vec<Option<Field>> = mapping.columns.iter().map(|column| column.field).collect();
        assert_eq!(fields, [None, None, Some(Field::Country), None]);
        assert_eq!(unmapped(&mapping), ["Naam", "Bedrijfsnaam", "Nummer"]);
        assert!(missing(ImportKind::Customers, &mapping).contains(&Field::Iban));
        assert!(!missing(ImportKind::Customers, &mapping).contains(&Field::Bic));
    }

    #[test]
    fn the_same_headings_have_the_same_signature_however_spelled() {
        let of = |headings: [&str; 2]| signature(ImportKind::Customers, &headings.map(str::to_owned));
        assert_eq!(of(["Naam", "Land"]), of(["NAAM *", " land"]));
        assert_ne!(of(["Naam", "Land"]), of(["Land", "Naam"]));
    }
}
