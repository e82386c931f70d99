//! `/v1/imports`.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};

use super::create;
use super::messages::Words;
use super::model::{Finding, Import, ImportResult, ImportRow, SavedMappingRow};
use super::requests::{FindingQuery, ImportQuery, NewMapping};
use super::results::{self, ResultKey, ResultRow};
use super::store::{self, FindingKey};
use super::upload::{NewImport, Upload};
use super::{commit, export, read, validate_work};
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::db::{DbConnection, on_blocking_thread};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::table::{CsvFile, XlsxFile};
use crate::http::{Page, PageQuery, TableFormat, TableQuery, ValidJson, ValidQuery, preferred_language};
use crate::id::Id;
use crate::jobs::model::Job;
use crate::jobs::store::find_job;
use crate::jobs::{PreferWait, wait_until_final};

/// How long a validation is waited for when nobody says how long.
const VALIDATION_WAIT: Duration = Duration::from_secs(5);

/// Import a spreadsheet
///
/// Takes XLSX, XLSB, XLS, ODS, CSV, TSV or other text with separators in any usual encoding, finds the sheet and the row of headings,
/// and maps the columns whose headings it surely knows (Dutch, English, French, German), or as a mapping says that was saved for
/// the same headings. Nothing is made yet: look at `mapping`, `unmapped` and `missing`, then validate and commit.
#[utoipa::path(tag = "imports", request_body(content = NewImport, content_type = "multipart/form-data",
    example = json!({"kind": "customers", "file": "(the bytes of klanten.xlsx)"})), responses(
    (status = 201, description = "The file is here", body = Import, headers(
        ("Location" = String, description = "The import's path"))),
    (status = 422, description = "`validation_failed`, `unreadable_file`"),
))]
#[post("/imports")]
pub async fn create_import(
    actor: Allowed<can::ImportsRun>,
    upload: Upload,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, who, state) = (actor.tenant()?.id, actor.actor().clone(), app.clone());
    let import = on_blocking_thread(move || {
        let seen = create::look(&state.sheets, &upload)?;
        state.db.write_blocking(|connection| {
            let row = create::create_import(connection, &state.clock, &who, tenant_id, &upload, &seen)?;
            read::one(connection, tenant_id, row)
        })
    })
    .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/imports/{}", import.id)))
        .json(import))
}

/// List imports
///
/// The newest first.
#[utoipa::path(tag = "imports", params(ImportQuery), responses(
    (status = 200, description = "A page of imports", body = Page<Import>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/imports")]
pub async fn list_imports(
    actor: Allowed<can::ImportsRun>,
    query: ValidQuery<ImportQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, query) = (actor.tenant()?.id, query.0);
    let page = app
        .cursors
        .page::<Id>(tenant_id, "imports", &query.kind, query.limit, query.cursor.as_ref())?;
    let (after, rows_max, kind) = (page.after, page.rows_max(), query.kind);
    let imports = app
        .db
        .read(move |connection| {
            let rows = store::list_imports(connection, tenant_id, kind, after, rows_max)?;
            read::imports(connection, tenant_id, rows)
        })
        .await?;
    Ok(page.page(imports, |import| import.id)?.respond(&request))
}

/// Read an import
///
/// Its mapping, a preview of its first rows, and how far it is.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The import")), responses(
    (status = 200, description = "The import", body = Import),
))]
#[get("/imports/{id}")]
pub async fn get_import(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let import = read_import(&app, actor.tenant()?.id, id.into_inner()).await?;
    Ok(HttpResponse::Ok().json(import))
}

async fn read_import(app: &AppState, tenant_id: Id, id: Id) -> ApiResult<Import> {
    app.db
        .read(move |connection| {
            let row = find(connection, tenant_id, id)?;
            read::one(connection, tenant_id, row)
        })
        .await
}

fn find(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<ImportRow> {
    store::find_import(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))
}

/// Map an import's columns
///
/// In the place of the mapping before; columns that are not named fill nothing. With `save_mapping` it is applied by itself to later
/// files with the same headings. What was found is judged anew by the next validation.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The import")), request_body = NewMapping, responses(
    (status = 200, description = "Mapped", body = Import),
    (status = 409, description = "`import_committed`"),
))]
#[put("/imports/{id}/mapping")]
pub async fn set_import_mapping(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    body: ValidJson<NewMapping>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id, clock) = (actor.tenant()?.id, id.into_inner(), app.clock.clone());
    let import = app
        .db
        .write(move |connection| {
            let missing = || ApiError::new(Code::NotFound);
            let row = store::lock_import(connection, tenant_id, id)?.ok_or_else(missing)?;
            if row.is_committed() {
                return Err(ApiError::new(Code::ImportCommitted));
            }
            let headings: Vec<String> = serde_json::from_str(&row.headings).map_err(ApiError::internal)?;
            let mapping = body.0.mapping(row.kind, &headings)?;
            let mapping = serde_json::to_string(&mapping).map_err(ApiError::internal)?;
            store::update_mapping(connection, tenant_id, id, &mapping)?;
            if let Some(name) = &body.0.save_mapping {
                let saved = SavedMappingRow {
                    tenant_id,
                    id: clock.new_id(),
                    kind: row.kind,
                    name: name.as_str().to_owned(),
                    header_signature: row.header_signature.clone(),
                    headings: row.headings.clone(),
                    mapping,
                    created_at: clock.now(),
                };
                store::save_mapping(connection, &saved)?;
            }
            let row = find(connection, tenant_id, id)?;
            read::one(connection, tenant_id, row)
        })
        .await?;
    Ok(HttpResponse::Ok().json(import))
}

/// Validate an import
///
/// Judges every row, as a job, and keeps everything that is wrong, with its cell; nothing else is changed. The import says how much was
/// found; the findings say what. Waits 5 seconds for the end unless `Prefer` says otherwise.
#[utoipa::path(tag = "imports", params(
    ("id" = Id, Path, description = "The import"),
    ("Prefer" = Option<String>, Header, description = "`wait=10` waits at most 10 seconds for the end", example = "wait=10"),
), responses(
    (status = 200, description = "Judged", body = Import),
    (status = 202, description = "The job has begun or waits", body = Import, headers(
        ("Location" = String, description = "The job"))),
    (status = 409, description = "`import_committed`, `import_changed`"),
    (status = 422, description = "`unreadable_file`"),
))]
#[post("/imports/{id}/validate")]
pub async fn validate_import(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    prefer: PreferWait,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let (who, clock) = (actor.actor().clone(), app.clock.clone());
    let job_id = app
        .db
        .write(move |connection| validate_work::ask_to_validate(connection, &clock, &who, tenant_id, id))
        .await?;
    respond(&app, tenant_id, id, job_id, prefer.0.unwrap_or(VALIDATION_WAIT)).await
}

/// The import, when its job has ended or the wait is over.
async fn respond(app: &AppState, tenant_id: Id, id: Id, job_id: Id, longest: Duration) -> ApiResult<HttpResponse> {
    app.job_bell.ring();
    let job = wait_until_final(&app.db, tenant_id, job_id, longest).await?;
    if let Some(error) = job.failure() {
        return Err(error);
    }
    let import = read_import(app, tenant_id, id).await?;
    let mut response = if job.status.is_final() {
        HttpResponse::Ok()
    } else {
        HttpResponse::Accepted()
    };
    response.insert_header((header::LOCATION, format!("/v1/imports/{id}/job")));
    if !job.status.is_final() {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    Ok(response.json(import))
}

/// Get an import's job
///
/// The last one that judged or commits it: how far it is, and why it failed. `Retry-After` says when to look again. There is none
/// before the first, nor a long time (90 days, unless the portal says otherwise) after the last.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The import")), responses(
    (status = 200, description = "The job", body = Job),
))]
#[get("/imports/{id}/job")]
pub async fn get_import_job(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let told = app.live_progress.now();
    let job = app
        .db
        .read(move |connection| {
            let missing = || ApiError::new(Code::NotFound);
            let job_id = find(connection, tenant_id, id)?.job_id.ok_or_else(missing)?;
            find_job(connection, tenant_id, job_id)?.ok_or_else(missing)
        })
        .await?;
    let mut response = HttpResponse::Ok();
    if !job.status.is_final() {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    Ok(response.json(Job::from(told.of(job))))
}

/// List an import's findings
///
/// Everything that the last validation found, errors and warnings, in the order of the rows, in the language of `Accept-Language` or else
/// the tenant's; as JSON in pages, as CSV or XLSX all at once.
#[utoipa::path(tag = "imports", params(
    ("id" = Id, Path, description = "The import"), FindingQuery, crate::http::table::CsvOptions,
    ("Accept-Language" = Option<String>, Header, description = "The language of what is said: nl, en, fr or de. The tenant's when there is none of these",
        example = "nl-BE, fr;q=0.8"),
), responses(
    (status = 200, description = "A page of findings, or all of them as a file", content(
        (Page<Finding> = "application/json"),
        (CsvFile = "text/csv", example = "severity,sheet,row,column,cell,field,found,code,message\r\n\
            error,Klanten,7,E,E7,country,Kongo,ambiguous_country,Several countries are called so.\r\n"),
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ), headers(("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/imports/{id}/findings")]
pub async fn list_import_findings(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    query: TableQuery<FindingQuery>,
    format: TableFormat,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let TableQuery(query, options) = query;
    let severity = query.severity;
    let asked_words = preferred_language(request.headers(), Words::of_code);
    if format != TableFormat::Json {
        let file = move |connection: &mut DbConnection| {
            let import = find(connection, tenant_id, id)?;
            let words = read::words(connection, tenant_id, asked_words)?;
            export::write(connection, &import, severity, words, (format, options))
        };
        return app.read_much(file).await?.respond();
    }
    let list = format!("findings of {id}");
    let page = app
        .cursors
        .page::<FindingKey>(tenant_id, &list, &severity, query.limit, query.cursor.as_ref())?;
    let asked = page.clone();
    let page = app
        .db
        .read(move |connection| {
            let import = find(connection, tenant_id, id)?;
            let words = read::words(connection, tenant_id, asked_words)?;
            let attempt = (tenant_id, id, import.attempt);
            let rows = store::list_findings(connection, attempt, severity, asked.after.clone(), asked.rows_max())?;
            let page = asked.page(rows, |row| (row.row_no, row.column_no, row.code.clone()))?;
            Ok(page.map(|row| read::finding(row, &import.sheet, words)))
        })
        .await?;
    Ok(page.respond(&request))
}

/// Commit an import
///
/// Makes what the rows ask for, all of it or nothing, as a job. Asking again changes nothing: the answer is the same import.
#[utoipa::path(tag = "imports", params(
    ("id" = Id, Path, description = "The import"),
    ("Prefer" = Option<String>, Header, description = "`wait=10` waits at most 10 seconds for the end", example = "wait=10"),
), responses(
    (status = 200, description = "All is made", body = Import),
    (status = 202, description = "The job has begun or waits", body = Import, headers(
        ("Location" = String, description = "The job"))),
    (status = 409, description = "`import_not_valid`; after a wait also `import_outdated`"),
))]
#[post("/imports/{id}/commit")]
pub async fn commit_import(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    prefer: PreferWait,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id, who, clock) = (
        actor.tenant()?.id,
        id.into_inner(),
        actor.actor().clone(),
        app.clock.clone(),
    );
    let job_id = app
        .db
        .write(move |connection| commit::ask_to_commit(connection, &clock, &who, tenant_id, id))
        .await?;
    let Some(job_id) = job_id else {
        return Ok(HttpResponse::Ok().json(read_import(&app, tenant_id, id).await?));
    };
    respond(&app, tenant_id, id, job_id, prefer.0.unwrap_or_default()).await
}

/// List an import's results
///
/// Of a committed import what became of each row, in the order of the rows; of a valid one what would.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The import"), PageQuery), responses(
    (status = 200, description = "A page of results", body = Page<ImportResult>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
    (status = 409, description = "`import_not_valid`"),
))]
#[get("/imports/{id}/results")]
pub async fn list_import_results(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let list = format!("results of {id}");
    let asked = app
        .cursors
        .page::<ResultKey>(tenant_id, &list, &(), query.0.limit, query.0.cursor.as_ref())?;
    let page = app
        .db
        .read(move |connection| {
            let import = find(connection, tenant_id, id)?;
            if !import.is_judged_right() {
                return Err(ApiError::new(Code::ImportNotValid));
            }
            let rows = results::list_results(connection, &import, asked.after, asked.rows_max())?;
            Ok(asked.page(rows, ResultRow::key)?.map(ImportResult::from))
        })
        .await?;
    Ok(page.respond(&request))
}
