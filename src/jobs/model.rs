//! The row of a job, and how it is answered.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::db::schema::jobs;
use crate::error::{ApiError, Code, FieldError, Problem};
use crate::id::Id;
use crate::text_enum;

text_enum! {
    /// What a job does.
    pub enum JobKind {
        /// Makes the invoices of a run.
        InvoiceRun => "invoice_run",
        /// Reverses the invoices of a run.
        InvoiceRunReversal => "invoice_run_reversal",
        /// Judges the rows of an import.
        ImportValidation => "import_validation",
        /// Makes the customers, accounts or sales of an import.
        ImportCommit => "import_commit",
    }
}

impl JobKind {
    /// A reversal goes on to its end once it has begun: half a reversed run helps nobody.
    #[must_use]
    pub fn is_cancellable_while_running(self) -> bool {
        self == Self::InvoiceRun
    }
}

text_enum! {
    /// How far a job is.
    pub enum JobStatus {
        /// It waits for its turn: the jobs of a tenant go one after another.
        Queued => "queued",
        /// A process works on it; after a crash another one goes on.
        Running => "running",
        /// It did what it was asked.
        Succeeded => "succeeded",
        /// It stopped; `error` says why.
        Failed => "failed",
        /// It was cancelled; what it had finished by then stands.
        Cancelled => "cancelled",
    }
}

impl JobStatus {
    /// Whether nothing more happens to the job.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A job as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
pub struct JobRow {
    pub id: Id,
    pub tenant_id: Id,
    pub kind: JobKind,
    /// What the job works on: the run, or the import.
    pub subject_id: Id,
    pub status: JobStatus,
    /// The process that works on it.
    pub owner: Option<String>,
    /// Until when nobody else takes it over.
    pub locked_until: Option<Timestamp>,
    /// Raised by every claim: a chunk commits only with the token of the last one.
    pub fencing_token: i64,
    pub cancel_asked: bool,
    pub progress_done: i64,
    pub progress_total: i64,
    pub result_path: Option<String>,
    /// A problem (JSON).
    pub error_problem: Option<String>,
    pub actor_kind: String,
    pub actor_id: Id,
    pub actor_name: String,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// What [`ApiError::problem`] wrote, as far as it is needed to answer it again.
#[derive(Deserialize)]
struct StoredProblem {
    code: String,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

impl JobRow {
    /// Of a failed job: the error that it failed with.
    #[must_use]
    pub fn failure(&self) -> Option<ApiError> {
        let stored: StoredProblem = serde_json::from_str(self.error_problem.as_deref()?).ok()?;
        let code = Code::ALL.iter().copied().find(|code| code.as_str() == stored.code)?;
        Some(
            stored
                .errors
                .into_iter()
                .fold(ApiError::new(code).detail(stored.detail), ApiError::error),
        )
    }
}

/// How much of a job is done, in the things it works on (accounts of a run, rows of an import).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    #[schema(minimum = 0, example = 400)]
    pub done: i64,
    /// 0 until it is known.
    #[schema(minimum = 0, example = 1250)]
    pub total: i64,
}

/// Long work that goes on after the request was answered. It is not the row: progress and problem are put together here.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192a5c8-6b1e-7c3a-9d5f-2f6f5f3a8b11", "kind": "invoice_run", "status": "running",
    "progress": {"done": 400, "total": 1250}, "cancel_asked": false, "result": null, "error": null,
    "created_by": "Vera de Vries", "created_at": "2026-11-21T09:30:00Z", "started_at": "2026-11-21T09:30:00Z",
    "finished_at": null}))]
pub struct Job {
    pub id: Id,
    pub kind: JobKind,
    pub status: JobStatus,
    pub progress: Progress,
    /// Whether someone asked to cancel it; it stops at the end of its chunk.
    pub cancel_asked: bool,
    /// Where the result is, as soon as it succeeded.
    #[schema(required, example = "/v1/invoice-runs/0192a5c8-6b1e-7c3a-9d5f-2f6f5f3a8b10")]
    pub result: Option<String>,
    /// Why it failed.
    #[schema(required, value_type = Option<Problem>)]
    pub error: Option<Value>,
    /// Who asked for it.
    #[schema(example = "Vera de Vries")]
    pub created_by: String,
    pub created_at: Timestamp,
    #[schema(required)]
    pub started_at: Option<Timestamp>,
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            status: row.status,
            progress: Progress {
                done: row.progress_done,
                total: row.progress_total,
            },
            cancel_asked: row.cancel_asked,
            result: row.result_path,
            error: row
                .error_problem
                .and_then(|problem| serde_json::from_str(&problem).ok()),
            created_by: row.actor_name,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// The right to work on a job until someone else takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job_id: Id,
    pub tenant_id: Id,
    pub kind: JobKind,
    pub subject_id: Id,
    /// Of this claim; a later claim has a higher one.
    pub fencing_token: i64,
}
