//! Reversing invoices and whole runs.

use onaccount::invoice_runs::ReversalWork;
use onaccount::jobs::{Step, Work};
use serde_json::{Value, json};

use super::books::{Books, of_account, of_all};
use super::jobs::{claim, run_now, services, worker};

#[test]
fn a_credit_note_mirrors_its_invoice_and_frees_its_mutations() {
    let books = Books::open();
    let account = books.account(10_000);
    books.sell(account, 1, 1_210);
    let invoice = books.invoice(account, 1, 1, "balance_to_zero");
    let path = format!("/v1/invoices/{}/reversal", invoice["id"].as_str().unwrap());
    let key = crate::harness::key();
    let actor = books.signed_in();
    let send = || {
        actor
            .with("Idempotency-Key", key.as_str())
            .send(ureq::http::Method::POST, &path, None)
    };
    let answer = send();
    assert_eq!(answer.header("location"), format!("/v1/invoices/{key}"));
    let note = answer.expect(201);
    assert_eq!(note["id"], json!(key));
    assert_eq!(
        (&note["kind"], &note["number"]),
        (&json!("credit_note"), &json!("2026-00002"))
    );
    assert_eq!(note["reverses"], json!({"id": invoice["id"], "number": "2026-00001"}));
    assert_eq!(note["lines"][0]["amount"], "-12.10");
    assert_eq!(note["lines"][0]["quantity"], "-1210");
    assert_eq!(
        note["vat"],
        json!([{"vat_rate": "21.00", "gross": "-12.10", "net": "-10.00", "vat": "-2.10"}])
    );
    assert_eq!((&note["covers"], &note["payer"]), (&json!([]), &invoice["payer"]));
    let again = send();
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), note);
    let reversed = actor
        .get(&format!("/v1/invoices/{}", invoice["id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(reversed["status"], "reversed");
    assert_eq!(
        reversed["reversed_by"],
        json!({"id": note["id"], "number": "2026-00002"})
    );
    books.reverse_invoice(&invoice).problem(409, "already_reversed");
    books.reverse_invoice(&note).problem(409, "not_reversible");
    let next = books.invoice(account, 1, 1, "none");
    assert_eq!(
        (&next["number"], &next["total"]),
        (&json!("2026-00003"), &json!("12.10"))
    );
    assert_eq!(books.state(account), (-1_210, 10_000));
    books.assert_sound();
}

#[test]
fn what_was_given_back_of_a_limit_is_taken_again_by_a_reversal() {
    let books = Books::open();
    let account = books.account(10_000);
    // 130 of 100: the first invoice takes 100, so that refunds of 120 give back only 100
    let sale = books.sell(account, 1, 13_000);
    let first = books.invoice(account, 1, 1, "limit_minus_invoiced");
    books.refund(sale, 9_000).unwrap();
    let second = books.invoice(account, 1, 1, "none");
    assert_eq!(books.state(account), (0, 9_000));
    books.refund(sale, 3_000).unwrap();
    let third = books.invoice(account, 1, 1, "balance_to_zero");
    assert_eq!(
        books.state(account),
        (0, 10_000),
        "1 000 was left of what the first took"
    );
    let returned = |id: &Value| {
        let path = format!("/v1/invoices/{}", id.as_str().unwrap());
        books.signed_in().get(&path).expect(200)["limit_returned"].clone()
    };
    assert_eq!(returned(&first["id"]), "100.00");
    books.reverse_invoice(&first).problem(409, "refunds_invoiced");
    books.reverse_invoice(&second).expect(201);
    assert_eq!(returned(&first["id"]), "10.00");
    assert_eq!(books.state(account), (9_000, 1_000));
    books.reverse_invoice(&third).expect(201);
    assert_eq!(returned(&first["id"]), "0.00");
    books.reverse_invoice(&first).expect(201);
    assert_eq!(books.state(account), (-13_000 + 12_000, 10_000));
    books.assert_sound();
}

#[test]
fn an_invoice_whose_limit_was_spent_elsewhere_is_not_reversed() {
    let books = Books::open();
    let account = books.account(10_000);
    let sale = books.sell(account, 1, 3_000);
    books.invoice(account, 1, 1, "limit_minus_invoiced");
    books.refund(sale, 3_000).unwrap();
    let second = books.invoice(account, 1, 1, "none");
    assert_eq!(books.state(account), (0, 10_000));
    books.change_limit(account, -9_000).unwrap();
    books.reverse_invoice(&second).problem(409, "limit_would_be_negative");
    assert_eq!(books.state(account), (0, 1_000));
    books.change_limit(account, 2_000).unwrap();
    books.reverse_invoice(&second).expect(201);
    assert_eq!(books.state(account), (3_000, 0));
    books.assert_sound();
}

#[test]
fn a_run_is_reversed_whole() {
    let books = Books::open();
    let accounts: Vec<_> = (0..5).map(|_| books.account(10_000)).collect();
    for account in &accounts {
        books.sell(*account, 1, 1_000);
    }
    let run = books.run(of_all(1, 1, "limit_minus_invoiced"));
    let first = books.invoice_of(&run, accounts[0]);
    books.reverse_invoice(&first).expect(201);
    let reversed = books.reverse_run(&run["id"]).expect(200);
    assert_eq!(reversed["status"], "reversed");
    assert_eq!(
        (&reversed["accounts"]["reversed"], &reversed["total"]),
        (&json!(5), &json!("0.00"))
    );
    for account in &accounts {
        assert_eq!(books.state(*account), (-1_000, 10_000));
    }
    let invoices = books.signed_in().get("/v1/invoices").expect(200);
    assert_eq!(
        invoices["items"].as_array().unwrap().len(),
        10,
        "each has one credit note"
    );
    books.reverse_run(&run["id"]).problem(409, "already_reversed");
    let again = books.run(of_all(1, 1, "none"));
    assert_eq!(again["total"], "50.00");
    books.assert_sound();
}

#[test]
fn a_run_that_cannot_be_reversed_whole_is_left_as_it_is() {
    let books = Books::open();
    let (refunded, good, poor) = (books.account(10_000), books.account(10_000), books.account(10_000));
    let sale = books.sell(refunded, 1, 1_000);
    let sold = books.sell(poor, 1, 1_000);
    let earlier = books.invoice(poor, 1, 1, "limit_minus_invoiced");
    assert_eq!(earlier["limit_taken"], "10.00");
    books.refund(sold, 1_000).unwrap();
    books.sell(good, 1, 1_000);
    let run = books.run(of_all(1, 1, "limit_minus_invoiced"));
    books.refund(sale, 500).unwrap();
    let later = books.invoice(refunded, 1, 1, "none");
    books.change_limit(poor, -9_500).unwrap();
    let before: Vec<_> = [refunded, good, poor]
        .iter()
        .map(|account| books.state(*account))
        .collect();
    let problem = books.reverse_run(&run["id"]).problem(409, "run_not_reversible");
    let named: Vec<(&str, bool)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["code"].as_str().unwrap(),
                error["detail"].as_str().unwrap().contains("account 7190000"),
            )
        })
        .collect();
    assert_eq!(
        named,
        [("refunds_invoiced", true), ("limit_would_be_negative", true)],
        "{problem}"
    );
    let after: Vec<_> = [refunded, good, poor]
        .iter()
        .map(|account| books.state(*account))
        .collect();
    assert_eq!(before, after);
    let id = run["id"].as_str().unwrap();
    assert_eq!(
        books.signed_in().get(&format!("/v1/invoice-runs/{id}")).expect(200)["status"],
        "completed"
    );
    books.reverse_invoice(&later).expect(201);
    books.change_limit(poor, 9_500).unwrap();
    assert_eq!(books.reverse_run(&run["id"]).expect(200)["status"], "reversed");
    books.assert_sound();
}

#[test]
fn what_is_blocked_after_the_first_look_is_left_standing_and_named_and_reversed_later() {
    let books = Books::in_service(crate::harness::Service::with_job_workers(0));
    let accounts: Vec<_> = (0..3).map(|_| books.account(10_000)).collect();
    let poor = accounts[1];
    let run_of = |body| {
        let run = books.signed_in().post_new("/v1/invoice-runs", body).expect(202);
        worker(&books).run_until_idle().unwrap();
        run_now(&books, &run)
    };
    // its second invoice gives limit back, which its reversal takes again
    let sold = books.sell(poor, 1, 1_000);
    run_of(of_account(poor, 1, 1, "limit_minus_invoiced"));
    books.refund(sold, 1_000).unwrap();
    for other in [accounts[0], accounts[2]] {
        books.sell(other, 1, 1_000);
    }
    let run = run_of(of_all(1, 1, "balance_to_zero"));
    assert_eq!(run["accounts"]["invoiced"], 3);
    let path = format!("/v1/invoice-runs/{}/reversal", run["id"].as_str().unwrap());
    let asked = books.signed_in().post_keyless(&path).expect(202);
    let lease = claim(&books);
    let looked = ReversalWork.step(&services(&books), &lease).unwrap();
    assert_eq!(looked, Step::More, "nothing is in the way at the first look");
    books.change_limit(poor, -9_500).unwrap();
    worker(&books).work_on(&lease);
    let job = format!("/v1/jobs/{}", asked["reversal_job"]["id"].as_str().unwrap());
    let job = books.signed_in().get(&job).expect(200);
    let problem = &job["error"];
    assert_eq!(
        (&job["status"], &problem["code"]),
        (&json!("failed"), &json!("run_not_reversible"))
    );
    let said = problem["detail"].as_str().unwrap();
    assert!(
        said.starts_with("1 invoice of the run could no longer be reversed"),
        "{problem}"
    );
    let named = problem["errors"].as_array().unwrap();
    assert_eq!((named.len(), &named[0]["code"]), (1, &json!("limit_would_be_negative")));
    assert!(
        named[0]["detail"].as_str().unwrap().contains("account 71900002"),
        "{problem}"
    );
    let half = run_now(&books, &run);
    let counted = |run: &Value| {
        (
            run["status"].clone(),
            run["accounts"]["reversed"].clone(),
            run["accounts"]["invoiced"].clone(),
        )
    };
    assert_eq!(counted(&half), (json!("completed"), json!(2), json!(1)));
    let states: Vec<_> = accounts.iter().map(|account| books.state(*account)).collect();
    assert_eq!(states, [(-1_000, 10_000), (0, 500), (-1_000, 10_000)]);
    books.assert_sound();

    books.change_limit(poor, 9_500).unwrap();
    books.signed_in().post_keyless(&path).expect(202);
    worker(&books).run_until_idle().unwrap();
    assert_eq!(counted(&run_now(&books, &run)), (json!("reversed"), json!(3), json!(0)));
    assert_eq!(books.state(poor), (1_000, 9_000));
    books.assert_sound();
}

#[test]
fn invoices_are_listed_newest_first_by_what_they_are() {
    let books = Books::open();
    let (one, two) = (books.account(10_000), books.account(10_000));
    books.sell(one, 1, 100);
    books.sell(two, 1, 200);
    let run = books.run(of_all(1, 1, "none"));
    books.reverse_invoice(&books.invoice_of(&run, one)).expect(201);
    books.invoice(one, 1, 1, "none");
    let numbers = |query: &str| {
        let page = books.signed_in().get(&format!("/v1/invoices{query}")).expect(200);
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["number"].as_str().unwrap().replace("2026-00", ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(""), ["004", "003", "002", "001"]);
    assert_eq!(numbers("?status=standing&kind=invoice"), ["004", "002"]);
    assert_eq!(numbers("?kind=credit_note"), ["003"]);
    assert_eq!(numbers(&format!("?account_id={one}")), ["004", "003", "001"]);
    assert_eq!(
        numbers(&format!("?run_id={}", run["id"].as_str().unwrap())),
        ["003", "002", "001"]
    );
    assert_eq!(numbers("?number=2026-00002"), ["002"]);
    let all = books.signed_in().get("/v1/invoices").expect(200)["items"].clone();
    let (note, reversed) = (&all[1], &all[3]);
    assert_eq!(
        (&note["reverses_id"], &note["reversed_by_id"]),
        (&reversed["id"], &Value::Null)
    );
    assert_eq!(
        (&reversed["reverses_id"], &reversed["reversed_by_id"]),
        (&Value::Null, &note["id"])
    );
    // 3.00 was sold: all of them add up to it, and so does what stands and takes back nothing
    let sum = |is_taken: &dyn Fn(&Value) -> bool| -> i64 {
        let items = all.as_array().unwrap().iter().filter(|invoice| is_taken(invoice));
        items
            .map(|i| i["total"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap())
            .sum()
    };
    assert_eq!(sum(&|_| true), 300);
    assert_eq!(sum(&|i| i["status"] == "standing" && i["reverses_id"].is_null()), 300);
    assert_eq!(numbers("?from=2026-10-16"), Vec::<String>::new());
    let first = books.signed_in().get("/v1/invoices?limit=3").expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(numbers(&format!("?limit=3&cursor={cursor}")), ["001"]);
    books
        .signed_in()
        .get(&format!("/v1/invoices?limit=3&kind=invoice&cursor={cursor}"))
        .problem(400, "bad_cursor");
    books
        .try_run(of_account(one, 1, 1, "none"))
        .problem(409, "nothing_to_invoice");
}
