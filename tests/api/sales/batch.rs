//! What an offline till has kept comes in one request.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::money::{sale, with};
use crate::harness::{Answer, Venue, key};
use crate::ledger::hold;

fn post(venue: &Venue, sales: &[(&str, Value)]) -> Answer {
    let sales: Vec<Value> = sales.iter().map(|(id, sale)| json!({"id": id, "sale": sale})).collect();
    venue.till.post("/v1/sales/batch", json!({"sales": sales}))
}

fn outcomes(answer: &Answer) -> Vec<(String, String)> {
    let results = answer.expect(207)["results"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (text(&result["outcome"]), text(&result["problem"]["code"])))
        .collect()
}

fn plain(outcomes: &[(String, String)]) -> Vec<(&str, &str)> {
    outcomes
        .iter()
        .map(|(outcome, code)| (outcome.as_str(), code.as_str()))
        .collect()
}

#[test]
fn every_sale_has_its_own_answer_in_its_place() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let before = key();
    venue
        .till
        .post_keyed("/v1/sales", &before, sale(account_id, "1.00"))
        .expect(201);
    let (first, over, offline, unknown, odd) = (key(), key(), key(), key(), key());
    let sales = [
        (first.as_str(), sale(account_id, "4.00")),
        (&over, sale(account_id, "50.00")),
        (
            &offline,
            with(
                sale(account_id, "60.00"),
                json!({"offline": true, "occurred_at": "2026-10-15T08:00:00Z"}),
            ),
        ),
        (&before, sale(account_id, "1.00")),
        (&unknown, with(sale(account_id, "1.00"), json!({"account_id": key()}))),
        (&odd, with(sale(account_id, "1.00"), json!({"amount": "1.01"}))),
        (&odd, with(sale(account_id, "1.00"), json!({"colour": "red"}))),
        (&first, sale(account_id, "4.01")),
    ];
    let answer = post(&venue, &sales);
    let expected = [
        ("posted", ""),
        ("declined", "limit_exceeded"),
        ("posted_flagged", ""),
        ("replayed", ""),
        ("invalid", "unknown_account"),
        ("invalid", "validation_failed"),
        ("invalid", "validation_failed"),
        ("invalid", "idempotency_key_reused"),
    ];
    assert_eq!(plain(&outcomes(&answer)), expected);
    let results = answer.expect(207)["results"].clone();
    assert_eq!(
        results[0],
        json!({"id": first, "outcome": "posted", "account_id": account_id, "seq": 3,
        "available_after": "5.00"})
    );
    assert_eq!(results[1]["problem"]["till_message"], "Limit exceeded");
    assert_eq!(results[2]["flags"], json!(["over_limit"]));
    assert_eq!(results[5]["problem"]["errors"][0]["pointer"], "/sale/amount");
    assert_eq!(
        (&results[6]["id"], &results[6]["problem"]["errors"][0]["pointer"]),
        (&Value::Null, &json!("/sale/colour"))
    );
    assert_eq!(venue.state(account_id), (-6_500, 1_000, 4));
}

#[test]
fn the_same_batch_again_posts_nothing() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let keys: Vec<String> = (0..120).map(|_| key()).collect();
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .map(|key| (key.as_str(), sale(account_id, "0.10")))
        .collect();
    let first = outcomes(&post(&venue, &sales));
    let is = |told: &[(String, String)], outcome: &str| told.iter().filter(|(found, _)| found == outcome).count();
    assert_eq!((is(&first, "posted"), is(&first, "declined")), (100, 20));
    let state = venue.state(account_id);
    assert_eq!(is(&outcomes(&post(&venue, &sales)), "replayed"), 120);
    assert_eq!(venue.state(account_id), state);
    // one of them alone is the same request too
    let alone = venue.till.post_keyed("/v1/sales", &keys[0], sale(account_id, "0.10"));
    assert_eq!(
        (alone.expect(201)["seq"].clone(), alone.header("idempotent-replayed")),
        (json!(2), "true")
    );
}

#[test]
fn sales_of_an_account_are_posted_in_the_order_given() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1000.00");
    let keys: Vec<String> = (0..130).map(|_| key()).collect();
    let named = |place: usize| {
        let by_number = json!({"account_id": null, "account_number": "71900001"});
        if place.is_multiple_of(2) {
            with(sale(account_id, "1.00"), by_number)
        } else {
            sale(account_id, "1.00")
        }
    };
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .enumerate()
        .map(|(place, key)| (key.as_str(), named(place)))
        .collect();
    let results = post(&venue, &sales).expect(207)["results"].clone();
    let seqs: Vec<i64> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, (2..132).collect::<Vec<i64>>());
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1000.00");
    venue
        .till
        .post("/v1/sales/batch", json!({"sales": []}))
        .problem(422, "validation_failed");
    venue
        .till
        .post("/v1/sales/batch", json!({"sale": []}))
        .problem(422, "validation_failed");
    let keys: Vec<String> = (0..1_001).map(|_| key()).collect();
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .map(|key| (key.as_str(), sale(account_id, "1.00")))
        .collect();
    post(&venue, &sales).problem(422, "validation_failed");
    let line = json!({"product_code": "A", "name": "A", "quantity": "1", "amount": "0.00", "vat_rate": "9.00"});
    let wide = with(sale(account_id, "0.00"), json!({"lines": vec![line; 500]}));
    let sales: Vec<(&str, Value)> = keys.iter().take(21).map(|key| (key.as_str(), wide.clone())).collect();
    post(&venue, &sales).problem(413, "payload_too_large");
    assert_eq!(venue.state(account_id).2, 1);
    let too_long = "x".repeat(4 << 20);
    venue
        .till
        .post("/v1/sales/batch", json!({"sales": [too_long]}))
        .problem(413, "payload_too_large");
}

#[test]
fn each_accounts_sales_keep_their_order_among_those_of_others() {
    let venue = Venue::open();
    let accounts: Vec<_> = (1..=5)
        .map(|number| venue.account(&format!("7190000{number}"), "1000.00"))
        .collect();
    let keys: Vec<String> = (0..240).map(|_| key()).collect();
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .zip(accounts.iter().cycle())
        .map(|(key, account_id)| (key.as_str(), sale(*account_id, "1.00")))
        .collect();
    let results = post(&venue, &sales).expect(207)["results"].clone();
    let results = results.as_array().unwrap();
    assert!(keys.iter().zip(results).all(|(key, result)| result["id"] == json!(key)));
    for account_id in &accounts {
        let own = results
            .iter()
            .filter(|result| result["account_id"] == json!(account_id));
        let seqs: Vec<i64> = own.map(|result| result["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs, (2..50).collect::<Vec<i64>>());
    }
}

#[test]
fn when_the_database_is_away_for_a_while_no_sale_overtakes_another() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1000.00");
    let keys: Vec<String> = (0..1_000).map(|_| key()).collect();
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .map(|key| (key.as_str(), sale(account_id, "0.10")))
        .collect();
    let answer = std::thread::scope(|scope| {
        let held = hold(&venue, account_id);
        let answer = scope.spawn(|| post(&venue, &sales));
        // longer than one slice waits, shorter than all would one after the other
        let patience = Instant::now() + Duration::from_secs(12);
        while !answer.is_finished() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(held);
        answer.join().unwrap()
    });
    answer.problem(503, "service_unavailable");
    assert_eq!(venue.state(account_id), (0, 100_000, 1));
    let results = post(&venue, &sales).expect(207)["results"].clone();
    let seqs = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["seq"].as_i64().unwrap());
    assert!(seqs.eq(2..1_002));
}

#[test]
fn of_two_sales_with_one_id_the_first_is_posted() {
    let venue = Venue::open();
    let accounts: Vec<_> = (1..=8)
        .map(|number| venue.account(&format!("7190000{number}"), "1000.00"))
        .collect();
    let keys: Vec<String> = (0..56).map(|_| key()).collect();
    let pairs = accounts.iter().flat_map(|first| {
        accounts
            .iter()
            .filter(move |other| *other != first)
            .map(move |other| [first, other])
    });
    let sales: Vec<(&str, Value)> = keys
        .iter()
        .zip(pairs)
        .flat_map(|(key, pair)| pair.map(|account_id| (key.as_str(), sale(*account_id, "1.00"))))
        .collect();
    let told = outcomes(&post(&venue, &sales));
    for pair in plain(&told).chunks(2) {
        assert_eq!(pair, [("posted", ""), ("invalid", "idempotency_key_reused")]);
    }
}
