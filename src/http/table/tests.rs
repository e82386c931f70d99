use std::collections::HashMap;
use std::io::{Cursor, Read, Seek};

use calamine::{Data, Reader, Xlsx};

use super::*;
use crate::money::Currency;

struct Row {
    code: &'static str,
    name: String,
    count: i64,
    quantity: i64,
    amount: i64,
    rate: i32,
    date: NaiveDate,
    at: Timestamp,
}

static ROWS: Sheet<Row> = Sheet {
    name: "product",
    title: "Products",
    columns: &[
        Column::new("product_code", "Product", 12, |row| Cell::text(row.code)),
        Column::new("name", "Name", 30, |row| Cell::text(&row.name)),
        Column::totalled("count", "Count", 8, |row| Cell::Integer(row.count)),
        Column::totalled("quantity", "Quantity", 10, |row| {
            Cell::Quantity(Quantity::from_milli(row.quantity))
        }),
        Column::totalled("amount", "Amount", 14, |row| {
            Cell::Money(Money::new(row.amount, Currency::EUR))
        }),
        Column::new("vat_rate", "VAT", 8, |row| {
            Cell::optional(VatRate::try_from_hundredths(row.rate), Cell::Percentage)
        }),
        Column::new("business_date", "Date", 12, |row| Cell::Date(row.date)),
        Column::new("at", "Time (UTC)", 20, |row| Cell::Instant(row.at)),
    ],
};

static NOTES: Sheet<(&str, &str)> = Sheet {
    name: "note",
    title: "Notes",
    columns: &[
        Column::new("note", "Note", 20, |row| Cell::text(row.1)),
        Column::new("name", "Name", 20, |row| Cell::text(row.0)),
    ],
};

fn row(code: &'static str, name: &str, amount: i64) -> Row {
    Row {
        code,
        name: name.to_owned(),
        count: 3,
        quantity: -1500,
        amount,
        rate: 2100,
        date: "2026-10-25".parse().unwrap(),
        at: Timestamp::new("2026-10-25T01:30:05Z".parse().unwrap()),
    }
}

fn bytes(spool: Spool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = spool.file;
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn written(format: TableFormat, options: CsvOptions, rows: &[Row]) -> Vec<u8> {
    let mut writer = TableWriter::try_new(format, options, vec![ROWS.heading()]).unwrap();
    writer.rows(&ROWS, rows).unwrap();
    bytes(writer.finish().unwrap())
}

fn csv(options: CsvOptions, rows: &[Row]) -> String {
    String::from_utf8(written(TableFormat::Csv, options, rows)).unwrap()
}

const HEADER: &str = "product_code,name,count,quantity,amount,vat_rate,business_date,at\r\n";

#[test]
fn csv_follows_rfc_4180() {
    let text = csv(CsvOptions::default(), &[row("a", "Tea, \"green\"\nleaf", -1250)]);
    assert_eq!(
        text,
        format!("{HEADER}a,\"Tea, \"\"green\"\"\nleaf\",3,-1.5,-12.50,21.00,2026-10-25,2026-10-25T01:30:05Z\r\n")
    );
    assert_eq!(csv(CsvOptions::default(), &[]), HEADER);
}

#[test]
fn csv_for_dutch_excel() {
    let options = CsvOptions {
        delimiter: Some(Delimiter::Semicolon),
        decimal: Some(DecimalMark::Comma),
        bom: Some(true),
    };
    let text = csv(options, &[row("a", "Tea, green; 1.5 l", 5)]);
    let rest = text.strip_prefix('\u{feff}').unwrap();
    let (header, line) = rest.split_once("\r\n").unwrap();
    assert_eq!(header, HEADER.trim_end().replace(',', ";"));
    assert_eq!(
        line,
        "a;\"Tea, green; 1.5 l\";3;-1,5;0,05;21,00;2026-10-25;2026-10-25T01:30:05Z\r\n"
    );
}

#[test]
fn csv_with_tabs_and_with_commas_as_decimal_marks() {
    let tabs = CsvOptions {
        delimiter: Some(Delimiter::Tab),
        ..CsvOptions::default()
    };
    assert!(csv(tabs, &[row("a", "b", 5)]).contains("a\tb\t3\t-1.5\t0.05\t21.00\t"));
    let commas = CsvOptions {
        decimal: Some(DecimalMark::Comma),
        ..CsvOptions::default()
    };
    assert!(csv(commas, &[row("a", "b", 5)]).contains("a,b,3,\"-1,5\",\"0,05\",\"21,00\","));
}

#[test]
fn csv_escapes_texts_that_look_like_formulas_and_no_numbers() {
    for text in ["=1+1", "+31 6", "-5", "@cmd", "\tx", "\rx"] {
        let written = csv(CsvOptions::default(), &[row("a", text, -1)]);
        let record = ::csv::Reader::from_reader(written.as_bytes())
            .into_records()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(&record[1], format!("'{text}"));
        assert_eq!((&record[3], &record[4]), ("-1.5", "-0.01"));
    }
    for text in ["a=b", "'x", "5-3", "é"] {
        assert!(
            csv(CsvOptions::default(), &[row("a", text, 1)]).contains(&format!("a,{text},")),
            "{text}"
        );
    }
}

#[test]
fn several_tables_in_one_csv_are_told_apart_by_section() {
    let headings = vec![NOTES.heading(), ROWS.heading()];
    let mut writer = TableWriter::try_new(TableFormat::Csv, CsvOptions::default(), headings).unwrap();
    writer.row(&NOTES, &("n", "first")).unwrap();
    writer.row(&ROWS, &row("a", "b", 5)).unwrap();
    assert_eq!(
        String::from_utf8(bytes(writer.finish().unwrap())).unwrap(),
        "section,note,name,product_code,count,quantity,amount,vat_rate,business_date,at\r\n\
         note,first,n,,,,,,,\r\n\
         product,,b,a,3,-1.5,0.05,21.00,2026-10-25,2026-10-25T01:30:05Z\r\n"
    );
}

/// What a date cell holds: days since the last day of 1899, by the calendar of spreadsheets.
fn instant(cell: &Data) -> Option<chrono::NaiveDateTime> {
    let Data::DateTime(value) = cell else { return None };
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?;
    date.and_hms_opt(hour.into(), minute.into(), second.into())
}

fn workbook(rows: &[Row]) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(written(TableFormat::Xlsx, CsvOptions::default(), rows))).unwrap()
}

#[test]
fn a_workbook_has_typed_cells_and_totals() {
    let mut book = workbook(&[row("007", "=1+1", -1250), row("b", "-5", 123_456_789)]);
    assert_eq!(book.sheet_names(), ["Products"]);
    let range = book.worksheet_range("Products").unwrap();
    let rows: Vec<&[Data]> = range.rows().collect();
    let titles: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(
        titles,
        [
            "Product",
            "Name",
            "Count",
            "Quantity",
            "Amount",
            "VAT",
            "Date",
            "Time (UTC)"
        ]
    );
    assert_eq!(rows[1][0], Data::String("007".into()));
    assert_eq!(rows[1][1], Data::String("=1+1".into()));
    assert_eq!(
        rows[1][2..6],
        [
            Data::Float(3.0),
            Data::Float(-1.5),
            Data::Float(-12.5),
            Data::Float(0.21)
        ]
    );
    assert_eq!(
        instant(&rows[1][6]).map(|at| at.date()),
        Some("2026-10-25".parse().unwrap())
    );
    assert_eq!(instant(&rows[1][7]), Some("2026-10-25T01:30:05".parse().unwrap()));
    assert_eq!(rows[2][4], Data::Float(1_234_567.89));
    assert_eq!(rows[3][0], Data::String("Total".into()));
    assert_eq!(
        rows[3][2..5],
        [Data::Float(6.0), Data::Float(-3.0), Data::Float(1_234_555.39)]
    );
    assert!(book.worksheet_formula("Products").unwrap().is_empty());
}

#[test]
fn a_workbook_without_rows_has_its_header() {
    let mut book = workbook(&[]);
    assert_eq!(book.worksheet_range("Products").unwrap().height(), 1);
}

#[test]
fn the_header_is_frozen_and_money_is_in_euros() {
    let mut archive = zip_parts(&written(TableFormat::Xlsx, CsvOptions::default(), &[row("a", "b", 5)]));
    let sheet = archive.remove("xl/worksheets/sheet1.xml").unwrap();
    assert!(sheet.contains(r#"state="frozen""#), "{sheet}");
    assert!(sheet.contains(r#"<col min="2" max="2" width="30"#), "{sheet}");
    let styles = archive.remove("xl/styles.xml").unwrap();
    assert!(styles.contains(r"[$€-2]\ #,##0.00;[$€-2]\ \-#,##0.00"), "{styles}");
    assert_eq!(money_format("JPY"), r"[$JPY]\ #,##0;[$JPY]\ \-#,##0");
    assert_eq!(money_format("KWD"), r"[$KWD]\ #,##0.000;[$KWD]\ \-#,##0.000");
}

/// The parts of a workbook, which is a zip file, by name.
fn zip_parts(workbook: &[u8]) -> HashMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut parts = HashMap::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        parts.insert(part.name().unwrap().into_owned(), text);
    }
    parts
}

fn money_format(code: &str) -> String {
    xlsx::money_format(Currency::try_from_code(code).unwrap())
}

#[test]
fn a_total_that_does_not_fit_is_refused() {
    let mut writer = TableWriter::try_new(TableFormat::Xlsx, CsvOptions::default(), vec![ROWS.heading()]).unwrap();
    writer.row(&ROWS, &row("a", "b", i64::MAX)).unwrap();
    assert!(writer.row(&ROWS, &row("a", "b", 1)).is_err());
}

#[test]
fn a_json_list_is_written_item_by_item() {
    let head = serde_json::json!({"a": 1});
    let written = |items: &[i32]| {
        let mut writer = JsonWriter::try_new(&head, "items").unwrap();
        items.iter().try_for_each(|item| writer.item(item)).unwrap();
        String::from_utf8(bytes(writer.finish().unwrap())).unwrap()
    };
    assert_eq!(written(&[]), r#"{"a":1,"items":[]}"#);
    assert_eq!(written(&[1, 2]), r#"{"a":1,"items":[1,2]}"#);
    assert!(JsonWriter::try_new(&serde_json::json!({}), "items").is_err());
}

#[actix_web::test]
async fn a_file_goes_out_whole_from_memory_and_from_disk() {
    use std::io::Write;
    for length in [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let content: Vec<u8> = (0..=250_u8).cycle().take(length).collect();
        let mut spool = Spool::new();
        spool.write_all(&content).unwrap();
        let name = "statement 7\"1/9".to_owned();
        let response = Download {
            spool,
            format: TableFormat::Csv,
            name,
        }
        .respond()
        .unwrap();
        assert_eq!(
            response.headers().get("content-disposition").unwrap(),
            "attachment; filename=\"statement-7-1-9.csv\""
        );
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        assert_eq!(body.len(), length);
        assert!(body == content);
    }
}
