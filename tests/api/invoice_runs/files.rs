//! Invoices and their lines as CSV and XLSX: the same figures as in JSON.

use serde_json::Value;

use super::books::{Books, beer, of_all, pie};
use crate::harness::{Actor, Answer};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn file(actor: &Actor, media_type: &str, path: &str) -> Answer {
    let answer = actor.with("Accept", media_type).get(path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The rows of a CSV with these columns of it.
fn rows(csv: &str, delimiter: u8, names: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(csv.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let place = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let places: Vec<usize> = names.iter().map(|name| place(name)).collect();
    let row = |record: csv::StringRecord| places.iter().map(|place| record[*place].to_owned()).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// The same columns of a page of JSON.
fn items(page: &Value, names: &[&str]) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |item: &Value| names.iter().map(|name| text(&item[*name])).collect();
    page["items"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_invoices_that_fit_are_a_file_with_the_figures_of_the_pages() {
    let books = Books::open();
    let (one, two) = (books.account(10_000), books.account(10_000));
    books.sell(one, 1, 1_050);
    books.sell(two, 1, 200);
    let run = books.run(of_all(1, 1, "none"));
    books.reverse_invoice(&books.invoice_of(&run, one)).expect(201);
    let actor = books.signed_in();
    let names = [
        "number",
        "invoice_date",
        "kind",
        "status",
        "payer_name",
        "account_number",
        "total",
        "id",
        "run_id",
    ];
    let page = actor.get("/v1/invoices?status=standing").expect(200);
    let expected = items(&page, &names);
    assert_eq!(expected.len(), 2);
    let csv = file(&actor, "text/csv", "/v1/invoices?status=standing&limit=1");
    assert_eq!(
        rows(&csv.text(), b',', &names),
        expected,
        "all of them, whatever the page"
    );
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"invoices.csv\""
    );
    let dutch = file(&actor, "text/csv", "/v1/invoices?delimiter=;&decimal=comma").text();
    let totals: Vec<String> = rows(&dutch, b';', &["total"]).concat();
    assert_eq!(totals, ["-10,50", "2,00", "10,50"]);
    assert_eq!(&file(&actor, XLSX, "/v1/invoices").bytes[..2], b"PK");
    actor
        .with("Accept", "application/pdf")
        .get("/v1/invoices")
        .problem(406, "not_acceptable");
}

#[test]
fn the_lines_of_an_invoice_are_a_file_with_its_number() {
    let books = Books::open();
    let account = books.account(10_000);
    books
        .sell_items(account, 1, &[beer(2, 700), pie(3, 999)], false)
        .unwrap();
    let invoice = books.invoice(account, 1, 1, "none");
    let path = format!("/v1/invoices/{}/lines", invoice["id"].as_str().unwrap());
    let actor = books.signed_in();
    let names = [
        "line_no",
        "business_date",
        "product_code",
        "quantity",
        "amount",
        "vat_rate",
    ];
    let expected = items(&actor.get(&path).expect(200), &names);
    assert_eq!(expected.len(), 2);
    let csv = file(&actor, "text/csv", &format!("{path}?limit=1"));
    assert_eq!(rows(&csv.text(), b',', &names), expected);
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"invoice-2026-00001.csv\""
    );
    assert_eq!(&file(&actor, XLSX, &path).bytes[..2], b"PK");
    let unknown = format!("/v1/invoices/{}/lines", books.venue.tenant_id);
    actor.with("Accept", "text/csv").get(&unknown).problem(404, "not_found");
    let (_, neighbour, _) = books.venue.neighbour(720);
    neighbour
        .with("Accept", "text/csv")
        .get(&path)
        .problem(404, "not_found");
}
