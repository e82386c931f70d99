//! `/v1/payment-types`, and those of an import.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::payment_types::{self, ImportPaymentType, NewPaymentTypes, PaymentType};
use super::staging;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, PageQuery, ValidJson, ValidQuery};
use crate::id::Id;
use crate::imports::store;

/// The payment types that were named, as they are mapped now; those that were forgotten are left out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentTypes {
    pub payment_types: Vec<PaymentType>,
}

/// List payment types
///
/// By name: to which account the sales of each way of paying go when a list of transactions is imported.
#[utoipa::path(tag = "imports", params(PageQuery), responses(
    (status = 200, description = "A page of payment types", body = Page<PaymentType>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/payment-types")]
pub async fn list_payment_types(
    actor: Allowed<can::ImportsRun>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let (limit, cursor) = (query.0.limit, query.0.cursor.as_ref());
    let asked = app
        .cursors
        .page::<String>(tenant_id, "payment-types", &(), limit, cursor)?;
    let page = app
        .db
        .read(move |connection| {
            let rows = payment_types::list(connection, tenant_id, asked.after.as_deref(), asked.rows_max())?;
            Ok(asked.page(rows, |row| row.0.clone())?.map(PaymentType::from))
        })
        .await?;
    Ok(page.respond(&request))
}

/// Map payment types
///
/// Says to which accounts the sales of payment types go, or that they are not on account. Payment types that are not named stay as they
/// are. It counts from the next validation on; what is posted stays where it is.
#[utoipa::path(tag = "imports", request_body = NewPaymentTypes, responses(
    (status = 200, description = "Mapped", body = PaymentTypes),
    (status = 422, description = "`validation_failed`, `unknown_account`"),
))]
#[put("/payment-types")]
pub async fn map_payment_types(
    actor: Allowed<can::ImportsRun>,
    body: ValidJson<NewPaymentTypes>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, now) = (actor.tenant()?.id, app.clock.now());
    let payment_types = app
        .db
        .write(move |connection| payment_types::map(connection, tenant_id, now, &body.0.payment_types))
        .await?;
    Ok(HttpResponse::Ok().json(PaymentTypes { payment_types }))
}

/// List an import's payment types
///
/// Of an import of sales, as far as its rows were judged: every payment type, how many rows it has, what they come to, and where it goes
/// as things stand now. Those that are `unmapped` hold the import up.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The import"), PageQuery), responses(
    (status = 200, description = "A page of payment types", body = Page<ImportPaymentType>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/imports/{id}/payment-types")]
pub async fn list_import_payment_types(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency, id) = (actor.tenant()?.id, actor.tenant()?.currency, id.into_inner());
    let list = format!("payment types of {id}");
    let asked = app
        .cursors
        .page::<String>(tenant_id, &list, &(), query.0.limit, query.0.cursor.as_ref())?;
    let page = app
        .db
        .read(move |connection| {
            let missing = || ApiError::new(Code::NotFound);
            let import = store::find_import(connection, tenant_id, id)?.ok_or_else(missing)?;
            let attempt = (tenant_id, id, import.attempt);
            let found = staging::list_payment_types(connection, attempt, asked.after.as_deref(), asked.rows_max())?;
            let rows = payment_types::report(connection, tenant_id, currency, found)?;
            Ok(asked.page(rows, |(key, _)| key.clone())?.map(|(_, line)| line))
        })
        .await?;
    Ok(page.respond(&request))
}
