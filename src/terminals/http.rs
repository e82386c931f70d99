//! `/v1/terminals`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};

use super::model::{
    NewTerminal, Terminal, TerminalKeyPath, TerminalKeyWithSecret, TerminalPatch, TerminalQuery, TerminalRow,
};
use super::store;
use crate::api_keys::{self, NewKeyRow};
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, NewKey, PermissionSet, TERMINAL, can};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{IfMatch, Page, ValidJson, ValidQuery, etag};
use crate::id::Id;
use crate::text::Name;

/// List terminals
///
/// The tills of this tenant with their keys, in the order in which they were made.
#[utoipa::path(tag = "portal", params(TerminalQuery), responses((status = 200, description = "A page of terminals", body = Page<Terminal>)))]
#[get("/terminals")]
pub async fn list_terminals(
    actor: Allowed<can::TerminalsManage>,
    request: HttpRequest,
    query: ValidQuery<TerminalQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let page = app
        .cursors
        .page::<Id>(tenant_id, "terminals", &(), query.0.limit, query.0.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let (rows, keys) = app
        .db
        .read(move |connection| {
            let rows = store::list_terminals(connection, tenant_id, after, rows_max)?;
            let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
            let keys = api_keys::store::list_terminal_keys(connection, tenant_id, &ids)?;
            Ok((rows, keys))
        })
        .await?;
    let page = page.page(rows, |row| row.id)?;
    Ok(page.map(|row| Terminal::new(row, &keys)).respond(&request))
}

/// Get a terminal
///
/// A till of this tenant with its keys.
#[utoipa::path(tag = "portal", params(("id" = Id, Path, description = "The terminal")), responses(
    (status = 200, description = "The terminal", body = Terminal, headers(("ETag" = String, description = "Version of the terminal"))),
))]
#[get("/terminals/{id}")]
pub async fn get_terminal(
    actor: Allowed<can::TerminalsManage>,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, path.into_inner());
    let (row, keys) = app
        .db
        .read(move |connection| {
            let row = find(connection, tenant_id, id)?;
            Ok((row, api_keys::store::list_terminal_keys(connection, tenant_id, &[id])?))
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(Terminal::new(row, &keys)))
}

fn find(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<TerminalRow> {
    let row = store::find_terminal(connection, tenant_id, id)?;
    row.ok_or_else(|| ApiError::new(Code::NotFound).detail("no terminal of this tenant has this id"))
}

/// Make a terminal
///
/// Makes a till. Then make a key for it with `POST /v1/terminals/{id}/keys`.
#[utoipa::path(tag = "portal", request_body = NewTerminal, responses(
    (status = 201, description = "Made", body = Terminal, headers(
        ("Location" = String, description = "Path of the terminal"), ("ETag" = String, description = "Version of the terminal"))),
    (status = 409, description = "`terminal_name_taken`"),
))]
#[post("/terminals")]
pub async fn create_terminal(
    actor: Allowed<can::TerminalsManage>,
    body: ValidJson<NewTerminal>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let row = TerminalRow {
        tenant_id: actor.tenant()?.id,
        id: app.clock.new_id(),
        name: body.0.name.into_string(),
        is_active: true,
        version: 1,
        created_at: app.clock.now(),
    };
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let row = app
        .db
        .write(move |connection| {
            store::insert_terminal(connection, &row)
                .map_err(|error| ApiError::taken(error, Code::TerminalNameTaken))?;
            let changes = Changes::new().created("name", &row.name);
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::Terminal, row.id),
                &changes,
            )?;
            Ok(row.clone())
        })
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/terminals/{}", row.id)))
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(Terminal::new(row, &[])))
}

/// Change a terminal
///
/// Renames a till, or switches it off and on. The keys of one that is off do not work.
#[utoipa::path(tag = "portal", request_body = TerminalPatch,
    params(("id" = Id, Path, description = "The terminal"), ("If-Match" = String, Header, description = "The ETag of the terminal")),
    responses(
        (status = 200, description = "Changed", body = Terminal, headers(("ETag" = String, description = "Version of the terminal"))),
        (status = 409, description = "`terminal_name_taken`"),
        (status = 412, description = "`precondition_failed`"), (status = 428, description = "`precondition_required`"),
))]
#[patch("/terminals/{id}")]
pub async fn update_terminal(
    actor: Allowed<can::TerminalsManage>,
    path: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<TerminalPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, path.into_inner());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let (name, is_active) = (body.0.name.map(Name::into_string), body.0.is_active);
    let (row, keys) = app
        .db
        .write(move |connection| {
            let old = find(connection, tenant_id, id)?;
            if_match.check(old.version)?;
            let mut new = TerminalRow {
                name: name.clone().unwrap_or_else(|| old.name.clone()),
                is_active: is_active.unwrap_or(old.is_active),
                ..old.clone()
            };
            if new != old {
                new.version = old.version.saturating_add(1);
                let written = store::update_terminal(connection, &old, &new)
                    .map_err(|error| ApiError::taken(error, Code::TerminalNameTaken))?;
                if written == 0 {
                    return Err(ApiError::new(Code::PreconditionFailed));
                }
            }
            let changes =
                Changes::new()
                    .field("name", &old.name, &new.name)
                    .field("is_active", old.is_active, new.is_active);
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::Terminal, id),
                &changes,
            )?;
            Ok((new, api_keys::store::list_terminal_keys(connection, tenant_id, &[id])?))
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(Terminal::new(row, &keys)))
}

/// Make a terminal's key
///
/// Makes a key that lets the till list accounts, post, look up, void and refund sales, and read its totals. The secret is
/// shown this once. A till that gets a new key works with both until the old one is revoked.
#[utoipa::path(tag = "portal", params(("id" = Id, Path, description = "The terminal")), responses(
    (status = 201, description = "Made", body = TerminalKeyWithSecret, headers(("Location" = String, description = "Path of the key"))),
))]
#[post("/terminals/{id}/keys")]
pub async fn create_terminal_key(
    actor: Allowed<can::TerminalsManage>,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, terminal_id) = (actor.tenant()?.id, path.into_inner());
    let key = NewKey::access()?;
    let (author, clock, key_hash) = (Author::of(actor.actor()), app.clock.clone(), key.hash);
    let (key_id, created_by, created_at) = (app.clock.new_id(), actor.actor().id, app.clock.now());
    app.db
        .write(move |connection| {
            let terminal = find(connection, tenant_id, terminal_id)?;
            let permissions: PermissionSet = TERMINAL.into_iter().collect();
            let row = NewKeyRow {
                tenant_id,
                id: key_id,
                terminal_id: Some(terminal_id),
                name: terminal.name,
                key_hash: key_hash.clone(),
                permissions: permissions.words(),
                created_by,
                created_at,
            };
            api_keys::store::insert_key(connection, &row)?;
            let changes = Changes::new().created("key", key_id);
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::Terminal, terminal_id),
                &changes,
            )?;
            Ok(())
        })
        .await?;
    let document = TerminalKeyWithSecret {
        id: key_id,
        terminal_id,
        created_at,
        secret: key.secret,
    };
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/terminals/{terminal_id}/keys/{key_id}")))
        .json(document))
}

/// Revoke a terminal's key
///
/// The key stops working at once; in another process of the service, within 2 seconds.
#[utoipa::path(tag = "portal", params(TerminalKeyPath), responses(
    (status = 204, description = "Revoked"),
    (status = 409, description = "`key_revoked`"),
))]
#[delete("/terminals/{id}/keys/{key_id}")]
pub async fn revoke_terminal_key(
    actor: Allowed<can::TerminalsManage>,
    path: web::Path<TerminalKeyPath>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (TerminalKeyPath { id, key_id }, now) = (path.into_inner(), app.clock.now());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    app.db
        .write(move |connection| {
            find(connection, author.tenant_id, id)?;
            let key = api_keys::http::revoke(connection, author.tenant_id, Some(id), key_id, now)?;
            let changes = Changes::new().optional("key", Some(key.id), None);
            audit::record(
                connection,
                &clock,
                &author,
                Subject::new(SubjectKind::Terminal, id),
                &changes,
            )?;
            Ok(())
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}
