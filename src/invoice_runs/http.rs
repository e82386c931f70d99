//! `/v1/invoice-runs`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::create::{self, Made, check_dates};
use super::model::{InvoiceRun, InvoiceRunSummary, NewInvoiceRun, Preview, RunAccount, RunAccountState, RunStatus};
use super::preview::{self, After};
use super::{read, store};
use crate::app::AppState;
use crate::auth::{Allowed, TenantContext, can};
use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Cursor, IdempotencyKey, Page, PageLimit, PageRequest, ValidJson, ValidQuery, headers};
use crate::id::Id;
use crate::jobs::{JobStatus, PreferWait, wait_until_final};
use crate::request_keys::RequestKey;

/// Run invoices
///
/// Makes one invoice for each chosen account out of its sales, refunds and charges that stand on no invoice yet, and resets
/// the account. The run is a job: `Location` says where it is; `Prefer: wait=10` waits for a short one. The key is the run's
/// id. A run of one account by its id is refused at once when that account cannot be invoiced; then nothing is kept, and
/// the key may be used again. To set the balance of one account to zero, run it with `balance_to_zero` and `late: exclude`.
#[utoipa::path(tag = "invoicing", request_body = NewInvoiceRun,
    params(
        ("Idempotency-Key" = Id, Header, description = "The run's id"),
        ("Prefer" = Option<String>, Header, description = "`wait=10` waits at most 10 seconds for the result", example = "wait=10"),
    ),
    responses(
        (status = 200, description = "The run is done", body = InvoiceRun),
        (status = 202, description = "The run's job has begun or waits", body = InvoiceRun,
            headers(("Location" = String, description = "The job"))),
        (status = 409, description = "`nothing_to_invoice`, `credit_account`, `no_billing_holder` (one account by its id), \
            `account_inactive`, `invoice_date_before_last`, `in_progress`"),
        (status = 422, description = "`validation_failed`, `no_accounts_selected`, `unknown_account`, `invoice_date_in_future`, \
            `idempotency_key_reused`"),
    ))]
#[post("/invoice-runs")]
pub async fn create_invoice_run(
    actor: Allowed<can::InvoicingRun>,
    key: IdempotencyKey,
    prefer: PreferWait,
    body: ValidJson<NewInvoiceRun>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?.clone();
    let asked = body.0;
    check_dates(&asked, tenant.today(app.clock.now()))?;
    let request = RequestKey::try_new(key, "create_invoice_run", &(), &asked)?;
    let guard = app.in_flight.enter(tenant.id, request.key).await?;
    let (who, clock, of) = (actor.actor().clone(), app.clock.clone(), tenant.clone());
    let made = app
        .db
        .write(move |connection| {
            let _held = &guard;
            create::create_run(connection, &clock, &of, &who, &request, &asked)
        })
        .await?;
    answer(&app, &tenant, made, prefer).await
}

/// Rings for the workers, waits if the client wants to, and answers the run as it is then.
async fn answer(app: &AppState, tenant: &TenantContext, made: Made, prefer: PreferWait) -> ApiResult<HttpResponse> {
    app.job_bell.ring();
    let longest = prefer.0.unwrap_or_default();
    let job = wait_until_final(&app.db, tenant.id, made.job_id, longest).await?;
    if let Some(error) = job.failure() {
        return Err(if made.is_replayed { error.replayed() } else { error });
    }
    let (tenant_id, currency) = (tenant.id, tenant.currency);
    let run = app
        .db
        .read(move |connection| read::get_run(connection, tenant_id, currency, made.run_id))
        .await?;
    let mut response = if job.status == JobStatus::Succeeded {
        HttpResponse::Ok()
    } else {
        HttpResponse::Accepted()
    };
    response.insert_header((header::LOCATION, format!("/v1/jobs/{}", made.job_id)));
    if !job.status.is_final() {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    if made.is_replayed {
        response.insert_header((headers::IDEMPOTENT_REPLAYED, "true"));
    }
    Ok(response.json(run))
}

/// Which page of a preview.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PreviewPage {
    /// How many accounts a page has.
    limit: Option<PageLimit>,
    /// Where the last page ended.
    cursor: Option<Cursor>,
}

/// Preview a run
///
/// What a run with these parameters would make, by the same computation; nothing is written. The run makes the same when
/// nothing happens in between. Send the same body for every page.
#[utoipa::path(tag = "invoicing", params(PreviewPage), request_body = NewInvoiceRun, responses(
    (status = 200, description = "A page of what the run would make", body = Preview),
    (status = 409, description = "`account_inactive`"),
    (status = 422, description = "`validation_failed`, `no_accounts_selected`, `unknown_account`, `invoice_date_in_future`"),
))]
#[post("/invoice-runs/preview")]
pub async fn preview_invoice_run(
    actor: Allowed<can::InvoicingRun>,
    query: ValidQuery<PreviewPage>,
    body: ValidJson<NewInvoiceRun>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, currency, asked) = (tenant.id, tenant.currency, body.0);
    check_dates(&asked, tenant.today(app.clock.now()))?;
    let page: PageRequest<After> = app.cursors.page(
        tenant_id,
        "invoice_run_preview",
        &asked,
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let preview = app
        .read_much(move |connection| preview::preview(connection, tenant_id, currency, &asked, &page))
        .await?;
    Ok(HttpResponse::Ok().json(preview))
}

/// Which runs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunFilter {
    /// Only runs with this status.
    status: Option<RunStatus>,
    /// How many runs a page has.
    limit: Option<PageLimit>,
    /// Where the last page ended.
    cursor: Option<Cursor>,
}

/// List invoice runs
///
/// The runs of the tenant, the newest first.
#[utoipa::path(tag = "invoicing", params(RunFilter), responses(
    (status = 200, description = "A page of runs", body = Page<InvoiceRunSummary>),
))]
#[get("/invoice-runs")]
pub async fn list_invoice_runs(
    actor: Allowed<can::InvoicingRun>,
    query: ValidQuery<RunFilter>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let filter = query.0;
    let asked: PageRequest<(Timestamp, Id)> = app.cursors.page(
        tenant_id,
        "invoice_runs",
        &filter.status,
        filter.limit,
        filter.cursor.as_ref(),
    )?;
    let (after, rows_max) = (asked.after, asked.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(store::list_runs(connection, tenant_id, filter.status, after, rows_max)?))
        .await?;
    let page = asked.page(rows, |run| (run.created_at, run.id))?;
    let items = page.items.into_iter().map(read::summary).collect::<ApiResult<_>>()?;
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    }
    .respond(&request))
}

/// Get an invoice run
///
/// Its parameters, how far it is, and what it came to. Whether a run was recorded is known by its key, which is its id.
#[utoipa::path(tag = "invoicing", params(("id" = Id, Path, description = "The run")), responses(
    (status = 200, description = "The run", body = InvoiceRun),
))]
#[get("/invoice-runs/{id}")]
pub async fn get_invoice_run(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let id = id.into_inner();
    let run = app
        .db
        .read(move |connection| read::get_run(connection, tenant_id, currency, id))
        .await?;
    Ok(HttpResponse::Ok().json(run))
}

/// Which accounts of a run to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunAccountFilter {
    /// Only accounts that came to this.
    state: Option<RunAccountState>,
    /// How many accounts a page has.
    limit: Option<PageLimit>,
    /// Where the last page ended.
    cursor: Option<Cursor>,
}

/// List the accounts of a run
///
/// What became of each account: its invoice, or why it has none. In the order of account numbers.
#[utoipa::path(tag = "invoicing", params(("id" = Id, Path, description = "The run"), RunAccountFilter), responses(
    (status = 200, description = "A page of accounts", body = Page<RunAccount>),
))]
#[get("/invoice-runs/{id}/accounts")]
pub async fn list_invoice_run_accounts(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    query: ValidQuery<RunAccountFilter>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let (id, filter) = (id.into_inner(), query.0);
    let asked: PageRequest<i64> = app.cursors.page(
        tenant_id,
        &format!("invoice_run {id}"),
        &filter.state,
        filter.limit,
        filter.cursor.as_ref(),
    )?;
    let page = app
        .db
        .read(move |connection| {
            store::find_run(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
            let (after, rows_max) = (asked.after, asked.rows_max());
            let rows = store::list_run_accounts(connection, tenant_id, id, filter.state, after, rows_max)?;
            let page = asked.page(rows, |row| row.ordinal)?;
            let items = read::run_accounts(connection, tenant_id, currency, page.items)?;
            Ok(Page {
                items,
                next_cursor: page.next_cursor,
            })
        })
        .await?;
    Ok(page.respond(&request))
}

/// Reverse an invoice run
///
/// Takes back every invoice of the run that stands, as a job, which `Location` and `reversal_job` name. The job first looks at every account:
/// when one cannot be reversed, it fails with `run_not_reversible`, which names them, and nothing is changed. Once it has
/// begun it goes on to the end; what cannot be reversed any more by then is left standing and named by `run_not_reversible`,
/// and another reversal of the run takes it back later. Invoices that were reversed before are left as they are. Its
/// credit notes have the date of the request, or that of the year's last invoice, should that be later.
#[utoipa::path(tag = "invoicing",
    params(
        ("id" = Id, Path, description = "The run"),
        ("Idempotency-Key" = Id, Header, description = "A UUID of this request; its job has an id of its own"),
        ("Prefer" = Option<String>, Header, description = "`wait=10` waits at most 10 seconds for the result", example = "wait=10"),
    ),
    responses(
        (status = 200, description = "The run is reversed", body = InvoiceRun),
        (status = 202, description = "The job has begun or waits", body = InvoiceRun,
            headers(("Location" = String, description = "The job"))),
        (status = 409, description = "`run_not_completed`, `already_reversed`, `in_progress`; after a wait also `run_not_reversible`"),
        (status = 422, description = "`idempotency_key_reused`"),
    ))]
#[post("/invoice-runs/{id}/reversal")]
pub async fn reverse_invoice_run(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    key: IdempotencyKey,
    prefer: PreferWait,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?.clone();
    let id = id.into_inner();
    let request = RequestKey::try_new(key, "reverse_invoice_run", &id, &())?;
    let guard = app.in_flight.enter(tenant.id, request.key).await?;
    let (who, clock, of) = (actor.actor().clone(), app.clock.clone(), tenant.clone());
    let made = app
        .db
        .write(move |connection| {
            let _held = &guard;
            create::create_reversal(connection, &clock, &of, &who, &request, id)
        })
        .await?;
    answer(&app, &tenant, made, prefer).await
}
