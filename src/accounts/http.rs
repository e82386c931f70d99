//! `/v1/accounts`.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::changes::{self, Changer};
use super::model::{Account, Holder};
use super::requests::{AccountPatch, AccountQuery, AccountSort, NewAccount};
use super::{numbers, store};
use crate::app::AppState;
use crate::audit::{self, AuditEntry};
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult};
use crate::http::{IfMatch, Page, PageQuery, ValidJson, ValidQuery, etag, respond_versioned};
use crate::id::Id;

/// Make an account
///
/// It begins inactive, with balance and limit 0. Its number is yours to choose; left out, it gets the next free one: the tenant's
/// number and five digits. A customer named as holder pays for it.
#[utoipa::path(tag = "accounts", request_body = NewAccount, responses(
    (status = 201, description = "Made", body = Account, headers(
        ("Location" = String, description = "The account's path"), ("ETag" = String, description = "Its version"))),
    (status = 409, description = "`account_number_taken`"),
    (status = 422, description = "`validation_failed`, `unknown_customer`"),
))]
#[post("/accounts")]
pub async fn create_account(
    actor: Allowed<can::AccountsWrite>,
    body: ValidJson<NewAccount>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let changer = Changer::new(actor.actor(), &app.clock)?;
    let account = app
        .db
        .write(move |connection| changer.create(connection, &body.0))
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/accounts/{}", account.id)))
        .insert_header((header::ETAG, etag(account.settings_version, Some(account.last_seq))))
        .json(account))
}

/// A number that is free.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": "71900001"}))]
pub struct NumberProposal {
    /// The number that the next account without a number of its own gets.
    pub number: String,
}

/// Propose an account number
///
/// The number that an account would get now. Nothing is reserved: to be sure of a free number, leave it out when you make the
/// account.
#[utoipa::path(tag = "accounts", responses((status = 200, description = "A free number", body = NumberProposal)))]
#[get("/accounts/number-proposal")]
pub async fn get_account_number_proposal(
    actor: Allowed<can::AccountsWrite>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, tenant_number) = (actor.tenant()?.id, actor.tenant()?.number);
    let number = app
        .db
        .read(move |connection| numbers::propose(connection, tenant_id, tenant_number))
        .await?;
    Ok(HttpResponse::Ok().json(NumberProposal { number }))
}

/// List accounts
///
/// In pages, sorted by name unless `sort` says otherwise. `q` searches names and numbers; `holder` finds a customer's accounts;
/// `balance_lt=0` finds those who owe.
#[utoipa::path(tag = "accounts", params(AccountQuery), responses(
    (status = 200, description = "A page of accounts", body = Page<Account>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/accounts")]
pub async fn list_accounts(
    actor: Allowed<can::AccountsRead>,
    query: ValidQuery<AccountQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency, query) = (actor.tenant()?.id, actor.tenant()?.currency, query.0);
    let balance_lt_minor = query.balance_lt.map(|amount| amount.to_minor(currency)).transpose();
    let balance_lt_minor =
        balance_lt_minor.map_err(|error| ApiError::parameter("balance_lt", "too_many_decimals", error.to_string()))?;
    let filters = (
        (&query.q, &query.status, balance_lt_minor, query.holder),
        (query.shown_on_till, query.on_account_allowed, query.sort),
    );
    let page = app
        .cursors
        .page::<(String, Id)>(tenant_id, "accounts", &filters, query.limit, query.cursor.as_ref())?;
    let sort = query.sort.unwrap_or(AccountSort::Name);
    let (start, rows_max) = (sort.start(page.after.clone())?, page.rows_max());
    let reading = page.clone();
    let answer = app
        .db
        .read(move |connection| {
            let rows = store::list_accounts(connection, tenant_id, &query, balance_lt_minor, start.clone(), rows_max)?;
            let rows = reading.page(rows, |row| (sort.value(row), row.id))?;
            let ids: Vec<Id> = rows.items.iter().map(|row| row.id).collect();
            let mut holders = by_account(store::list_holders(connection, tenant_id, &ids)?);
            Ok(rows.map(|row| {
                let holders = holders.remove(&row.id).unwrap_or_default();
                Account::new(row, holders, currency)
            }))
        })
        .await?;
    Ok(answer.respond(&request))
}

fn by_account(holders: Vec<Holder>) -> HashMap<Id, Vec<Holder>> {
    holders.into_iter().fold(HashMap::new(), |mut by_account, holder| {
        by_account
            .entry(holder.account_id)
            .or_insert_with(Vec::new)
            .push(holder);
        by_account
    })
}

/// Read an account
///
/// With its holders, balance and what is available. The ETag changes with every mutation and every change of settings.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when nothing has changed since"),
), responses(
    (status = 200, description = "The account", body = Account, headers(
        ("ETag" = String, description = "Its settings' version and the sequence number of its last mutation"))),
    (status = 304, description = "Nothing has changed since the version that If-None-Match names"),
))]
#[get("/accounts/{id}")]
pub async fn get_account(
    actor: Allowed<can::AccountsRead>,
    id: web::Path<Id>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency, id) = (actor.tenant()?.id, actor.tenant()?.currency, id.into_inner());
    let account = app
        .db
        .read(move |connection| changes::read(connection, tenant_id, currency, id))
        .await?;
    let etag = etag(account.settings_version, Some(account.last_seq));
    Ok(respond_versioned(&request, etag, &account))
}

/// Change an account's flags
///
/// Flags that are left out stay as they are. `If-Match` compares the settings only: mutations that came meanwhile do not matter.
/// Tills see the change at once.
#[utoipa::path(tag = "accounts", params(
    ("id" = Id, Path, description = "The account"),
    ("If-Match" = String, Header, description = "The ETag of the version that the change is made on", example = "\"3-17\""),
), request_body = AccountPatch, responses(
    (status = 200, description = "Changed", body = Account, headers(("ETag" = String, description = "The new version"))),
    (status = 412, description = "`precondition_failed`"),
    (status = 428, description = "`precondition_required`"),
))]
#[patch("/accounts/{id}")]
pub async fn update_account(
    actor: Allowed<can::AccountsWrite>,
    id: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<AccountPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let changer = Changer::new(actor.actor(), &app.clock)?;
    let account = app
        .db
        .write(move |connection| changer.patch(connection, *id, if_match, &body.0))
        .await?;
    Ok(respond_changed(&account))
}

/// 200 with the account and its new ETag.
pub(super) fn respond_changed(account: &Account) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(account.settings_version, Some(account.last_seq))))
        .json(account)
}

/// Read an account's history
///
/// What is not money: who changed the status, a flag, a holder or the name, when, from what to what, the latest first. Money is in
/// the mutations.
#[utoipa::path(tag = "accounts", params(("id" = Id, Path, description = "The account"), PageQuery), responses(
    (status = 200, description = "A page of changes", body = Page<AuditEntry>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/accounts/{id}/history")]
pub async fn get_account_history(
    actor: Allowed<can::AccountsRead>,
    id: web::Path<Id>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let page = app.cursors.page::<Id>(
        tenant_id,
        "account-history",
        &id,
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            store::find_account(connection, tenant_id, id)?.ok_or_else(changes::unknown_account)?;
            Ok(audit::list(
                connection,
                tenant_id,
                changes::subject(id),
                after,
                rows_max,
            )?)
        })
        .await?;
    Ok(page.page(rows, |entry| entry.id)?.respond(&request))
}
