//! The table back with its wrong cells marked, and templates.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::{Chart, ChartType, Color, Format, Formula, Workbook};

use super::{DE_BAL, HEADINGS, LE_BAR, csv, findings, path, validated};
use crate::harness::{Answer, Venue};

fn part(answer: &Answer, name: &str) -> String {
    part_of(&answer.bytes, name)
}

fn part_of(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_marked_table_has_the_same_cells_and_says_what_is_wrong() {
    let venue = Venue::open();
    let wrong = DE_BAL.replace("België", "Kongo").replace("vera@example.com", "=1+1");
    let import = validated(&venue.superuser, "customers", &csv(&[&wrong, "", LE_BAR]));
    let answer = venue.superuser.get(&format!("{}/marked-workbook", path(&import)));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut book = Xlsx::new(Cursor::new(answer.bytes.clone())).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(range.get_value((1, 0)), Some(&Data::String("Kantine De Bal".into())));
    assert_eq!(range.get_value((1, 4)), Some(&Data::String("Kongo".into())));
    assert_eq!(
        range.get_value((1, 12)),
        Some(&Data::String("=1+1".into())),
        "a text, not a formula"
    );
    assert_eq!(
        range.get_value((3, 0)),
        Some(&Data::String("Le Bar".into())),
        "rows stay where they are"
    );
    let comments = part(&answer, "xl/comments1.xml");
    assert!(
        comments.contains("Meer landen heten zo. Schrijf een van: CD, CG."),
        "{comments}"
    );
    assert!(
        comments.contains(r#"ref="E2""#) && comments.contains(r#"ref="M2""#),
        "{comments}"
    );
    // Put right what is marked, and send the same workbook again.
    let mut fixed = rust_xlsxwriter::Workbook::new();
    let sheet = fixed.add_worksheet();
    for (row, cells) in (0_u32..).zip(range.rows()) {
        for (column, cell) in (0_u16..).zip(cells) {
            let text = match (row, column) {
                (1, 4) => "België".to_owned(),
                (1, 12) => "vera@example.com".to_owned(),
                _ => cell.to_string(),
            };
            sheet.write(row, column, text).unwrap();
        }
    }
    let import = validated(&venue.superuser, "customers", &fixed.save_to_buffer().unwrap());
    assert_eq!(import["status"], "valid", "{:?}", findings(&venue.superuser, &import));
}

#[test]
fn a_template_is_known_to_the_import_and_its_example_is_left_out() {
    let venue = Venue::open();
    for kind in ["customers", "accounts"] {
        for language in ["", "?language=en", "?language=fr", "?language=de"] {
            let answer = venue
                .superuser
                .get(&format!("/v1/import-templates/{kind}.xlsx{language}"));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let import = validated(&venue.superuser, kind, &answer.bytes);
            let found = findings(&venue.superuser, &import);
            assert_eq!(
                found,
                ["null no_rows", "null example_row"],
                "{language}: its example is left out"
            );
            assert_eq!(import["unmapped"], super::nothing(), "{language}");
        }
    }
    venue
        .superuser
        .get("/v1/import-templates/birds.xlsx")
        .problem(404, "not_found");
    let words = venue.superuser.get("/v1/import-templates/customers.xlsx?language=pt");
    words.problem(422, "validation_failed");
}

/// A workbook with everything in it that people put there, whose second sheet is the list.
fn dressed(wrong: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet()
        .set_name("Uitleg")
        .unwrap()
        .write(0, 0, "Vul blad 2 in")
        .unwrap();
    let sheet = book.add_worksheet().set_name("Klanten").unwrap();
    let yellow = Format::new().set_background_color(Color::Yellow).set_bold();
    sheet.merge_range(0, 0, 0, 3, "Klantenlijst", &yellow).unwrap();
    sheet.set_column_width(0, 33).unwrap().set_freeze_panes(3, 0).unwrap();
    for (row, line) in [(2, HEADINGS), (3, wrong)] {
        for (column, text) in (0_u16..).zip(line.split(';')) {
            sheet.write_with_format(row, column, text, &yellow).unwrap();
        }
    }
    sheet.write(3, 16, Formula::new("=1+1").set_result("2")).unwrap();
    let mut chart = Chart::new(ChartType::Column);
    chart.add_series().set_values("Klanten!$Q$4:$Q$4");
    sheet.insert_chart(6, 1, &chart).unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_is_marked_as_it_is_with_all_that_is_in_it() {
    let venue = Venue::open();
    let wrong = DE_BAL.replace("België", "Kongo").replace("Dorpsstraat 1", "");
    let sent = dressed(&wrong);
    let import = validated(&venue.superuser, "customers", &sent);
    assert_eq!(
        findings(&venue.superuser, &import),
        ["B4 missing_value", "E4 ambiguous_country", "F4 zeros_restored"]
    );
    let answer = venue.superuser.get(&format!("{}/marked-workbook", path(&import)));
    assert_eq!(
        (answer.status, answer.header("onaccount-workbook")),
        (200, "original"),
        "{}",
        answer.text()
    );
    let mut book = Xlsx::new(Cursor::new(answer.bytes.clone())).unwrap();
    assert_eq!(book.sheet_names(), ["Uitleg", "Klanten"]);
    let range = book.worksheet_range("Klanten").unwrap();
    assert_eq!(range.get_value((3, 4)), Some(&Data::String("Kongo".into())));
    assert_eq!(range.get_value((3, 16)), Some(&Data::Float(2.0)));
    assert!(
        book.worksheet_formula("Klanten").unwrap().is_empty(),
        "formulas have become values"
    );
    let sheet = part(&answer, "xl/worksheets/sheet2.xml");
    for kept in [
        "<mergeCell ref=\"A1:D1\"/>",
        "<pane ",
        "width=\"33.7109375\"",
        "<drawing ",
        "<legacyDrawing ",
    ] {
        assert!(sheet.contains(kept), "{kept}: {sheet}");
    }
    for kept in [
        "xl/charts/chart1.xml",
        "xl/drawings/drawing1.xml",
        "xl/worksheets/sheet1.xml",
    ] {
        assert_eq!(part(&answer, kept), part_of(&sent, kept), "{kept}");
    }
    let styles = part(&answer, "xl/styles.xml");
    assert!(styles.contains("FFFFFF00") && styles.contains("FFFFC7CE"), "{styles}");
    let style = |cell: &str| {
        let (_, rest) = sheet.split_once(&format!("r=\"{cell}\"")).unwrap();
        let (_, number) = rest.split_once("s=\"").unwrap();
        number.split('"').next().unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(style("A4"), style("C4"));
    assert!(style("E4") > style("A4") && style("B4") == style("E4"), "{sheet}");
    let comments = part(&answer, "xl/onaccount-comments.xml");
    assert!(
        comments.contains(r#"ref="B4""#) && comments.contains("Schrijf een van: CD, CG."),
        "{comments}"
    );
    assert_eq!(comments.matches("<comment ").count(), 3);
    // The same workbook can be sent again, and says the same.
    let again = validated(&venue.superuser, "customers", &answer.bytes);
    assert_eq!(
        findings(&venue.superuser, &again),
        ["B4 missing_value", "E4 ambiguous_country", "F4 zeros_restored"]
    );
    let answer = venue.superuser.get(&format!("{}/marked-workbook", path(&again)));
    assert_eq!((answer.status, answer.header("onaccount-workbook")), (200, "original"));
    assert_eq!(part(&answer, "xl/onaccount-comments.xml"), comments);
}

#[test]
fn what_is_said_is_said_in_the_language_that_is_asked_for() {
    let venue = Venue::open();
    let import = validated(
        &venue.superuser,
        "customers",
        &csv(&[&LE_BAR.replace("FRANCE", "Kongo")]),
    );
    for (asked, said) in [
        ("fr-BE, nl;q=0.5", "Plusieurs pays portent ce nom."),
        ("pl, de;q=0.3", "Mehrere Länder heißen so."),
        ("EN", "Several countries are called so."),
        ("pl", "Meer landen heten zo."),
    ] {
        let reader = venue.superuser.with("Accept-Language", asked);
        let findings = format!("{}/findings", path(&import));
        let page = reader.get(&findings).expect(200);
        let message = page["items"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(said), "{asked}: {message}");
        let table = reader.with("Accept", "text/csv").get(&findings).text();
        assert!(table.contains(said), "{asked}: {table}");
        let marked = reader.get(&format!("{}/marked-workbook", path(&import)));
        let comments = part(&marked, "xl/comments1.xml");
        assert!(comments.contains(said), "{asked}: {comments}");
    }
}
