//! Offline sales: the goods are gone, so they are recorded and flagged.

use diesel::prelude::*;
use onaccount::db::schema::tenants;
use onaccount::ledger::AccountStatus;
use serde_json::{Value, json};

use crate::harness::money::{sale, with};
use crate::harness::{Answer, Venue};

fn sell_offline(venue: &Venue, account_id: onaccount::id::Id, amount: &str, at: &str) -> Answer {
    let body = with(sale(account_id, amount), json!({"offline": true, "occurred_at": at}));
    venue.till.post_new("/v1/sales", body)
}

fn flags(answer: &Answer) -> Value {
    answer.expect(201)["flags"].clone()
}

#[test]
fn offline_sales_are_recorded_with_flags() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "1.00");
    let an_hour_ago = "2026-10-15T09:00:00Z";
    assert_eq!(flags(&sell_offline(&venue, account_id, "1.00", an_hour_ago)), json!([]));
    assert_eq!(
        flags(&sell_offline(&venue, account_id, "0.01", an_hour_ago)),
        json!(["over_limit"])
    );
    venue.set_status(account_id, AccountStatus::Blocked);
    assert_eq!(
        flags(&sell_offline(&venue, account_id, "0.00", an_hour_ago)),
        json!(["over_limit", "blocked"])
    );
    venue.set_status(account_id, AccountStatus::Closed);
    assert_eq!(
        flags(&sell_offline(&venue, account_id, "0.00", an_hour_ago)),
        json!(["over_limit", "closed"])
    );
    venue.set_status(account_id, AccountStatus::Inactive);
    assert_eq!(
        flags(&sell_offline(&venue, account_id, "0.00", an_hour_ago)),
        json!(["over_limit", "not_allowed"])
    );
    venue.set_status(account_id, AccountStatus::Active);
    venue.change_limit(account_id, "99.00").expect(201);
    assert_eq!(
        flags(&sell_offline(&venue, account_id, "1.00", "2026-10-15T09:59:01Z")),
        json!(["offline_doubtful"])
    );
    let ahead = sell_offline(&venue, account_id, "1.00", "2026-10-15T10:04:00Z");
    assert_eq!(flags(&ahead), json!(["clock_skew", "offline_doubtful"]));
    sell_offline(&venue, account_id, "1.00", "2026-10-15T10:06:00Z").problem(409, "occurred_at_ahead");
    sell_offline(&venue, account_id, "1.00", "2026-01-01T10:00:00Z").problem(409, "occurred_at_too_old");
    assert_eq!(venue.state(account_id).0, -301);
}

#[test]
fn a_tenant_refuses_or_caps_offline_sales() {
    let venue = Venue::open();
    let account_id = venue.account("71900001", "100.00");
    let tenant_id = venue.tenant_id;
    let set = |is_accepted: bool, max: Option<i64>| {
        venue.service.write(|connection| {
            diesel::update(tenants::table.find(tenant_id))
                .set((
                    tenants::accepts_offline_sales.eq(is_accepted),
                    tenants::offline_sale_minor_max.eq(max),
                ))
                .execute(connection)
        });
        venue.service.state.actors.clear();
    };
    let sell = |amount| sell_offline(&venue, account_id, amount, "2026-10-15T09:00:00Z");
    set(false, None);
    let problem = sell("1.00").problem(409, "offline_not_accepted");
    assert_eq!(problem["till_message"], "Offline sale not accepted");
    set(true, Some(500));
    sell("5.01").problem(409, "offline_not_accepted");
    sell("5.00").expect(201);
}
