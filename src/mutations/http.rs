//! `/v1/mutations`, and under `/v1/accounts/{id}` what is posted to an account.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use serde::Serialize;

use super::export;
use super::model::{
    AccountMutationQuery, Mutation, MutationDetail, MutationQuery, NewCredit, NewLimitChange, NewReversal, ReportRow,
    ReportedMutation,
};
use super::native::{self, ReportKey};
use super::store;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::table::{CsvFile, CsvOptions, XlsxFile};
use crate::http::{IdempotencyKey, Page, TableFormat, TableQuery, ValidJson, ValidQuery, headers};
use crate::id::Id;
use crate::ledger::{self, Action, Posted};
use crate::request_keys::RequestKey;
use crate::text::Reason;

/// 201 with where the new thing is; on a replay the header that says so.
#[must_use]
pub fn created(location: &str, is_replayed: bool, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, location));
    answered(response, is_replayed, body)
}

/// 202: noted, and something is still to come.
#[must_use]
pub fn accepted(is_replayed: bool, body: &impl Serialize) -> HttpResponse {
    answered(HttpResponse::Accepted(), is_replayed, body)
}

fn answered(mut response: HttpResponseBuilder, is_replayed: bool, body: &impl Serialize) -> HttpResponse {
    if is_replayed {
        response.insert_header((headers::IDEMPOTENT_REPLAYED, "true"));
    }
    response.json(body)
}

/// 201 with a mutation and its lines.
#[must_use]
pub fn mutation_created(posted: &Posted) -> HttpResponse {
    let entry = &posted.entry;
    let mutation = Mutation::new(&entry.row, posted.currency, posted.shows_available);
    let mutation = mutation.with_lines(&entry.lines, posted.currency);
    created(&format!("/v1/mutations/{}", mutation.id), posted.is_replayed, &mutation)
}

/// Change a credit limit
///
/// Raises or lowers the limit of an account, with a reason. The limit is never below 0, but may be set below what is used:
/// sales are declined then. Tills see it at once.
#[utoipa::path(tag = "accounts", request_body = NewLimitChange, params(
    ("id" = Id, Path, description = "The account"),
    ("Idempotency-Key" = Id, Header, description = "A UUID that becomes the mutation's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The mutation's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`limit_would_be_negative`, `account_closed`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `idempotency_key_reused`, `amount_overflow`"),
))]
#[post("/accounts/{id}/limit-changes")]
pub async fn change_limit(
    actor: Allowed<can::LimitsChange>,
    key: IdempotencyKey,
    account_id: web::Path<Id>,
    body: ValidJson<NewLimitChange>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "change_limit", &*account_id, &body.0)?;
    let change = body.0.change.to_minor(actor.tenant()?.currency);
    let action = Action::LimitChange {
        account_id: account_id.into_inner(),
        change_minor: change.map_err(|error| ApiError::field("/change", "too_many_decimals", error.to_string()))?,
        reason: body.0.reason.into_string(),
    };
    Ok(mutation_created(
        &ledger::post(&app, actor.actor(), request, action).await?,
    ))
}

/// Post a credit
///
/// Prepaid money. Until it is reversed the account is a credit account, which is not invoiced.
#[utoipa::path(tag = "accounts", request_body = NewCredit, params(
    ("id" = Id, Path, description = "The account"),
    ("Idempotency-Key" = Id, Header, description = "A UUID that becomes the mutation's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The mutation's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`account_closed`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `idempotency_key_reused`, `amount_overflow`"),
))]
#[post("/accounts/{id}/credits")]
pub async fn post_credit(
    actor: Allowed<can::CreditsPost>,
    key: IdempotencyKey,
    account_id: web::Path<Id>,
    body: ValidJson<NewCredit>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "post_credit", &*account_id, &body.0)?;
    let amount = body.0.amount.to_minor(actor.tenant()?.currency);
    let action = Action::Credit {
        account_id: account_id.into_inner(),
        amount_minor: amount.map_err(|error| ApiError::field("/amount", "too_many_decimals", error.to_string()))?,
        reason: body.0.reason.into_string(),
    };
    Ok(mutation_created(
        &ledger::post(&app, actor.actor(), request, action).await?,
    ))
}

/// Reverse a mutation
///
/// Posts the opposite of one mutation, which stays as it is. A mutation is reversed once; a reversal is not reversed, and an
/// invoice's reset is undone by reversing the invoice.
#[utoipa::path(tag = "mutations", request_body = NewReversal, params(
    ("id" = Id, Path, description = "The mutation"),
    ("Idempotency-Key" = Id, Header, description = "A UUID that becomes the reversal's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The reversal's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`already_reversed`, `not_reversible`, `already_invoiced`, `has_refunds`, \
        `limit_would_be_negative`, `account_inactive`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `idempotency_key_reused`, `amount_overflow`"),
))]
#[post("/mutations/{id}/reversal")]
pub async fn reverse_mutation(
    actor: Allowed<can::EntriesReverse>,
    key: IdempotencyKey,
    id: web::Path<Id>,
    body: ValidJson<NewReversal>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "reverse_mutation", &*id, &body.0)?;
    let action = Action::Reversal {
        entry_id: id.into_inner(),
        reason: body.0.reason.map(Reason::into_string),
    };
    Ok(mutation_created(
        &ledger::post(&app, actor.actor(), request, action).await?,
    ))
}

/// List mutations
///
/// The mutations report, the newest business date first: pages of JSON, or the whole report as CSV or XLSX.
#[utoipa::path(tag = "mutations", params(MutationQuery, CsvOptions), responses(
    (status = 200, description = "A page of mutations, or a file with all of them", content(
        (Page<ReportedMutation> = "application/json"),
        (CsvFile = "text/csv", example = "business_date,account_number,account_name,seq,kind,balance_change\r\n\
            2026-11-20,71900001,Vera de Vries,17,sale,-7.60\r\n"),
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ), headers(("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/mutations")]
pub async fn list_mutations(
    actor: Allowed<can::MutationsRead>,
    query: TableQuery<MutationQuery>,
    format: TableFormat,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, currency) = (tenant.id, tenant.currency);
    let TableQuery(query, options) = query;
    let filter = query.filter()?;
    if format != TableFormat::Json {
        let file = move |connection: &mut _| export::write(connection, tenant_id, &filter, currency, (format, options));
        return app.read_much(file).await?.respond();
    }
    let page = app
        .cursors
        .page::<ReportKey>(tenant_id, "mutations", &filter, query.limit, query.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(native::list_report(connection, tenant_id, &filter, after, rows_max)?))
        .await?;
    let page = page.page(rows, ReportRow::key)?;
    Ok(page.map(|row| row.reported(currency)).respond(&request))
}

/// Read a mutation
///
/// With its lines, and what has become of it since.
#[utoipa::path(tag = "mutations", params(("id" = Id, Path, description = "The mutation")), responses(
    (status = 200, description = "The mutation", body = MutationDetail),
))]
#[get("/mutations/{id}")]
pub async fn get_mutation(
    actor: Allowed<can::MutationsRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, id) = (tenant.id, id.into_inner());
    let (entry, target) = app
        .db
        .read(move |connection| {
            let missing = || ApiError::new(Code::NotFound);
            let entry = ledger::find_entry(connection, tenant_id, id)?.ok_or_else(missing)?;
            let target = ledger::find_target(connection, tenant_id, entry.row.clone())?.ok_or_else(missing)?;
            Ok((entry, target))
        })
        .await?;
    let mutation = Mutation::new(&entry.row, tenant.currency, true).with_lines(&entry.lines, tenant.currency);
    Ok(HttpResponse::Ok().json(MutationDetail::new(mutation, target)))
}

/// List an account's mutations
///
/// The newest first, by their number in the account.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"), AccountMutationQuery,
), responses(
    (status = 200, description = "A page of mutations", body = Page<Mutation>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/accounts/{id}/mutations")]
pub async fn list_account_mutations(
    actor: Allowed<can::MutationsRead>,
    account_id: web::Path<Id>,
    query: ValidQuery<AccountMutationQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, currency, account_id) = (tenant.id, tenant.currency, account_id.into_inner());
    let list = format!("mutations of {account_id}");
    let page = app
        .cursors
        .page::<i64>(tenant_id, &list, &(), query.0.limit, query.0.cursor.as_ref())?;
    let (before, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            if !store::has_account(connection, tenant_id, account_id)? {
                return Err(ApiError::new(Code::NotFound));
            }
            Ok(store::list_of_account(
                connection, tenant_id, account_id, before, rows_max,
            )?)
        })
        .await?;
    let page = page.page(rows, |row| row.seq)?;
    Ok(page.map(|row| Mutation::new(&row, currency, true)).respond(&request))
}
