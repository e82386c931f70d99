//! A venue with many accounts, and a till that sells to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use onaccount::auth::{Actor, ActorKind, PermissionSet, TenantContext, find_tenant};
use onaccount::db;
use onaccount::db::schema::{account_holders, accounts, customers, tenants, users};
use onaccount::error::ApiResult;
use onaccount::id::Id;
use onaccount::jobs::Services;
use onaccount::ledger::{
    AccountRef, Action, Author, BatchItem, Line, Outcome, Posting, Sale, TenantRules, TillDetails, post_batch,
};

/// Sales of an account that has many.
pub const LARGE_SALES: usize = 10_000;
pub const LINES_PER_SALE: usize = 2;
/// How long a till rests between two sales.
const TILL_RESTS: Duration = Duration::from_millis(5);

pub struct Bench {
    pub services: Services,
    pub tenant: TenantContext,
    pub actor: Actor,
    rules: Arc<TenantRules>,
    accounts: Vec<Id>,
}

impl Bench {
    pub fn new(services: Services, count: usize) -> Self {
        let (tenant_id, user_id) = (services.clock.new_id(), services.clock.new_id());
        let now = services.clock.now();
        let ids: Vec<(Id, Id)> = (0..count)
            .map(|_| (services.clock.new_id(), services.clock.new_id()))
            .collect();
        let tenant = services.db.write_blocking(|connection| {
            let tenant = (
                tenants::id.eq(tenant_id),
                tenants::number.eq(719),
                tenants::name.eq("Bench"),
                tenants::currency.eq("EUR"),
                tenants::time_zone.eq("Europe/Amsterdam"),
                tenants::locale.eq("nl-NL"),
                tenants::created_at.eq(now),
            );
            diesel::insert_into(tenants::table).values(tenant).execute(connection)?;
            let user = (
                users::id.eq(user_id),
                users::email.eq("bench@example.com"),
                users::email_key.eq("bench@example.com"),
                users::name.eq("Bench"),
                users::name_key.eq("bench"),
                users::password_hash.eq("none"),
                users::created_at.eq(now),
            );
            diesel::insert_into(users::table).values(user).execute(connection)?;
            Ok(find_tenant(connection, tenant_id)?.unwrap())
        });
        let tenant = tenant.unwrap();
        let actor = Actor {
            kind: ActorKind::User,
            id: user_id,
            name: "Bench".to_owned(),
            permissions: PermissionSet::default(),
            roles: Vec::new(),
            is_portal_admin: false,
            session_id: None,
            viewed_customer: None,
            tenant: Some(tenant.clone()),
        };
        let rules = Arc::new(TenantRules::from(&tenant));
        let mut bench = Bench {
            services,
            tenant,
            rules,
            actor,
            accounts: Vec::new(),
        };
        bench.add_accounts(&ids);
        bench
    }

    /// Active accounts, each with a customer who pays.
    fn add_accounts(&mut self, ids: &[(Id, Id)]) {
        let (tenant_id, now) = (self.tenant.id, self.services.clock.now());
        let first = self.accounts.len();
        let insert = |connection: &mut db::DbConnection| -> ApiResult<()> {
            for (number, (account_id, customer_id)) in (71_900_001 + first..).zip(ids) {
                let customer = (
                    customers::tenant_id.eq(tenant_id),
                    customers::id.eq(customer_id),
                    customers::kind.eq("company"),
                    customers::company_name.eq("Company"),
                    customers::name.eq("Company"),
                    customers::name_key.eq("company"),
                    customers::created_at.eq(now),
                    customers::updated_at.eq(now),
                );
                diesel::insert_into(customers::table)
                    .values(customer)
                    .execute(connection)?;
                let account = (
                    accounts::tenant_id.eq(tenant_id),
                    accounts::id.eq(account_id),
                    accounts::number.eq(number.to_string()),
                    accounts::name.eq("Company"),
                    accounts::name_key.eq("company"),
                    accounts::status.eq("active"),
                    accounts::on_account_allowed.eq(true),
                    accounts::shown_on_till.eq(true),
                    accounts::created_at.eq(now),
                );
                diesel::insert_into(accounts::table)
                    .values(account)
                    .execute(connection)?;
                let holder = (
                    account_holders::tenant_id.eq(tenant_id),
                    account_holders::account_id.eq(account_id),
                    account_holders::customer_id.eq(customer_id),
                    account_holders::kind.eq("billing"),
                    account_holders::linked_at.eq(now),
                );
                diesel::insert_into(account_holders::table)
                    .values(holder)
                    .execute(connection)?;
            }
            Ok(())
        };
        self.services.db.write_blocking(insert).unwrap();
        self.accounts.extend(ids.iter().map(|(account_id, _)| *account_id));
    }

    /// A few sales on every account.
    pub fn sell_everywhere(&self, sales: usize) {
        let all: Vec<(Id, usize)> = (0..sales)
            .flat_map(|number| self.accounts.iter().map(move |account| (*account, number)))
            .collect();
        self.post(&all);
    }

    /// Accounts with many sales.
    pub fn sell_much(&mut self, large: usize) {
        let clock = &self.services.clock;
        let ids: Vec<(Id, Id)> = (0..large).map(|_| (clock.new_id(), clock.new_id())).collect();
        self.add_accounts(&ids);
        for (account, _) in ids {
            self.post(&(0..LARGE_SALES).map(|number| (account, number)).collect::<Vec<_>>());
        }
    }

    fn post(&self, sales: &[(Id, usize)]) {
        for batch in sales.chunks(500) {
            let items: Vec<BatchItem> = batch
                .iter()
                .map(|(account, number)| self.item(*account, *number))
                .collect();
            let clock = &self.services.clock;
            let outcomes = self
                .services
                .db
                .write_blocking(|connection| post_batch(connection, clock, &items))
                .unwrap();
            assert!(
                outcomes.iter().all(|outcome| matches!(outcome, Outcome::Posted { .. })),
                "{:?}",
                outcomes[0]
            );
        }
    }

    fn item(&self, account: Id, number: usize) -> BatchItem {
        let line = |place: usize| Line {
            product_code: format!("product-{}", (number * LINES_PER_SALE + place) % 40),
            product_name: "Product".to_owned(),
            category: "drinks".to_owned(),
            quantity_milli: 1_000,
            amount_minor: 250,
            vat_rate: if place == 0 { 2_100 } else { 900 },
            unit_price: Some(25_000),
            sale_line_no: None,
        };
        let lines: Vec<Line> = (0..LINES_PER_SALE).map(line).collect();
        let sale = Sale {
            account: AccountRef::Id(account),
            occurred_at: self.services.clock.now(),
            is_offline: true,
            amount_minor: lines.iter().map(|line| line.amount_minor).sum(),
            lines,
            details: TillDetails::default(),
        };
        let author = Author {
            kind: ActorKind::User,
            id: self.actor.id,
            name: self.actor.name.clone(),
        };
        BatchItem {
            tenant_id: self.tenant.id,
            rules: Arc::clone(&self.rules),
            request: None,
            posting: Posting {
                id: self.services.clock.new_id(),
                author,
                action: Action::Sale(sale),
            },
        }
    }

    /// Posts one sale after the other, each in its own transaction, and notes how long each took.
    pub fn sell_until(&self, stop: &AtomicBool) -> Vec<Duration> {
        let mut waits = Vec::new();
        let mut place = 0;
        while !stop.load(Ordering::SeqCst) {
            // every second one on an account with many sales
            place += 7_919;
            let from_end = place % 2 == 0;
            let index = if from_end {
                self.accounts.len() - 1 - place % 3
            } else {
                place % self.accounts.len()
            };
            let item = self.item(self.accounts[index], place);
            let started = Instant::now();
            self.services
                .db
                .write_blocking(|connection| post_batch(connection, &self.services.clock, std::slice::from_ref(&item)))
                .unwrap();
            waits.push(started.elapsed());
            std::thread::sleep(TILL_RESTS);
        }
        waits
    }
}
