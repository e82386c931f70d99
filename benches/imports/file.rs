//! The files that are imported: every row right, none like another.

use std::fmt::Write;
use std::path::Path;

use rust_xlsxwriter::Workbook;

const HEADINGS: [&str; 14] = [
    "Naam van de klant",
    "Adres",
    "Postcode",
    "Stad",
    "Land",
    "Bedrijfsnummer",
    "BTW",
    "IBAN",
    "BIC",
    "Taal",
    "Naam van de contactpersoon",
    "Contacttaal",
    "E-mailadres contactpersoon",
    "E-mails van geadresseerden",
];

/// A workbook of customers with all fourteen fields, all in one street.
pub fn customers(path: &Path, rows: u32, street: &str) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_low_memory().unwrap();
    for (column, heading) in (0_u16..).zip(HEADINGS) {
        sheet.write(0, column, heading).unwrap();
    }
    for row in 1..=rows {
        for (column, text) in (0_u16..).zip(customer(row, street)) {
            sheet.write(row, column, text).unwrap();
        }
    }
    book.save(path).unwrap();
}

fn customer(number: u32, street: &str) -> [String; 14] {
    [
        format!("Vereniging {number}"),
        format!("{street} {number}"),
        format!("{} AB", 1_000 + number % 9_000),
        "Utrecht".to_owned(),
        "Nederland".to_owned(),
        format!("{:08}", 10_000_000 + number),
        vat_number(number),
        iban(number),
        "ABNANL2A".to_owned(),
        "Nederlands".to_owned(),
        format!("Vera de Vries {number}"),
        "nl".to_owned(),
        format!("vera{number}@example.com"),
        format!("a{number}@example.com; b{number}@example.com"),
    ]
}

/// `NL123456789B12`, whose letters and digits are 1 modulo 97.
fn vat_number(number: u32) -> String {
    let body = u128::from(100_000_000 + number);
    // N = 23, L = 21, B = 11
    let without = (2_321 * 1_000_000_000 + body) * 10_000 + 1_100;
    let check = match (98 - without % 97) % 97 {
        0 => 97,
        check => check,
    };
    format!("NL{body:09}B{check:02}")
}

fn iban(number: u32) -> String {
    // A = 10, B = 11, N = 23, L = 21
    let bank = 10_112_310_u128;
    let account = u128::from(number);
    let turned = (bank * 10_000_000_000 + account) * 1_000_000 + 232_100;
    format!("NL{:02}ABNA{account:010}", 98 - turned % 97)
}

/// A list of transactions, one a line, as the till exports it.
pub fn sales(rows: u32) -> String {
    let mut text =
        String::from("Product Id;Datum;Betaaltype;Product;Aantal;Prijs (per product);BTW Type;Aantal * prijs\n");
    for row in 0..rows {
        let (day, minute) = (1 + row / 5_000 % 28, row % 1_440);
        writeln!(
            text,
            "{};{day:02}-{{month}}-{{year}} {:02}:{:02};Betaaltype {};Bier;2;2.5;21%;5.0",
            row % 50,
            minute / 60,
            minute % 60,
            row % 200
        )
        .unwrap();
    }
    text
}
