//! What a run does to an account: the worked examples, to the cent, and their reversals.

use diesel::prelude::*;
use onaccount::db::schema::entries;
use onaccount::id::Id;
use onaccount::invoice_runs::lines::read_lines;
use onaccount::invoice_runs::plan::ResetType;
use onaccount::invoices::stretch::Stretch;
use serde_json::{Value, json};

use super::books::{Books, beer, date, of_account, of_all, pie};

#[test]
fn each_reset_type_does_what_the_table_says_and_its_reversal_undoes_it() {
    let books = Books::open();
    books.on_day(3);
    for (reset_type, balance, limit, available) in [
        ("none", -3_500, 10_000, "65.00"),
        ("balance_to_zero", -500, 10_000, "95.00"),
        ("limit_minus_invoiced", -500, 7_000, "65.00"),
    ] {
        let account = books.account(10_000);
        books.sell(account, 1, 3_000);
        books.sell(account, 2, 500);
        let body = of_account(account, 1, 1, reset_type);
        let preview = books
            .signed_in()
            .post("/v1/invoice-runs/preview", body.clone())
            .expect(200);
        assert_eq!(
            preview["items"][0]["invoice"]["available_after"], available,
            "{reset_type}"
        );
        let run = books.run(body);
        let invoice = books.invoice_of(&run, account);
        assert_eq!(invoice["total"], "30.00");
        assert_eq!(books.state(account), (balance, limit), "{reset_type}");
        let note = books.reverse_invoice(&invoice).expect(201);
        assert_eq!(note["total"], "-30.00");
        assert_eq!(books.state(account), (-3_500, 10_000), "{reset_type}, reversed");
    }
    books.assert_sound();
}

#[test]
fn over_the_limit_the_limit_goes_to_zero_and_the_reversal_gives_back_exactly_that() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 13_000);
    let invoice = books.invoice(account, 1, 1, "limit_minus_invoiced");
    assert_eq!(books.state(account), (0, 0));
    assert_eq!(invoice["limit_taken"], "100.00");
    books.reverse_invoice(&invoice).expect(201);
    assert_eq!(books.state(account), (-13_000, 10_000));
    books.assert_sound();
}

#[test]
fn a_refund_is_reset_the_way_its_sale_was_in_all_nine_combinations() {
    let books = Books::open();
    books.on_day(2);
    let all = ["none", "balance_to_zero", "limit_minus_invoiced"];
    for of_sale in all {
        for of_refund in all {
            let account = books.account(10_000);
            let sale = books.sell(account, 1, 3_000);
            let first = books.invoice(account, 1, 1, of_sale);
            books.refund(sale, 3_000).unwrap();
            let before = books.state(account);
            let second = books.invoice(account, 2, 2, of_refund);
            assert_eq!(
                (second["total"].as_str(), second["kind"].as_str()),
                (Some("-30.00"), Some("credit_note"))
            );
            assert_eq!(second["covers"][0]["reset_type"], of_sale);
            assert_eq!(second["covers"][0]["origin_invoice_id"], first["id"]);
            assert_eq!(books.state(account), (0, 10_000), "sale {of_sale}, refund {of_refund}");
            books.reverse_invoice(&first).problem(409, "refunds_invoiced");
            let note = books.reverse_invoice(&second).expect(201);
            assert_eq!(
                (note["total"].as_str(), note["kind"].as_str()),
                (Some("30.00"), Some("invoice"))
            );
            assert_eq!(
                books.state(account),
                before,
                "sale {of_sale}, refund {of_refund}, reversed"
            );
            books.reverse_invoice(&first).expect(201);
            assert_eq!(
                books.state(account),
                (0, 10_000),
                "both reversed: a sale and its refund are left"
            );
        }
    }
    books.assert_sound();
}

#[test]
fn a_voided_sale_is_on_no_invoice() {
    let books = Books::open();
    let account = books.account(10_000);
    let sale = books.sell(account, 1, 1_000);
    books.reverse(sale).unwrap();
    books
        .try_run(of_account(account, 1, 1, "none"))
        .problem(409, "nothing_to_invoice");
    books.sell(account, 1, 500);
    let invoice = books.invoice(account, 1, 1, "balance_to_zero");
    assert_eq!(
        (invoice["total"].as_str(), invoice["covers"].as_array().unwrap().len()),
        (Some("5.00"), 1)
    );
    books.assert_sound();
}

#[test]
fn late_sales_are_taken_and_named_unless_they_are_excluded() {
    let books = Books::open();
    books.on_day(10);
    let account = books.account(10_000);
    books.sell(account, 2, 700);
    let refunded = books.sell(account, 3, 600);
    books.refund(refunded, 100).unwrap();
    books.sell(account, 6, 300);
    let mut body = of_account(account, 5, 10, "none");
    body["late"] = json!("exclude");
    let run = books.run(body);
    let invoice = books.invoice_of(&run, account);
    assert_eq!(invoice["total"], "3.00", "the refund waits for its sale");
    let rest = books.invoice(account, 5, 10, "none");
    assert_eq!(rest["total"], "12.00");
    let late: Vec<bool> = rest["covers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["is_late"].as_bool().unwrap())
        .collect();
    assert_eq!(late, [true, true, false]);
    books.assert_sound();
}

#[test]
fn entries_that_net_to_zero_get_an_invoice_of_zero() {
    let books = Books::open();
    let account = books.account(10_000);
    let sale = books.sell(account, 1, 1_000);
    books.refund(sale, 1_000).unwrap();
    let invoice = books.invoice(account, 1, 1, "limit_minus_invoiced");
    assert_eq!(
        (invoice["total"].as_str(), invoice["kind"].as_str()),
        (Some("0.00"), Some("invoice"))
    );
    assert_eq!(books.state(account), (0, 10_000));
    books
        .try_run(of_account(account, 1, 1, "none"))
        .problem(409, "nothing_to_invoice");
    books.assert_sound();
}

#[test]
fn lines_are_netted_by_day_product_and_rate_and_vat_is_rounded_once() {
    let books = Books::open();
    books.on_day(3);
    let account = books.account(100_000);
    let first = books
        .sell_items(account, 1, &[beer(2, 700), pie(1, 333)], false)
        .unwrap();
    books
        .sell_items(account, 1, &[beer(1, 350), pie(2, 666), beer(0, -50)], false)
        .unwrap();
    books.sell_items(account, 2, &[pie(1, 333)], false).unwrap();
    books.on_day(1);
    let choice = onaccount::ledger::RefundChoice::Lines(vec![onaccount::ledger::LineChoice {
        line_no: 1,
        quantity_milli: Some(1_000),
    }]);
    books
        .post(onaccount::ledger::Action::Refund(onaccount::ledger::Refund {
            sale_id: first,
            occurred_at: None,
            choice,
            reason: None,
            details: onaccount::ledger::TillDetails::default(),
        }))
        .unwrap();
    books.on_day(3);
    let invoice = books.invoice(account, 1, 2, "balance_to_zero");
    let lines: Vec<Value> = invoice["lines"].as_array().unwrap().clone();
    let figures: Vec<(i64, &str, &str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (
                line["line_no"].as_i64().unwrap(),
                text("business_date"),
                text("product_code"),
                text("quantity"),
                text("amount"),
            )
        })
        .collect();
    assert_eq!(
        figures,
        [
            (1, "2026-10-15", "beer", "2", "6.50"),
            (2, "2026-10-15", "pie", "3", "9.99"),
            (3, "2026-10-16", "pie", "1", "3.33"),
        ]
    );
    assert_eq!(
        invoice["vat"],
        json!([
            {"vat_rate": "9.00", "gross": "13.32", "net": "12.22", "vat": "1.10"},
            {"vat_rate": "21.00", "gross": "6.50", "net": "5.37", "vat": "1.13"},
        ])
    );
    assert_eq!(
        invoice["categories"],
        json!([{"category": "drinks", "amount": "6.50"}, {"category": "food", "amount": "13.32"}])
    );
    assert_eq!(invoice["total"], "19.82");
    assert_eq!(invoice["payer"]["city"], "Utrecht");
    assert_eq!(invoice["issuer"]["name"], "Venue 719");
    let id = invoice["id"].as_str().unwrap();
    let page = books
        .signed_in()
        .get(&format!("/v1/invoices/{id}/lines?limit=2"))
        .expect(200);
    assert_eq!(page["items"], json!(lines[..2]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = books
        .signed_in()
        .get(&format!("/v1/invoices/{id}/lines?limit=2&cursor={cursor}"))
        .expect(200);
    assert_eq!(
        (&rest["items"], &rest["next_cursor"]),
        (&json!(lines[2..]), &Value::Null)
    );
    books.assert_sound();
}

#[test]
fn name_and_category_are_those_of_the_latest_line() {
    let books = Books::open();
    let account = books.account(100_000);
    let line = |(name, category, vat_rate): (&str, &str, i32)| onaccount::ledger::Line {
        product_code: "1".to_owned(),
        product_name: name.to_owned(),
        category: category.to_owned(),
        quantity_milli: 1_000,
        amount_minor: 100,
        vat_rate,
        unit_price: None,
        sale_line_no: None,
    };
    let sell_named = |named: &[(&str, &str, i32)]| {
        let lines: Vec<_> = named.iter().copied().map(line).collect();
        books
            .post(onaccount::ledger::Action::Sale(onaccount::ledger::Sale {
                account: onaccount::ledger::AccountRef::Id(account),
                occurred_at: books.venue.service.clock.now(),
                is_offline: false,
                amount_minor: lines.iter().map(|line| line.amount_minor).sum(),
                lines,
                details: onaccount::ledger::TillDetails::default(),
            }))
            .unwrap();
    };
    for number in 0..9 {
        sell_named(&[(&format!("zebra {number}"), "z", 900)]);
    }
    sell_named(&[("tea", "a", 900), ("été", "é", 500)]);
    // the tenth mutation, and the latest line stands below another of it
    sell_named(&[("yak", "y", 900), ("tea, new recipe", "m", 900)]);
    sell_named(&[("tea to go", "t", 2100)]);
    let invoice = books.invoice(account, 1, 1, "none");
    let lines: Vec<(&str, &str, &str)> = invoice["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (text("product_name"), text("category"), text("amount"))
        })
        .collect();
    let expected = [
        ("été", "é", "1.00"),
        ("tea, new recipe", "m", "12.00"),
        ("tea to go", "t", "1.00"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_statement_of_one_account_is_set_to_zero_and_a_later_run_does_not_take_it_again() {
    let books = Books::open();
    books.on_day(9);
    let account = books.account(10_000);
    books.sell(account, 1, 200);
    books.sell(account, 5, 1_000);
    let mut body = of_account(account, 5, 8, "balance_to_zero");
    body["late"] = json!("exclude");
    books.run(body);
    assert_eq!(books.state(account), (-200, 10_000), "only the chosen period is reset");
    let run = books.run(of_all(1, 9, "balance_to_zero"));
    assert_eq!(books.invoice_of(&run, account)["total"], "2.00");
    assert_eq!(books.state(account), (0, 10_000));
    books.assert_sound();
}

#[test]
fn period_edges_are_inclusive_business_dates() {
    let books = Books::open();
    books.on_day(9);
    let account = books.account(10_000);
    for day in 1..=5 {
        books.sell(account, day, 100);
    }
    let mut body = of_account(account, 2, 4, "none");
    body["late"] = json!("exclude");
    let run = books.run(body);
    let invoice = books.invoice_of(&run, account);
    let days: Vec<&str> = invoice["covers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["business_date"].as_str().unwrap())
        .collect();
    assert_eq!(days, [date(2).to_string(), date(3).to_string(), date(4).to_string()]);
}

#[test]
fn however_many_stretches_are_covered_their_lines_are_read_and_no_others() {
    let books = Books::open();
    let account = books.account(10_000);
    let sale = books.sell(account, 1, 500);
    books.refund(sale, 200).unwrap();
    let stretch = |account_id: Id, first_seq: i64, last_seq: i64| Stretch {
        invoice_id: account_id,
        account_id,
        business_date: date(1),
        first_seq,
        last_seq,
        reset_type: ResetType::None,
        origin_invoice_id: None,
        is_late: false,
    };
    // more than a statement of either database has places for
    let others: Vec<Stretch> = (0..70_000)
        .map(|n| stretch(Id::from(uuid::Uuid::from_u128(n)), 1, 9))
        .collect();
    let tenant_id = books.venue.tenant_id;
    let total = |stretches: &[Stretch]| -> i64 {
        let db = &books.venue.service.state.db;
        let stretches = [&others, stretches].concat();
        let lines = db
            .read_blocking(|connection| read_lines(connection, tenant_id, &stretches))
            .unwrap();
        assert_eq!(lines.len(), 1);
        lines[&account].iter().map(|line| line.amount_minor).sum()
    };
    let first: i64 = books.venue.service.write(|connection| {
        entries::table
            .filter(entries::tenant_id.eq(tenant_id).and(entries::id.eq(sale)))
            .select(entries::seq)
            .first(connection)
    });
    assert_eq!(total(&[stretch(account, first, first)]), 500);
    assert_eq!(total(&[stretch(account, first, first + 1)]), 300);
    assert_eq!(total(&[stretch(account, first + 1, first + 1)]), -200);
}
