//! The ledger's batch itself, below HTTP, and what the other tests need of it.

mod batch;
mod property;

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use onaccount::auth::ActorKind;
use onaccount::http::IdempotencyKey;
use onaccount::id::{Id, SqlId};
use onaccount::ledger::{Action, Author, BatchItem, Outcome, Posting, TenantRules, post_batch};
use onaccount::money::Currency;
use onaccount::request_keys::RequestKey;

use crate::harness::{Service, Venue};

/// A till called "Batch".
pub fn author() -> Author {
    Author {
        kind: ActorKind::Terminal,
        id: Id::NIL,
        name: "Batch".into(),
    }
}

pub fn rules() -> Arc<TenantRules> {
    Arc::new(TenantRules {
        currency: Currency::EUR,
        zone: chrono_tz::Europe::Amsterdam,
        business_day_start_min: 0,
        accept_sales_days: 35,
        accept_sales_from: None,
        accepts_offline_sales: true,
        offline_sale_minor_max: None,
    })
}

/// A posting under a key of its own. Two with the same id are the same request when their words are.
pub fn item(tenant_id: Id, id: Id, action: Action) -> BatchItem {
    let request = RequestKey::try_new(IdempotencyKey(id), "batch", &(), &format!("{action:?}")).unwrap();
    let posting = Posting {
        id,
        author: author(),
        action,
    };
    BatchItem {
        tenant_id,
        rules: rules(),
        request: Some(request),
        posting,
    }
}

/// Posts a batch in a transaction of its own.
pub fn post(service: &Service, items: &[BatchItem]) -> Vec<Outcome> {
    service
        .state
        .db
        .write_blocking(|connection| post_batch(connection, &service.clock, items))
        .unwrap()
}

/// Posts a reset of 0/0 without a request, as a run does, and returns its id.
pub fn post_reset(venue: &Venue, account_id: Id) -> Id {
    let new_id = || venue.service.clock.new_id();
    let id = new_id();
    let action = Action::InvoiceReset {
        account_id,
        invoice_id: new_id(),
        run_id: new_id(),
        balance_change_minor: 0,
        limit_change_minor: 0,
    };
    let item = BatchItem {
        request: None,
        ..item(venue.tenant_id, id, action)
    };
    let outcomes = post(&venue.service, &[item]);
    assert!(matches!(outcomes.as_slice(), [Outcome::Posted { .. }]), "{outcomes:?}");
    id
}

/// Holds an account (on SQLite: everything) until this is dropped.
pub struct Held {
    _connection: onaccount::db::DbConnection,
}

pub fn hold(venue: &Venue, account_id: Id) -> Held {
    use onaccount::db::{DatabaseUrl, DbConnection};
    let connection = match &venue.service.database.url {
        DatabaseUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            connection.batch_execute("BEGIN IMMEDIATE").unwrap();
            DbConnection::Sqlite(connection)
        }
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(url).unwrap();
            connection.batch_execute("BEGIN").unwrap();
            diesel::sql_query("SELECT id FROM accounts WHERE id = $1 FOR UPDATE")
                .bind::<SqlId, _>(account_id)
                .execute(&mut connection)
                .unwrap();
            DbConnection::Postgres(connection)
        }
    };
    Held {
        _connection: connection,
    }
}

/// Puts entries of an account on a standing invoice, straight in the database; returns its number.
pub fn invoice(venue: &Venue, account_id: Id, seqs: &[i64]) -> String {
    let new_id = || venue.service.clock.new_id();
    let (tenant_id, job_id, run_id, invoice_id) = (venue.tenant_id, new_id(), new_id(), new_id());
    execute(
        venue,
        "INSERT INTO jobs (id, tenant_id, kind, subject_id, status, actor_kind, actor_id, actor_name, created_at)
        VALUES ($1, $2, 'invoice_run', $3, 'succeeded', 'user', $3, 'Suus', '2026-10-15 10:00:00')",
        &[job_id, tenant_id, run_id],
    );
    execute(
        venue,
        "INSERT INTO invoice_runs (tenant_id, id, job_id, from_date, to_date, invoice_date, reset_type, late, selection,
            status, actor_kind, actor_id, actor_name, created_at)
        VALUES ($1, $2, $3, '2026-10-01', '2026-10-15', '2026-10-15', 'none', 'include', '{}', 'completed', 'user', $2, 'Suus',
            '2026-10-15 10:00:00')",
        &[tenant_id, run_id, job_id],
    );
    execute(
        venue,
        "INSERT INTO invoices (tenant_id, id, kind, status, run_id, account_id, account_number, number, series_year,
            series_value, invoice_date, from_date, to_date, reset_type, total_minor, reset_entry_id, payer_id, payer_name,
            payer_snapshot, tenant_snapshot, created_at)
        VALUES ($1, $2, 'invoice', 'standing', $3, $4, '71900001', '2026-00001', 2026, 1, '2026-10-15', '2026-10-01',
            '2026-10-15', 'none', 0, $2, $2, 'Vera', '{}', '{}', '2026-10-15 10:00:00')",
        &[tenant_id, invoice_id, run_id, account_id],
    );
    for seq in seqs {
        execute(
            venue,
            &format!(
                "INSERT INTO invoice_stretches (tenant_id, invoice_id, account_id, first_seq, last_seq, reset_type, is_late,
                    is_standing)
                VALUES ($1, $2, $3, {seq}, {seq}, 'none', FALSE, TRUE)"
            ),
            &[tenant_id, invoice_id, account_id],
        );
    }
    "2026-00001".to_owned()
}

/// Runs SQL behind the service's back, with ids for `$1`, `$2`, ..
pub fn execute(venue: &Venue, sql: &str, ids: &[Id]) -> usize {
    venue.service.write(|connection| {
        let query = diesel::sql_query(sql).into_boxed();
        ids.iter()
            .fold(query, |query, id| query.bind::<SqlId, _>(*id))
            .execute(connection)
    })
}
