//! `/v1/import-mappings`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, web};

use super::model::SavedMapping;
use super::requests::SavedMappingPatch;
use super::{read, store};
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, PageQuery, ValidJson, ValidQuery};
use crate::id::Id;

/// List saved mappings
///
/// The oldest first. A file whose headings are those of a saved mapping is mapped by it.
#[utoipa::path(tag = "imports", params(PageQuery), responses(
    (status = 200, description = "A page of mappings", body = Page<SavedMapping>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/import-mappings")]
pub async fn list_import_mappings(
    actor: Allowed<can::ImportsRun>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let page = app.cursors.page::<Id>(
        tenant_id,
        "import-mappings",
        &(),
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let (after, rows_max) = (page.after, page.rows_max());
    let saved = app
        .db
        .read(move |connection| {
            let rows = store::list_saved(connection, tenant_id, after, rows_max)?;
            rows.into_iter().map(read::saved).collect::<ApiResult<Vec<_>>>()
        })
        .await?;
    Ok(page.page(saved, |mapping| mapping.id)?.respond(&request))
}

/// Rename a saved mapping
///
/// Nothing else of it changes; another mapping for the same headings is saved with the import that uses it.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The mapping")),
    request_body = SavedMappingPatch, responses((status = 200, description = "Renamed", body = SavedMapping)))]
#[patch("/import-mappings/{id}")]
pub async fn update_import_mapping(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    body: ValidJson<SavedMappingPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let saved = app
        .db
        .write(move |connection| {
            let row = store::rename_saved(connection, tenant_id, id, body.0.name.as_str())?;
            read::saved(row.ok_or_else(|| ApiError::new(Code::NotFound))?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(saved))
}

/// Delete a saved mapping
///
/// Imports that were mapped by it stay as they are.
#[utoipa::path(tag = "imports", params(("id" = Id, Path, description = "The mapping")), responses(
    (status = 204, description = "Deleted"),
))]
#[delete("/import-mappings/{id}")]
pub async fn delete_import_mapping(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    app.db
        .write(move |connection| {
            if store::delete_saved(connection, tenant_id, id)? {
                Ok(())
            } else {
                Err(ApiError::new(Code::NotFound))
            }
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
