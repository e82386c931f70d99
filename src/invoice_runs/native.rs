//! Writes the accounts of a run with few statements, see [`crate::invoices::native`].

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::model::RunAccountState;
use super::plan::SkipReason;
use crate::db::DbConnection;
use crate::db::schema::invoice_run_accounts;
use crate::id::{Id, SqlId};

/// Inserts the chosen accounts in their order, all of them pending.
pub fn insert_run_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    account_ids: &[Id],
) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => diesel::sql_query(
            "INSERT INTO invoice_run_accounts (tenant_id, run_id, ordinal, account_id, state)
             SELECT $1, $2, chosen.ordinal, chosen.account_id, 'pending'
             FROM unnest($3::uuid[]) WITH ORDINALITY AS chosen (account_id, ordinal)",
        )
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(run_id)
        .bind::<Array<SqlId>, _>(account_ids)
        .execute(connection)
        .map(drop),
        DbConnection::Sqlite(connection) => {
            for (ordinal, account_id) in (1_i64..).zip(account_ids) {
                diesel::insert_into(invoice_run_accounts::table)
                    .values((
                        invoice_run_accounts::tenant_id.eq(tenant_id),
                        invoice_run_accounts::run_id.eq(run_id),
                        invoice_run_accounts::ordinal.eq(ordinal),
                        invoice_run_accounts::account_id.eq(account_id),
                        invoice_run_accounts::state.eq(RunAccountState::Pending),
                    ))
                    .execute(connection)?;
            }
            Ok(())
        }
    }
}

/// What became of an account.
#[derive(Debug, Clone, Copy)]
pub struct RunResult {
    pub account_id: Id,
    pub outcome: Result<Id, SkipReason>,
}

impl RunResult {
    fn state(&self) -> RunAccountState {
        if self.outcome.is_ok() {
            RunAccountState::Invoiced
        } else {
            RunAccountState::Skipped
        }
    }
}

/// Records what became of some accounts, whose ordinals in the run are after `after` and up to `last`.
pub fn update_run_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    run_id: Id,
    (after, last): (i64, i64),
    results: &[RunResult],
) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            let states: Vec<&str> = results.iter().map(|result| result.state().as_str()).collect();
            let skips: Vec<Option<&str>> = results
                .iter()
                .map(|result| result.outcome.err().map(SkipReason::as_str))
                .collect();
            let invoices: Vec<Option<Id>> = results.iter().map(|result| result.outcome.ok()).collect();
            let accounts: Vec<Id> = results.iter().map(|result| result.account_id).collect();
            diesel::sql_query(
                "UPDATE invoice_run_accounts a SET state = r.state, skip_code = r.skip_code, invoice_id = r.invoice_id
                 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS r (account_id, state, skip_code, invoice_id)
                 WHERE a.tenant_id = $5 AND a.run_id = $6 AND a.ordinal > $7 AND a.ordinal <= $8
                     AND a.account_id = r.account_id",
            )
            .bind::<Array<SqlId>, _>(accounts)
            .bind::<Array<Text>, _>(states)
            .bind::<Array<Nullable<Text>>, _>(skips)
            .bind::<Array<Nullable<SqlId>>, _>(invoices)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(run_id)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(last)
            .execute(connection)
            .map(drop)
        }
        DbConnection::Sqlite(connection) => {
            for result in results {
                let of_account = invoice_run_accounts::tenant_id
                    .eq(tenant_id)
                    .and(invoice_run_accounts::run_id.eq(run_id))
                    .and(invoice_run_accounts::account_id.eq(result.account_id));
                diesel::update(invoice_run_accounts::table.filter(of_account))
                    .set((
                        invoice_run_accounts::state.eq(result.state()),
                        invoice_run_accounts::skip_code.eq(result.outcome.err()),
                        invoice_run_accounts::invoice_id.eq(result.outcome.ok()),
                    ))
                    .execute(connection)?;
            }
            Ok(())
        }
    }
}
