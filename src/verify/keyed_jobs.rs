//! Keys of requests that made a job whose id follows from the key: the reversals of runs.

use std::collections::HashSet;

use diesel::prelude::*;

use super::{Check, Find};
use crate::db::DbConnection;
use crate::db::schema::{jobs, request_keys};
use crate::id::Id;
use crate::jobs::JobKind;
use crate::request_keys::{KeyState, portal_id};

pub const CHECKS: &[Check] = &[
    Check {
        code: "key_job",
        says: "the key made no job that reverses a run",
        find: Find::Computed(find_keys_without_job),
    },
    Check {
        code: "job_key",
        says: "no key stands for the job, so the same request would reverse the run again",
        find: Find::Computed(find_jobs_without_key),
    },
];

fn find_keys_without_job(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<Id>> {
    let jobs: HashSet<Id> = list_jobs(connection, tenant_id)?.into_iter().collect();
    let keys = list_keys(connection, tenant_id)?.into_iter();
    Ok(keys.filter(|key| !jobs.contains(&portal_id(tenant_id, *key))).collect())
}

fn find_jobs_without_key(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<Id>> {
    let keys = list_keys(connection, tenant_id)?.into_iter();
    let made: HashSet<Id> = keys.map(|key| portal_id(tenant_id, key)).collect();
    let jobs = list_jobs(connection, tenant_id)?.into_iter();
    Ok(jobs.filter(|job| !made.contains(job)).collect())
}

/// A person reverses a run now and then: there are few.
fn list_keys(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<Id>> {
    request_keys::table
        .filter(request_keys::tenant_id.eq(tenant_id))
        .filter(
            request_keys::state
                .eq(KeyState::Posted)
                .and(request_keys::result_kind.eq("job")),
        )
        .order(request_keys::key)
        .select(request_keys::key)
        .load(connection)
}

fn list_jobs(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<Id>> {
    jobs::table
        .filter(
            jobs::tenant_id
                .eq(tenant_id)
                .and(jobs::kind.eq(JobKind::InvoiceRunReversal)),
        )
        .order(jobs::id)
        .select(jobs::id)
        .load(connection)
}
