//! Files of every kind, well made.

use rust_xlsxwriter::{Format, Formula, Workbook};
use serde_json::json;

use super::{DE_BAL, HEADINGS, LE_BAR, csv, findings, validated};
use crate::harness::Venue;

fn cells(line: &str) -> Vec<&str> {
    line.split(';').collect()
}

/// A workbook whose customers stand on the second sheet, below a title, with blank rows between.
fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet()
        .set_name("Uitleg")
        .unwrap()
        .write(0, 0, "Vul blad Klanten in")
        .unwrap();
    let sheet = book.add_worksheet().set_name("Klanten").unwrap();
    sheet
        .merge_range(0, 0, 0, 5, "Klantenlijst 2026", &Format::new().set_bold())
        .unwrap();
    sheet.write(1, 0, "Gemaakt op").unwrap();
    for (row, line) in [(4, HEADINGS), (6, DE_BAL), (9, LE_BAR)] {
        for (column, text) in (0_u16..).zip(cells(line)) {
            sheet.write(row, column, text).unwrap();
        }
    }
    // Numbers where people mean text, a formula, and a cell with nothing but blanks far below.
    sheet.write(6, 5, 468_561_072.0).unwrap();
    sheet.write(9, 2, 6000).unwrap();
    sheet
        .write(
            6,
            12,
            Formula::new("=LOWER(\"VERA@EXAMPLE.COM\")").set_result("vera@example.com"),
        )
        .unwrap();
    sheet.write(500, 2, "  ").unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_is_read_wherever_its_table_stands() {
    let venue = Venue::open();
    let import = validated(&venue.superuser, "customers", &workbook());
    assert_eq!(
        (&import["sheet"], &import["header_row"], &import["file_format"]),
        (&json!("Klanten"), &json!(5), &json!("xlsx"))
    );
    assert_eq!((&import["status"], &import["row_count"]), (&json!("valid"), &json!(2)));
    assert_eq!(
        findings(&venue.superuser, &import),
        ["F7 zeros_restored", "C10 zeros_restored"]
    );
}

#[test]
fn a_text_is_read_in_any_encoding_and_with_any_separator() {
    let venue = Venue::open();
    let text = String::from_utf8(csv(&[DE_BAL, LE_BAR])).unwrap();
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let windows: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect();
    let tabs = text.replace(';', "\t");
    let named = format!("sep=;\r\n{text}");
    for (content, header_row) in [
        (utf16, 1),
        (windows, 1),
        (tabs.into_bytes(), 1),
        (named.into_bytes(), 2),
    ] {
        let import = validated(&venue.superuser, "customers", &content);
        assert_eq!(
            (&import["status"], &import["row_count"]),
            (&json!("valid"), &json!(2)),
            "{import}"
        );
        assert_eq!(import["header_row"], header_row);
        assert_eq!(import["preview"][1]["cells"][1], "Rue du Château 2");
    }
}

#[test]
fn a_file_without_rows_has_nothing_to_import() {
    let venue = Venue::open();
    let import = validated(&venue.superuser, "customers", &csv(&[]));
    assert_eq!(import["status"], "invalid");
    assert_eq!(findings(&venue.superuser, &import), ["null no_rows"]);
}
