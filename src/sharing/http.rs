//! `/v1/customers/{id}/sharing`.

use actix_web::{HttpResponse, get, put, web};

use super::change::{Change, unknown_customer};
use super::model::{NewSharing, Sharing};
use super::store;
use crate::app::AppState;
use crate::audit::Author;
use crate::auth::{Allowed, can};
use crate::customers;
use crate::error::ApiResult;
use crate::http::ValidJson;
use crate::id::Id;

/// Read how a customer shares documents
///
/// Whether the customer's invoices are shared with an accountant, and how they get there.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 200, description = "How they are shared", body = Sharing),
))]
#[get("/customers/{id}/sharing")]
pub async fn get_sharing(
    actor: Allowed<can::CustomersRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let row = app
        .db
        .read(move |connection| {
            customers::find_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            Ok(store::find(connection, tenant_id, id)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Sharing::of(id, row)))
}

/// Share a customer's documents
///
/// From now on each new invoice and credit note of the customer appears among the accountant's shared documents
/// (`accountant_inbox`), or is mailed to the accountant (`email`), and a copy is mailed to each of the customer's
/// `recipient_emails`. What was made before is not shared, and what was shared stays so.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), request_body = NewSharing, responses(
    (status = 200, description = "How they are shared from now on", body = Sharing),
    (status = 422, description = "`validation_failed`; `unknown_accountant`: nobody with this address may read exports in this tenant"),
))]
#[put("/customers/{id}/sharing")]
pub async fn set_sharing(
    actor: Allowed<can::CustomersWrite>,
    id: web::Path<Id>,
    body: ValidJson<NewSharing>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let change = Change::try_new(&body.0)?;
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let sharing = app
        .db
        .write(move |connection| change.make(connection, &clock, &author, (tenant_id, id)))
        .await?;
    Ok(HttpResponse::Ok().json(sharing))
}
