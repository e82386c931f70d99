//! The table back with its wrong cells marked, and templates.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};

use super::{DE_BAL, LE_BAR, csv, findings, path, validated};
use crate::harness::{Answer, Venue};

fn part(answer: &Answer, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(&answer.bytes)).unwrap();
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
fn a_template_is_an_import_that_is_right() {
    let venue = Venue::open();
    for kind in ["customers", "accounts"] {
        for language in ["", "?language=en", "?language=fr", "?language=de"] {
            let answer = venue
                .superuser
                .get(&format!("/v1/import-templates/{kind}.xlsx{language}"));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let import = validated(&venue.superuser, kind, &answer.bytes);
            assert_eq!(
                import["status"],
                "valid",
                "{language}: {:?}",
                findings(&venue.superuser, &import)
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
