//! What a statement says.

use onaccount::id::Id;
use serde_json::{Value, json};

use super::{beer_at, product, reverse, sell_at, statement, statement_path};
use crate::harness::Venue;

const OCTOBER: &str = "2026-10-01..2026-10-31";

/// September: a sale of 10.00. October: two sales, a refund of part of one, a sale that is reversed, and prepaid money.
fn account_with_history(venue: &Venue) -> Id {
    let account_id = venue.account("71900001", "100.00");
    beer_at(venue, account_id, "2026-09-30T20:00:00Z", "10.00");
    let lines = json!([
        product("beer", "2", "6.40", "21.00"),
        product("nuts", "1", "1.20", "9.00")
    ]);
    sell_at(venue, account_id, "2026-10-12T20:00:00Z", "7.60", lines).expect(201);
    let lines = json!([
        product("beer", "3", "9.60", "21.00"),
        product("deposit", "1", "-0.50", "0")
    ]);
    let sale = sell_at(venue, account_id, "2026-10-14T20:00:00Z", "9.10", lines).expect(201);
    let refund = json!({"lines": [{"line_no": 1, "quantity": "1"}]});
    let path = format!("/v1/sales/{}/refunds", sale["id"].as_str().unwrap());
    venue.till.post_new(&path, refund).expect(201);
    reverse(venue, &beer_at(venue, account_id, "2026-10-14T20:30:00Z", "50.00"));
    let credit = json!({"amount": "5.00", "reason": "paid at the desk"});
    venue
        .superuser
        .post_new(&format!("/v1/accounts/{account_id}/credits"), credit)
        .expect(201);
    account_id
}

#[test]
fn a_statement_adds_up() {
    let venue = Venue::open();
    let account_id = account_with_history(&venue);
    let expected = json!({
        "account_id": account_id, "account_number": "71900001", "account_name": "Holder of 71900001",
        "from": "2026-10-01", "to": "2026-10-31", "invoiced": null,
        "opening_balance": "-10.00", "closing_balance": "-18.50", "sales_total": "13.50",
        "changes": [
            {"kind": "credit", "count": 1, "balance_change": "5.00"},
            {"kind": "limit_change", "count": 1, "balance_change": "0.00"},
            {"kind": "refund", "count": 1, "balance_change": "3.20"},
            {"kind": "reversal", "count": 1, "balance_change": "50.00"},
            {"kind": "sale", "count": 3, "balance_change": "-66.70"},
        ],
        "days": [
            {"business_date": "2026-10-12", "quantity": "3", "amount": "7.60"},
            {"business_date": "2026-10-14", "quantity": "4", "amount": "9.10"},
            {"business_date": "2026-10-15", "quantity": "-1", "amount": "-3.20"},
        ],
        "products": [
            {"product_code": "beer", "product_name": "The beer", "category": "Bar", "vat_rate": "21.00", "quantity": "4", "amount": "12.80"},
            {"product_code": "deposit", "product_name": "The deposit", "category": "Bar", "vat_rate": "0.00", "quantity": "1", "amount": "-0.50"},
            {"product_code": "nuts", "product_name": "The nuts", "category": "Bar", "vat_rate": "9.00", "quantity": "1", "amount": "1.20"},
        ],
        "vat": [
            {"vat_rate": "0.00", "gross": "-0.50", "net": "-0.50", "vat": "0.00"},
            {"vat_rate": "9.00", "gross": "1.20", "net": "1.10", "vat": "0.10"},
            {"vat_rate": "21.00", "gross": "12.80", "net": "10.58", "vat": "2.22"},
        ],
        "lines": [
            line("2026-10-12", "beer", "21.00", "2", "6.40"),
            line("2026-10-12", "nuts", "9.00", "1", "1.20"),
            line("2026-10-14", "beer", "21.00", "3", "9.60"),
            line("2026-10-14", "deposit", "0.00", "1", "-0.50"),
            line("2026-10-15", "beer", "21.00", "-1", "-3.20"),
        ],
    });
    assert_eq!(statement(&venue, account_id, OCTOBER), expected);
    let (balance, ..) = venue.state(account_id);
    assert_eq!(balance, -1850);
}

fn line(date: &str, code: &str, vat_rate: &str, quantity: &str, amount: &str) -> Value {
    json!({"business_date": date, "product_code": code, "product_name": format!("The {code}"), "category": "Bar",
        "vat_rate": vat_rate, "quantity": quantity, "amount": amount})
}

#[test]
fn one_period_closes_where_the_next_one_opens() {
    let venue = Venue::open();
    let account_id = account_with_history(&venue);
    let mut closing = json!("0.00");
    for period in [
        "2026-09-01..2026-09-30",
        "2026-10-01..2026-10-12",
        "2026-10-13..2026-10-14",
        "2026-10-15..2026-10-15",
    ] {
        let statement = statement(&venue, account_id, period);
        assert_eq!(statement["opening_balance"], closing, "{period}");
        closing = statement["closing_balance"].clone();
    }
    assert_eq!(closing, "-18.50");
}

#[test]
fn a_reversed_sale_leaves_the_sales_of_its_day_but_not_the_balance_of_its_period() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = beer_at(&venue, account_id, "2026-10-14T20:00:00Z", "4.00");
    let yesterday = "2026-10-14..2026-10-14";
    assert_eq!(statement(&venue, account_id, yesterday)["sales_total"], "4.00");
    reverse(&venue, &sale_id);
    let after = statement(&venue, account_id, yesterday);
    assert_eq!(
        (&after["sales_total"], &after["closing_balance"]),
        (&json!("0.00"), &json!("-4.00"))
    );
    assert_eq!(
        (&after["days"], &after["products"], &after["vat"], &after["lines"]),
        (&json!([]), &json!([]), &json!([]), &json!([]))
    );
    let today = statement(&venue, account_id, "2026-10-15..2026-10-15");
    assert_eq!(
        (&today["opening_balance"], &today["closing_balance"]),
        (&json!("-4.00"), &json!("0.00"))
    );
    assert_eq!(today["sales_total"], "0.00");
}

#[test]
fn a_reversed_refund_is_not_in_the_sales() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let sale_id = beer_at(&venue, account_id, "2026-10-14T20:00:00Z", "4.00");
    let refund = venue
        .till
        .post_new(&format!("/v1/sales/{sale_id}/refunds"), json!({}))
        .expect(201);
    let period = "2026-10-14..2026-10-15";
    assert_eq!(statement(&venue, account_id, period)["sales_total"], "0.00");
    reverse(&venue, refund["id"].as_str().unwrap());
    assert_eq!(statement(&venue, account_id, period)["sales_total"], "4.00");
}

#[test]
fn a_late_sale_changes_the_past_period_it_belongs_to() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    beer_at(&venue, account_id, "2026-10-14T20:00:00Z", "4.00");
    let september = "2026-09-01..2026-09-30";
    assert_eq!(statement(&venue, account_id, september)["closing_balance"], "0.00");
    beer_at(&venue, account_id, "2026-09-30T20:00:00Z", "3.00");
    let after = statement(&venue, account_id, september);
    assert_eq!(
        (&after["closing_balance"], &after["sales_total"]),
        (&json!("-3.00"), &json!("3.00"))
    );
    let october = statement(&venue, account_id, OCTOBER);
    assert_eq!(
        (&october["opening_balance"], &october["closing_balance"]),
        (&json!("-3.00"), &json!("-7.00"))
    );
    assert_eq!(october["sales_total"], "4.00");
}

#[test]
fn name_and_category_are_those_of_the_latest_line() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let named = |name: &str, category: &str| json!({"product_code": "7", "name": name, "quantity": "1", "amount": "1.00", "vat_rate": "21", "category": category});
    let other_rate =
        json!({"product_code": "7", "name": "Takeaway", "quantity": "1", "amount": "1.00", "vat_rate": "9"});
    let sell = |at: &str, lines: Value| {
        let amount = format!("{}.00", lines.as_array().unwrap().len());
        sell_at(&venue, account_id, at, &amount, lines).expect(201);
    };
    sell(
        "2026-10-13T10:00:00Z",
        json!([named("Old", "A"), named("Newer", "B"), other_rate]),
    );
    sell(
        "2026-10-14T10:00:00Z",
        json!([named("Newest", "C"), named("Latest", "D")]),
    );
    let statement = statement(&venue, account_id, OCTOBER);
    let names = |part: &str| -> Vec<String> {
        let rows = statement[part].as_array().unwrap().iter();
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        rows.map(|row| {
            let [rate, name, category, amount] =
                ["vat_rate", "product_name", "category", "amount"].map(|field| text(row, field));
            format!("{rate} {name} {category} {amount}")
        })
        .collect()
    };
    assert_eq!(names("products"), ["9.00 Takeaway  1.00", "21.00 Latest D 4.00"]);
    assert_eq!(
        names("lines"),
        ["9.00 Takeaway  1.00", "21.00 Newer B 2.00", "21.00 Latest D 2.00"]
    );
}

#[test]
fn vat_is_rounded_once_for_the_whole_statement() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    for at in ["2026-10-13T10:00:00Z", "2026-10-14T10:00:00Z", "2026-10-15T09:00:00Z"] {
        sell_at(
            &venue,
            account_id,
            at,
            "0.10",
            json!([product("sweet", "1", "0.10", "9")]),
        )
        .expect(201);
    }
    let vat = statement(&venue, account_id, OCTOBER)["vat"].clone();
    // 0.30 x 9 / 109 = 0.0247..; rounded line by line it would be 0.03
    assert_eq!(
        vat,
        json!([{"vat_rate": "9.00", "gross": "0.30", "net": "0.28", "vat": "0.02"}])
    );
}

#[test]
fn a_period_without_activity_has_a_balance_and_nothing_else() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    beer_at(&venue, account_id, "2026-10-14T20:00:00Z", "4.00");
    for (period, balance) in [("2026-10-01..2026-10-13", "0.00"), ("2026-10-16..2027-10-16", "-4.00")] {
        let statement = statement(&venue, account_id, period);
        assert_eq!(statement["opening_balance"], balance, "{period}");
        assert_eq!(statement["closing_balance"], balance, "{period}");
        assert_eq!(statement["sales_total"], "0.00", "{period}");
        for part in ["changes", "days", "products", "vat", "lines"] {
            assert_eq!(statement[part], json!([]), "{period} {part}");
        }
    }
}

#[test]
fn more_lines_than_are_read_at_once_come_whole_and_in_order() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    for day in 10..15 {
        for part in 0..2 {
            let lines: Vec<Value> = (0..500)
                .map(|n| product(&format!("p{:04}", n * 2 + part), "1", "0.01", "21"))
                .collect();
            sell_at(
                &venue,
                account_id,
                &format!("2026-10-{day}T10:00:00Z"),
                "5.00",
                json!(lines),
            )
            .expect(201);
        }
    }
    let statement = statement(&venue, account_id, OCTOBER);
    let lines = statement["lines"].as_array().unwrap();
    let keys: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| {
            (
                line["business_date"].as_str().unwrap(),
                line["product_code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(keys.len(), 5_000);
    assert!(keys.is_sorted());
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(statement["sales_total"], "50.00");
    assert_eq!(statement["products"].as_array().unwrap().len(), 1_000);
}

#[test]
fn another_account_and_another_tenant_are_not_in_it() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let other_id = venue.account("71900002", "100.00");
    beer_at(&venue, other_id, "2026-10-14T20:00:00Z", "4.00");
    assert_eq!(statement(&venue, account_id, OCTOBER)["closing_balance"], "0.00");
    let (_, neighbour, _) = venue.neighbour(720);
    let path = statement_path(other_id, OCTOBER);
    neighbour.get(&path).problem(404, "not_found");
    let unknown = statement_path(venue.tenant_id, OCTOBER);
    venue.clerk.get(&unknown).problem(404, "not_found");
    venue.till.get(&path).problem(403, "forbidden");
}

#[test]
fn a_wrong_period_is_refused_by_parameter() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let refused = |query: &str, status: u16, code: &str| {
        venue
            .clerk
            .get(&format!("/v1/accounts/{account_id}/statement?{query}"))
            .problem(status, code)["errors"][0]
            .clone()
    };
    for (query, parameter, code) in [
        ("from=2026-10-02&to=2026-10-01", "to", "period_turned_round"),
        ("from=2016-01-01&to=2025-12-31", "to", "period_too_long"),
        ("from=2026-10-01", "to", "missing_parameter"),
        ("to=2026-10-01", "from", "missing_parameter"),
        ("from=2026-02-29&to=2026-03-31", "from", "invalid_value"),
        ("from=2026-10-01&to=31-10-2026", "to", "invalid_value"),
        (
            "from=2026-10-01&to=2026-10-31&invoiced=yes",
            "invoiced",
            "invalid_value",
        ),
        ("from=2026-10-01&to=2026-10-31&from=2026-10-02", "from", "repeated"),
    ] {
        let error = refused(query, 422, "validation_failed");
        assert_eq!(
            (&error["parameter"], &error["code"]),
            (&json!(parameter), &json!(code)),
            "{query}"
        );
    }
    let error = refused(
        "from=2026-10-01&to=2026-10-31&colour=red",
        400,
        "unknown_query_parameter",
    );
    assert_eq!(error["parameter"], "colour");
    statement(&venue, account_id, "2021-10-28..2026-10-31");
}
