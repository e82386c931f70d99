//! `/v1/till`.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::model::{TillAccount, TillAccountFilter, TillAccountQuery, TillTotals, TillTotalsQuery};
use super::store;
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::ApiResult;
use crate::http::{Page, ValidQuery};
use crate::id::Id;
use crate::ledger::may_see_available;

/// List accounts at a till
///
/// The till's standard list, or every account that `q` finds; by name. Inactive and closed accounts are left out.
#[utoipa::path(tag = "till", params(TillAccountQuery), responses(
    (status = 200, description = "A page of accounts", body = Page<TillAccount>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/till/accounts")]
pub async fn list_till_accounts(
    actor: Allowed<can::TillList>,
    query: ValidQuery<TillAccountQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let tenant_id = tenant.id;
    let filter = TillAccountFilter::from(&query.0);
    let page = app.cursors.page::<(String, Id)>(
        tenant_id,
        "till accounts",
        &filter,
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let (after, rows_max) = (page.after.clone(), page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            Ok(store::list_accounts(
                connection,
                tenant_id,
                &filter,
                after.clone(),
                rows_max,
            )?)
        })
        .await?;
    let shows_available = may_see_available(actor.actor(), tenant);
    let page = page.page(rows, |row| (row.name_key.clone(), row.id))?;
    Ok(page
        .map(|row| TillAccount::new(row, tenant.currency, shows_available))
        .respond(&request))
}

/// Read a till's totals
///
/// What the one who asks has posted on a business date, to check a till's day against ours.
#[utoipa::path(tag = "till", params(TillTotalsQuery), responses(
    (status = 200, description = "The totals", body = TillTotals),
))]
#[get("/till/totals")]
pub async fn get_till_totals(
    actor: Allowed<can::TillTotals>,
    query: ValidQuery<TillTotalsQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, actor_id, business_date) = (tenant.id, actor.actor().id, query.0.business_date.date());
    let rows = app
        .db
        .read(move |connection| Ok(store::sum_of_actor(connection, tenant_id, actor_id, business_date)?))
        .await?;
    Ok(HttpResponse::Ok().json(TillTotals::new(business_date, &rows, tenant.currency)))
}
