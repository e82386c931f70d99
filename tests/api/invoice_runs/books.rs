//! Accounts and what is posted to them, by the ledger itself: the tests of invoicing say what happened and look at what
//! a run makes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use onaccount::auth::{ActorKind, find_tenant};
use onaccount::clock::Timestamp;
use onaccount::db::schema::{account_holders, accounts, customers, tenants};
use onaccount::http::IdempotencyKey;
use onaccount::id::Id;
use onaccount::ledger::{
    AccountRef, Action, Author, BatchItem, Line, LineChoice, Outcome, Posting, Refund, RefundChoice, Sale, TenantRules,
    TillDetails, post_batch,
};
use onaccount::request_keys::RequestKey;
use serde_json::{Value, json};

use crate::harness::{Answer, Service, Venue, at};

/// Day 1 of every test: the clock of the harness stands on it.
const DAY_1: &str = "2026-10-15";

pub struct Books {
    pub venue: Venue,
    rules: Arc<TenantRules>,
    accounts: AtomicU32,
}

/// A line of a sale; `amount` is what it sells for, in cents, with its quantity in pieces.
pub struct Item {
    pub code: &'static str,
    pub quantity: i64,
    pub amount: i64,
    pub vat_rate: i32,
}

pub const fn beer(quantity: i64, amount: i64) -> Item {
    Item {
        code: "beer",
        quantity,
        amount,
        vat_rate: 2100,
    }
}

pub const fn pie(quantity: i64, amount: i64) -> Item {
    Item {
        code: "pie",
        quantity,
        amount,
        vat_rate: 900,
    }
}

/// The business date of a day of the test.
pub fn date(day: i32) -> NaiveDate {
    let first: NaiveDate = DAY_1.parse().unwrap();
    let days = Days::new(u64::from(day.abs_diff(1)));
    if day >= 1 { first + days } else { first - days }
}

impl Books {
    pub fn open() -> Self {
        Self::in_service(Service::start())
    }

    pub fn in_service(service: Service) -> Self {
        let venue = Venue::in_service(service, 719);
        venue.accept_agreement();
        let tenant_id = venue.tenant_id;
        venue.service.write(|connection| {
            diesel::update(tenants::table.find(tenant_id))
                .set(tenants::accept_sales_from.eq(Some(date(-400))))
                .execute(connection)
        });
        let tenant = venue
            .service
            .state
            .db
            .read_blocking(|connection| find_tenant(connection, tenant_id))
            .unwrap();
        Books {
            rules: Arc::new(TenantRules::from(&tenant.unwrap())),
            venue,
            accounts: AtomicU32::new(0),
        }
    }

    /// Moves the clock to noon of a day. Tokens would have run out by then: whoever asks signs in anew.
    pub fn on_day(&self, day: i32) {
        self.venue.service.clock.set(noon(day));
    }

    /// An active account with a billing holder.
    pub fn account(&self, limit: i64) -> Id {
        let id = self.account_without_holder(limit);
        let (customer_id, tenant_id) = (self.venue.service.clock.new_id(), self.venue.tenant_id);
        let now = self.venue.service.clock.now();
        let name = format!("Customer {}", self.accounts.load(Ordering::SeqCst));
        self.venue.service.write(|connection| {
            diesel::insert_into(customers::table)
                .values((
                    customers::tenant_id.eq(tenant_id),
                    customers::id.eq(customer_id),
                    customers::kind.eq("company"),
                    customers::company_name.eq(&name),
                    customers::name.eq(&name),
                    customers::name_key.eq(name.to_lowercase()),
                    customers::city.eq("Utrecht"),
                    customers::created_at.eq(now),
                    customers::updated_at.eq(now),
                ))
                .execute(connection)?;
            diesel::update(accounts::table.find((tenant_id, id)))
                .set((accounts::name.eq(&name), accounts::name_key.eq(name.to_lowercase())))
                .execute(connection)?;
            diesel::insert_into(account_holders::table)
                .values((
                    account_holders::tenant_id.eq(tenant_id),
                    account_holders::account_id.eq(id),
                    account_holders::customer_id.eq(customer_id),
                    account_holders::kind.eq("billing"),
                    account_holders::linked_at.eq(now),
                ))
                .execute(connection)
        });
        id
    }

    pub fn account_without_holder(&self, limit: i64) -> Id {
        let (id, tenant_id) = (self.venue.service.clock.new_id(), self.venue.tenant_id);
        let number = (71_900_001 + self.accounts.fetch_add(1, Ordering::SeqCst)).to_string();
        let now = self.venue.service.clock.now();
        self.venue.service.write(|connection| {
            diesel::insert_into(accounts::table)
                .values((
                    accounts::tenant_id.eq(tenant_id),
                    accounts::id.eq(id),
                    accounts::number.eq(&number),
                    accounts::status.eq("active"),
                    accounts::on_account_allowed.eq(true),
                    accounts::shown_on_till.eq(true),
                    accounts::created_at.eq(now),
                ))
                .execute(connection)
        });
        if limit > 0 {
            self.change_limit(id, limit).unwrap();
        }
        id
    }

    /// Posts one thing; answers the entry's id, or the code of the decline or refusal.
    pub fn post(&self, action: Action) -> Result<Id, String> {
        self.post_as(self.venue.service.clock.new_id(), "test", action)
    }

    /// The same under a key and as an operation that are chosen.
    fn post_as(&self, id: Id, operation: &'static str, action: Action) -> Result<Id, String> {
        let clock = &self.venue.service.clock;
        let author = Author {
            kind: ActorKind::Terminal,
            id: self.venue.till_id,
            name: "Bar".to_owned(),
        };
        let item = BatchItem {
            tenant_id: self.venue.tenant_id,
            rules: Arc::clone(&self.rules),
            request: RequestKey::try_new(IdempotencyKey(id), operation, &(), &format!("{action:?}")).ok(),
            posting: Posting { id, author, action },
        };
        let db = &self.venue.service.state.db;
        let outcomes = db
            .write_blocking(|connection| post_batch(connection, clock, std::slice::from_ref(&item)))
            .unwrap();
        match outcomes.into_iter().next().unwrap() {
            Outcome::Posted { entry, .. } => Ok(entry.row.id),
            Outcome::Declined { decline, .. } => Err(decline.code.as_str().to_owned()),
            Outcome::AwaitingSale { .. } => Err("awaiting_sale".to_owned()),
            Outcome::Refused(rejection) => Err(rejection.into_error(self.rules.currency).code().as_str().to_owned()),
        }
    }

    /// A sale of these items at noon of a day.
    pub fn sell_items(&self, account: Id, day: i32, items: &[Item], is_offline: bool) -> Result<Id, String> {
        self.post(sale_of(account, day, items, is_offline))
    }

    /// An offline sale of so many cents of beer with an id that a till has chosen before.
    pub fn sell_as(&self, id: Id, account: Id, day: i32, amount: i64) -> Result<Id, String> {
        self.post_as(id, "post_sale", sale_of(account, day, &[beer(amount, amount)], true))
    }

    /// A till takes back a sale, and names the account.
    pub fn void(&self, account: Id, sale: Id) -> Result<Id, String> {
        self.post(Action::Void {
            sale_id: sale,
            account: AccountRef::Id(account),
        })
    }

    /// An offline sale, which no limit stops, of as many pieces of beer as it has cents.
    pub fn sell(&self, account: Id, day: i32, amount: i64) -> Id {
        self.sell_items(account, day, &[beer(amount, amount)], true).unwrap()
    }

    /// Gives back so many cents of a sale made with [`Books::sell`], now.
    pub fn refund(&self, sale: Id, amount: i64) -> Result<Id, String> {
        let choice = RefundChoice::Lines(vec![LineChoice {
            line_no: 1,
            quantity_milli: Some(amount * 1000),
        }]);
        let details = TillDetails::default();
        self.post(Action::Refund(Refund {
            sale_id: sale,
            occurred_at: None,
            choice,
            reason: None,
            details,
        }))
    }

    /// Gives back so many cents that no sale is named for, now.
    pub fn refund_without_sale(&self, account: Id, amount: i64) -> Result<Id, String> {
        let line = Line {
            product_code: "goodwill".to_owned(),
            product_name: "Goodwill".to_owned(),
            category: String::new(),
            quantity_milli: 1_000,
            amount_minor: amount,
            vat_rate: 0,
            unit_price: None,
            sale_line_no: None,
        };
        let (account, lines, reason) = (AccountRef::Id(account), vec![line], "goodwill".to_owned());
        self.post(Action::RefundWithoutSale {
            account,
            occurred_at: None,
            amount_minor: amount,
            lines,
            reason,
            details: TillDetails::default(),
        })
    }

    pub fn change_limit(&self, account: Id, change: i64) -> Result<Id, String> {
        self.post(Action::LimitChange {
            account_id: account,
            change_minor: change,
            reason: "test".to_owned(),
        })
    }

    pub fn credit(&self, account: Id, amount: i64) -> Id {
        self.post(Action::Credit {
            account_id: account,
            amount_minor: amount,
            reason: "prepaid".to_owned(),
        })
        .unwrap()
    }

    pub fn reverse(&self, entry: Id) -> Result<Id, String> {
        self.post(Action::Reversal {
            entry_id: entry,
            reason: Some("test".to_owned()),
        })
    }

    /// Balance and limit, in cents.
    pub fn state(&self, account: Id) -> (i64, i64) {
        let tenant_id = self.venue.tenant_id;
        self.venue.service.write(|connection| {
            accounts::table
                .find((tenant_id, account))
                .select((accounts::balance_minor, accounts::credit_limit_minor))
                .first(connection)
        })
    }

    /// Asks for a run and waits for it.
    pub fn try_run(&self, body: Value) -> Answer {
        self.signed_in()
            .with("Prefer", "wait=30")
            .post_new("/v1/invoice-runs", body)
    }

    /// A run that succeeds.
    #[track_caller]
    pub fn run(&self, body: Value) -> Value {
        let run = self.try_run(body).expect(200);
        assert_eq!(run["status"], "completed", "{run}");
        run
    }

    /// Runs one account over a period and answers its invoice.
    #[track_caller]
    pub fn invoice(&self, account: Id, from: i32, to: i32, reset_type: &str) -> Value {
        let run = self.run(of_account(account, from, to, reset_type));
        self.invoice_of(&run, account)
    }

    /// The invoice that an account got in a run, whole.
    #[track_caller]
    pub fn invoice_of(&self, run: &Value, account: Id) -> Value {
        let run_id = run["id"].as_str().unwrap();
        let page = self
            .signed_in()
            .get(&format!("/v1/invoices?run_id={run_id}&account_id={account}"))
            .expect(200);
        let id = page["items"][0]["id"].as_str().expect("an invoice").to_owned();
        self.signed_in().get(&format!("/v1/invoices/{id}")).expect(200)
    }

    /// Reverses an invoice.
    pub fn reverse_invoice(&self, invoice: &Value) -> Answer {
        let id = invoice["id"].as_str().unwrap();
        self.signed_in().post_keyless(&format!("/v1/invoices/{id}/reversal"))
    }

    /// Reverses what stands of a run, and waits for it.
    pub fn reverse_run(&self, run_id: &Value) -> Answer {
        let path = format!("/v1/invoice-runs/{}/reversal", run_id.as_str().unwrap());
        self.signed_in()
            .with("Prefer", "wait=30")
            .with("Idempotency-Key", crate::harness::key())
            .send(ureq::http::Method::POST, &path, None)
    }

    /// The superuser with a token of today.
    pub fn signed_in(&self) -> Someone {
        let service = &self.venue.service;
        let role = [onaccount::auth::Role::Superuser];
        Someone(
            service
                .user("Suus Superuser", false, Some((self.venue.tenant_id, &role)))
                .1,
        )
    }

    /// The folds, links and invariants of the whole database hold.
    #[track_caller]
    pub fn assert_sound(&self) {
        super::sound::assert_sound(&self.venue.service, self.venue.tenant_id);
    }
}

/// A signed-in actor; a POST without a body is a short word for tests.
pub struct Someone(crate::harness::Actor);

impl std::ops::Deref for Someone {
    type Target = crate::harness::Actor;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Someone {
    /// A POST under a fresh key, without a body.
    pub fn post_keyless(&self, path: &str) -> Answer {
        self.with("Idempotency-Key", crate::harness::key())
            .send(ureq::http::Method::POST, path, None)
    }
}

/// The body of a run of one account; days of the test.
pub fn of_account(account: Id, from: i32, to: i32, reset_type: &str) -> Value {
    json!({"from": date(from), "to": date(to), "reset_type": reset_type, "accounts": {"account_ids": [account]}})
}

/// The body of a run of every account.
pub fn of_all(from: i32, to: i32, reset_type: &str) -> Value {
    json!({"from": date(from), "to": date(to), "reset_type": reset_type, "accounts": {"all": true}})
}

fn noon(day: i32) -> Timestamp {
    at(&format!("{}T10:00:00Z", date(day)))
}

/// A sale at noon of a day, as a till posts it.
fn sale_of(account: Id, day: i32, items: &[Item], is_offline: bool) -> Action {
    let lines: Vec<Line> = items
        .iter()
        .map(|item| Line {
            product_code: item.code.to_owned(),
            product_name: item.code.to_uppercase(),
            category: if item.vat_rate == 2100 { "drinks" } else { "food" }.to_owned(),
            quantity_milli: item.quantity * 1000,
            amount_minor: item.amount,
            vat_rate: item.vat_rate,
            unit_price: None,
            sale_line_no: None,
        })
        .collect();
    Action::Sale(Sale {
        account: AccountRef::Id(account),
        occurred_at: noon(day),
        is_offline,
        amount_minor: items.iter().map(|item| item.amount).sum(),
        lines,
        details: TillDetails::default(),
    })
}
