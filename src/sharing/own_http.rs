//! `/v1/me/sharing`: customers share their own documents.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, put, web};

use super::change::{Change, unknown_customer};
use super::model::{NewSharing, OwnSharing, Sharing};
use super::store;
use crate::app::AppState;
use crate::audit::Author;
use crate::auth::{Allowed, can};
use crate::error::ApiResult;
use crate::http::{Page, PageQuery, PageRequest, ValidJson, ValidQuery};
use crate::id::Id;
use crate::own::customers_of;

/// List how one shares documents
///
/// Of each customer that one is (mostly one): whether invoices are shared with an accountant, and how they get there.
#[utoipa::path(tag = "own", params(PageQuery), responses(
    (status = 200, description = "A page of customers", body = Page<OwnSharing>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/me/sharing")]
pub async fn list_own_sharing(
    actor: Allowed<can::OwnRead>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, who) = (actor.tenant()?.id, Arc::clone(actor.actor()));
    let (limit, cursor) = (query.0.limit, query.0.cursor.as_ref());
    let page: PageRequest<Id> = app.cursors.page(tenant_id, "own-sharing", &who.id, limit, cursor)?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            let customers = customers_of(connection, &who)?;
            Ok(store::list_of(connection, tenant_id, &customers, after, rows_max)?)
        })
        .await?;
    let page = page.page(rows, |(customer_id, ..)| *customer_id)?;
    Ok(page.map(OwnSharing::from).respond(&request))
}

/// Share one's own documents
///
/// From now on each new invoice and credit note that this customer pays appears among the accountant's shared documents
/// (`accountant_inbox`), or is mailed to the accountant (`email`), and a copy is mailed to each of the customer's
/// `recipient_emails`. What was made before is not shared, and what was shared stays so. The venue may change it, too; both stand in
/// the customer's history.
#[utoipa::path(tag = "own", params(("id" = Id, Path, description = "The customer, one's own")), request_body = NewSharing, responses(
    (status = 200, description = "How they are shared from now on", body = Sharing),
    (status = 422, description = "`validation_failed`; `unknown_accountant`: nobody with this address may read exports in this tenant"),
))]
#[put("/me/sharing/{id}")]
pub async fn set_own_sharing(
    actor: Allowed<can::OwnWrite>,
    id: web::Path<Id>,
    body: ValidJson<NewSharing>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id, who) = (actor.tenant()?.id, id.into_inner(), Arc::clone(actor.actor()));
    let change = Change::try_new(&body.0)?;
    let clock = app.clock.clone();
    let sharing = app
        .db
        .write(move |connection| {
            if !customers_of(connection, &who)?.contains(&id) {
                return Err(unknown_customer());
            }
            change.make(connection, &clock, &Author::of(&who), (tenant_id, id))
        })
        .await?;
    Ok(HttpResponse::Ok().json(sharing))
}
