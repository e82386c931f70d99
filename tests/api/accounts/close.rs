//! An account is closed when it is settled: balance 0, and nothing that waits for an invoice.

use chrono::NaiveDate;
use diesel::prelude::*;
use onaccount::db::DbConnection;
use onaccount::db::schema::{accounts, entries, invoice_runs, invoice_stretches, invoices, jobs};
use onaccount::id::Id;
use serde_json::json;

use crate::harness::{TestAccount, Venue};

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 10, 15).unwrap()
}

fn id_of(account: &TestAccount) -> Id {
    account.id.parse().unwrap()
}

/// An entry of 0.00, so that only what waits for an invoice can keep the account open.
fn enter(venue: &Venue, account: &TestAccount, seq: i64, kind: &str, refers_to: Option<Id>) -> Id {
    let (id, now) = (venue.service.clock.new_id(), venue.service.clock.now());
    let (tenant_id, account_id) = (venue.tenant_id, id_of(account));
    venue.service.write(|connection| {
        diesel::insert_into(entries::table)
            .values((
                (
                    entries::tenant_id.eq(tenant_id),
                    entries::account_id.eq(account_id),
                    entries::seq.eq(seq),
                    entries::id.eq(id),
                    entries::kind.eq(kind),
                    entries::balance_change_minor.eq(0),
                    entries::limit_change_minor.eq(0),
                    entries::balance_after_minor.eq(0),
                    entries::limit_after_minor.eq(0),
                    entries::business_date.eq(day()),
                ),
                (
                    entries::occurred_at.eq(now),
                    entries::posted_at.eq(now),
                    entries::actor_kind.eq("system"),
                    entries::actor_id.eq(Id::NIL),
                    entries::actor_name.eq("test"),
                    entries::refers_to.eq(refers_to),
                    entries::reason.eq(Some("test")),
                ),
            ))
            .execute(connection)?;
        diesel::update(accounts::table.find((tenant_id, account_id)))
            .set(accounts::last_seq.eq(seq))
            .execute(connection)
    });
    id
}

/// An invoice that covers one entry.
fn invoice(venue: &Venue, account: &TestAccount, value: i64, entry_seq: i64, is_standing: bool) {
    let clock = &venue.service.clock;
    let (job_id, run_id, invoice_id, now) = (clock.new_id(), clock.new_id(), clock.new_id(), clock.now());
    let (tenant_id, account_id) = (venue.tenant_id, id_of(account));
    venue.service.write(|connection| {
        diesel::insert_into(jobs::table)
            .values((
                jobs::id.eq(job_id),
                jobs::tenant_id.eq(tenant_id),
                jobs::kind.eq("invoice_run"),
                jobs::subject_id.eq(run_id),
                jobs::status.eq("succeeded"),
                jobs::actor_kind.eq("system"),
                jobs::actor_id.eq(Id::NIL),
                jobs::actor_name.eq("test"),
                jobs::created_at.eq(now),
            ))
            .execute(connection)?;
        diesel::insert_into(invoice_runs::table)
            .values((
                (
                    invoice_runs::tenant_id.eq(tenant_id),
                    invoice_runs::id.eq(run_id),
                    invoice_runs::job_id.eq(job_id),
                    invoice_runs::from_date.eq(day()),
                    invoice_runs::to_date.eq(day()),
                    invoice_runs::invoice_date.eq(day()),
                    invoice_runs::reset_type.eq("none"),
                ),
                (
                    invoice_runs::late.eq("include"),
                    invoice_runs::selection.eq("{}"),
                    invoice_runs::status.eq("completed"),
                    invoice_runs::actor_kind.eq("system"),
                    invoice_runs::actor_id.eq(Id::NIL),
                    invoice_runs::actor_name.eq("test"),
                    invoice_runs::created_at.eq(now),
                ),
            ))
            .execute(connection)?;
        diesel::insert_into(invoices::table)
            .values((
                (
                    invoices::tenant_id.eq(tenant_id),
                    invoices::id.eq(invoice_id),
                    invoices::kind.eq("invoice"),
                    invoices::status.eq("standing"),
                    invoices::run_id.eq(run_id),
                    invoices::account_id.eq(account_id),
                    invoices::account_number.eq(&account.number),
                    invoices::number.eq(format!("2026-{value:05}")),
                    invoices::series_year.eq(2026),
                    invoices::series_value.eq(value),
                    invoices::invoice_date.eq(day()),
                ),
                (
                    invoices::from_date.eq(day()),
                    invoices::to_date.eq(day()),
                    invoices::reset_type.eq("none"),
                    invoices::total_minor.eq(0),
                    invoices::reset_entry_id.eq(Id::NIL),
                    invoices::payer_id.eq(Id::NIL),
                    invoices::payer_name.eq("test"),
                    invoices::payer_snapshot.eq("{}"),
                    invoices::tenant_snapshot.eq("{}"),
                    invoices::created_at.eq(now),
                ),
            ))
            .execute(connection)?;
        cover(connection, (tenant_id, invoice_id, account_id), entry_seq, is_standing)
    });
}

fn cover(
    connection: &mut DbConnection,
    (tenant_id, invoice_id, account_id): (Id, Id, Id),
    entry_seq: i64,
    is_standing: bool,
) -> QueryResult<usize> {
    diesel::insert_into(invoice_stretches::table)
        .values((
            invoice_stretches::tenant_id.eq(tenant_id),
            invoice_stretches::invoice_id.eq(invoice_id),
            invoice_stretches::account_id.eq(account_id),
            invoice_stretches::first_seq.eq(entry_seq),
            invoice_stretches::last_seq.eq(entry_seq),
            invoice_stretches::reset_type.eq("none"),
            invoice_stretches::is_late.eq(false),
            invoice_stretches::is_standing.eq(is_standing),
        ))
        .execute(connection)
}

fn refused(venue: &Venue, account: &TestAccount, code: &str) {
    venue
        .clerk
        .post(&format!("{}/close", account.path), json!({}))
        .problem(409, code);
    assert_eq!(venue.clerk.get(&account.path).expect(200)["status"], "active");
}

fn closed(venue: &Venue, account: &TestAccount) {
    let answer = venue.clerk.post(&format!("{}/close", account.path), json!({}));
    assert_eq!(answer.expect(200)["status"], "closed");
}

#[test]
fn an_account_with_a_balance_stays_open() {
    let venue = Venue::open();
    let account = venue.open_account("0");
    let tenant_id = venue.tenant_id;
    for minor in [-1, 1] {
        venue.service.write(|connection| {
            diesel::update(accounts::table.find((tenant_id, id_of(&account))))
                .set(accounts::balance_minor.eq(minor))
                .execute(connection)
        });
        refused(&venue, &account, "balance_not_zero");
    }
}

#[test]
fn a_sale_refund_or_charge_waits_for_its_invoice() {
    let venue = Venue::open();
    for kind in ["sale", "refund", "charge"] {
        let account = venue.open_account("0");
        enter(&venue, &account, 1, kind, None);
        refused(&venue, &account, "uninvoiced_sales");
    }
}

#[test]
fn credits_and_what_was_reversed_wait_for_nothing() {
    let venue = Venue::open();
    let account = venue.open_account("0");
    enter(&venue, &account, 1, "credit", None);
    let sale = enter(&venue, &account, 2, "sale", None);
    refused(&venue, &account, "uninvoiced_sales");
    enter(&venue, &account, 3, "reversal", Some(sale));
    closed(&venue, &account);
}

#[test]
fn a_standing_invoice_settles_its_entries_and_a_reversed_one_does_not() {
    let venue = Venue::open();
    let account = venue.open_account("0");
    enter(&venue, &account, 1, "sale", None);
    invoice(&venue, &account, 1, 1, false);
    refused(&venue, &account, "uninvoiced_sales");
    invoice(&venue, &account, 2, 1, true);
    // The same sequence number on another account, and another one on this account, are other entries.
    let other = venue.open_account("0");
    enter(&venue, &other, 1, "sale", None);
    refused(&venue, &other, "uninvoiced_sales");
    enter(&venue, &account, 2, "sale", None);
    refused(&venue, &account, "uninvoiced_sales");
    invoice(&venue, &account, 3, 2, true);
    closed(&venue, &account);
}
