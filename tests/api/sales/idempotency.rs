//! The same key and the same request get the same answer, whatever happens in between.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use diesel::prelude::*;
use onaccount::db::schema::api_keys;
use onaccount::id::Id;
use serde_json::json;
use ureq::http::Method;

use crate::harness::money::{line, sale, sale_of, with};
use crate::harness::{Answer, Venue, key};
use crate::ledger::{hold, post_reset};

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

#[test]
fn a_repeated_request_gets_the_same_answer_and_posts_nothing() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    let first = venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
    venue.sell(account_id, "3.00").expect(201);
    let second = venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
    assert_eq!((first.expect(201), is_replayed(&first)), (second.expect(201), false));
    assert!(is_replayed(&second));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(venue.state(account_id), (-500, 10_000, 3));
}

#[test]
fn other_white_space_order_and_spelling_are_the_same_request() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    venue
        .till
        .post_keyed("/v1/sales", &key, sale(account_id, "2.00"))
        .expect(201);
    let body = format!(
        r#"{{ "lines" : [ {{"vat_rate":"21.00","amount":"2.0","quantity":"1.000","name":"Beer",
        "product_code":"BEER","unit_price":null}} ],  "offline": false, "amount":"2",
        "occurred_at":"2026-10-15T12:00:00.000+02:00","account_id":"{account_id}" }}"#
    );
    for spelled in [key.to_uppercase(), format!("\"{key}\""), key.clone()] {
        let answer = venue.till.with("Idempotency-Key", spelled).send(
            Method::POST,
            "/v1/sales",
            Some(body.clone().into_bytes()),
        );
        answer.expect(201);
        assert!(is_replayed(&answer));
    }
    assert_eq!(venue.state(account_id), (-200, 10_000, 2));
}

#[test]
fn another_request_under_the_same_key_is_refused() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let other_id = venue.account("71900002", "100.00");
    let key = key();
    venue
        .till
        .post_keyed("/v1/sales", &key, sale(account_id, "2.00"))
        .expect(201);
    for body in [
        sale(account_id, "2.01"),
        sale(other_id, "2.00"),
        sale(Id::NIL, "2.00"),
        sale_of(account_id, "2.00", json!([line("2", "2.00")])),
        with(sale(account_id, "2.00"), json!({"offline": true})),
        with(
            sale(account_id, "2.00"),
            json!({"account_id": null, "account_number": "71900001"}),
        ),
    ] {
        venue
            .till
            .post_keyed("/v1/sales", &key, body)
            .problem(422, "idempotency_key_reused");
    }
    let refund = format!("/v1/sales/{key}/refunds");
    venue
        .till
        .post_keyed(&refund, &key, json!({}))
        .problem(422, "idempotency_key_reused");
    let limit = format!("/v1/accounts/{account_id}/limit-changes");
    let body = json!({"change": "1.00", "reason": "x"});
    venue
        .superuser
        .post_keyed(&limit, &key, body)
        .problem(422, "idempotency_key_reused");
    assert_eq!(venue.state(account_id), (-200, 10_000, 2));
}

#[test]
fn the_id_of_a_mutation_that_no_request_made_is_no_key() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let id = post_reset(&venue, account_id);
    let answer = venue
        .till
        .post_keyed("/v1/sales", &id.to_string(), sale(account_id, "2.00"));
    answer.problem(422, "idempotency_key_reused");
    assert_eq!(venue.state(account_id), (0, 10_000, 2));
}

#[test]
fn a_decline_is_repeated_even_when_the_limit_is_raised() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1.00");
    let key = key();
    let post = || venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
    let first = post().problem(409, "limit_exceeded");
    venue.change_limit(account_id, "99.00").expect(201);
    let again = post();
    let second = again.problem(409, "limit_exceeded");
    assert!(is_replayed(&again));
    assert_eq!(
        (&second["available"], &second["till_message"]),
        (&first["available"], &first["till_message"])
    );
    assert_eq!(venue.state(account_id), (0, 10_000, 2));
}

#[test]
fn a_refusal_is_not_kept_and_the_key_may_try_again() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    let missing = format!("/v1/sales/{}/refunds", crate::harness::key());
    venue
        .till
        .post_keyed(&missing, &key, json!({}))
        .problem(404, "not_found");
    let id = venue.sold(account_id, "2.00");
    let refund = format!("/v1/sales/{id}/refunds");
    let too_much = json!({"lines": [{"line_no": 1, "quantity": "2"}]});
    venue
        .till
        .post_keyed(&refund, &key, too_much)
        .problem(422, "more_than_sold");
    venue.till.post_keyed(&refund, &key, json!({})).expect(201);
}

#[test]
fn every_operation_that_moves_money_repeats_its_answer() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let (refunded, voided, reversed) = (
        venue.sold(account_id, "2.00"),
        venue.sold(account_id, "3.00"),
        venue.sold(account_id, "4.00"),
    );
    let loose = json!({"account_id": account_id, "amount": "1.00", "lines": [line("1", "1.00")], "reason": "goodwill"});
    for (actor, path, body) in [
        (&venue.till, format!("/v1/sales/{refunded}/refunds"), json!({})),
        (
            &venue.till,
            format!("/v1/sales/{voided}/void"),
            json!({"account_id": account_id}),
        ),
        (
            &venue.superuser,
            format!("/v1/mutations/{reversed}/reversal"),
            json!({"reason": "mistake"}),
        ),
        (&venue.superuser, "/v1/refunds".to_owned(), loose),
        (
            &venue.superuser,
            format!("/v1/accounts/{account_id}/limit-changes"),
            json!({"change": "-1.00", "reason": "less"}),
        ),
        (
            &venue.superuser,
            format!("/v1/accounts/{account_id}/credits"),
            json!({"amount": "5.00", "reason": "prepaid"}),
        ),
    ] {
        let key = key();
        let first = actor.post_keyed(&path, &key, body.clone());
        let state = venue.state(account_id);
        let second = actor.post_keyed(&path, &key, body);
        assert_eq!(first.expect(201), second.expect(201), "{path}");
        assert_eq!((is_replayed(&first), is_replayed(&second)), (false, true), "{path}");
        assert_eq!(first.header("location"), format!("/v1/mutations/{key}"));
        assert_eq!(venue.state(account_id), state);
    }
}

#[test]
fn twenty_parallel_identical_requests_post_once() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let post = || venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
        let tills: Vec<_> = (0..20).map(|_| scope.spawn(post)).collect();
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    });
    let first = answers[0].expect(201);
    assert!(answers.iter().all(|answer| answer.expect(201) == first));
    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    assert_eq!(venue.state(account_id), (-200, 10_000, 2));
}

#[test]
fn parallel_requests_under_one_key_for_two_accounts_post_one_of_them() {
    let venue = Venue::open();
    let accounts = ["71900001", "71900002"].map(|number| venue.account(number, "100.00"));
    let key = key();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let (till, key) = (&venue.till, &key);
        let tills = accounts.map(|id| scope.spawn(move || till.post_keyed("/v1/sales", key, sale(id, "2.00")).status));
        tills.into_iter().map(|till| till.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    let owed: i64 = accounts.iter().map(|id| venue.state(*id).0).sum();
    assert_eq!(owed, -200);
}

/// Which happens beside a till's first request, and would wait for the database like everybody else.
fn wait_until_the_use_of_the_key_is_noted(venue: &Venue) {
    venue.till.get("/v1/till/accounts").expect(200);
    let is_noted = |connection: &mut _| {
        let of_till = api_keys::table.filter(api_keys::terminal_id.eq(venue.till_id));
        diesel::select(diesel::dsl::exists(
            of_till.filter(api_keys::last_used_at.is_not_null()),
        ))
        .get_result(connection)
    };
    while !venue.service.write::<bool>(is_noted) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_duplicate_of_a_request_that_takes_long_is_asked_to_come_back() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    let post = || venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
    wait_until_the_use_of_the_key_is_noted(&venue);
    let (first, second) = std::thread::scope(|scope| {
        let held = hold(&venue, account_id);
        let first = scope.spawn(post);
        let working_on = key.parse().unwrap();
        while !venue.service.state.in_flight.holds(venue.tenant_id, working_on) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = post();
        drop(held);
        (first.join().unwrap(), second)
    });
    second.problem(409, "in_progress");
    assert_eq!(second.header("retry-after"), "1");
    first.expect(201);
    assert!(is_replayed(&post()));
}

#[test]
fn a_cut_connection_loses_nothing_and_repeats_nothing() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let key = key();
    let body = sale(account_id, "2.00").to_string();
    let address = venue.service.base.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/sales HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        venue.till.token.as_deref().unwrap(),
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    drop(connection);
    // cut off in the middle of the body: nothing was asked
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(head.replace(&key, &crate::harness::key()).as_bytes())
        .unwrap();
    half.write_all(&body.as_bytes()[..body.len() / 2]).unwrap();
    drop(half);
    let again = venue.till.post_keyed("/v1/sales", &key, sale(account_id, "2.00"));
    again.expect(201);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(venue.state(account_id), (-200, 10_000, 2));
}
