//! `/v1/jobs`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::model::{Job, JobRow, JobStatus};
use super::store;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{CommaList, Cursor, Page, PageLimit, ValidQuery};
use crate::id::Id;

/// When to look at an unfinished job again, in seconds.
const RETRY_AFTER_S: &str = "1";

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    /// Only jobs with this status; several with commas between.
    #[param(nullable = false, style = Form, explode = false, value_type = Option<Vec<JobStatus>>, example = json!(["queued", "running"]))]
    status: Option<CommaList<JobStatus>>,
    /// How many jobs a page has.
    limit: Option<PageLimit>,
    /// Where the last page ended.
    cursor: Option<Cursor>,
}

/// List jobs
///
/// The long work of the tenant, the newest first.
#[utoipa::path(tag = "jobs", params(JobFilter), responses((status = 200, description = "A page of jobs", body = Page<Job>)))]
#[get("/jobs")]
pub async fn list_jobs(
    actor: Allowed<can::InvoicingRun>,
    query: ValidQuery<JobFilter>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let filter = query.0;
    let asked =
        app.cursors
            .page::<(Timestamp, Id)>(tenant_id, "jobs", &filter.status, filter.limit, filter.cursor.as_ref())?;
    let (after, rows_max) = (asked.after, asked.rows_max());
    let told = app.live_progress.now();
    let rows = app
        .db
        .read(move |connection| {
            Ok(store::list_jobs(
                connection,
                tenant_id,
                filter.status.as_ref().map(|statuses| statuses.0.as_slice()),
                after,
                rows_max,
            )?)
        })
        .await?;
    let page = asked.page(rows, |job| (job.created_at, job.id))?;
    Ok(page.map(|job| Job::from(told.of(job))).respond(&request))
}

/// Get a job
///
/// How far it is. `Retry-After` says when to look again; `result` says where its result is.
#[utoipa::path(tag = "jobs", params(("id" = Id, Path, description = "The job")), responses(
    (status = 200, description = "The job", body = Job),
))]
#[get("/jobs/{id}")]
pub async fn get_job(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let told = app.live_progress.now();
    let job = app
        .db
        .read(move |connection| require_job(connection, tenant_id, id))
        .await?;
    let mut response = HttpResponse::Ok();
    if !job.status.is_final() {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
    }
    Ok(response.json(Job::from(told.of(job))))
}

/// Cancel a job
///
/// A job that waits ends at once; a running one ends after its chunk, and what it finished by then stands. A reversal of a
/// run is not cancelled once it has begun.
#[utoipa::path(tag = "jobs", params(("id" = Id, Path, description = "The job")), responses(
    (status = 200, description = "Cancelled, or asked to stop", body = Job),
    (status = 409, description = "`job_finished`, `job_not_cancellable`"),
))]
#[post("/jobs/{id}/cancel")]
pub async fn cancel_job(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id, now) = (actor.tenant()?.id, id.into_inner(), app.clock.now());
    let job = app
        .db
        .write(move |connection| cancel(connection, tenant_id, id, now))
        .await?;
    Ok(HttpResponse::Ok().json(Job::from(job)))
}

fn cancel(connection: &mut DbConnection, tenant_id: Id, id: Id, now: Timestamp) -> ApiResult<JobRow> {
    let job = require_job(connection, tenant_id, id)?;
    if store::cancel_queued(connection, tenant_id, id, now)? {
        job.kind
            .end(connection, tenant_id, job.subject_id, JobStatus::Cancelled)?;
    } else if !job.kind.is_cancellable_while_running() {
        let code = if job.status.is_final() {
            Code::JobFinished
        } else {
            Code::JobNotCancellable
        };
        return Err(ApiError::new(code));
    } else if !store::ask_to_cancel(connection, tenant_id, id)? {
        return Err(ApiError::new(Code::JobFinished));
    }
    require_job(connection, tenant_id, id)
}

fn require_job(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<JobRow> {
    store::find_job(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))
}
