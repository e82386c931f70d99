//! `/v1/api-keys`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use super::model::{ApiKey, ApiKeyQuery, ApiKeyWithSecret, KeyRow, NewApiKey, NewKeyRow};
use super::store;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, NewKey, PermissionSet, can};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, ValidJson, ValidQuery};
use crate::id::Id;

/// List API keys
///
/// The keys of scripts in this tenant, revoked ones included, the latest first. Keys of terminals are with their terminal.
#[utoipa::path(tag = "portal", params(ApiKeyQuery), responses((status = 200, description = "A page of keys", body = Page<ApiKey>)))]
#[get("/api-keys")]
pub async fn list_api_keys(
    actor: Allowed<can::UsersManage>,
    request: HttpRequest,
    query: ValidQuery<ApiKeyQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let page = app
        .cursors
        .page::<Id>(tenant_id, "api-keys", &(), query.0.limit, query.0.cursor.as_ref())?;
    let (before, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(store::list_keys(connection, tenant_id, before, rows_max)?))
        .await?;
    Ok(page.page(rows, |row| row.id)?.map(ApiKey::from).respond(&request))
}

/// Make an API key
///
/// Makes a key for a script, with the permissions it needs and no more. The secret is shown this once.
#[utoipa::path(tag = "portal", request_body = NewApiKey, responses(
    (status = 201, description = "Made", body = ApiKeyWithSecret, headers(("Location" = String, description = "Path of the key"))),
))]
#[post("/api-keys")]
pub async fn create_api_key(
    actor: Allowed<can::UsersManage>,
    body: ValidJson<NewApiKey>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let key = NewKey::access()?;
    let permissions: PermissionSet = body.0.permissions.into_iter().collect();
    let row = NewKeyRow {
        tenant_id: actor.tenant()?.id,
        id: app.clock.new_id(),
        terminal_id: None,
        name: body.0.name.into_string(),
        key_hash: key.hash,
        permissions: permissions.words(),
        created_by: actor.actor().id,
        created_at: app.clock.now(),
    };
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let row = app
        .db
        .write(move |connection| {
            store::insert_key(connection, &row)?;
            let changes = Changes::new()
                .created("name", &row.name)
                .created("permissions", &row.permissions);
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::ApiKey, row.id),
                &changes,
            )?;
            Ok(row.clone())
        })
        .await?;
    let document = ApiKeyWithSecret {
        id: row.id,
        name: row.name,
        permissions,
        created_at: row.created_at,
        secret: key.secret,
    };
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/api-keys/{}", row.id)))
        .json(document))
}

/// Revoke an API key
///
/// The key stops working at once; in another process of the service, within 2 seconds.
#[utoipa::path(tag = "portal", params(("id" = Id, Path, description = "The key")), responses(
    (status = 204, description = "Revoked"),
    (status = 409, description = "`key_revoked`"),
))]
#[delete("/api-keys/{id}")]
pub async fn revoke_api_key(
    actor: Allowed<can::UsersManage>,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (key_id, now) = (path.into_inner(), app.clock.now());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    app.db
        .write(move |connection| {
            let key = revoke(connection, author.tenant_id, None, key_id, now)?;
            let changes = Changes::new().optional("revoked_at", None, Some(now));
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::ApiKey, key.id),
                &changes,
            )?;
            Ok(())
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}

/// Revokes a key of the terminal, or of a script when there is none.
///
/// # Errors
/// 404; 409 `key_revoked`.
pub fn revoke(
    connection: &mut DbConnection,
    tenant_id: Id,
    terminal_id: Option<Id>,
    key_id: Id,
    now: Timestamp,
) -> ApiResult<KeyRow> {
    let key = store::find_key(connection, tenant_id, terminal_id, key_id)?;
    let key = key.ok_or_else(|| ApiError::new(Code::NotFound).detail("there is no key with this id"))?;
    if store::revoke_key(connection, tenant_id, key_id, now)? == 0 {
        return Err(ApiError::new(Code::KeyRevoked));
    }
    Ok(key)
}
