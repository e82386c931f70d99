//! `onaccount import`.

use std::process::{Command, Output};

use crate::harness::Venue;
use crate::imports::{DE_BAL, LE_BAR, csv, customers};

/// The command as the superuser gives it, wherever the tests run.
fn command(kind: &str, venue: &Venue) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onaccount"));
    command
        .args(["import", "--url", &venue.service.base])
        .args(["--token", venue.superuser.token.as_deref().unwrap()])
        .args(["--kind", kind])
        .env("LANG", "C.UTF-8");
    command
}

fn import(venue: &Venue, file: &std::path::Path, more: &[&str]) -> (Output, String) {
    import_of("customers", venue, file, more)
}

fn import_of(kind: &str, venue: &Venue, file: &std::path::Path, more: &[&str]) -> (Output, String) {
    let output = command(kind, venue).args(more).arg(file).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output, text)
}

#[test]
fn a_spreadsheet_is_imported_from_the_command_line() {
    let venue = Venue::open();
    let folder = tempfile::tempdir().unwrap();
    let (file, marked) = (folder.path().join("klanten.csv"), folder.path().join("marked.xlsx"));
    std::fs::write(&file, csv(&[&DE_BAL.replace("België", "Kongo"), LE_BAR])).unwrap();
    let (output, text) = import(&venue, &file, &["--marked", marked.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(
        text.contains("error   E2     \"Kongo\" Meer landen heten zo."),
        "{text}"
    );
    assert!(text.contains("nothing was imported"), "{text}");
    assert!(!text.contains("to be made"), "{text}");
    assert!(std::fs::read(&marked).unwrap().starts_with(b"PK"));
    assert_eq!(customers(&venue).len(), 0);
    std::fs::write(&file, csv(&[DE_BAL, LE_BAR])).unwrap();
    let (output, text) = import(&venue, &file, &["--dry-run"]);
    assert!(output.status.success(), "{text}");
    assert_eq!(customers(&venue).len(), 0);
    let (output, text) = import(&venue, &file, &[]);
    assert!(output.status.success() && text.contains("2 rows, 0 errors"), "{text}");
    assert_eq!(customers(&venue).len(), 2);
    let wider = String::from_utf8(csv(&[DE_BAL])).unwrap();
    let wider = wider
        .trim_end()
        .replace("\r\n", ";x\r\n")
        .replacen(";x", ";Opmerkingen", 1);
    std::fs::write(&file, wider + ";x\n").unwrap();
    let (_, text) = import(&venue, &file, &["--dry-run"]);
    assert!(text.contains("nothing is read from: Opmerkingen\n"), "{text}");
    std::fs::write(&file, b"%PDF-1.7").unwrap();
    let (_, text) = import(&venue, &file, &[]);
    assert!(
        text.contains("422 Unprocessable Entity: this is a file of another kind"),
        "{text}"
    );
}

#[test]
fn findings_speak_the_language_of_whoever_imports() {
    let venue = Venue::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.csv");
    std::fs::write(&file, csv(&[&DE_BAL.replace("België", "Kongo")])).unwrap();
    let said = |lang: &str, more: &[&str]| {
        let output = command("customers", &venue)
            .env("LANG", lang)
            .args(more)
            .arg(&file)
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (dutch, french) = ("Meer landen heten zo.", "Plusieurs pays portent ce nom.");
    let (english, german) = ("Several countries are called so.", "Mehrere Länder heißen so.");
    for (lang, more, expected) in [
        ("fr_BE.UTF-8", &[][..], french),
        ("de_DE", &[], german),
        ("fr_FR.UTF-8", &["--language", "en"], english),
        // nothing that there are words in: the venue's own
        ("C.UTF-8", &[], dutch),
        ("C", &[], dutch),
        ("pl_PL.UTF-8", &[], dutch),
        ("", &[], dutch),
        ("C", &["--language", "de"], german),
    ] {
        let text = said(lang, more);
        assert!(text.contains(expected), "{lang} {more:?}: {text}");
    }
    let (output, text) = import(&venue, &file, &["--language", "pl"]);
    assert!(
        !output.status.success() && text.contains("invalid value 'pl'"),
        "{text}"
    );
}

#[test]
fn a_list_of_transactions_is_imported_from_the_command_line() {
    let venue = Venue::open();
    let account = venue.account("71900001", "0.00");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export_ruwe_transactiegegevens.csv");
    let rows = "Product Id;Datum;Betaaltype;Product;Aantal;Prijs (per product);BTW Type;Aantal * prijs\n\
        12;01-10-2026 20:15;Externe borrel;Bier;2;2.5;21%;5.0\n12;01-10-2026 20:16;Omzet PIN;Bier;1;2.5;21%;2.5\n";
    std::fs::write(&file, rows).unwrap();
    let (output, text) = import_of(
        "sales_history",
        &venue,
        &file,
        &["--account", "Externe borrel=71900001"],
    );
    assert!(!output.status.success());
    assert!(
        text.contains("Omzet PIN                     1 rows         2.50  UNMAPPED"),
        "{text}"
    );
    assert_eq!(venue.state(account).0, 0);
    let (output, text) = import_of("sales_history", &venue, &file, &["--not-on-account", "Omzet PIN"]);
    assert!(
        output.status.success() && text.contains("1 to be made, 0 to be changed, 0 made before, 1 left out"),
        "{text}"
    );
    assert_eq!(venue.state(account).0, -500);
}

#[test]
fn what_is_in_the_way_is_named_with_what_to_do() {
    let venue = Venue::open();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leden.csv");
    std::fs::write(&file, "Naam;Land;E-mail\nDe Bal;Kongo;bal@example.com\n").unwrap();
    let (_, text) = import(&venue, &file, &["--marked", "/no/such/folder/wrong.xlsx"]);
    assert!(text.contains("--marked /no/such/folder/wrong.xlsx: "), "{text}");
    let (_, text) = import(&venue, &file, &[]);
    assert!(
        text.contains("B2     \"Kongo\""),
        "a wrong cell is named beside missing columns: {text}"
    );
    let suggested = text
        .lines()
        .find_map(|line| line.split_once("--optional "))
        .unwrap()
        .1
        .to_owned();
    std::fs::write(&file, "Naam;Land;E-mail\nDe Bal;NL;bal@example.com\n").unwrap();
    let flags = ["--optional", &suggested, "--update-by", "contact_email"];
    let (output, text) = import(&venue, &file, &flags);
    assert!(output.status.success() && text.contains("1 row, 0 errors"), "{text}");
    std::fs::write(&file, "Naam;Land;E-mail\nDe Bal Noord;NL;bal@example.com\n").unwrap();
    let (output, text) = import(&venue, &file, &flags);
    assert!(
        output.status.success() && text.contains("0 to be made, 1 to be changed"),
        "{text}"
    );
    let nobody = Command::new(env!("CARGO_BIN_EXE_onaccount"))
        .args([
            "import",
            "--kind",
            "customers",
            "--url",
            "http://127.0.0.1:1",
            "--token",
            "x",
        ])
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(text.contains("http://127.0.0.1:1/v1/imports: "), "{text}");
}
