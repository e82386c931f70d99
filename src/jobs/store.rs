//! Queries on jobs. Every one that a worker makes is fenced: it does nothing unless the worker's claim is the last one.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamp as SqlTimestamp};

use super::model::{JobKind, JobRow, JobStatus, Lease};
use crate::clock::Timestamp;
use crate::db::schema::jobs;
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};

/// How long a claim holds without a sign of life. A chunk takes well under a second.
const LEASE_S: i64 = 30;

/// A job that nobody has worked on yet.
pub struct NewJob {
    pub id: Id,
    pub tenant_id: Id,
    pub kind: JobKind,
    pub subject_id: Id,
    pub progress_total: i64,
    pub actor_kind: &'static str,
    pub actor_id: Id,
    pub actor_name: String,
    pub created_at: Timestamp,
}

pub fn insert_job(connection: &mut DbConnection, new: NewJob) -> QueryResult<()> {
    let row = JobRow {
        id: new.id,
        tenant_id: new.tenant_id,
        kind: new.kind,
        subject_id: new.subject_id,
        status: JobStatus::Queued,
        owner: None,
        locked_until: None,
        fencing_token: 0,
        cancel_asked: false,
        progress_done: 0,
        progress_total: new.progress_total,
        result_path: None,
        error_problem: None,
        actor_kind: new.actor_kind.to_owned(),
        actor_id: new.actor_id,
        actor_name: new.actor_name,
        created_at: new.created_at,
        started_at: None,
        finished_at: None,
    };
    diesel::insert_into(jobs::table)
        .values(&row)
        .execute(connection)
        .map(drop)
}

pub fn find_job(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<JobRow>> {
    jobs::table
        .filter(jobs::tenant_id.eq(tenant_id).and(jobs::id.eq(id)))
        .select(JobRow::as_select())
        .first(connection)
        .optional()
}

/// When the jobs of this kind that wait or work were asked for.
pub fn list_unfinished(connection: &mut DbConnection, tenant_id: Id, kind: JobKind) -> QueryResult<Vec<Timestamp>> {
    jobs::table
        .filter(jobs::tenant_id.eq(tenant_id).and(jobs::kind.eq(kind)))
        .filter(jobs::status.eq_any(vec![JobStatus::Queued, JobStatus::Running]))
        .select(jobs::created_at)
        .load(connection)
}

/// The newest first; `after` is the last one of the page before.
pub fn list_jobs(
    connection: &mut DbConnection,
    tenant_id: Id,
    statuses: Option<&[JobStatus]>,
    after: Option<(Timestamp, Id)>,
    rows_max: i64,
) -> QueryResult<Vec<JobRow>> {
    let mut query = jobs::table
        .filter(jobs::tenant_id.eq(tenant_id))
        .select(JobRow::as_select())
        .into_boxed();
    if let Some(statuses) = statuses {
        query = query.filter(jobs::status.eq_any(statuses.to_vec()));
    }
    if let Some((created_at, id)) = after {
        query = query.filter(
            jobs::created_at
                .lt(created_at)
                .or(jobs::created_at.eq(created_at).and(jobs::id.lt(id))),
        );
    }
    query
        .order((jobs::created_at.desc(), jobs::id.desc()))
        .limit(rows_max)
        .load(connection)
}

/// What may be claimed at a moment.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Claimable {
    #[diesel(sql_type = SqlId)]
    pub id: Id,
    #[diesel(sql_type = SqlId)]
    pub tenant_id: Id,
    #[diesel(sql_type = BigInt)]
    pub fencing_token: i64,
}

/// The oldest job whose turn it is: one whose worker went silent, or the first in line of a tenant without a running one.
pub fn find_claimable(connection: &mut DbConnection, now: Timestamp) -> QueryResult<Option<Claimable>> {
    find_first(connection, now, None, "")
}

/// Of all, or only this one; with what its SELECT ends.
fn find_first(
    connection: &mut DbConnection,
    now: Timestamp,
    only: Option<Id>,
    suffix: &str,
) -> QueryResult<Option<Claimable>> {
    diesel::sql_query(format!(
        "SELECT j.id, j.tenant_id, j.fencing_token FROM jobs j
         WHERE j.status IN ('queued', 'running')
           AND ((j.status = 'running' AND j.locked_until < $1)
             OR (j.status = 'queued' AND NOT EXISTS (
                 SELECT 1 FROM jobs o
                 WHERE o.tenant_id = j.tenant_id AND o.id <> j.id AND o.status IN ('queued', 'running')
                   AND (o.status = 'running' OR (o.created_at, o.id) < (j.created_at, j.id)))))
           AND j.id = COALESCE($2, j.id)
         ORDER BY j.created_at, j.id LIMIT 1{suffix}"
    ))
    .bind::<SqlTimestamp, _>(now)
    .bind::<Nullable<SqlId>, _>(only)
    .get_result(connection)
    .optional()
}

/// Takes the job if it is still claimable: the row of its tenant is locked, so that two workers never take two jobs of one
/// tenant. A job in whose long transaction its worker went silent is passed over, so that it stands in nobody's way.
pub fn claim(connection: &mut DbConnection, owner: &str, now: Timestamp) -> QueryResult<Option<Lease>> {
    let free = dialect::for_update_of_free(connection);
    let Some(seen) = find_first(connection, now, None, free)? else {
        return Ok(None);
    };
    lock_tenant(connection, seen.tenant_id)?;
    let Some(claimable) = find_first(connection, now, Some(seen.id), free)? else {
        return Ok(None);
    };
    let taken = diesel::update(
        jobs::table.filter(
            jobs::id
                .eq(claimable.id)
                .and(jobs::fencing_token.eq(claimable.fencing_token)),
        ),
    )
    .set((
        jobs::status.eq(JobStatus::Running),
        jobs::owner.eq(Some(owner)),
        jobs::locked_until.eq(Some(now.plus(TimeDelta::seconds(LEASE_S)))),
        jobs::fencing_token.eq(jobs::fencing_token + 1),
    ))
    .execute(connection)?;
    if taken == 0 {
        return Ok(None);
    }
    diesel::update(jobs::table.filter(jobs::id.eq(claimable.id).and(jobs::started_at.is_null())))
        .set(jobs::started_at.eq(Some(now)))
        .execute(connection)?;
    let row: JobRow = jobs::table
        .find(claimable.id)
        .select(JobRow::as_select())
        .first(connection)?;
    Ok(Some(Lease {
        job_id: row.id,
        tenant_id: row.tenant_id,
        kind: row.kind,
        subject_id: row.subject_id,
        fencing_token: row.fencing_token,
    }))
}

fn lock_tenant(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<()> {
    let text = format!(
        "SELECT id FROM tenants WHERE id = $1{}",
        dialect::for_update_beside_references(connection)
    );
    diesel::sql_query(text)
        .bind::<SqlId, _>(tenant_id)
        .execute(connection)
        .map(drop)
}

/// What the holder of a lease learns when it shows a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Go on.
    Renewed,
    /// Go on with this chunk and stop after it.
    CancelAsked,
    /// Another worker took over: nothing of this chunk may be written.
    Lost,
}

/// First statement of every chunk's transaction, or the last but one of a long chunk's that tells how far it is meanwhile: from
/// here on nobody else can take the job over until it ends.
pub fn renew(connection: &mut DbConnection, lease: &Lease, now: Timestamp) -> QueryResult<Renewal> {
    let cancel_asked: Option<bool> = diesel::update(held(lease))
        .set(jobs::locked_until.eq(Some(now.plus(TimeDelta::seconds(LEASE_S)))))
        .returning(jobs::cancel_asked)
        .get_result(connection)
        .optional()?;
    Ok(match cancel_asked {
        None => Renewal::Lost,
        Some(true) => Renewal::CancelAsked,
        Some(false) => Renewal::Renewed,
    })
}

/// Last statement of a chunk's transaction.
pub fn set_progress(connection: &mut DbConnection, lease: &Lease, done: i64, total: i64) -> QueryResult<()> {
    diesel::update(held(lease))
        .set((jobs::progress_done.eq(done), jobs::progress_total.eq(total)))
        .execute(connection)
        .map(drop)
}

/// Gives the job back unfinished, at the end of a chunk: the next worker need not wait for the lease to run out.
pub fn release(connection: &mut DbConnection, lease: &Lease, now: Timestamp) -> QueryResult<()> {
    diesel::update(held(lease))
        .set((
            jobs::owner.eq(None::<String>),
            jobs::locked_until.eq(Some(now.plus(TimeDelta::microseconds(-1)))),
        ))
        .execute(connection)
        .map(drop)
}

/// How a job ended.
pub struct Ending {
    pub status: JobStatus,
    pub result_path: Option<String>,
    pub error_problem: Option<String>,
}

/// Ends the job and says whether it was still ours to end.
pub fn end(connection: &mut DbConnection, lease: &Lease, ending: &Ending, now: Timestamp) -> QueryResult<bool> {
    let ended = diesel::update(held(lease))
        .set((
            jobs::status.eq(ending.status),
            jobs::owner.eq(None::<String>),
            jobs::locked_until.eq(None::<Timestamp>),
            jobs::result_path.eq(ending.result_path.clone()),
            jobs::error_problem.eq(ending.error_problem.clone()),
            jobs::finished_at.eq(Some(now)),
        ))
        .execute(connection)?;
    Ok(ended == 1)
}

/// Ends a job that nobody has begun; false when it is too late for that.
pub fn cancel_queued(connection: &mut DbConnection, tenant_id: Id, id: Id, now: Timestamp) -> QueryResult<bool> {
    let of_tenant = jobs::tenant_id.eq(tenant_id).and(jobs::id.eq(id));
    let cancelled = diesel::update(jobs::table.filter(of_tenant.and(jobs::status.eq(JobStatus::Queued))))
        .set((
            jobs::status.eq(JobStatus::Cancelled),
            jobs::cancel_asked.eq(true),
            jobs::finished_at.eq(Some(now)),
        ))
        .execute(connection)?;
    Ok(cancelled == 1)
}

/// Asks the worker of a running job to stop at the end of its chunk; false when the job has ended.
pub fn ask_to_cancel(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<bool> {
    let of_tenant = jobs::tenant_id.eq(tenant_id).and(jobs::id.eq(id));
    let asked = diesel::update(jobs::table.filter(of_tenant.and(jobs::status.eq(JobStatus::Running))))
        .set(jobs::cancel_asked.eq(true))
        .execute(connection)?;
    Ok(asked == 1)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn held(lease: &Lease) -> _ {
    let id: Id = lease.job_id;
    let token: i64 = lease.fencing_token;
    let running: JobStatus = JobStatus::Running;
    jobs::table.filter(
        jobs::id
            .eq(id)
            .and(jobs::fencing_token.eq(token))
            .and(jobs::status.eq(running)),
    )
}
