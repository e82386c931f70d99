//! Which accounts a run chooses: what a search finds, and what is not active yet.

use diesel::prelude::*;
use onaccount::db::schema::accounts;
use onaccount::id::Id;
use serde_json::{Value, json};

use super::books::{Books, date, of_account};

fn preview(books: &Books, choice: &Value) -> crate::harness::Answer {
    let body = json!({"from": date(1), "to": date(1), "reset_type": "none", "accounts": choice});
    books.signed_in().post("/v1/invoice-runs/preview", body)
}

fn numbers(page: &Value, name: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

fn set_number(books: &Books, account: Id, number: &str) {
    let tenant_id = books.venue.tenant_id;
    books.venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, account)))
            .set(accounts::number.eq(number))
            .execute(connection)
    });
}

fn set_status(books: &Books, account: Id, status: &str) {
    let tenant_id = books.venue.tenant_id;
    books.venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, account)))
            .set(accounts::status.eq(status))
            .execute(connection)
    });
}

#[test]
fn a_run_finds_what_the_list_of_accounts_finds() {
    let books = Books::open();
    let (first, second) = (books.account(10_000), books.account(10_000));
    set_number(&books, first, "Table-7");
    set_number(&books, second, "x_900%02");
    for (q, expected) in [
        ("TABLE", &["Table-7"] as &[&str]),
        ("le-7", &["Table-7"]),
        ("900", &["x_900%02"]),
        ("_", &["x_900%02"]),
        ("%", &["x_900%02"]),
        ("customer", &["Table-7", "x_900%02"]),
        ("ÇUSTOMER 1", &["Table-7"]),
    ] {
        let found = preview(&books, &json!({"filter": {"q": q}})).expect(200);
        assert_eq!(numbers(&found, "account_number"), expected, "{q}");
        let query = q
            .bytes()
            .fold(String::new(), |query, byte| format!("{query}%{byte:02X}"));
        let listed = books
            .signed_in()
            .get(&format!("/v1/accounts?sort=number&q={query}"))
            .expect(200);
        assert_eq!(numbers(&listed, "number"), expected, "{q}");
    }
}

#[test]
fn a_search_that_leaves_nobody_out_is_refused() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    for q in ["\u{a0}", "\u{301}", "\u{2003}\u{308}"] {
        let choice = json!({"filter": {"q": q}});
        let problem = preview(&books, &choice).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/accounts/filter/q", "{problem}");
        let body = json!({"from": date(1), "to": date(1), "reset_type": "none", "accounts": choice});
        books.try_run(body).problem(422, "validation_failed");
    }
    assert_eq!(
        books.signed_in().get("/v1/invoice-runs").expect(200)["items"],
        json!([])
    );
    // a list may find nobody
    let listed = books.signed_in().get("/v1/accounts?q=%C2%A0").expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[test]
fn an_account_that_is_not_active_yet_is_not_chosen_by_its_id() {
    let books = Books::open();
    let (active, waiting, closed) = (books.account(10_000), books.account(10_000), books.account(10_000));
    for account in [active, waiting, closed] {
        // what a till sold offline stands on whatever account it was sold to
        books.sell(account, 1, 500);
    }
    set_status(&books, waiting, "inactive");
    set_status(&books, closed, "closed");
    let choice = json!({"account_ids": [active, waiting, closed]});
    let body = json!({"from": date(1), "to": date(1), "reset_type": "none", "accounts": choice});
    for answer in [
        preview(&books, &choice),
        books.try_run(body),
        books.try_run(of_account(waiting, 1, 1, "none")),
    ] {
        let problem = answer.problem(409, "account_inactive");
        let named = problem["errors"].as_array().unwrap();
        assert_eq!(named.len(), 1, "{problem}");
        assert!(named[0]["detail"].as_str().unwrap().contains("71900002"), "{problem}");
    }
    assert_eq!(
        books.signed_in().get("/v1/invoice-runs").expect(200)["items"],
        json!([])
    );
    assert_eq!(books.invoice(closed, 1, 1, "none")["total"], "5.00");
    set_status(&books, waiting, "active");
    assert_eq!(books.invoice(waiting, 1, 1, "none")["total"], "5.00");
    books.assert_sound();
}
