//! Accounts to sell to, and the bodies that tills and people send.

use diesel::prelude::*;
use onaccount::db::schema::accounts;
use onaccount::id::Id;
use onaccount::ledger::AccountStatus;
use onaccount::text::sort_key;
use serde_json::{Value, json};

use super::{Answer, NOON, Service, Venue};

impl Service {
    /// An active account that may buy on account, without a limit, straight in the database.
    pub fn account(&self, tenant_id: Id, number: &str) -> Id {
        let id = self.clock.new_id();
        let now = self.clock.now();
        self.write(|connection| {
            diesel::insert_into(accounts::table)
                .values((
                    accounts::tenant_id.eq(tenant_id),
                    accounts::id.eq(id),
                    accounts::number.eq(number),
                    accounts::status.eq(AccountStatus::Active),
                    accounts::on_account_allowed.eq(true),
                    accounts::shown_on_till.eq(true),
                    accounts::name.eq(format!("Holder of {number}")),
                    accounts::name_key.eq(sort_key(&format!("Holder of {number}"))),
                    accounts::created_at.eq(now),
                ))
                .execute(connection)
        });
        id
    }
}

impl Venue {
    /// An active account of this venue with this limit, raised by the superuser.
    pub fn account(&self, number: &str, limit: &str) -> Id {
        let id = self.service.account(self.tenant_id, number);
        if limit != "0.00" {
            self.change_limit(id, limit).expect(201);
        }
        id
    }

    /// The superuser changes a limit.
    pub fn change_limit(&self, account_id: Id, change: &str) -> Answer {
        let body = json!({"change": change, "reason": "budget"});
        self.superuser
            .post_new(&format!("/v1/accounts/{account_id}/limit-changes"), body)
    }

    /// Sets an account's status behind the service's back.
    pub fn set_status(&self, account_id: Id, status: AccountStatus) {
        let tenant_id = self.tenant_id;
        self.service.write(|connection| {
            diesel::update(accounts::table.find((tenant_id, account_id)))
                .set(accounts::status.eq(status))
                .execute(connection)
        });
    }

    /// Balance and limit in cents, and the number of the last entry, as the account's row has them.
    pub fn state(&self, account_id: Id) -> (i64, i64, i64) {
        let tenant_id = self.tenant_id;
        self.service.write(|connection| {
            accounts::table
                .find((tenant_id, account_id))
                .select((
                    accounts::balance_minor,
                    accounts::credit_limit_minor,
                    accounts::last_seq,
                ))
                .first(connection)
        })
    }

    /// The till sells one thing of this amount.
    pub fn sell(&self, account_id: Id, amount: &str) -> Answer {
        self.till.post_new("/v1/sales", sale(account_id, amount))
    }

    /// The id of a sale of this amount.
    pub fn sold(&self, account_id: Id, amount: &str) -> String {
        text(&self.sell(account_id, amount).expect(201)["id"])
    }
}

/// A sale of one thing at noon.
pub fn sale(account_id: Id, amount: &str) -> Value {
    sale_of(account_id, amount, json!([line("1", amount)]))
}

/// A sale of these lines at noon.
pub fn sale_of(account_id: Id, amount: &str, lines: Value) -> Value {
    json!({"account_id": account_id, "occurred_at": NOON, "amount": amount, "lines": lines})
}

/// A line of beer.
pub fn line(quantity: &str, amount: &str) -> Value {
    json!({"product_code": "BEER", "name": "Beer", "quantity": quantity, "amount": amount, "vat_rate": "21"})
}

/// The body with some fields set to other values; null takes a field away.
pub fn with(mut body: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

/// A JSON string's text.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
