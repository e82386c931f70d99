//! Which day a sale falls on: edges of a period, both nights of 2026 when the clock changes, bars that close after midnight.

use chrono::NaiveDate;
use diesel::prelude::*;
use onaccount::auth::Role;
use onaccount::db::schema::tenants;
use onaccount::id::Id;
use serde_json::{Value, json};

use super::{beer_at, statement_path};
use crate::harness::{Actor, Venue, at};

/// A venue in Amsterdam after the second night, whose business day begins at a minute of the day, and which still takes
/// sales of the spring. With a clerk who has just signed in.
fn late_venue(business_day_start_min: i32) -> (Venue, Actor, Id) {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    venue.service.clock.set(at("2026-10-26T10:00:00Z"));
    venue.service.write(|connection| {
        diesel::update(tenants::table.find(venue.tenant_id))
            .set((
                tenants::accept_sales_from.eq(NaiveDate::from_ymd_opt(2026, 1, 1)),
                tenants::business_day_start_min.eq(business_day_start_min),
            ))
            .execute(connection)
    });
    venue.service.state.actors.clear();
    let (_, clerk) = venue
        .service
        .user("Karin Clerk", false, Some((venue.tenant_id, &[Role::Clerk])));
    (venue, clerk, account_id)
}

/// The days of a period with their amounts.
fn days(clerk: &Actor, account_id: Id, period: &str) -> Vec<(String, String)> {
    let statement = clerk.get(&statement_path(account_id, period)).expect(200);
    let text = |day: &Value, field: &str| day[field].as_str().unwrap().to_owned();
    let days = statement["days"].as_array().unwrap().iter();
    days.map(|day| (text(day, "business_date"), text(day, "amount")))
        .collect()
}

fn expected(days: &[(&str, &str)]) -> Vec<(String, String)> {
    days.iter()
        .map(|(date, amount)| ((*date).to_owned(), (*amount).to_owned()))
        .collect()
}

#[test]
fn both_ends_of_a_period_are_in_it_and_midnight_is_local() {
    let (venue, clerk, account_id) = late_venue(0);
    for (occurred_at, amount) in [
        ("2026-06-30T21:59:59Z", "0.01"),
        ("2026-06-30T22:00:00Z", "0.10"),
        ("2026-07-31T21:59:59.999999Z", "1.00"),
        ("2026-07-31T22:00:00Z", "10.00"),
    ] {
        beer_at(&venue, account_id, occurred_at, amount);
    }
    let july = "2026-07-01..2026-07-31";
    assert_eq!(
        days(&clerk, account_id, july),
        expected(&[("2026-07-01", "0.10"), ("2026-07-31", "1.00")])
    );
    let statement = clerk.get(&statement_path(account_id, july)).expect(200);
    assert_eq!(
        (&statement["opening_balance"], &statement["closing_balance"]),
        (&json!("-0.01"), &json!("-1.11"))
    );
}

// 2026-03-29: at 02:00 the clock goes to 03:00 (01:00 UTC).
#[test]
fn the_short_night_of_2026() {
    let (venue, clerk, account_id) = late_venue(0);
    for (occurred_at, amount) in [
        ("2026-03-28T22:59:59Z", "0.01"),
        ("2026-03-28T23:00:00Z", "0.10"),
        ("2026-03-29T21:59:59Z", "1.00"),
        ("2026-03-29T22:00:00Z", "10.00"),
    ] {
        beer_at(&venue, account_id, occurred_at, amount);
    }
    let all = expected(&[("2026-03-28", "0.01"), ("2026-03-29", "1.10"), ("2026-03-30", "10.00")]);
    assert_eq!(days(&clerk, account_id, "2026-03-01..2026-03-31"), all);
}

// 2026-10-25: at 03:00 the clock goes back to 02:00 (01:00 UTC). The day has 25 hours.
#[test]
fn the_long_night_of_2026() {
    let (venue, clerk, account_id) = late_venue(0);
    for (occurred_at, amount) in [
        ("2026-10-24T21:59:59Z", "0.01"),
        ("2026-10-24T22:00:00Z", "0.10"),
        ("2026-10-25T22:59:59Z", "1.00"),
        ("2026-10-25T23:00:00Z", "10.00"),
    ] {
        beer_at(&venue, account_id, occurred_at, amount);
    }
    let all = expected(&[("2026-10-24", "0.01"), ("2026-10-25", "1.10"), ("2026-10-26", "10.00")]);
    assert_eq!(days(&clerk, account_id, "2026-10-01..2026-10-31"), all);
}

#[test]
fn a_bar_that_closes_at_four_sells_on_the_day_before_until_then() {
    let (venue, clerk, account_id) = late_venue(240);
    for (occurred_at, amount) in [
        // 03:59:59 and 04:00 on the wall, in the short night and in the long one
        ("2026-03-29T01:59:59Z", "0.01"),
        ("2026-03-29T02:00:00Z", "0.10"),
        ("2026-10-25T02:59:59Z", "1.00"),
        ("2026-10-25T03:00:00Z", "10.00"),
    ] {
        beer_at(&venue, account_id, occurred_at, amount);
    }
    let spring = expected(&[("2026-03-28", "0.01"), ("2026-03-29", "0.10")]);
    assert_eq!(days(&clerk, account_id, "2026-03-01..2026-03-31"), spring);
    let autumn = expected(&[("2026-10-24", "1.00"), ("2026-10-25", "10.00")]);
    assert_eq!(days(&clerk, account_id, "2026-10-01..2026-10-31"), autumn);
}
