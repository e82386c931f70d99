//! The list of accounts: search, filters, sorts, pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use onaccount::db::schema::{account_holders, accounts};
use onaccount::id::Id;
use serde_json::{Value, json};

use crate::harness::{Venue, walk};

fn numbers(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["number"].as_str().unwrap().to_owned())
        .collect()
}

/// Writes a balance behind the service's back: what a list sorts and filters by, not how it came about.
fn set_balance(venue: &Venue, id: &str, minor: i64) {
    let (tenant_id, id) = (venue.tenant_id, id.parse::<Id>().unwrap());
    venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, id)))
            .set(accounts::balance_minor.eq(minor))
            .execute(connection)
    });
}

/// Five accounts of four people, in four statuses.
fn filled() -> (Venue, Value) {
    let venue = Venue::open();
    let vera = venue.customer("Vera de Vries");
    for (number, holder, status, balance, flags) in [
        ("A1", Some(vera.clone()), "active", -500, (true, true)),
        ("a-2", Some(vera.clone()), "blocked", -12_050, (true, false)),
        ("B3", Some(venue.customer("Zoë Çelik")), "inactive", 0, (false, true)),
        ("10", Some(venue.customer("Club")), "closed", 0, (false, false)),
        ("9", None, "active", 250, (true, true)),
    ] {
        let holder_id = holder.map_or(Value::Null, |customer| customer["id"].clone());
        let (is_allowed, is_shown) = flags;
        let account = venue.new_account(
            json!({"number": number, "holder_id": holder_id, "on_account_allowed": is_allowed,
            "shown_on_till": is_shown}),
        );
        let changes: &[&str] = match status {
            "active" => &["activate"],
            "blocked" => &["activate", "block"],
            "closed" => &["activate", "close"],
            _ => &[],
        };
        for change in changes {
            venue
                .clerk
                .post(&format!("{}/{change}", account.path), json!({}))
                .expect(200);
        }
        set_balance(&venue, &account.id, balance);
    }
    (venue, vera)
}

#[test]
fn accounts_are_found_by_every_filter() {
    let (venue, vera) = filled();
    let list = |query: &str| {
        numbers(
            &venue
                .backoffice
                .get(&format!("/v1/accounts?sort=number&{query}"))
                .expect(200),
        )
    };
    let of_vera = format!("holder={}", vera["id"].as_str().unwrap());
    for (query, expected) in [
        ("q=celik", &["B3"] as &[&str]),
        ("q=%C3%87EL", &["B3"]),
        ("q=a1", &["A1"]),
        ("q=A-", &["a-2"]),
        ("q=%25", &[]),
        ("q=de+vries&status=blocked", &["a-2"]),
        ("status=active", &["9", "A1"]),
        ("status=active,blocked", &["9", "A1", "a-2"]),
        ("status=inactive,closed", &["10", "B3"]),
        ("balance_lt=0", &["A1", "a-2"]),
        ("balance_lt=-5.00", &["a-2"]),
        ("balance_lt=-4.99", &["A1", "a-2"]),
        ("balance_lt=2.51", &["10", "9", "A1", "B3", "a-2"]),
        (&of_vera, &["A1", "a-2"]),
        ("holder=01938f5e-3c00-7000-8000-000000000001", &[]),
        ("shown_on_till=true", &["9", "A1", "B3"]),
        ("shown_on_till=false&on_account_allowed=true", &["a-2"]),
        ("on_account_allowed=false", &["10", "B3"]),
    ] {
        assert_eq!(list(query), expected, "{query}");
    }
}

#[test]
fn accounts_are_sorted_every_way() {
    let (venue, _) = filled();
    for (sort, expected) in [
        ("name", ["9", "10", "A1", "a-2", "B3"]),
        ("-name", ["B3", "a-2", "A1", "10", "9"]),
        ("number", ["10", "9", "A1", "B3", "a-2"]),
        ("-number", ["a-2", "B3", "A1", "9", "10"]),
        ("status", ["A1", "9", "a-2", "10", "B3"]),
        ("-status", ["B3", "10", "a-2", "9", "A1"]),
        ("balance", ["a-2", "A1", "B3", "10", "9"]),
        ("-balance", ["9", "10", "B3", "A1", "a-2"]),
    ] {
        let page = venue.clerk.get(&format!("/v1/accounts?sort={sort}")).expect(200);
        assert_eq!(numbers(&page), expected, "{sort}");
    }
    let page = venue.clerk.get("/v1/accounts").expect(200);
    assert_eq!(numbers(&page), ["9", "10", "A1", "a-2", "B3"]);
    assert_eq!(page["items"][2]["holders"][0]["name"], "Vera de Vries");
    assert_eq!(page["items"][2]["balance"], "-5.00");
}

#[test]
fn a_wrong_parameter_is_named() {
    let venue = Venue::open();
    for (query, parameter) in [
        ("sort=colour", "sort"),
        ("status=active,gone", "status"),
        ("status=", "status"),
        ("balance_lt=0.001", "balance_lt"),
        ("balance_lt=ten", "balance_lt"),
        ("holder=7", "holder"),
        ("shown_on_till=yes", "shown_on_till"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
    ] {
        let problem = venue
            .clerk
            .get(&format!("/v1/accounts?{query}"))
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    let problem = venue
        .clerk
        .get("/v1/accounts?balance_lt=0.001")
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_many_decimals", "as everywhere");
    venue
        .clerk
        .get("/v1/accounts?offset=10")
        .problem(400, "unknown_query_parameter");
    venue.clerk.get("/v1/accounts?cursor=abc").problem(400, "bad_cursor");
}

/// 120 accounts with few different names, balances and statuses, so that pages end in the middle of equal values.
fn crowd(venue: &Venue) -> Vec<String> {
    let (tenant_id, now) = (venue.tenant_id, venue.service.clock.now());
    let ids: Vec<Id> = (0..120).map(|_| venue.service.clock.new_id()).collect();
    let holder: Id = venue.customer("Jan Jansen")["id"].as_str().unwrap().parse().unwrap();
    venue.service.write(|connection| {
        for (number, id) in ids.iter().enumerate() {
            let name = if number < 100 { "jan jansen" } else { "zoe" };
            diesel::insert_into(accounts::table)
                .values((
                    accounts::tenant_id.eq(tenant_id),
                    accounts::id.eq(*id),
                    accounts::number.eq(format!("{:03}", (number * 37) % 120)),
                    accounts::status.eq(if number % 3 == 0 { "blocked" } else { "active" }),
                    accounts::on_account_allowed.eq(true),
                    accounts::shown_on_till.eq(true),
                    accounts::name.eq(name),
                    accounts::name_key.eq(name),
                    accounts::balance_minor.eq(i64::try_from(number % 4).unwrap() - 2),
                    accounts::created_at.eq(now),
                ))
                .execute(connection)?;
            diesel::insert_into(account_holders::table)
                .values((
                    account_holders::tenant_id.eq(tenant_id),
                    account_holders::account_id.eq(*id),
                    account_holders::customer_id.eq(holder),
                    account_holders::kind.eq("billing"),
                    account_holders::linked_at.eq(now),
                ))
                .execute(connection)?;
        }
        Ok(())
    });
    ids.iter().map(ToString::to_string).collect()
}

#[test]
fn pages_miss_no_account_and_show_none_twice() {
    let venue = Venue::open();
    let mut expected = crowd(&venue);
    expected.sort();
    for sort in ["name", "number", "status", "balance"] {
        let upwards = walk(&venue.clerk, &format!("/v1/accounts?limit=7&sort={sort}"));
        let downwards = walk(&venue.clerk, &format!("/v1/accounts?limit=7&sort=-{sort}"));
        let mut turned = downwards.clone();
        turned.reverse();
        assert_eq!(upwards, turned, "{sort}: the same list from both ends");
        let mut all = upwards.clone();
        all.sort();
        assert_eq!(all, expected, "{sort}");
        let one_page = venue
            .clerk
            .get(&format!("/v1/accounts?limit=200&sort={sort}"))
            .expect(200);
        let ids: Vec<_> = one_page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert_eq!(upwards, ids, "{sort}: pages are cuts of the whole");
    }
    let some = walk(
        &venue.clerk,
        "/v1/accounts?limit=6&status=blocked&balance_lt=0&sort=-balance&q=jan",
    );
    let expected = (0..100).filter(|number| number % 3 == 0 && number % 4 < 2).count();
    assert_eq!(some.len(), expected);
}

#[test]
fn a_cursor_belongs_to_its_list() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    crowd(&venue);
    let answer = venue.clerk.get("/v1/accounts?limit=5&status=active&sort=balance");
    let cursor = answer.expect(200)["next_cursor"].as_str().unwrap().to_owned();
    let next = format!("/v1/accounts?limit=5&status=active&sort=balance&cursor={cursor}");
    assert_eq!(answer.header("link"), format!("<{next}>; rel=\"next\""));
    venue.clerk.get(&next).expect(200);
    for other in [
        "sort=balance",
        "status=active",
        "status=active&sort=-balance",
        "status=blocked&sort=balance",
        "status=active&sort=balance&q=jan",
        "status=active&sort=balance&balance_lt=0",
        "status=active&sort=balance&shown_on_till=true",
    ] {
        venue
            .clerk
            .get(&format!("/v1/accounts?{other}&cursor={cursor}"))
            .problem(400, "bad_cursor");
    }
    venue
        .clerk
        .get(&format!("/v1/customers?cursor={cursor}"))
        .problem(400, "bad_cursor");
    neighbour.get(&next).problem(400, "bad_cursor");
    // of the same list, but made to go on elsewhere
    let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    let digit = bytes.iter_mut().rev().find(|byte| byte.is_ascii_digit()).unwrap();
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    let forged = URL_SAFE_NO_PAD.encode(bytes);
    venue
        .clerk
        .get(&format!(
            "/v1/accounts?limit=5&status=active&sort=balance&cursor={forged}"
        ))
        .problem(400, "bad_cursor");
}
