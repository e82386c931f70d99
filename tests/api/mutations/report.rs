//! The mutations report and an account's list.

use serde_json::{Value, json};

use crate::harness::Venue;
use crate::harness::money::{sale, with};
use crate::ledger::post_reset;

fn amounts(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["balance_change"].as_str().unwrap())
        .collect()
}

/// Two accounts with sales on three days, all posted at noon of the last.
fn venue_with_sales() -> (Venue, onaccount::id::Id, onaccount::id::Id) {
    let venue = Venue::open();
    let (one, two) = (venue.account("71900001", "100.00"), venue.account("71900002", "100.00"));
    for (account_id, day, amount) in [
        (one, 13, "1.00"),
        (two, 13, "2.00"),
        (one, 14, "3.00"),
        (two, 15, "4.00"),
        (one, 15, "5.00"),
    ] {
        let occurred_at = json!({"occurred_at": format!("2026-10-{day}T09:00:00Z")});
        venue
            .till
            .post_new("/v1/sales", with(sale(account_id, amount), occurred_at))
            .expect(201);
        let now = venue.service.clock.now().plus(chrono::TimeDelta::seconds(1));
        venue.service.clock.set(now);
    }
    (venue, one, two)
}

#[test]
fn a_date_has_one_spelling_in_every_request() {
    let (venue, one, _) = venue_with_sales();
    for wrong in ["2026-1-5", "%2B12026-01-01", "-9999-01-01", "0000-01-01", "2026-02-30"] {
        for path in [
            format!("/v1/mutations?from={wrong}"),
            format!("/v1/mutations?to={wrong}"),
            format!("/v1/invoices?from={wrong}"),
            format!("/v1/till/totals?business_date={wrong}"),
            format!("/v1/accounts/{one}/statement?from={wrong}&to=2026-10-31"),
        ] {
            venue.superuser.get(&path).problem(422, "validation_failed");
        }
        let wrong = wrong.replace("%2B", "+");
        let mut run =
            json!({"from": "2026-10-01", "to": "2026-10-31", "reset_type": "none", "accounts": {"all": true}});
        for field in ["from", "to", "invoice_date"] {
            let good = run[field].take();
            run[field] = json!(wrong);
            let answer = venue.superuser.post("/v1/invoice-runs/preview", run.clone());
            let problem = answer.problem(422, "validation_failed");
            assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{problem}");
            run[field] = if good.is_null() { json!("2026-10-15") } else { good };
        }
        let settings = json!({"accept_sales_from": wrong});
        let answer = venue.director.patch("/v1/tenants/current", "*", settings);
        answer.problem(422, "validation_failed");
    }
    for early in ["1900-01-01", "9999-12-31"] {
        let statement = format!("/v1/accounts/{one}/statement?from={early}&to={early}");
        let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(venue.superuser.with("Accept", xlsx).get(&statement).status, 200);
        venue.superuser.get(&format!("/v1/mutations?from={early}")).expect(200);
    }
}

#[test]
fn the_report_is_filtered_by_account_kind_period_and_run() {
    let (venue, one, _) = venue_with_sales();
    let list = |query: &str| venue.superuser.get(&format!("/v1/mutations?{query}")).expect(200);
    assert_eq!(
        amounts(&list("kind=sale")),
        ["-5.00", "-4.00", "-3.00", "-2.00", "-1.00"]
    );
    assert_eq!(
        amounts(&list(&format!("kind=sale,refund&account_id={one}"))),
        ["-5.00", "-3.00", "-1.00"]
    );
    assert_eq!(
        amounts(&list("from=2026-10-13&to=2026-10-14")),
        ["-3.00", "-2.00", "-1.00"]
    );
    assert_eq!(list("kind=limit_change")["items"].as_array().unwrap().len(), 2);
    let reset_id = post_reset(&venue, one);
    let reset = venue.superuser.get(&format!("/v1/mutations/{reset_id}")).expect(200);
    let of_run = list(&format!("run_id={}", reset["run_id"].as_str().unwrap()));
    assert_eq!(of_run["items"][0]["id"], json!(reset_id));
    assert_eq!(of_run["items"].as_array().unwrap().len(), 1);
    let item = &list("kind=sale&limit=1")["items"][0];
    assert_eq!(
        (&item["account_number"], &item["account_name"]),
        (&json!("71900001"), &json!("Holder of 71900001"))
    );
    assert!(item.get("lines").is_none());
}

#[test]
fn the_report_goes_on_from_page_to_page() {
    let (venue, _, _) = venue_with_sales();
    let mut found = Vec::new();
    let mut path = "/v1/mutations?kind=sale&limit=2".to_owned();
    loop {
        let answer = venue.superuser.get(&path);
        let page = answer.expect(200);
        found.extend(amounts(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/mutations?kind=sale&limit=2&cursor={cursor}");
        assert_eq!(answer.header("link"), format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(found, ["-5.00", "-4.00", "-3.00", "-2.00", "-1.00"]);
}

#[test]
fn the_report_of_some_days_goes_on_from_page_to_page_also_between_sales_of_one_moment() {
    let (venue, one, two) = venue_with_sales();
    for account_id in [one, two] {
        venue.sell(account_id, "6.00").expect(201);
    }
    for (days, expected) in [
        ("from=2026-10-14&to=2026-10-15", 5),
        ("to=2026-10-14", 3),
        ("from=2026-10-15", 4),
    ] {
        let report = format!("/v1/mutations?kind=sale&{days}");
        let whole = venue.superuser.get(&report).expect(200);
        let whole = whole["items"].as_array().unwrap();
        assert_eq!(whole.len(), expected, "{days}");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = venue.superuser.get(&format!("{report}&limit=1{cursor}")).expect(200);
            found.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(&found, whole, "{days}");
    }
}

#[test]
fn a_report_that_cannot_be_is_refused() {
    let (venue, one, _) = venue_with_sales();
    let get = |query: &str| venue.superuser.get(&format!("/v1/mutations?{query}"));
    for (query, parameter) in [
        ("from=2026-10-15&to=2026-10-14", "to"),
        ("from=2016-01-01&to=2026-01-01", "to"),
        ("from=15-10-2026", "from"),
        ("kind=sale,tip", "kind"),
        ("account_id=71900001", "account_id"),
        ("limit=201", "limit"),
    ] {
        let problem = get(query).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    get("colour=red").problem(400, "unknown_query_parameter");
    get("cursor=abc").problem(400, "bad_cursor");
    venue.clerk.get("/v1/mutations").problem(403, "forbidden");
    let (_, director, _) = venue.neighbour(720);
    assert_eq!(director.get("/v1/mutations").expect(200)["items"], json!([]));
    director
        .get(&format!("/v1/accounts/{one}/mutations"))
        .problem(404, "not_found");
}

#[test]
fn an_account_lists_its_mutations_by_number() {
    let (venue, one, _) = venue_with_sales();
    let path = format!("/v1/accounts/{one}/mutations?limit=3");
    let page = venue.superuser.get(&path).expect(200);
    let seqs = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["seq"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (seqs(&page), amounts(&page)),
        (vec![4, 3, 2], vec!["-5.00", "-3.00", "-1.00"])
    );
    let next = venue
        .superuser
        .get(&format!("{path}&cursor={}", page["next_cursor"].as_str().unwrap()))
        .expect(200);
    assert_eq!((seqs(&next), &next["next_cursor"]), (vec![1], &Value::Null));
}

#[test]
fn the_whole_report_is_a_csv_too() {
    let (venue, one, _) = venue_with_sales();
    venue.change_limit(one, "-1.00").expect(201);
    let csv = |query: &str| {
        let answer = venue
            .superuser
            .with("Accept", "text/csv")
            .get(&format!("/v1/mutations?account_id={one}&{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("content-type").starts_with("text/csv"));
        answer.text()
    };
    let text = csv("limit=1");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let headers = rows.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let of = |record: &csv::StringRecord, name: &str| record[column(name)].to_owned();
    let records: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let summary: Vec<(String, String, String)> = records
        .iter()
        .map(|record| {
            (
                of(record, "kind"),
                of(record, "balance_change"),
                of(record, "credit_limit_change"),
            )
        })
        .collect();
    let row = |kind: &str, balance: &str, limit: &str| (kind.to_owned(), balance.to_owned(), limit.to_owned());
    let expected = [
        row("limit_change", "0.00", "-1.00"),
        row("sale", "-5.00", "0.00"),
        row("limit_change", "0.00", "100.00"),
        row("sale", "-3.00", "0.00"),
        row("sale", "-1.00", "0.00"),
    ];
    assert_eq!(summary, expected);
    assert_eq!(of(&records[1], "account_name"), "Holder of 71900001");
    assert_eq!(of(&records[1], "posted_by"), "Bar");
    let dutch = csv("kind=sale&delimiter=;&decimal=comma");
    assert!(dutch.lines().nth(1).unwrap().contains(";-5,00;"), "{dutch}");
    let xlsx = venue.superuser.with(
        "Accept",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    );
    assert_eq!(&xlsx.get("/v1/mutations").bytes[..2], b"PK");
}
