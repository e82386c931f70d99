//! Making accounts, and their numbers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Venue;

#[test]
fn a_new_account_is_inactive_and_empty() {
    let venue = Venue::open();
    let customer = venue.customer("Vera de Vries");
    let body = json!({"number": "A-7", "holder_id": customer["id"], "on_account_allowed": true, "shown_on_till": true});
    let answer = venue.clerk.post("/v1/accounts", body);
    let account = answer.expect(201);
    let id = account["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/accounts/{id}"));
    assert_eq!(answer.header("etag"), "\"1-0\"");
    assert_eq!(
        account,
        json!({"id": id, "number": "A-7", "name": "Vera de Vries", "status": "inactive", "on_account_allowed": true,
            "shown_on_till": true, "balance": "0.00", "credit_limit": "0.00", "available": "0.00", "is_credit_account": false,
            "holders": [{"customer_id": customer["id"], "name": "Vera de Vries", "kind": "billing",
                "linked_at": "2026-10-15T10:00:00Z"}],
            "settings_version": 1, "last_seq": 0, "created_at": "2026-10-15T10:00:00Z"})
    );
    assert_eq!(venue.backoffice.get(answer.header("location")).expect(200), account);
    let bare = venue.clerk.post("/v1/accounts", json!({})).expect(201);
    assert_eq!((&bare["name"], &bare["holders"]), (&Value::Null, &json!([])));
    assert_eq!(
        (&bare["on_account_allowed"], &bare["shown_on_till"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn numbers_follow_one_another_and_skip_what_is_taken() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let proposal = || venue.clerk.get("/v1/accounts/number-proposal").expect(200)["number"].clone();
    let make = |body: Value| venue.clerk.post("/v1/accounts", body).expect(201)["number"].clone();
    assert_eq!(proposal(), "71900001");
    assert_eq!(proposal(), "71900001", "a proposal takes nothing");
    assert_eq!(make(json!({})), "71900001");
    assert_eq!(make(json!({"number": "71900002"})), "71900002");
    assert_eq!(make(json!({"number": "71900003"})), "71900003");
    assert_eq!(make(json!({"number": "bar"})), "bar");
    assert_eq!(proposal(), "71900004");
    assert_eq!(make(json!({})), "71900004");
    assert_eq!(make(json!({})), "71900005");
    let of_neighbour = neighbour.post("/v1/accounts", json!({})).expect(201);
    assert_eq!(of_neighbour["number"], "72000001");
}

#[test]
fn more_digits_come_when_five_are_used_up() {
    use diesel::prelude::*;
    use onaccount::db::schema::number_series;
    let venue = Venue::open();
    venue.clerk.post("/v1/accounts", json!({})).expect(201);
    let tenant_id = venue.tenant_id;
    venue.service.write(|connection| {
        diesel::update(number_series::table.find((tenant_id, "account")))
            .set(number_series::next_value.eq(99_999))
            .execute(connection)
    });
    let numbers = [(); 2].map(|()| venue.clerk.post("/v1/accounts", json!({})).expect(201)["number"].clone());
    assert_eq!(numbers, ["71999999", "719100000"]);
}

#[test]
fn a_number_is_had_once() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let body = json!({"number": "A-7"});
    venue.clerk.post("/v1/accounts", body.clone()).expect(201);
    venue
        .clerk
        .post("/v1/accounts", body.clone())
        .problem(409, "account_number_taken");
    venue.clerk.post("/v1/accounts", json!({"number": "a-7"})).expect(201);
    neighbour.post("/v1/accounts", body).expect(201);
    assert_eq!(
        venue.clerk.get("/v1/accounts").expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_wrong_field_is_named() {
    let venue = Venue::open();
    for (body, pointer) in [
        (json!({"number": ""}), "/number"),
        (json!({"number": "1".repeat(21)}), "/number"),
        (json!({"number": "A 7"}), "/number"),
        (json!({"number": 7}), "/number"),
        (json!({"on_account_allowed": "yes"}), "/on_account_allowed"),
        (json!({"holder_id": "Vera"}), "/holder_id"),
        (json!({"balance": "10.00"}), "/balance"),
    ] {
        let problem = venue
            .clerk
            .post("/v1/accounts", body.clone())
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(venue.clerk.get("/v1/accounts").expect(200)["items"], json!([]));
    assert_eq!(
        venue.clerk.get("/v1/accounts/number-proposal").expect(200)["number"],
        "71900001"
    );
}

#[test]
fn a_holder_must_be_a_customer_of_this_tenant() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let foreign = json!({"kind": "company", "company_name": "Next door"});
    let foreign = neighbour.post("/v1/customers", foreign).expect(201);
    for id in [foreign["id"].as_str().unwrap(), "01938f5e-3c00-7000-8000-000000000001"] {
        let problem = venue
            .clerk
            .post("/v1/accounts", json!({"holder_id": id}))
            .problem(422, "unknown_customer");
        assert_eq!(problem["errors"][0]["pointer"], "/holder_id");
    }
    assert_eq!(venue.clerk.get("/v1/accounts").expect(200)["items"], json!([]));
    assert_eq!(
        venue.clerk.post("/v1/accounts", json!({})).expect(201)["number"],
        "71900001",
        "what was refused took no number"
    );
}

#[test]
fn twenty_at_once_get_twenty_numbers() {
    let venue = Venue::open();
    let make = |number: u32| {
        let clerk = venue.clerk.clone();
        // Every fifth chooses a number that the series is about to come to.
        let is_chosen = number.is_multiple_of(5);
        let body = if is_chosen {
            json!({"number": format!("719{:05}", number + 3)})
        } else {
            json!({})
        };
        move || (is_chosen, clerk.post("/v1/accounts", body))
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..25).map(|number| scope.spawn(make(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut numbers = BTreeSet::new();
    for (is_chosen, answer) in answers {
        if is_chosen && answer.status == 409 {
            answer.problem(409, "account_number_taken");
        } else {
            let number = answer.expect(201)["number"].as_str().unwrap().to_owned();
            assert!(numbers.insert(number), "{numbers:?}");
        }
    }
    assert!(
        numbers.len() >= 20,
        "who chooses no number always gets one: {numbers:?}"
    );
}
