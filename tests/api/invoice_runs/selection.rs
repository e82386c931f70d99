//! Which accounts a run takes, what it answers about those it skips, and what it refuses.

use diesel::prelude::*;
use onaccount::db::schema::{account_holders, accounts};
use serde_json::{Value, json};

use super::books::{Books, date, of_account, of_all};

fn numbers_and_skips(page: &Value) -> Vec<(String, Value)> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            (
                item["account_number"].as_str().unwrap().to_owned(),
                item["skip"]["code"].clone(),
            )
        })
        .collect()
}

#[test]
fn skipped_accounts_are_reported_and_the_others_go_on() {
    let books = Books::open();
    let sold = books.account(10_000);
    let quiet = books.account(10_000);
    let prepaid = books.account(10_000);
    let orphan = books.account_without_holder(10_000);
    for account in [sold, prepaid, orphan] {
        books.sell(account, 1, 500);
    }
    let credit = books.credit(prepaid, 1_000);
    let preview = books
        .signed_in()
        .post("/v1/invoice-runs/preview", of_all(1, 1, "balance_to_zero"))
        .expect(200);
    let skipped = json!({"nothing_to_invoice": 1, "credit_account": 1, "no_billing_holder": 1});
    assert_eq!(
        preview["totals"],
        json!({"accounts": 4, "invoices": 1, "skipped": skipped, "total": "5.00"})
    );
    let run = books.run(of_all(1, 1, "balance_to_zero"));
    assert_eq!(
        run["accounts"],
        json!({"total": 4, "pending": 0, "invoiced": 1, "reversed": 0, "skipped": skipped})
    );
    assert_eq!(
        (&run["total"], &run["job"]["progress"]),
        (&json!("5.00"), &json!({"done": 4, "total": 4}))
    );
    let path = format!("/v1/invoice-runs/{}/accounts", run["id"].as_str().unwrap());
    let page = books.signed_in().get(&path).expect(200);
    assert_eq!(
        numbers_and_skips(&page),
        [
            ("71900001".to_owned(), Value::Null),
            ("71900002".to_owned(), json!("nothing_to_invoice")),
            ("71900003".to_owned(), json!("credit_account")),
            ("71900004".to_owned(), json!("no_billing_holder")),
        ]
    );
    assert_eq!(numbers_and_skips(&page), numbers_and_skips(&preview));
    assert_eq!(page["items"][2]["skip"]["credit_ids"], json!([credit]));
    assert_eq!(page["items"][0]["invoice"]["total"], "5.00");
    let first = books
        .signed_in()
        .get(&format!("{path}?state=skipped&limit=2"))
        .expect(200);
    let rest = books.signed_in().get(&format!(
        "{path}?state=skipped&limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    ));
    assert_eq!(numbers_and_skips(&rest.expect(200)), numbers_and_skips(&page)[3..]);
    assert_eq!(books.state(sold), (0, 10_000));
    assert_eq!(
        (books.state(quiet), books.state(prepaid), books.state(orphan)),
        ((0, 10_000), (500, 10_000), (-500, 10_000))
    );
    books.assert_sound();
}

#[test]
fn a_credit_account_alone_is_refused_with_its_credits_and_how_to_undo_them() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let credit = books.credit(account, 1_000);
    let body = of_account(account, 1, 1, "none");
    let key = crate::harness::key();
    let problem = books
        .signed_in()
        .post_keyed("/v1/invoice-runs", &key, body.clone())
        .problem(409, "credit_account");
    let undo = format!("POST /v1/mutations/{credit}/reversal");
    assert!(problem["detail"].as_str().unwrap().contains(&undo), "{problem}");
    assert!(
        problem["errors"][0]["detail"].as_str().unwrap().contains(&undo),
        "{problem}"
    );
    let dutch = books
        .signed_in()
        .with("Accept-Language", "nl")
        .post_new("/v1/invoice-runs", body.clone());
    assert_eq!(
        dutch.problem(409, "credit_account")["title"],
        "LET OP! Dit is een credit rekening"
    );
    books.reverse(credit).unwrap();
    let run = books
        .signed_in()
        .with("Prefer", "wait=30")
        .post_keyed("/v1/invoice-runs", &key, body)
        .expect(200);
    assert_eq!((&run["id"], &run["total"]), (&json!(key), &json!("5.00")));
    books.assert_sound();
}

#[test]
fn an_account_without_holder_or_sales_alone_is_refused() {
    let books = Books::open();
    let account = books.account_without_holder(10_000);
    books
        .try_run(of_account(account, 1, 1, "none"))
        .problem(409, "nothing_to_invoice");
    books.sell(account, 1, 500);
    books
        .try_run(of_account(account, 1, 1, "none"))
        .problem(409, "no_billing_holder");
    assert_eq!(books.state(account), (-500, 10_000));
}

#[test]
fn accounts_are_chosen_by_filter() {
    let books = Books::open();
    let (small, large, other) = (books.account(10_000), books.account(10_000), books.account(10_000));
    books.sell(small, 1, 100);
    books.sell(large, 1, 900);
    let (tenant_id, name) = (books.venue.tenant_id, "Zoë Çelik");
    books.venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, other)))
            .set((
                accounts::name.eq(name),
                accounts::name_key.eq("zoe celik"),
                accounts::status.eq("blocked"),
            ))
            .execute(connection)
    });
    let holder: onaccount::id::Id = books.venue.service.write(|connection| {
        account_holders::table
            .filter(account_holders::account_id.eq(small))
            .select(account_holders::customer_id)
            .first(connection)
    });
    let chosen = |filter: Value| {
        let body = json!({"from": date(1), "to": date(1), "reset_type": "none", "accounts": {"filter": filter}});
        let preview = books.signed_in().post("/v1/invoice-runs/preview", body).expect(200);
        numbers_and_skips(&preview)
            .into_iter()
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    assert_eq!(chosen(json!({"balance_lt": "-1.00"})), ["71900002"]);
    assert_eq!(chosen(json!({"balance_lt": "0"})), ["71900001", "71900002"]);
    assert_eq!(
        chosen(json!({"q": "CELIK"})),
        ["71900003"],
        "a blocked account is chosen too"
    );
    assert_eq!(chosen(json!({"q": "7190000"})), ["71900001", "71900002", "71900003"]);
    assert_eq!(chosen(json!({"holder_id": holder})), ["71900001"]);
}

#[test]
fn inactive_accounts_are_never_chosen_by_a_filter() {
    let books = Books::open();
    let account = books.account(10_000);
    let tenant_id = books.venue.tenant_id;
    books.venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, account)))
            .set(accounts::status.eq("inactive"))
            .execute(connection)
    });
    books.try_run(of_all(1, 1, "none")).problem(422, "no_accounts_selected");
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let body = |changes: Value| {
        let mut body = of_account(account, 1, 1, "none");
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let unknown = crate::harness::key();
    for (changes, status, code, pointer) in [
        (json!({"from": date(2)}), 422, "validation_failed", "/to"),
        (json!({"from": "2016-01-01"}), 422, "validation_failed", "/to"),
        (
            json!({"invoice_date": date(2)}),
            422,
            "invoice_date_in_future",
            "/invoice_date",
        ),
        (json!({"reset_type": "zero"}), 422, "validation_failed", "/reset_type"),
        (json!({"late": true}), 422, "validation_failed", "/late"),
        (json!({"accounts": {}}), 422, "validation_failed", "/accounts"),
        (
            json!({"accounts": {"all": false}}),
            422,
            "validation_failed",
            "/accounts",
        ),
        (
            json!({"accounts": {"all": true, "account_ids": [account]}}),
            422,
            "validation_failed",
            "/accounts",
        ),
        (
            json!({"accounts": {"filter": {}}}),
            422,
            "validation_failed",
            "/accounts/filter",
        ),
        (
            json!({"accounts": {"filter": {"balance_lt": -5}}}),
            422,
            "validation_failed",
            "/accounts/filter/balance_lt",
        ),
        (
            json!({"accounts": {"filter": {"balance_lt": "1.005"}}}),
            422,
            "validation_failed",
            "/accounts/filter/balance_lt",
        ),
        (
            json!({"accounts": {"account_ids": [account, unknown]}}),
            422,
            "unknown_account",
            "/accounts/account_ids/1",
        ),
        (json!({"colour": 1}), 422, "validation_failed", "/colour"),
    ] {
        let problem = books.try_run(body(changes.clone())).problem(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{changes}: {problem}");
    }
    let too_fine = json!({"accounts": {"filter": {"balance_lt": "1.005"}}});
    let problem = books.try_run(body(too_fine)).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_many_decimals");
    books
        .try_run(body(json!({"accounts": {"account_ids": []}})))
        .problem(422, "no_accounts_selected");
    books
        .signed_in()
        .post("/v1/invoice-runs", body(json!({})))
        .problem(400, "idempotency_key_missing");
    assert_eq!(
        books.signed_in().get("/v1/invoice-runs").expect(200)["items"],
        json!([])
    );
    assert_eq!(books.state(account), (-500, 10_000));
}

#[test]
fn invoice_dates_rise_with_the_numbers() {
    let books = Books::open();
    let account = books.account(100_000);
    books.sell(account, 1, 500);
    books.on_day(5);
    let mut body = of_account(account, 1, 1, "none");
    body["invoice_date"] = json!(date(4));
    let run = books.run(body.clone());
    let first = books.invoice_of(&run, account);
    assert_eq!(
        (&first["invoice_date"], &first["number"]),
        (&json!(date(4)), &json!("2026-00001"))
    );
    books.sell(account, 5, 100);
    body["to"] = json!(date(5));
    body["invoice_date"] = json!(date(3));
    books.try_run(body.clone()).problem(409, "invoice_date_before_last");
    body["invoice_date"] = json!(date(4));
    let run = books.run(body);
    assert_eq!(books.invoice_of(&run, account)["number"], "2026-00002");
    // a new year starts a new series, and the old one goes on
    books.on_day(90);
    books.sell(account, 90, 100);
    let third = books.invoice(account, 1, 90, "none");
    assert_eq!(third["number"], "2027-00001");
    assert_eq!(books.reverse_invoice(&first).expect(201)["number"], "2027-00002");
    books.assert_sound();
}

#[test]
fn the_same_key_and_request_is_answered_again_and_another_request_is_refused() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let body = of_account(account, 1, 1, "balance_to_zero");
    let key = crate::harness::key();
    let actor = books.signed_in();
    let first = actor
        .with("Prefer", "wait=30")
        .post_keyed("/v1/invoice-runs", &key, body.clone());
    assert_eq!(first.header("idempotent-replayed"), "");
    let mut same = body.clone();
    same["late"] = json!("include");
    let again = actor
        .with("Prefer", "wait=30")
        .post_keyed("/v1/invoice-runs", &key, same);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.expect(200), again.expect(200));
    let other = of_account(account, 1, 1, "none");
    actor
        .post_keyed("/v1/invoice-runs", &key, other)
        .problem(422, "idempotency_key_reused");
    assert_eq!(
        actor.get(&format!("/v1/invoice-runs/{key}")).expect(200)["id"],
        json!(key)
    );
    assert_eq!(
        books.signed_in().get("/v1/invoices").expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_preview_writes_nothing_and_the_run_makes_the_same() {
    let books = Books::open();
    books.on_day(5);
    for number in 0..7 {
        let account = books.account(20_000);
        let sale = books.sell(account, 2, 1_000 + number);
        books.sell(account, 4, 77 * number);
        books.refund(sale, 10 * number + 1).unwrap();
    }
    let body = of_all(3, 5, "limit_minus_invoiced");
    let actor = books.signed_in();
    let mut items = Vec::new();
    let mut path = "/v1/invoice-runs/preview?limit=3".to_owned();
    loop {
        let page = actor.post(&path, body.clone()).expect(200);
        assert_eq!(
            page["totals"].is_null(),
            !items.is_empty(),
            "totals are on the first page"
        );
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/invoice-runs/preview?limit=3&cursor={cursor}");
    }
    assert_eq!(items.len(), 7);
    assert_eq!(actor.get("/v1/invoices").expect(200)["items"], json!([]));
    let run = books.run(body);
    for item in items {
        let account: onaccount::id::Id = item["account_id"].as_str().unwrap().parse().unwrap();
        let invoice = books.invoice_of(&run, account);
        let preview = &item["invoice"];
        for figure in ["kind", "total", "lines", "categories", "vat", "payer"] {
            assert_eq!(invoice[figure], preview[figure], "{figure}");
        }
        assert_eq!(
            json!(invoice["covers"].as_array().unwrap().len()),
            preview["covered_count"]
        );
        let (balance, limit) = books.state(account);
        let cents = |name: &str| preview[name].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        assert_eq!((cents("balance_after"), cents("credit_limit_after")), (balance, limit));
    }
    books.assert_sound();
}

#[test]
fn nobody_runs_invoices_of_another_tenant() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let run = books.run(of_account(account, 1, 1, "none"));
    let invoice = books.invoice_of(&run, account);
    let (_, stranger, _) = books.venue.neighbour(720);
    let (run_id, invoice_id) = (run["id"].as_str().unwrap(), invoice["id"].as_str().unwrap());
    let job_id = run["job"]["id"].as_str().unwrap();
    for path in [
        format!("/v1/invoice-runs/{run_id}"),
        format!("/v1/invoice-runs/{run_id}/accounts"),
        format!("/v1/invoices/{invoice_id}"),
        format!("/v1/invoices/{invoice_id}/lines"),
        format!("/v1/jobs/{job_id}"),
    ] {
        stranger.get(&path).problem(404, "not_found");
    }
    for path in [
        format!("/v1/invoice-runs/{run_id}/reversal"),
        format!("/v1/invoices/{invoice_id}/reversal"),
    ] {
        let key = crate::harness::key();
        stranger
            .with("Idempotency-Key", key)
            .send(ureq::http::Method::POST, &path, None)
            .problem(404, "not_found");
    }
    stranger
        .send(ureq::http::Method::POST, &format!("/v1/jobs/{job_id}/cancel"), None)
        .problem(404, "not_found");
    stranger
        .post_new("/v1/invoice-runs", of_account(account, 1, 1, "none"))
        .problem(422, "unknown_account");
    assert_eq!(stranger.get("/v1/invoices").expect(200)["items"], json!([]));
    assert_eq!(stranger.get("/v1/jobs").expect(200)["items"], json!([]));
}
