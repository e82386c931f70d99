//! `/v1/accounts/{id}/holders`.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};

use super::changes::{self, Changer, Link};
use super::http::respond_changed;
use super::model::{Account, Holder};
use super::requests::HolderLink;
use super::store;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::ApiResult;
use crate::http::{IfMatchOptional, Page, ValidJson};
use crate::id::Id;

/// List an account's holders
///
/// All of them (at most 50) on one page: the payer first, then by name.
#[utoipa::path(tag = "accounts", params(("id" = Id, Path, description = "The account")), responses(
    (status = 200, description = "The holders", body = Page<Holder>),
))]
#[get("/accounts/{id}/holders")]
pub async fn list_account_holders(
    actor: Allowed<can::AccountsRead>,
    id: web::Path<Id>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let items = app
        .db
        .read(move |connection| {
            store::find_account(connection, tenant_id, id)?.ok_or_else(changes::unknown_account)?;
            Ok(store::list_holders(connection, tenant_id, &[id])?)
        })
        .await?;
    let page = Page {
        items,
        next_cursor: None,
    };
    Ok(page.respond(&request))
}

/// Link a holder
///
/// Links a customer to an account, or changes what they are to it. The first holder pays; `billing` takes that over from whoever
/// paid before, who keeps insight. The account carries the payer's name.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("customer_id" = Id, Path, description = "The customer"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), request_body = HolderLink, responses(
    (status = 200, description = "The account with its holders", body = Account, headers(
        ("ETag" = String, description = "The new version"))),
    (status = 409, description = "`last_billing_holder`, `too_many_holders`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[put("/accounts/{id}/holders/{customer_id}")]
pub async fn link_account_holder(
    actor: Allowed<can::AccountsWrite>,
    path: web::Path<(Id, Id)>,
    if_match: IfMatchOptional,
    body: ValidJson<HolderLink>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let changer = Changer::new(actor.actor(), &app.clock)?;
    let (account_id, customer_id) = path.into_inner();
    let link = Link {
        account_id,
        customer_id,
    };
    let account = app
        .db
        .write(move |connection| changer.put_holder(connection, link, if_match, body.0.kind))
        .await?;
    Ok(respond_changed(&account))
}

/// Unlink a holder
///
/// The payer can go only when nobody else holds the account: name another payer first.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("customer_id" = Id, Path, description = "The customer"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), responses(
    (status = 204, description = "Unlinked"),
    (status = 409, description = "`last_billing_holder`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[delete("/accounts/{id}/holders/{customer_id}")]
pub async fn unlink_account_holder(
    actor: Allowed<can::AccountsWrite>,
    path: web::Path<(Id, Id)>,
    if_match: IfMatchOptional,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let changer = Changer::new(actor.actor(), &app.clock)?;
    let (account_id, customer_id) = path.into_inner();
    let link = Link {
        account_id,
        customer_id,
    };
    app.db
        .write(move |connection| changer.delete_holder(connection, link, if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
