//! Takes what is no longer needed out of the database, a bounded number of rows at a time. Each function answers how many rows
//! went: fewer than it may take means that there is no more.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamp as SqlTimestamp};

use crate::clock::Timestamp;
use crate::db::schema::{import_files, imports, invitations, jobs, outbox, tenants};
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};
use crate::imports::model::ImportStatus;
use crate::imports::store::{lock_import, set_status};
use crate::jobs::{JobKind, JobStatus};

/// Rows that go in one transaction. Keys lie all over their table, so each is a page of its own to write: of a million on SQLite a
/// hundred take some 15 ms, in which no till posts, and five hundred 90.
pub const ROWS_MAX: u16 = 100;
/// Uploaded files that go in one transaction: they are large.
pub const FILES_MAX: u16 = 1;

/// Between two sweeps.
const PERIOD: TimeDelta = TimeDelta::hours(1);

/// Takes over the chore when it is due; nobody else does before it is due again.
pub fn take_chore(connection: &mut DbConnection, now: Timestamp) -> QueryResult<bool> {
    let taken = diesel::sql_query(
        "INSERT INTO chores (name, due_at) VALUES ('retention', $1)
         ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at WHERE chores.due_at <= $2",
    )
    .bind::<SqlTimestamp, _>(now.plus(PERIOD))
    .bind::<SqlTimestamp, _>(now)
    .execute(connection)?;
    Ok(taken == 1)
}

pub fn list_tenants(connection: &mut DbConnection) -> QueryResult<Vec<Id>> {
    tenants::table.order(tenants::id).select(tenants::id).load(connection)
}

/// Declines of what a till said the time of, and claims of voids: what was neither done nor recorded since `before`. A decline
/// without a time of its own stays: its request would never be too old.
pub fn delete_passed_keys(connection: &mut DbConnection, tenant_id: Id, before: Timestamp) -> QueryResult<usize> {
    diesel::sql_query(format!(
        "DELETE FROM request_keys WHERE tenant_id = $1 AND state <> 'posted' AND key IN (
             SELECT k.key FROM request_keys k
             WHERE k.tenant_id = $1 AND k.state <> 'posted' AND k.recorded_at < $2
                 AND (k.occurred_at < $2 OR k.state = 'claimed_by_void')
             ORDER BY k.recorded_at LIMIT $3{})",
        dialect::for_update_of_free(connection)
    ))
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlTimestamp, _>(before)
    .bind::<BigInt, _>(i64::from(ROWS_MAX))
    .execute(connection)
}

/// Jobs of imports that ended before. Those of runs stay with their run, which shows them, and those of reversals with
/// the key that made them.
pub fn delete_ended_jobs(connection: &mut DbConnection, tenant_id: Id, before: Timestamp) -> QueryResult<usize> {
    let kinds = vec![JobKind::ImportValidation, JobKind::ImportCommit];
    let ids: Vec<Id> = jobs::table
        .filter(jobs::tenant_id.eq(tenant_id).and(jobs::kind.eq_any(kinds)))
        .filter(jobs::status.eq_any(vec![JobStatus::Succeeded, JobStatus::Failed, JobStatus::Cancelled]))
        .filter(jobs::finished_at.lt(before))
        .order(jobs::id)
        .limit(i64::from(ROWS_MAX))
        .select(jobs::id)
        .load(connection)?;
    let made: Vec<Option<Id>> = ids.iter().copied().map(Some).collect();
    diesel::update(imports::table.filter(imports::tenant_id.eq(tenant_id).and(imports::job_id.eq_any(made))))
        .set(imports::job_id.eq(None::<Id>))
        .execute(connection)?;
    diesel::delete(jobs::table.filter(jobs::tenant_id.eq(tenant_id).and(jobs::id.eq_any(ids)))).execute(connection)
}

/// The files of imports that were committed before; what they made, and what became of their rows, stays.
pub fn delete_files_of_committed(
    connection: &mut DbConnection,
    tenant_id: Id,
    before: Timestamp,
) -> QueryResult<usize> {
    let its_import = imports::tenant_id
        .eq(import_files::tenant_id)
        .and(imports::id.eq(import_files::import_id));
    let ids: Vec<Id> = import_files::table
        .inner_join(imports::table.on(its_import))
        .filter(
            imports::tenant_id
                .eq(tenant_id)
                .and(imports::status.eq(ImportStatus::Committed)),
        )
        .filter(imports::committed_at.lt(before))
        .order(import_files::import_id)
        .limit(i64::from(FILES_MAX))
        .select(import_files::import_id)
        .load(connection)?;
    let files = import_files::tenant_id
        .eq(tenant_id)
        .and(import_files::import_id.eq_any(ids));
    diesel::delete(import_files::table.filter(files)).execute(connection)
}

/// What the rows of imports came to: the tables, and what tells the rows of an import apart in each.
const STAGED: [(&str, &str); 4] = [
    ("import_findings", "attempt, row_no, column_no, code"),
    ("import_customers", "attempt, row_no"),
    ("import_accounts", "attempt, row_no, ordinal"),
    ("import_sales", "attempt, row_no"),
];

/// A part of an import that was uploaded before and never committed: its rows first, and itself with its file when none
/// is left. What is half deleted counts as not judged yet.
pub fn delete_of_abandoned_import(
    connection: &mut DbConnection,
    tenant_id: Id,
    before: Timestamp,
) -> QueryResult<usize> {
    let abandoned = vec![ImportStatus::Uploaded, ImportStatus::Valid, ImportStatus::Invalid];
    let oldest: Option<Id> = imports::table
        .filter(imports::tenant_id.eq(tenant_id).and(imports::created_at.lt(before)))
        .filter(imports::status.eq_any(abandoned.clone()))
        .order(imports::id)
        .select(imports::id)
        .first(connection)
        .optional()?;
    let Some(id) = oldest else { return Ok(0) };
    let is_abandoned = lock_import(connection, tenant_id, id)?.is_some_and(|row| abandoned.contains(&row.status));
    if !is_abandoned {
        return Ok(1);
    }
    set_status(connection, tenant_id, id, ImportStatus::Uploaded, None, None)?;
    for (table, keys) in STAGED {
        let gone = delete_staged(connection, table, keys, (tenant_id, id))?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    let file = import_files::tenant_id
        .eq(tenant_id)
        .and(import_files::import_id.eq(id));
    diesel::delete(import_files::table.filter(file)).execute(connection)?;
    diesel::delete(imports::table.find((tenant_id, id))).execute(connection)
}

fn delete_staged(
    connection: &mut DbConnection,
    table: &'static str,
    keys: &'static str,
    (tenant_id, import_id): (Id, Id),
) -> QueryResult<usize> {
    diesel::sql_query(format!(
        "DELETE FROM {table} WHERE tenant_id = $1 AND import_id = $2 AND ({keys}) IN (
             SELECT {keys} FROM {table} WHERE tenant_id = $1 AND import_id = $2 ORDER BY {keys} LIMIT $3)"
    ))
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(import_id)
    .bind::<BigInt, _>(i64::from(ROWS_MAX))
    .execute(connection)
}

#[derive(QueryableByName)]
struct Passed {
    #[diesel(sql_type = SqlId)]
    id: Id,
}

/// Mails that ended before, whatever came of them, with the invitations that they brought; but for those of links that still work.
pub fn delete_ended_mails(
    connection: &mut DbConnection,
    tenant_id: Id,
    before: Timestamp,
    now: Timestamp,
) -> QueryResult<usize> {
    let text = format!(
        "SELECT o.id FROM outbox o WHERE o.tenant_id = $1 AND o.status <> 'queued' AND o.ended_at < $2 AND NOT EXISTS (
             SELECT 1 FROM invitations i
             WHERE i.tenant_id = $1 AND i.mail_id = o.id AND i.status = 'open' AND i.expires_at > $3)
         ORDER BY o.ended_at LIMIT $4{}",
        dialect::for_update_of_free(connection)
    );
    let passed: Vec<Passed> = diesel::sql_query(text)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlTimestamp, _>(before)
        .bind::<SqlTimestamp, _>(now)
        .bind::<BigInt, _>(i64::from(ROWS_MAX))
        .load(connection)?;
    let ids: Vec<Id> = passed.into_iter().map(|mail| mail.id).collect();
    let brought = invitations::tenant_id
        .eq(tenant_id)
        .and(invitations::mail_id.eq_any(ids.clone()));
    diesel::delete(invitations::table.filter(brought)).execute(connection)?;
    diesel::delete(outbox::table.filter(outbox::tenant_id.eq(tenant_id).and(outbox::id.eq_any(ids))))
        .execute(connection)
}
