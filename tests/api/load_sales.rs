//! `examples/load_sales`, on made-up files: of documents what came back finds its sale or stays without one, and every total is
//! exact. Sales of tills are in `tills`.

use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::Venue;

#[allow(dead_code, reason = "a program has its own way in")]
#[path = "../../examples/load_sales/main.rs"]
mod loader;
mod tills;

const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/documents-sample.csv");

const MONTHS: &str = "month,CustomerID,docs,lines,sales_cents,returns_cents,net_cents
2026-03,21,3,9,15365,-4220,11145
2026-03,22,3,5,3570,-4735,-1165
2026-03,23,1,1,0,-4900,-4900
2026-04,21,1,1,0,0,0
2026-04,23,1,1,4900,0,4900
";

const DAYS: &str = "CustomerID,day,StockCode,quantity,amount_cents,lines
21,2026-03-02,MUG-B,24,7080,2
21,2026-03-02,LAMP,2,4900,1
21,2026-03-02,GIFT,10,0,1
22,2026-03-02,MUG-B,6,1770,1
22,2026-03-02,POST,1,1800,1
21,2026-03-03,MUG-B,-2,-590,3
21,2026-03-03,LAMP,0,-245,2
23,2026-03-04,LAMP,-2,-4900,1
22,2026-03-04,MUG-B,-13,-3835,2
22,2026-03-04,POST,-1,-900,1
23,2026-04-01,LAMP,2,4900,1
21,2026-04-02,GIFT,-4,0,1
";

/// Loads a file with the director's token; answers how many differences there were.
fn load(venue: &Venue, file: &str, more: &[&str]) -> usize {
    let (url, token) = (&venue.service.base, venue.director.token.as_deref().unwrap());
    let base = ["load_sales", file, "--url", url, "--token", token];
    let options = loader::Options::parse_from(base.iter().chain(more));
    loader::load(&options).unwrap()
}

/// What the loader is run on.
struct Loading {
    venue: Venue,
    folder: TempDir,
}

impl Loading {
    fn open() -> Self {
        let (venue, folder) = (Venue::open(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("months.csv"), MONTHS).unwrap();
        std::fs::write(folder.path().join("days.csv"), DAYS).unwrap();
        Loading { venue, folder }
    }

    /// Loads the sample; answers how many differences there were.
    fn load(&self) -> usize {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let superuser = self.venue.superuser.token.as_deref().unwrap();
        let more = [
            "--form=documents",
            "--superuser-token",
            superuser,
            "--expected-month",
            &file("months.csv"),
            "--expected-day-product",
            &file("days.csv"),
        ];
        load(&self.venue, DOCUMENTS, &more)
    }

    fn mutations(&self, kind: &str) -> Vec<Value> {
        let path = format!("/v1/mutations?kind={kind}&limit=200");
        let page = self.venue.director.get(&path).expect(200);
        page["items"].as_array().unwrap().clone()
    }
}

#[test]
fn documents_with_returns_come_to_the_same_totals_however_often_they_are_loaded() {
    let loading = Loading::open();
    assert_eq!(loading.load(), 0);
    let (sales, refunds) = (loading.mutations("sale"), loading.mutations("refund"));
    assert_eq!((sales.len(), refunds.len()), (4, 8));
    assert_eq!(loading.load(), 0);
    assert_eq!(loading.mutations("sale"), sales);
    assert_eq!(loading.mutations("refund"), refunds);
}

#[test]
fn what_came_back_is_refunded_of_the_newest_sale_that_it_fits() {
    let loading = Loading::open();
    loading.load();
    let sales = loading.mutations("sale");
    let document = |id: &Value| {
        let sale = sales.iter().find(|sale| sale["id"] == *id).unwrap();
        sale["receipt_number"].as_str().unwrap().to_owned()
    };
    let mut of_sales = Vec::new();
    let mut without = Vec::new();
    for refund in loading.mutations("refund") {
        let amount = refund["balance_change"].as_str().unwrap().to_owned();
        if refund["refers_to_id"].is_null() {
            assert_eq!(refund["posted_by"]["name"], "Suus Superuser");
            without.push((refund["reference"].as_str().unwrap().to_owned(), amount));
        } else {
            let from = refund["receipt_number"].as_str().unwrap().to_owned();
            of_sales.push((from, document(&refund["refers_to_id"]), amount));
        }
    }
    of_sales.sort();
    without.sort();
    let of_sales: Vec<_> = of_sales
        .iter()
        .map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str()))
        .collect();
    assert_eq!(
        of_sales,
        [
            ("C8004", "8001", "24.50"), // the later lamp had another price
            ("C8004", "8001", "8.85"),  // of the later mugs one is left
            ("C8004", "8003", "8.85"),
            ("C8007", "8002", "17.70"),
            ("C8009", "8001", "0.00"),
        ]
    );
    let without: Vec<_> = without.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        without,
        [
            ("C8005 of 2026-03-04", "49.00"), // its only sale is later
            ("C8006 of 2026-03-04", "20.65"), // more than was sold
            ("C8007 of 2026-03-04", "9.00"),  // half the price
        ]
    );
}

#[test]
fn a_cent_too_much_is_a_difference() {
    let loading = Loading::open();
    let wrong = DAYS.replace("LAMP,0,-245", "LAMP,0,-244");
    std::fs::write(loading.folder.path().join("days.csv"), wrong).unwrap();
    assert_eq!(loading.load(), 1);
}
