//! `/v1/tenants`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};

use super::model::{NewTenant, Tenant, TenantPatch, TenantQuery, TenantRow};
use super::store;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Actor, Allowed, SignedIn, can};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{IfMatch, Page, ValidJson, ValidQuery, etag};
use crate::id::Id;

/// List tenants
///
/// Every tenant of the portal, by number.
#[utoipa::path(tag = "portal", params(TenantQuery), responses((status = 200, description = "A page of tenants", body = Page<Tenant>)))]
#[get("/tenants")]
pub async fn list_tenants(
    _actor: Allowed<can::PortalManage>,
    request: HttpRequest,
    query: ValidQuery<TenantQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let page = app
        .cursors
        .page::<i64>(audit::PORTAL, "tenants", &(), query.0.limit, query.0.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let tenants = app
        .db
        .read(move |connection| {
            let rows = store::list_tenants(connection, after, rows_max)?;
            rows.iter().map(TenantRow::document).collect::<ApiResult<Vec<_>>>()
        })
        .await?;
    Ok(page.page(tenants, |tenant| tenant.number)?.respond(&request))
}

/// Make a tenant
///
/// Makes a tenant with its number, currency and time zone. Then make its first director with `POST /v1/users` and the header
/// `Onaccount-Tenant`.
#[utoipa::path(tag = "portal", request_body = NewTenant, responses(
    (status = 201, description = "Made", body = Tenant, headers(
        ("Location" = String, description = "Path of the tenant"), ("ETag" = String, description = "Version of the settings"))),
    (status = 409, description = "`tenant_number_taken`"),
))]
#[post("/tenants")]
pub async fn create_tenant(
    actor: Allowed<can::PortalManage>,
    body: ValidJson<NewTenant>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let row = body.0.row(app.clock.new_id(), app.clock.now());
    let (author, clock) = (Author::in_tenant(actor.actor(), row.id), app.clock.clone());
    let row = app
        .db
        .write(move |connection| {
            insert(connection, &clock, &author, &row)?;
            Ok(row.clone())
        })
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/tenants/{}", row.id)))
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(row.document()?))
}

/// Writes a tenant and the trail of it.
///
/// # Errors
/// 409 `tenant_number_taken`.
pub fn insert(connection: &mut DbConnection, clock: &Clock, author: &Author, row: &TenantRow) -> ApiResult<()> {
    store::insert_tenant(connection, row).map_err(|error| ApiError::taken(error, Code::TenantNumberTaken))?;
    let changes = Changes::new()
        .created("number", row.number)
        .created("name", &row.name)
        .created("currency", &row.currency)
        .created("time_zone", &row.time_zone);
    audit::record(
        connection,
        clock,
        author,
        Subject::new(SubjectKind::Tenant, row.id),
        &changes,
    )?;
    Ok(())
}

/// Get the current tenant
///
/// The settings of the tenant one works in. Whoever signed in to it may read them.
#[utoipa::path(tag = "portal", responses(
    (status = 200, description = "The tenant", body = Tenant, headers(("ETag" = String, description = "Version of the settings"))),
))]
#[get("/tenants/current")]
pub async fn get_current_tenant(actor: SignedIn, app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    respond_with(&app, actor.0.tenant()?.id).await
}

/// Get a tenant
///
/// A tenant of the portal with its settings.
#[utoipa::path(tag = "portal", params(("id" = Id, Path, description = "The tenant")), responses(
    (status = 200, description = "The tenant", body = Tenant, headers(("ETag" = String, description = "Version of the settings"))),
))]
#[get("/tenants/{id}")]
pub async fn get_tenant(
    _actor: Allowed<can::PortalManage>,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    respond_with(&app, path.into_inner()).await
}

async fn respond_with(app: &AppState, tenant_id: Id) -> ApiResult<HttpResponse> {
    let row = app.db.read(move |connection| find(connection, tenant_id)).await?;
    respond(&row)
}

fn find(connection: &mut DbConnection, tenant_id: Id) -> ApiResult<TenantRow> {
    let row = store::find_tenant(connection, tenant_id)?;
    row.ok_or_else(|| ApiError::new(Code::NotFound).detail("no tenant has this id"))
}

fn respond(row: &TenantRow) -> ApiResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(row.document()?))
}

/// Change the current tenant's settings
///
/// Changes the settings of the tenant one works in. They count from the next request on; in another process of the service,
/// within 2 seconds. The currency is fixed after the first mutation.
#[utoipa::path(tag = "portal", request_body = TenantPatch,
    params(("If-Match" = String, Header, description = "The ETag of the tenant")),
    responses(
        (status = 200, description = "Changed", body = Tenant, headers(("ETag" = String, description = "Version of the settings"))),
        (status = 409, description = "`currency_fixed`"),
        (status = 412, description = "`precondition_failed`"), (status = 428, description = "`precondition_required`"),
))]
#[patch("/tenants/current")]
pub async fn update_current_tenant(
    actor: Allowed<can::SettingsManage>,
    if_match: IfMatch,
    body: ValidJson<TenantPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    change(&app, actor.actor(), tenant_id, if_match, body.0).await
}

/// Change a tenant's settings
///
/// Changes the settings of any tenant of the portal. The currency is fixed after the first mutation.
#[utoipa::path(tag = "portal", request_body = TenantPatch,
    params(("id" = Id, Path, description = "The tenant"), ("If-Match" = String, Header, description = "The ETag of the tenant")),
    responses(
        (status = 200, description = "Changed", body = Tenant, headers(("ETag" = String, description = "Version of the settings"))),
        (status = 409, description = "`currency_fixed`"),
        (status = 412, description = "`precondition_failed`"), (status = 428, description = "`precondition_required`"),
))]
#[patch("/tenants/{id}")]
pub async fn update_tenant(
    actor: Allowed<can::PortalManage>,
    path: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<TenantPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    change(&app, actor.actor(), path.into_inner(), if_match, body.0).await
}

async fn change(
    app: &AppState,
    actor: &Actor,
    tenant_id: Id,
    if_match: IfMatch,
    patch: TenantPatch,
) -> ApiResult<HttpResponse> {
    let (author, clock) = (Author::in_tenant(actor, tenant_id), app.clock.clone());
    let row = app
        .db
        .write(move |connection| apply(connection, &clock, &author, if_match, patch.clone()))
        .await?;
    app.actors.clear();
    respond(&row)
}

fn apply(
    connection: &mut DbConnection,
    clock: &Clock,
    author: &Author,
    if_match: IfMatch,
    patch: TenantPatch,
) -> ApiResult<TenantRow> {
    if patch.currency.is_some() {
        // A first mutation holds the row while it is posted: it counts here, or it sees the new currency.
        store::lock(connection, author.tenant_id)?;
    }
    let old = find(connection, author.tenant_id)?;
    if_match.check(old.version)?;
    let new = old.patched(patch)?;
    if new.currency != old.currency && store::has_entries(connection, old.id)? {
        return Err(ApiError::new(Code::CurrencyFixed));
    }
    let changes = old.changes_to(&new);
    if changes.is_empty() {
        return Ok(old);
    }
    if store::update_tenant(connection, old.version, &new)? == 0 {
        return Err(ApiError::new(Code::PreconditionFailed));
    }
    audit::record(
        connection,
        clock,
        author,
        Subject::new(SubjectKind::Tenant, old.id),
        &changes,
    )?;
    Ok(new)
}
