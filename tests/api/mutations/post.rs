//! Limit changes and credits.

use diesel::prelude::*;
use onaccount::db::schema::accounts;
use onaccount::ledger::AccountStatus;
use serde_json::json;

use crate::harness::Venue;
use crate::harness::money::with;

#[test]
fn a_limit_goes_up_and_down_and_never_below_0() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let mutation = venue.change_limit(account_id, "100.00").expect(201);
    assert_eq!(
        (&mutation["kind"], &mutation["seq"]),
        (&json!("limit_change"), &json!(1))
    );
    assert_eq!(
        (&mutation["credit_limit_change"], &mutation["credit_limit_after"]),
        (&json!("100.00"), &json!("100.00"))
    );
    assert_eq!(
        (&mutation["balance_change"], &mutation["reason"]),
        (&json!("0.00"), &json!("budget"))
    );
    assert_eq!(mutation["posted_by"]["name"], "Suus Superuser");
    venue.change_limit(account_id, "-40.00").expect(201);
    let problem = venue
        .change_limit(account_id, "-60.01")
        .problem(409, "limit_would_be_negative");
    assert_eq!(
        problem["detail"],
        "the limit is 60.00; a change of -60.01 would bring it below 0"
    );
    venue.change_limit(account_id, "-60.00").expect(201);
    assert_eq!(venue.state(account_id), (0, 0, 3));
}

#[test]
fn a_credit_is_prepaid_money() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let body = json!({"amount": "25.00", "reason": "paid in advance"});
    let path = format!("/v1/accounts/{account_id}/credits");
    let mutation = venue.superuser.post_new(&path, body).expect(201);
    assert_eq!(
        (&mutation["balance_change"], &mutation["available_after"]),
        (&json!("25.00"), &json!("25.00"))
    );
    venue.sell(account_id, "25.00").expect(201);
    venue.sell(account_id, "0.01").problem(409, "limit_exceeded");
}

#[test]
fn bad_input_is_refused() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "10.00");
    let limit = format!("/v1/accounts/{account_id}/limit-changes");
    let credit = format!("/v1/accounts/{account_id}/credits");
    let good_limit = json!({"change": "1.00", "reason": "budget"});
    let good_credit = json!({"amount": "1.00", "reason": "prepaid"});
    for (path, body, pointer) in [
        (&limit, with(good_limit.clone(), json!({"change": "0.00"})), "/change"),
        (&limit, with(good_limit.clone(), json!({"change": 5})), "/change"),
        (&limit, with(good_limit.clone(), json!({"change": "1.005"})), "/change"),
        (&limit, with(good_limit.clone(), json!({"reason": null})), "/reason"),
        (&limit, with(good_limit.clone(), json!({"reason": ""})), "/reason"),
        (&credit, with(good_credit.clone(), json!({"amount": "0"})), "/amount"),
        (
            &credit,
            with(good_credit.clone(), json!({"amount": "-1.00"})),
            "/amount",
        ),
        (&credit, with(good_credit.clone(), json!({"limit": "1.00"})), "/limit"),
    ] {
        let problem = venue.superuser.post_new(path, body).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let unknown = format!("/v1/accounts/{}/limit-changes", crate::harness::key());
    venue
        .superuser
        .post_new(&unknown, good_limit.clone())
        .problem(404, "not_found");
    venue
        .superuser
        .post_new("/v1/accounts/71900001/limit-changes", good_limit.clone())
        .problem(404, "not_found");
    let (_, director, _) = venue.neighbour(720);
    director.post_new(&limit, good_limit.clone()).problem(404, "not_found");
    director
        .post_new(&credit, good_credit.clone())
        .problem(404, "not_found");
    venue
        .clerk
        .post_new(&limit, good_limit.clone())
        .problem(403, "forbidden");
    venue
        .till
        .post_new(&credit, good_credit.clone())
        .problem(403, "forbidden");
    venue.set_status(account_id, AccountStatus::Closed);
    venue
        .superuser
        .post_new(&limit, good_limit)
        .problem(409, "account_closed");
    venue
        .superuser
        .post_new(&credit, good_credit)
        .problem(409, "account_closed");
    assert_eq!(venue.state(account_id), (0, 1000, 1));
}

#[test]
fn what_does_not_fit_is_refused() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "0.00");
    let tenant_id = venue.tenant_id;
    venue.service.write(|connection| {
        diesel::update(accounts::table.find((tenant_id, account_id)))
            .set(accounts::credit_limit_minor.eq(i64::MAX - 99))
            .execute(connection)
    });
    venue.change_limit(account_id, "1.00").problem(422, "amount_overflow");
    venue.change_limit(account_id, "0.99").expect(201);
}
