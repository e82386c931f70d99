//! Files that are broken or meant to break.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use rust_xlsxwriter::Workbook;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::validated;
use crate::harness::Venue;

const TYPES: &str =
    r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const LINKS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
    <Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

const ROOT: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
    <Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

/// A workbook with this sheet and these other files.
fn workbook(sheet: &[u8], others: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let usual: [(&str, &[u8]); 5] = [
        ("_rels/.rels", ROOT.as_bytes()),
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", LINKS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    for (name, content) in usual.iter().chain(others) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook whose only sheet is one of macros.
fn of_macros() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("_rels/.rels", ROOT.to_owned()),
        ("[Content_Types].xml", TYPES.to_owned()),
        ("xl/workbook.xml", BOOK.to_owned()),
        (
            "xl/_rels/workbook.xml.rels",
            LINKS.replace("relationships/worksheet", "relationships/xlMacrosheet"),
        ),
    ] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn sheet(rows: &str) -> Vec<u8> {
    let head = r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
    format!("{head}{rows}</sheetData></worksheet>").into_bytes()
}

#[test]
fn what_is_no_spreadsheet_is_refused_and_says_why() {
    let venue = Venue::open();
    let mut cut = Workbook::new();
    cut.add_worksheet().write(0, 0, "Naam").unwrap();
    let whole = cut.save_to_buffer().unwrap();
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let encrypted = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 504], &encrypted].concat();
    for (content, code) in [
        (b"".to_vec(), "empty"),
        (b"%PDF-1.7 ...".to_vec(), "unknown_format"),
        (b"\x00\x01\x02\x03\x04".to_vec(), "unknown_format"),
        (whole[..whole.len() / 2].to_vec(), "damaged"),
        (encrypted, "encrypted"),
        (of_macros(), "unknown_format"),
        (
            workbook(b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\"", &[]),
            "damaged",
        ),
        (workbook(&sheet(""), &[]), "empty"),
    ] {
        let problem = venue
            .superuser
            .upload("customers", "x.xlsx", &content)
            .problem(422, "unreadable_file");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
}

#[test]
fn a_bomb_of_shared_texts_is_known_before_it_is_unpacked() {
    let venue = Venue::open();
    let mut content = workbook(&sheet(""), &[("xl/sharedStrings.xml", b"<sst/>")]);
    // The directory's last entry says that it unpacks to two gigabytes.
    let entry = content.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    content[entry + 24..entry + 28].copy_from_slice(&i32::MAX.to_le_bytes());
    let problem = venue
        .superuser
        .upload("customers", "x.xlsx", &content)
        .problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "too_large");
}

#[test]
fn cells_far_away_take_no_memory_and_entities_fetch_nothing() {
    let venue = Venue::open();
    let text = |cell: &str, text: &str| format!(r#"<c r="{cell}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    let rows = format!(
        r#"<row r="1">{}{}{}{}</row><row r="1048576">{}</row>"#,
        text("A1", "Naam"),
        text("B1", "Limiet"),
        text("C1", "Aantal"),
        text("XFD1", "ver"),
        text("A1048576", "De Bal")
    );
    let import = validated(&venue.superuser, "accounts", &workbook(&sheet(&rows), &[]));
    assert_eq!(
        (&import["row_count"], &import["status"]),
        (&json!(1), &json!("invalid"))
    );
    let entity = format!(
        r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">{}</row></sheetData></worksheet>"#,
        text("A1", "&e;")
    );
    let answer = venue
        .superuser
        .upload("accounts", "x.xlsx", &workbook(entity.as_bytes(), &[]));
    assert!(!answer.text().contains("root:"), "{}", answer.text());
    assert!(matches!(answer.status, 201 | 422), "{}", answer.text());
}

#[test]
fn a_file_with_more_rows_than_are_read_is_refused() {
    let venue = Venue::open();
    let content = format!("Naam;Limiet;Aantal\n{}", "A;1;1\n".repeat(200_001));
    let import = venue
        .superuser
        .upload("accounts", "x.csv", content.as_bytes())
        .expect(201);
    let answer = venue
        .superuser
        .with("Prefer", "wait=30")
        .post_empty(&format!("{}/validate", super::path(&import)));
    let problem = answer.problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "too_large");
    let upload = vec![b'x'; (32 << 20) + 1];
    venue
        .superuser
        .upload("accounts", "x.csv", &upload)
        .problem(413, "payload_too_large");
}

#[test]
fn formulas_in_a_text_stay_texts_and_leave_as_texts() {
    let venue = Venue::open();
    let content = "Naam;Limiet;Aantal\n=HYPERLINK(\"http://x\");@SUM(1);1\n";
    let import = validated(&venue.superuser, "accounts", content.as_bytes());
    let file = venue
        .superuser
        .with("Accept", "text/csv")
        .get(&format!("{}/findings", super::path(&import)));
    assert!(file.text().contains(",'@SUM(1),"), "{}", file.text());
}

#[test]
fn a_workbook_of_too_many_sheets_is_refused() {
    let venue = Venue::open();
    let with_sheets = |count: usize| {
        let mut book = Workbook::new();
        for number in 1..=count {
            let sheet = book.add_worksheet().set_name(format!("Blad {number}")).unwrap();
            for (column, text) in (0_u16..).zip(["Naam", "Limiet", "Aantal"]) {
                sheet.write(0, column, text).unwrap();
            }
        }
        venue
            .superuser
            .upload("accounts", "x.xlsx", &book.save_to_buffer().unwrap())
    };
    let problem = with_sheets(500).problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "too_large");
    assert_eq!(with_sheets(100).expect(201)["sheet"], "Blad 1");
}

#[test]
fn a_million_rows_are_refused_and_take_no_memory_of_the_server() {
    let venue = Venue::open();
    let cell = |column: &str, row: u32, text: &str| {
        format!(r#"<c r="{column}{row}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    };
    let mut rows = String::from(r#"<row r="1">"#);
    for (column, heading) in [("A", "Naam"), ("B", "Limiet"), ("C", "Aantal")] {
        rows += &cell(column, 1, heading);
    }
    rows += "</row>";
    for row in 2..=1_000_001 {
        write!(rows, r#"<row r="{row}"><c r="B{row}"><v>1</v></c></row>"#).unwrap();
    }
    let content = workbook(&sheet(&rows), &[]);
    drop(rows);
    let import = venue.superuser.upload("accounts", "x.xlsx", &content).expect(201);
    let waiting = venue.superuser.with("Prefer", "wait=30");
    let problem = waiting
        .post_empty(&format!("{}/validate", super::path(&import)))
        .problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "too_large");
    assert_eq!(
        venue.superuser.get(&super::path(&import)).expect(200)["status"],
        "uploaded"
    );
}

#[test]
fn a_file_is_what_it_holds_whatever_it_is_called() {
    let venue = Venue::open();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, text) in (0_u16..).zip(["Naam", "Limiet", "Aantal"]) {
        sheet.write(0, column, text).unwrap();
    }
    let book = book.save_to_buffer().unwrap();
    for (name, content, format) in [
        ("list.csv", book.as_slice(), "xlsx"),
        ("list.xls", book.as_slice(), "xlsx"),
        ("list.xlsx", b"Naam;Limiet;Aantal\nA;1;1\n".as_slice(), "csv"),
        ("list", b"Naam\tLimiet\tAantal\nA\t1\t1\n".as_slice(), "csv"),
    ] {
        let import = venue.superuser.upload("accounts", name, content).expect(201);
        assert_eq!(import["file_format"], format, "{name}");
        assert_eq!(import["missing"], super::nothing(), "{name}");
    }
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 64]].concat();
    let problem = venue
        .superuser
        .upload("accounts", "list.xlsx", &picture)
        .problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "unknown_format");
}

#[test]
fn a_file_that_breaks_off_anywhere_is_refused_or_read() {
    let venue = Venue::open();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for row in 0..50 {
        for column in 0..5 {
            sheet.write(row, column, format!("text {row} {column}")).unwrap();
        }
    }
    let whole = book.save_to_buffer().unwrap();
    for part in 1..20 {
        let cut = &whole[..whole.len() * part / 20];
        let problem = venue
            .superuser
            .upload("accounts", "x.xlsx", cut)
            .problem(422, "unreadable_file");
        assert_eq!(problem["errors"][0]["code"], "damaged", "{part}");
    }
}

#[test]
fn a_spreadsheet_with_a_password_says_that_it_has_one() {
    let venue = Venue::open();
    let manifest = br#"<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
        <manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml" manifest:size="9">
        <manifest:encryption-data/></manifest:file-entry></manifest:manifest>"#;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet".as_slice()),
        ("content.xml", b"encrypted".as_slice()),
        ("META-INF/manifest.xml", manifest.as_slice()),
    ] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    let content = writer.finish().unwrap().into_inner();
    let problem = venue
        .superuser
        .upload("accounts", "x.ods", &content)
        .problem(422, "unreadable_file");
    assert_eq!(problem["errors"][0]["code"], "encrypted");
}
