//! The sample of tills: what the service makes of it is what the file itself adds up to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Venue;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sales-sample.csv");

/// A row of the sample.
struct Row {
    sale_id: u64,
    customer_id: String,
    at: DateTime<Utc>,
    product_id: String,
    product_name: String,
    quantity: i64,
    amount_cents: i64,
}

impl Row {
    /// The day in Amsterdam, where the venue is.
    fn business_date(&self) -> NaiveDate {
        self.at.with_timezone(&chrono_tz::Europe::Amsterdam).date_naive()
    }
}

fn sample() -> Vec<Row> {
    let mut reader = csv::Reader::from_path(SAMPLE).unwrap();
    let heading =
        "sale_id,line_no,customer_id,store_id,timestamp,product_id,product_name,product_category,quantity,amount_cents";
    let names = reader.headers().unwrap().iter().collect::<Vec<_>>().join(",");
    assert_eq!(names, heading);
    let rows: Vec<Row> = reader
        .into_records()
        .map(|record| {
            let record = record.unwrap();
            Row {
                sale_id: record[0].parse().unwrap(),
                customer_id: record[2].to_owned(),
                at: record[4].parse().unwrap(),
                product_id: record[5].to_owned(),
                product_name: record[6].to_owned(),
                quantity: record[8].parse().unwrap(),
                amount_cents: record[9].parse().unwrap(),
            }
        })
        .collect();
    assert_eq!(rows.len(), 200);
    rows
}

/// What each customer bought in a month.
fn months(rows: &[Row]) -> String {
    let mut totals: BTreeMap<(&str, String), (BTreeSet<u64>, i64)> = BTreeMap::new();
    for row in rows {
        let month = row.business_date().format("%Y-%m").to_string();
        let (sales, amount) = totals.entry((&row.customer_id, month)).or_default();
        sales.insert(row.sale_id);
        *amount += row.amount_cents;
    }
    let mut file = "customer_id,month,sales,amount_cents\n".to_owned();
    for ((customer, month), (sales, amount)) in totals {
        writeln!(file, "{customer},{month},{},{amount}", sales.len()).unwrap();
    }
    file
}

/// What each customer bought of a product on a day.
fn days(rows: &[Row]) -> String {
    let mut totals: BTreeMap<(&str, NaiveDate, &str, &str), (i64, i64)> = BTreeMap::new();
    for row in rows {
        let key = (
            row.customer_id.as_str(),
            row.business_date(),
            row.product_id.as_str(),
            row.product_name.as_str(),
        );
        let (quantity, amount) = totals.entry(key).or_default();
        *quantity += row.quantity;
        *amount += row.amount_cents;
    }
    let mut file = csv::Writer::from_writer(Vec::new());
    let names = [
        "customer_id",
        "day",
        "product_id",
        "product_name",
        "quantity",
        "amount_cents",
    ];
    file.write_record(names).unwrap();
    for (key, sums) in totals {
        file.serialize((key, sums)).unwrap();
    }
    String::from_utf8(file.into_inner().unwrap()).unwrap()
}

/// Which sales fit within the limit, one after the other, and what is owed after each; with how many of them did not fit.
fn outcomes(rows: &[Row], limit_cents: i64) -> (String, usize) {
    let mut sales: BTreeMap<(DateTime<Utc>, u64), (&str, i64)> = BTreeMap::new();
    for row in rows {
        let (_, amount) = sales.entry((row.at, row.sale_id)).or_insert((&row.customer_id, 0));
        *amount += row.amount_cents;
    }
    let mut owed_by: BTreeMap<&str, i64> = BTreeMap::new();
    let mut declined = 0;
    let mut file = "sale_id,customer_id,accepted,balance_after_cents\n".to_owned();
    for ((_, sale_id), (customer, amount)) in sales {
        let owed = owed_by.entry(customer).or_default();
        let fits = *owed + amount <= limit_cents;
        if fits {
            *owed += amount;
        } else {
            declined += 1;
        }
        writeln!(file, "{sale_id},{customer},{},{owed}", u8::from(fits)).unwrap();
    }
    (file, declined)
}

/// What the loader is run on.
struct Loading {
    venue: Venue,
    folder: TempDir,
}

impl Loading {
    fn open() -> Self {
        let (venue, folder) = (Venue::open(), tempfile::tempdir().unwrap());
        let tenant = venue.director.get("/v1/tenants/current").expect(200);
        assert_eq!(tenant["time_zone"], "Europe/Amsterdam");
        assert_eq!(tenant["business_day_start"], "00:00");
        Loading { venue, folder }
    }

    /// The path of a new file with this content.
    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Loads the sample; answers how many differences there were.
    fn load(&self, more: &[&str]) -> usize {
        super::load(&self.venue, SAMPLE, more)
    }

    /// All of a list, whatever its pages.
    fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .venue
                .director
                .get(&format!("{path}?limit=200{cursor}"))
                .expect(200);
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

#[test]
fn the_sample_is_invoiced_by_month_to_the_cent_and_once_however_often_it_is_loaded() {
    let (loading, rows) = (Loading::open(), sample());
    let (months, days) = (months(&rows), days(&rows));
    assert!(months.contains(",2026-03,") && months.contains(",2026-04,"), "{months}");
    let (month_file, day_file) = (loading.file("months.csv", &months), loading.file("days.csv", &days));
    let expected = [
        "--invoice-months",
        "--expected-month",
        &month_file,
        "--expected-day-product",
        &day_file,
    ];
    assert_eq!(loading.load(&expected), 0);
    let sales: BTreeSet<u64> = rows.iter().map(|row| row.sale_id).collect();
    let (mutations, invoices) = (loading.list("/v1/mutations"), loading.list("/v1/invoices"));
    let count = |kind: &str| mutations.iter().filter(|mutation| mutation["kind"] == kind).count();
    assert_eq!(count("sale"), sales.len());
    assert_eq!(invoices.len(), months.lines().count() - 1);
    let sum: i64 = rows.iter().map(|row| row.amount_cents).sum();
    assert_eq!(owed(&loading), sum);

    assert_eq!(loading.load(&expected), 0);
    assert_eq!(loading.list("/v1/mutations"), mutations);
    assert_eq!(loading.list("/v1/invoices"), invoices);
    assert_eq!(owed(&loading), sum);
}

/// What all accounts owe, in cents.
fn owed(loading: &Loading) -> i64 {
    let accounts = loading.list("/v1/accounts");
    let cents = |account: &Value| {
        account["balance"]
            .as_str()
            .unwrap()
            .replace('.', "")
            .parse::<i64>()
            .unwrap()
    };
    -accounts.iter().map(cents).sum::<i64>()
}

#[test]
fn what_the_limit_declines_and_every_balance_is_as_added_up_by_hand() {
    let (loading, rows) = (Loading::open(), sample());
    let (expected, declined) = outcomes(&rows, 15_000);
    let count = expected.lines().count() - 1;
    assert!(
        declined > 5 && declined < count - 5,
        "{declined} of {count} are declined"
    );
    let file = loading.file("limit.csv", &expected);
    assert_eq!(loading.load(&["--limit", "150.00", "--expected-limit", &file]), 0);
    // a declined sale stays declined, under its key
    assert_eq!(loading.load(&["--limit", "150.00", "--expected-limit", &file]), 0);
    let sales = loading
        .list("/v1/mutations")
        .into_iter()
        .filter(|one| one["kind"] == json!("sale"));
    assert_eq!(sales.count(), count - declined);

    let wrong = expected.replacen(",1,", ",0,", 1);
    let file = loading.file("wrong.csv", &wrong);
    assert_eq!(loading.load(&["--limit", "150.00", "--expected-limit", &file]), 1);
}

#[test]
fn a_cent_too_much_in_a_month_and_in_a_day_are_differences() {
    let (loading, rows) = (Loading::open(), sample());
    let mut wrong = rows;
    wrong[0].amount_cents += 1;
    let month_file = loading.file("months.csv", &months(&wrong));
    let day_file = loading.file("days.csv", &days(&wrong));
    let expected = ["--expected-month", &month_file, "--expected-day-product", &day_file];
    // the invoice, its line, and the line of the statement
    assert_eq!(loading.load(&expected), 3);
}
