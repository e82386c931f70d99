//! Accounts with a long history, posted by the ledger itself.

use std::sync::Arc;
use std::time::Instant;

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use onaccount::auth::{ActorKind, NewKey, Permission, PermissionSet, find_tenant};
use onaccount::clock::Clock;
use onaccount::db::Db;
use onaccount::db::schema::{api_keys, users};
use onaccount::id::Id;
use onaccount::ledger::{
    AccountRef, Action, Author, BatchItem, Line, Outcome, Posting, Sale, TenantRules, TillDetails, post_batch,
};
use onaccount::request_keys::RequestKey;

use crate::venue::{self, Venue};

const DAYS: usize = 365;
const SALES_A_COMMIT: usize = 500;
const PRODUCTS: usize = 40;

pub struct History {
    /// Of a script that may read.
    pub key: String,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    venue: Venue,
}

impl History {
    /// So many sales of two lines on so many accounts, spread over a year. Prints what a sale cost on the way.
    pub fn write(db: &Db, clock: &Clock, accounts: usize, sales: usize) -> Self {
        let venue = venue::open(db, clock, 71_900, accounts);
        let key = grant(db, clock, &venue);
        let tenant = db
            .read_blocking(|connection| Ok(find_tenant(connection, venue.tenant_id)?.unwrap()))
            .unwrap();
        let last_day = tenant.today(clock.now());
        let history = History {
            key,
            first_day: last_day - TimeDelta::days(i64::try_from(DAYS).unwrap()),
            last_day,
            venue,
        };
        let rules = Arc::new(TenantRules {
            accept_sales_from: Some(history.first_day),
            ..TenantRules::from(&tenant)
        });
        history.post(db, clock, &rules, accounts * sales);
        history
    }

    /// In the order of time, one account after the other.
    fn post(&self, db: &Db, clock: &Clock, rules: &Arc<TenantRules>, count: usize) {
        let (mut began, mut since, mut mark) = (Instant::now(), 0, 10_000);
        for first in (0..count).step_by(SALES_A_COMMIT) {
            let last = count.min(first + SALES_A_COMMIT);
            let items: Vec<BatchItem> = (first..last)
                .map(|number| self.item(clock, rules, number, count))
                .collect();
            let outcomes = db
                .post_blocking(|connection| post_batch(connection, clock, &items))
                .unwrap();
            let is_posted = |outcome: &Outcome| matches!(outcome, Outcome::Posted { .. });
            assert!(outcomes.iter().all(is_posted), "{:?}", outcomes[0]);
            if last >= mark || last == count {
                println!(
                    "sales {since:>9} to {last:>9}, {SALES_A_COMMIT} a commit       {:8.1} us a sale",
                    began.elapsed().as_secs_f64() * 1e6 / (last - since) as f64
                );
                (began, since, mark) = (Instant::now(), last, mark * 10);
            }
        }
    }

    fn item(&self, clock: &Clock, rules: &Arc<TenantRules>, number: usize, count: usize) -> BatchItem {
        let day = i64::try_from(number * DAYS / count).unwrap();
        let id = clock.new_id();
        let line = |place: usize| Line {
            product_code: format!("product-{}", (number * 2 + place) % PRODUCTS),
            product_name: "Product".to_owned(),
            category: "drinks".to_owned(),
            quantity_milli: 1_000,
            amount_minor: 250,
            vat_rate: if place == 0 { 2_100 } else { 900 },
            unit_price: Some(25_000),
            sale_line_no: None,
        };
        let sale = Sale {
            account: AccountRef::Id(self.venue.accounts[number % self.venue.accounts.len()]),
            occurred_at: clock
                .now()
                .plus(TimeDelta::days(day - i64::try_from(DAYS).unwrap() + 1)),
            is_offline: true,
            amount_minor: 500,
            lines: (0..2).map(line).collect(),
            details: TillDetails::default(),
        };
        BatchItem {
            tenant_id: self.venue.tenant_id,
            rules: Arc::clone(rules),
            request: Some(RequestKey {
                key: id,
                operation: "post_sale",
                hash: vec![0; 32],
            }),
            posting: Posting {
                id,
                author: Author {
                    kind: ActorKind::Terminal,
                    id: self.venue.terminal_id,
                    name: "Bar 1".to_owned(),
                },
                action: Action::Sale(sale),
            },
        }
    }

    pub fn account(&self) -> Id {
        self.venue.accounts[0]
    }

    /// The path of an account's statement of these days, both included.
    pub fn statement(&self, from: NaiveDate, to: NaiveDate) -> String {
        format!("/v1/accounts/{}/statement?from={from}&to={to}", self.account())
    }
}

/// A key that reads statements and mutations.
fn grant(db: &Db, clock: &Clock, venue: &Venue) -> String {
    let key = NewKey::access().unwrap();
    let permissions: PermissionSet = [Permission::MutationsRead, Permission::StatementsRead]
        .into_iter()
        .collect();
    db.write_blocking(|connection| {
        let user_id: Id = users::table.select(users::id).first(connection)?;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::tenant_id.eq(venue.tenant_id),
                api_keys::id.eq(clock.new_id()),
                api_keys::name.eq("Reports"),
                api_keys::key_hash.eq(&key.hash),
                api_keys::permissions.eq(permissions.words()),
                api_keys::created_by.eq(user_id),
                api_keys::created_at.eq(clock.now()),
            ))
            .execute(connection)?;
        Ok(())
    })
    .unwrap();
    key.secret
}
