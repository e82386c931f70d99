//! `/v1/accounts/{id}/activate` and its like: changes of an account's status.
//!
//! A change names the status it starts from, so it overwrites nothing unseen; `If-Match` may be sent all the same, and is
//! compared when it is.

use actix_web::{HttpResponse, post, web};

use super::changes::Changer;
use super::http::respond_changed;
use super::model::Account;
use super::requests::Reopening;
use super::status::StatusChange;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::ApiResult;
use crate::http::{IfMatchOptional, ValidJson};
use crate::id::Id;

/// Activate an account
///
/// Takes a new account into use: inactive -> active. Sales still need a limit and `on_account_allowed`.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`invalid_status_change`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[post("/accounts/{id}/activate")]
pub async fn activate_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatchOptional,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let reason = None;
    change_status(&actor, &app, *id, if_match, StatusChange::Activate, reason).await
}

/// Block an account
///
/// Declines sales for now: active -> blocked. Refunds, reversals and invoice runs go on.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`invalid_status_change`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[post("/accounts/{id}/block")]
pub async fn block_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatchOptional,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let reason = None;
    change_status(&actor, &app, *id, if_match, StatusChange::Block, reason).await
}

/// Unblock an account
///
/// Accepts sales again: blocked -> active.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`invalid_status_change`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[post("/accounts/{id}/unblock")]
pub async fn unblock_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatchOptional,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let reason = None;
    change_status(&actor, &app, *id, if_match, StatusChange::Unblock, reason).await
}

/// Close an account
///
/// Takes an account out of use: active or blocked -> closed. Its balance is 0 and none of its sales, refunds and charges waits for an
/// invoice.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`invalid_status_change`, `balance_not_zero`, `uninvoiced_sales`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[post("/accounts/{id}/close")]
pub async fn close_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatchOptional,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let reason = None;
    change_status(&actor, &app, *id, if_match, StatusChange::Close, reason).await
}

/// Reopen an account
///
/// Takes a closed account into use again, with a reason that stands in its history: closed -> active.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is made on; optional"),
), request_body = Reopening, responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`invalid_status_change`"),
    (status = 412, description = "`precondition_failed`"),
))]
#[post("/accounts/{id}/reopen")]
pub async fn reopen_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatchOptional,
    body: ValidJson<Reopening>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let reason = Some(body.0.reason.into_string());
    change_status(&actor, &app, *id, if_match, StatusChange::Reopen, reason).await
}

async fn change_status(
    actor: &Allowed<can::AccountsWrite>,
    app: &AppState,
    id: Id,
    if_match: IfMatchOptional,
    change: StatusChange,
    reason: Option<String>,
) -> ApiResult<HttpResponse> {
    let changer = Changer::new(actor.actor(), &app.clock)?;
    let account = app
        .db
        .write(move |connection| changer.change_status(connection, id, if_match, change, reason.as_deref()))
        .await?;
    Ok(respond_changed(&account))
}
