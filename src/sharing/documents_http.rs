//! `/v1/shared-documents`: an accountant's inbox.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::store;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, PageQuery, PageRequest, ValidQuery};
use crate::id::Id;
use crate::invoices::model::{Invoice, InvoiceRow, InvoiceSummary};
use crate::invoices::read::find_whole;

/// List the documents that were shared with one
///
/// The invoices and credit notes of customers of this tenant who share theirs with the user who asks, the newest number first.
#[utoipa::path(tag = "own", params(PageQuery), responses(
    (status = 200, description = "A page of invoices", body = Page<InvoiceSummary>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/shared-documents")]
pub async fn list_shared_documents(
    actor: Allowed<can::ExportsRead>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency, user_id) = (actor.tenant()?.id, actor.tenant()?.currency, actor.actor().id);
    let (limit, cursor) = (query.0.limit, query.0.cursor.as_ref());
    let page: PageRequest<(i32, i64)> = app
        .cursors
        .page(tenant_id, "shared-documents", &user_id, limit, cursor)?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(store::list_inbox(connection, tenant_id, user_id, after, rows_max)?))
        .await?;
    let page = page.page(rows, |row: &InvoiceRow| (row.series_year, row.series_value))?;
    Ok(page.map(|row| InvoiceSummary::new(&row, currency)).respond(&request))
}

/// Read a document that was shared with one
///
/// An invoice or credit note with its lines, its totals, and the VAT of each rate.
#[utoipa::path(tag = "own", params(("id" = Id, Path, description = "The invoice")), responses(
    (status = 200, description = "The invoice", body = Invoice),
))]
#[get("/shared-documents/{id}")]
pub async fn get_shared_document(
    actor: Allowed<can::ExportsRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency, user_id) = (actor.tenant()?.id, actor.tenant()?.currency, actor.actor().id);
    let id = id.into_inner();
    let document = app
        .db
        .read(move |connection| {
            let unknown = || ApiError::new(Code::NotFound);
            if !store::is_in_inbox(connection, tenant_id, user_id, id)? {
                return Err(unknown());
            }
            find_whole(connection, tenant_id, currency, id)?.ok_or_else(unknown)
        })
        .await?;
    Ok(HttpResponse::Ok().json(document))
}
