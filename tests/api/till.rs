//! `/v1/till`: what a till lists, and its own totals.

use diesel::prelude::*;
use onaccount::db::schema::accounts;
use onaccount::ledger::AccountStatus;
use serde_json::{Value, json};

use crate::harness::Venue;
use crate::harness::money::{sale, with};

fn numbers(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["number"].as_str().unwrap())
        .collect()
}

#[test]
fn the_standard_list_and_the_search() {
    let venue = Venue::open();
    let shown = venue.account("B-2", "10.00");
    let blocked = venue.account("B-1", "0.00");
    let hidden = venue.account("A-9", "0.00");
    let closed = venue.account("B-3", "0.00");
    venue.account("B-%", "0.00");
    venue.set_status(blocked, AccountStatus::Blocked);
    venue.set_status(closed, AccountStatus::Closed);
    let tenant_id = venue.tenant_id;
    venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, hidden)))
            .set(accounts::shown_on_till.eq(false))
            .execute(connection)
    });
    let (neighbour_id, ..) = venue.neighbour(720);
    venue.service.account(neighbour_id, "B-7");
    venue.sell(shown, "4.00").expect(201);
    let list = venue.till.get("/v1/till/accounts").expect(200);
    assert_eq!(numbers(&list), ["B-%", "B-1", "B-2"]);
    let expected = json!({"id": shown, "number": "B-2", "name": "Holder of B-2", "status": "active",
        "on_account_allowed": true, "available": "6.00"});
    assert_eq!(
        (&list["items"][2], &list["items"][1]["status"]),
        (&expected, &json!("blocked"))
    );
    let find = |query: &str| venue.till.get(&format!("/v1/till/accounts?{query}")).expect(200);
    assert_eq!(numbers(&find("q=a-9")), ["A-9"]);
    assert_eq!(numbers(&find("q=H%C3%B3LDER%20OF%20a")), ["A-9"]);
    assert_eq!(numbers(&find("q=%25")), ["B-%"]);
    assert_eq!(numbers(&find("q=b-&shown_on_till=true")), ["B-%", "B-1", "B-2"]);
    assert_eq!(numbers(&find("shown_on_till=false")), ["A-9"]);
    assert_eq!(numbers(&find("q=nobody")), Vec::<&str>::new());
}

#[test]
fn the_list_goes_on_from_page_to_page() {
    let venue = Venue::open();
    for number in ["5", "3", "1", "4", "2"] {
        venue.account(number, "0.00");
    }
    let mut found = Vec::new();
    let mut path = "/v1/till/accounts?limit=2".to_owned();
    loop {
        let page = venue.till.get(&path).expect(200);
        found.extend(numbers(&page).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/till/accounts?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, ["1", "2", "3", "4", "5"]);
    let other_list = path.replace("accounts?", "accounts?q=x&");
    venue.till.get(&other_list).problem(400, "bad_cursor");
}

#[test]
fn a_till_checks_its_own_day() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (_, terrace) = venue.another_till("Terrace");
    let (kept, voided) = (venue.sold(account_id, "10.00"), venue.sold(account_id, "2.00"));
    terrace.post_new("/v1/sales", sale(account_id, "7.00")).expect(201);
    let yesterday = with(sale(account_id, "5.00"), json!({"occurred_at": "2026-10-14T10:00:00Z"}));
    venue.till.post_new("/v1/sales", yesterday).expect(201);
    venue.sell(account_id, "1000.00").problem(409, "limit_exceeded");
    let part = json!({"lines": [{"line_no": 1, "quantity": "0.25"}]});
    venue
        .till
        .post_new(&format!("/v1/sales/{kept}/refunds"), part)
        .expect(201);
    venue
        .till
        .post_new(&format!("/v1/sales/{voided}/void"), json!({"account_id": account_id}))
        .expect(201);
    let totals = venue.till.get("/v1/till/totals?business_date=2026-10-15").expect(200);
    let expected = json!({"business_date": "2026-10-15", "sales": {"count": 2, "amount": "12.00"},
        "refunds": {"count": 1, "amount": "2.50"}, "voids": {"count": 1, "amount": "2.00"}, "net": "7.50"});
    assert_eq!(totals, expected);
    let terrace = terrace.get("/v1/till/totals?business_date=2026-10-15").expect(200);
    assert_eq!(terrace["net"], "7.00");
    let people = venue
        .superuser
        .get("/v1/till/totals?business_date=2026-10-15")
        .expect(200);
    assert_eq!(people["voids"], json!({"count": 0, "amount": "0.00"}));
    venue.till.get("/v1/till/totals").problem(422, "validation_failed");
}
