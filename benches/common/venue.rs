//! What is sold to: tenants with accounts that may spend without end, and a till of each.

use std::sync::Arc;

use diesel::prelude::*;
use onaccount::agreement;
use onaccount::auth::{ActorKind, NewKey, Permission, find_tenant};
use onaccount::clock::Clock;
use onaccount::db::schema::{accounts, agreement_acceptances, api_keys, tenants, terminals, users};
use onaccount::db::{Db, DbConnection};
use onaccount::error::ApiResult;
use onaccount::id::Id;
use onaccount::ledger::{Action, Author, BatchItem, Outcome, Posting, TenantRules, post_batch};
use onaccount::request_keys::RequestKey;

/// More than all runs together spend.
pub const LIMIT_MINOR: i64 = 1_000_000_000_000;

pub struct Venue {
    pub tenant_id: Id,
    pub terminal_id: Id,
    /// The till's bearer token.
    pub key: String,
    pub accounts: Vec<Id>,
}

/// A tenant with so many accounts, numbered from `{number}00001`.
pub fn open(db: &Db, clock: &Clock, number: i64, count: usize) -> Venue {
    let key = NewKey::access().unwrap();
    let venue = Venue {
        tenant_id: clock.new_id(),
        terminal_id: clock.new_id(),
        key: key.secret.clone(),
        accounts: (0..count).map(|_| clock.new_id()).collect(),
    };
    db.write_blocking(|connection| found(connection, clock, number, &venue, &key.hash))
        .unwrap();
    for part in venue.accounts.chunks(2_000) {
        db.write_blocking(|connection| raise_limits(connection, clock, &venue, part))
            .unwrap();
    }
    venue
}

fn found(connection: &mut DbConnection, clock: &Clock, number: i64, venue: &Venue, key_hash: &[u8]) -> ApiResult<()> {
    let (now, user_id) = (clock.now(), clock.new_id());
    let email = format!("director-{number}@example.com");
    diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(venue.tenant_id),
            tenants::number.eq(number),
            tenants::name.eq("Venue"),
            tenants::currency.eq("EUR"),
            tenants::time_zone.eq("Europe/Amsterdam"),
            tenants::locale.eq("nl-NL"),
            tenants::created_at.eq(now),
        ))
        .execute(connection)?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user_id),
            users::email.eq(&email),
            users::email_key.eq(&email),
            users::name.eq("Director"),
            users::name_key.eq("director"),
            users::password_hash.eq("none"),
            users::created_at.eq(now),
        ))
        .execute(connection)?;
    diesel::insert_into(agreement_acceptances::table)
        .values((
            agreement_acceptances::tenant_id.eq(venue.tenant_id),
            agreement_acceptances::id.eq(clock.new_id()),
            agreement_acceptances::version.eq(agreement::CURRENT.version),
            agreement_acceptances::user_id.eq(user_id),
            agreement_acceptances::user_name.eq("Director"),
            agreement_acceptances::accepted_at.eq(now),
        ))
        .execute(connection)?;
    diesel::insert_into(terminals::table)
        .values((
            terminals::tenant_id.eq(venue.tenant_id),
            terminals::id.eq(venue.terminal_id),
            terminals::name.eq("Bar 1"),
            terminals::created_at.eq(now),
        ))
        .execute(connection)?;
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::tenant_id.eq(venue.tenant_id),
            api_keys::id.eq(clock.new_id()),
            api_keys::terminal_id.eq(Some(venue.terminal_id)),
            api_keys::name.eq("Bar 1"),
            api_keys::key_hash.eq(key_hash),
            api_keys::permissions.eq(Permission::TillPost.as_str()),
            api_keys::created_by.eq(user_id),
            api_keys::created_at.eq(now),
        ))
        .execute(connection)?;
    for (account_number, account_id) in (number * 100_000 + 1..).zip(&venue.accounts) {
        diesel::insert_into(accounts::table)
            .values((
                accounts::tenant_id.eq(venue.tenant_id),
                accounts::id.eq(account_id),
                accounts::number.eq(account_number.to_string()),
                accounts::status.eq("active"),
                accounts::on_account_allowed.eq(true),
                accounts::shown_on_till.eq(true),
                accounts::created_at.eq(now),
            ))
            .execute(connection)?;
    }
    Ok(())
}

fn raise_limits(connection: &mut DbConnection, clock: &Clock, venue: &Venue, accounts: &[Id]) -> ApiResult<()> {
    let rules = Arc::new(TenantRules::from(&find_tenant(connection, venue.tenant_id)?.unwrap()));
    let author = Author {
        kind: ActorKind::System,
        id: Id::NIL,
        name: "Benchmark".to_owned(),
    };
    let items: Vec<BatchItem> = accounts
        .iter()
        .map(|account_id| {
            let id = clock.new_id();
            let request = RequestKey {
                key: id,
                operation: "change_limit",
                hash: vec![0; 32],
            };
            let action = Action::LimitChange {
                account_id: *account_id,
                change_minor: LIMIT_MINOR,
                reason: "benchmark".to_owned(),
            };
            BatchItem {
                tenant_id: venue.tenant_id,
                rules: Arc::clone(&rules),
                request: Some(request),
                posting: Posting {
                    id,
                    author: author.clone(),
                    action,
                },
            }
        })
        .collect();
    let outcomes = post_batch(connection, clock, &items)?;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Posted { .. })));
    Ok(())
}
