//! The back office: every account has someone who pays, and a key may run invoices.

use diesel::prelude::*;
use onaccount::auth::{NewKey, Permission};
use onaccount::clock::Clock;
use onaccount::db::schema::{account_holders, accounts, api_keys, customers};
use onaccount::id::Id;

use crate::stage::Database;
use crate::venue::Venue;

/// Links a paying customer to every account of the venue, and answers the office's bearer token.
pub fn open(database: &Database, venue: &Venue) -> String {
    let clock = Clock::system();
    let (now, customer_id) = (clock.now(), clock.new_id());
    let key = NewKey::access().unwrap();
    database
        .db
        .write_blocking(|connection| {
            diesel::insert_into(customers::table)
                .values((
                    customers::tenant_id.eq(venue.tenant_id),
                    customers::id.eq(customer_id),
                    customers::kind.eq("company"),
                    customers::company_name.eq("Company"),
                    customers::name.eq("Company"),
                    customers::name_key.eq("company"),
                    customers::created_at.eq(now),
                    customers::updated_at.eq(now),
                ))
                .execute(connection)?;
            for account_id in &venue.accounts {
                diesel::insert_into(account_holders::table)
                    .values((
                        account_holders::tenant_id.eq(venue.tenant_id),
                        account_holders::account_id.eq(account_id),
                        account_holders::customer_id.eq(customer_id),
                        account_holders::kind.eq("billing"),
                        account_holders::linked_at.eq(now),
                    ))
                    .execute(connection)?;
            }
            let of_venue = accounts::table.filter(accounts::tenant_id.eq(venue.tenant_id));
            diesel::update(of_venue)
                .set((accounts::name.eq("Company"), accounts::name_key.eq("company")))
                .execute(connection)?;
            diesel::insert_into(api_keys::table)
                .values((
                    api_keys::tenant_id.eq(venue.tenant_id),
                    api_keys::id.eq(clock.new_id()),
                    api_keys::name.eq("Office"),
                    api_keys::key_hash.eq(&key.hash),
                    api_keys::permissions.eq(Permission::InvoicingRun.as_str()),
                    api_keys::created_by.eq(Id::NIL),
                    api_keys::created_at.eq(now),
                ))
                .execute(connection)?;
            Ok(())
        })
        .unwrap();
    key.secret
}
