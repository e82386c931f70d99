//! JSON, CSV and XLSX say the same.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use onaccount::id::Id;
use serde_json::{Value, json};

use super::{product, reverse, sell_at, statement, statement_path};
use crate::harness::{Answer, Venue};

const OCTOBER: &str = "2026-10-01..2026-10-31";
const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A section of the CSV, the worksheet of the same, and its columns.
const TABLES: [(&str, &str, &[&str]); 5] = [
    ("change", "Mutations", &["kind", "count", "balance_change"]),
    ("day", "Days", &["business_date", "quantity", "amount"]),
    (
        "product",
        "Products",
        &[
            "product_code",
            "product_name",
            "category",
            "vat_rate",
            "quantity",
            "amount",
        ],
    ),
    ("vat", "VAT", &["vat_rate", "gross", "net", "vat"]),
    (
        "line",
        "Lines",
        &[
            "business_date",
            "product_code",
            "product_name",
            "category",
            "vat_rate",
            "quantity",
            "amount",
        ],
    ),
];

/// Names that a spreadsheet would take for formulas, discounts, weights and large amounts.
fn account_with_odd_sales(venue: &Venue) -> Id {
    let account_id = venue.account("71900001", "90000000.00");
    let odd = |name: &str, code: &str, quantity: &str, amount: &str| json!({"product_code": code, "name": name, "quantity": quantity, "amount": amount, "vat_rate": "21", "category": "-food"});
    let lines = json!([
        odd("=HYPERLINK(\"http://evil\")", "001", "1", "1.10"),
        odd("+31 20", "+2", "0.125", "2.20"),
        odd("@home; \"quoted\", comma", "-3", "1000", "12345678.90"),
        odd("-discount", "4", "1", "-0.33"),
        product("crème brûlée", "2", "9.99", "9"),
    ]);
    sell_at(venue, account_id, "2026-10-13T20:00:00Z", "12345691.86", lines).expect(201);
    let sale = sell_at(
        venue,
        account_id,
        "2026-10-14T20:00:00Z",
        "3.00",
        json!([product("tea", "3", "3.00", "9")]),
    );
    let sale_id = sale.expect(201)["id"].as_str().unwrap().to_owned();
    let part = json!({"lines": [{"line_no": 1, "quantity": "1"}]});
    venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), part)
        .expect(201);
    let wrong = sell_at(
        venue,
        account_id,
        "2026-10-14T21:00:00Z",
        "5.00",
        json!([product("tea", "5", "5.00", "9")]),
    );
    reverse(venue, wrong.expect(201)["id"].as_str().unwrap());
    account_id
}

fn get(venue: &Venue, account_id: Id, accept: &str, options: &str) -> Answer {
    let path = statement_path(account_id, OCTOBER);
    let answer = venue.clerk.with("Accept", accept).get(&format!("{path}{options}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The tables of the JSON form as texts, by section.
fn json_tables(statement: &Value) -> BTreeMap<&'static str, Vec<Vec<String>>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let of = |section: &'static str, columns: &[&str]| {
        let member = if section == "vat" {
            "vat".to_owned()
        } else {
            format!("{section}s")
        };
        let rows = statement[&member].as_array().unwrap().iter();
        let rows = rows.map(|row| columns.iter().map(|column| text(&row[*column])).collect());
        (section, rows.collect())
    };
    TABLES
        .iter()
        .map(|(section, _, columns)| of(section, columns))
        .collect()
}

/// The tables of the CSV form as texts, by section; what stands before a formula is taken away.
fn csv_tables(bytes: &[u8], delimiter: u8) -> BTreeMap<String, Vec<BTreeMap<String, String>>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut tables: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let fields = header.iter().cloned().zip(record.iter().map(str::to_owned)).skip(1);
        tables.entry(record[0].to_owned()).or_default().push(fields.collect());
    }
    tables
}

/// Rows of a section with these columns; every other column must be empty.
fn section(rows: &[BTreeMap<String, String>], columns: &[&str]) -> Vec<Vec<String>> {
    for row in rows {
        for (column, value) in row {
            assert!(
                columns.contains(&column.as_str()) || value.is_empty(),
                "{column} {value}"
            );
        }
    }
    rows.iter()
        .map(|row| columns.iter().map(|column| row[*column].clone()).collect())
        .collect()
}

/// A text as the CSV writes it.
fn escaped(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn is_text(column: &str) -> bool {
    ["kind", "product_code", "product_name", "category"].contains(&column)
}

#[test]
fn csv_says_what_json_says() {
    let venue = Venue::open();
    let account_id = account_with_odd_sales(&venue);
    let statement = statement(&venue, account_id, OCTOBER);
    let answer = get(&venue, account_id, CSV, "");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"statement-71900001-2026-10-01-2026-10-31.csv\""
    );
    let found = csv_tables(&answer.bytes, b',');
    for (name, rows) in json_tables(&statement) {
        let columns = TABLES.iter().find(|(section, ..)| *section == name).unwrap().2;
        let expected: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .zip(columns)
                    .map(|(text, column)| if is_text(column) { escaped(text) } else { text.clone() })
                    .collect()
            })
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(section(&found[name], columns), expected, "{name}");
    }
    for row in section(&found["summary"], &["figure", "value", "amount"]) {
        let said = if row[2].is_empty() { &row[1] } else { &row[2] };
        assert_eq!(*said, statement[&row[0]].as_str().unwrap_or_default(), "{row:?}");
    }
    assert_eq!(found["summary"].len(), 8);
    assert_eq!(found.len(), TABLES.len() + 1);
}

#[test]
fn csv_for_dutch_excel_says_the_same_in_its_spelling() {
    let venue = Venue::open();
    let account_id = account_with_odd_sales(&venue);
    let plain = get(&venue, account_id, CSV, "").bytes;
    let dutch = get(&venue, account_id, CSV, "&delimiter=;&decimal=comma&bom=true").bytes;
    let dutch = dutch.strip_prefix(b"\xEF\xBB\xBF").unwrap();
    let mut expected = csv_tables(&plain, b',');
    for row in expected.values_mut().flatten() {
        for (column, value) in row {
            if [
                "vat_rate",
                "quantity",
                "amount",
                "gross",
                "net",
                "vat",
                "balance_change",
            ]
            .contains(&column.as_str())
            {
                *value = value.replace('.', ",");
            }
        }
    }
    assert_eq!(csv_tables(dutch, b';'), expected);
    let tabbed = get(&venue, account_id, CSV, "&delimiter=tab&decimal=point&bom=false").bytes;
    assert_eq!(csv_tables(&tabbed, b'\t'), csv_tables(&plain, b','));
    assert!(String::from_utf8(plain).unwrap().lines().count() > 10);
}

#[test]
fn a_csv_option_that_is_not_known_is_refused() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1.00");
    let path = statement_path(account_id, OCTOBER);
    for (options, parameter) in [
        ("&delimiter=x", "delimiter"),
        ("&decimal=,", "decimal"),
        ("&bom=1", "bom"),
    ] {
        let problem = venue
            .clerk
            .with("Accept", CSV)
            .get(&format!("{path}{options}"))
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["parameter"], parameter);
    }
}

/// What a cell must hold to say what a JSON text says: numbers as numbers, dates as dates, texts as texts.
fn cell_says(cell: &Data, column: &str, text: &str) -> bool {
    let number = |text: String| *cell == Data::Float(text.parse().unwrap());
    match column {
        _ if is_text(column) => *cell == Data::String(text.to_owned()) || (text.is_empty() && *cell == Data::Empty),
        "business_date" => match cell {
            Data::DateTime(value) => {
                let (year, month, day, ..) = value.to_ymd_hms_milli();
                text == format!("{year:04}-{month:02}-{day:02}")
            }
            _ => false,
        },
        "vat_rate" => number(format!("{text}e-2")),
        _ => number(text.to_owned()),
    }
}

#[test]
fn a_workbook_says_what_json_says_in_typed_cells() {
    let venue = Venue::open();
    let account_id = account_with_odd_sales(&venue);
    let statement = statement(&venue, account_id, OCTOBER);
    let answer = get(&venue, account_id, XLSX, "");
    assert_eq!(answer.header("content-type"), XLSX);
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"statement-71900001-2026-10-01-2026-10-31.xlsx\""
    );
    let mut book = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Statement", "Mutations", "Days", "Products", "VAT", "Lines"]
    );
    let tables = json_tables(&statement);
    for (name, title, columns) in TABLES {
        let range = book.worksheet_range(title).unwrap();
        let rows: Vec<&[Data]> = range.rows().skip(1).collect();
        let (totals, rows) = rows.split_last().unwrap();
        assert_eq!(rows.len(), tables[name].len(), "{title}");
        for (cells, texts) in rows.iter().zip(&tables[name]) {
            for ((cell, text), column) in cells.iter().zip(texts).zip(columns) {
                assert!(
                    cell_says(cell, column, text),
                    "{title} {column}: {cell:?} is not {text}"
                );
            }
        }
        assert_eq!(totals[0], Data::String("Total".into()), "{title}");
    }
    let total = |title: &str, book: &mut Xlsx<_>| {
        book.worksheet_range(title)
            .unwrap()
            .rows()
            .next_back()
            .unwrap()
            .last()
            .cloned()
    };
    for title in ["Days", "Products", "Lines"] {
        let said = total(title, &mut book).unwrap();
        assert!(
            cell_says(&said, "amount", statement["sales_total"].as_str().unwrap()),
            "{title}: {said:?}"
        );
    }
    let figures = book.worksheet_range("Statement").unwrap();
    let amounts: Vec<String> = figures.rows().skip(6).map(|row| row[0].to_string()).collect();
    assert_eq!(amounts, ["opening_balance", "closing_balance", "sales_total"]);
    for row in figures.rows().skip(6) {
        assert!(
            cell_says(&row[2], "amount", statement[row[0].to_string()].as_str().unwrap()),
            "{row:?}"
        );
    }
}

#[test]
fn accept_chooses_the_form_by_quality() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1.00");
    let path = statement_path(account_id, OCTOBER);
    for (accept, content_type) in [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        (
            "text/csv;q=0.5, application/json;q=0.4",
            "text/csv; charset=utf-8; header=present",
        ),
        ("text/*", "text/csv; charset=utf-8; header=present"),
        ("application/json;q=0, */*;q=0.1, text/csv;q=0.05", XLSX),
    ] {
        let answer = venue.clerk.with("Accept", accept).get(&path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, content_type),
            "{accept}"
        );
        assert!(answer.header("vary").starts_with("Accept"), "{}", answer.header("vary"));
    }
    for accept in ["text/html", "application/pdf, image/*", "text/csv;q=0"] {
        let problem = venue
            .clerk
            .with("Accept", accept)
            .get(&path)
            .problem(406, "not_acceptable");
        assert!(problem["detail"].as_str().unwrap().contains("text/csv"), "{problem}");
    }
}

#[test]
fn an_account_without_sales_has_every_table_and_no_rows() {
    let venue = Venue::open();
    let account_id = venue.service.account(venue.tenant_id, "71900001");
    let found = csv_tables(&get(&venue, account_id, CSV, "").bytes, b',');
    assert_eq!(found.keys().collect::<Vec<_>>(), ["summary"]);
    let mut book = Xlsx::new(Cursor::new(get(&venue, account_id, XLSX, "").bytes)).unwrap();
    for (_, title, columns) in TABLES {
        assert_eq!(
            book.worksheet_range(title).unwrap().get_size(),
            (1, columns.len()),
            "{title}"
        );
    }
}
