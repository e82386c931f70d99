//! The job that judges an import's rows: a large file takes longer than anybody waits for an answer.

use super::model::ImportStatus;
use super::store;
use super::validate::Validator;
use crate::auth::{Actor, find_tenant};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::jobs::store::{NewJob, insert_job};
use crate::jobs::worker::Services;
use crate::jobs::{JobKind, JobStatus, Lease, Step, Work};
use crate::ledger::TenantRules;

/// Makes the job that judges an import; the one that is there, when its rows are being judged.
///
/// # Errors
/// 404; 409 `import_committed`.
pub fn ask_to_validate(
    connection: &mut DbConnection,
    clock: &Clock,
    actor: &Actor,
    tenant_id: Id,
    id: Id,
) -> ApiResult<Id> {
    let row = store::lock_import(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    if row.is_committed() {
        return Err(ApiError::new(Code::ImportCommitted));
    }
    if let (ImportStatus::Validating, Some(job_id)) = (row.status, row.job_id) {
        return Ok(job_id);
    }
    let job_id = clock.new_id();
    let job = NewJob {
        id: job_id,
        tenant_id,
        kind: JobKind::ImportValidation,
        subject_id: id,
        progress_total: 0,
        actor_kind: actor.kind.as_str(),
        actor_id: actor.id,
        actor_name: actor.name.clone(),
        created_at: clock.now(),
    };
    insert_job(connection, job)?;
    store::set_status(connection, tenant_id, id, ImportStatus::Validating, Some(job_id), None)?;
    Ok(job_id)
}

/// Judges an import. It is one step, from the first row: a worker that takes it over begins anew.
pub struct ValidateWork;

impl Work for ValidateWork {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let tenant = services
            .db
            .read_blocking(|connection| find_tenant(connection, lease.tenant_id))?
            .ok_or_else(|| ApiError::internal("the tenant of a job is not there"))?;
        let validator = Validator {
            services,
            lease,
            rules: TenantRules::from(&tenant),
        };
        validator.validate()?;
        Ok(Step::Done {
            result_path: format!("/v1/imports/{}", lease.subject_id),
        })
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, import_id: Id, status: JobStatus) -> ApiResult<()> {
        if status != JobStatus::Succeeded {
            store::let_go(connection, tenant_id, import_id)?;
        }
        Ok(())
    }
}
