//! `/v1/sessions`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use super::model::{NewSession, Session, SessionQuery, SessionRefresh, SessionTokens, TenantChoice};
use super::opening::{Opening, session_tokens};
use super::store::{self, Rotation};
use crate::app::AppState;
use crate::auth::{Anyone, SignedInUser, actor_of_session, key_hash};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, ValidJson, ValidQuery};
use crate::id::Id;
use crate::me::Me;
use crate::users;

/// Sign in
///
/// Gives a session for e-mail and password: an access token of 15 minutes for `Authorization: Bearer`, and a refresh token
/// for the next pair. A user with a role in one tenant works in that one; a user of several chooses one with
/// `POST /v1/sessions/current/tenant`. After a few failures the next attempt has to wait, ever longer, up to 5 minutes.
#[utoipa::path(tag = "access", request_body = NewSession, responses(
    (status = 201, description = "Signed in", body = SessionTokens, headers(("Location" = String, description = "Path of the session"))),
    (status = 401, description = "`sign_in_failed`"),
    (status = 429, description = "`too_many_requests`"),
))]
#[post("/sessions")]
pub async fn sign_in(
    _anyone: Anyone,
    request: HttpRequest,
    body: ValidJson<NewSession>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let NewSession { email, password } = body.0;
    let now = app.clock.now();
    let email_key = users::email_key(&email);
    let peer = request.peer_addr().map(|peer| peer.ip());
    let attempt = app
        .throttle
        .attempt(&email_key, app.throttle.address_of(peer, request.headers()));
    let begun = attempt.clone();
    let credentials = app
        .db
        .write(move |connection| {
            begun.begin(connection, now)?;
            Ok(users::store::find_credentials(connection, &email_key)?)
        })
        .await?;
    let hash = credentials
        .as_ref()
        .map(|credentials| credentials.password_hash.clone());
    let is_right = app.passwords.verify(password, hash).await?;
    let credentials = credentials
        .filter(|credentials| is_right && credentials.is_active)
        .ok_or_else(|| ApiError::new(Code::SignInFailed))?;

    let opening = Opening::new(&app, credentials.id, now)?;
    let opened = opening.clone();
    let (session, tenants) = app
        .db
        .write(move |connection| {
            // The password may have been changed while it was checked.
            if !users::store::has_password_hash(connection, credentials.id, &credentials.password_hash)? {
                return Err(ApiError::new(Code::SignInFailed));
            }
            attempt.forgive(connection, now)?;
            opened.insert(connection, None)
        })
        .await?;
    let tokens = opening.tokens(&app, session, tenants)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/sessions/{}", tokens.id)))
        .json(tokens))
}

/// Refresh a session
///
/// Gives the next access token and refresh token for a refresh token, which works once. Using it again revokes the session,
/// because it may have been stolen. A client whose answer was lost may send the same token again within 10 seconds and
/// gets the same successor.
#[utoipa::path(tag = "access", request_body = SessionRefresh, responses(
    (status = 200, description = "The next pair of tokens", body = SessionTokens),
    (status = 401, description = "`unauthorized`: sign in again"),
))]
#[post("/sessions/refresh")]
pub async fn refresh_session(
    _anyone: Anyone,
    body: ValidJson<SessionRefresh>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let now = app.clock.now();
    let claims = app.tokens.check_refresh(&body.0.refresh_token, now)?;
    let successor = app.tokens.next_refresh(&claims)?;
    let (old_hash, new_hash) = (key_hash(&body.0.refresh_token), key_hash(&successor));
    let (rotation, tenants) = app
        .db
        .write(move |connection| {
            let is_active = users::store::is_active(connection, claims.sub)?;
            if !is_active {
                return Ok((Rotation::Ended, Vec::new()));
            }
            let rotation = store::rotate(connection, claims.sid, &old_hash, &new_hash, now)?;
            Ok((rotation, users::store::list_memberships(connection, claims.sub)?))
        })
        .await?;
    let refused = |why: &'static str| ApiError::new(Code::Unauthorized).detail(why);
    match rotation {
        Rotation::Rotated(session) | Rotation::Repeated(session) => {
            Ok(HttpResponse::Ok().json(session_tokens(&app, session, successor, tenants, now)?))
        }
        Rotation::Reused => {
            app.actors.clear();
            tracing::warn!(session_id = %claims.sid, "a used refresh token came again: the session is revoked");
            Err(refused(
                "this refresh token was used before: the session is revoked, sign in again",
            ))
        }
        Rotation::Ended => Err(refused("the session has ended: sign in again")),
    }
}

/// List own sessions
///
/// One's own sessions that are in force, the latest first.
#[utoipa::path(tag = "access", params(SessionQuery), responses((status = 200, description = "A page of sessions", body = Page<Session>)))]
#[get("/sessions")]
pub async fn list_sessions(
    user: SignedInUser,
    request: HttpRequest,
    query: ValidQuery<SessionQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (user_id, now) = (user.actor.id, app.clock.now());
    let page = app
        .cursors
        .page::<Id>(user_id, "sessions", &(), query.0.limit, query.0.cursor.as_ref())?;
    let (before, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(store::list(connection, user_id, now, before, rows_max)?))
        .await?;
    Ok(page.page(rows, |session| session.id)?.respond(&request))
}

/// Sign out
///
/// Ends the session that the access token belongs to. Its tokens stop working at once.
#[utoipa::path(tag = "access", responses((status = 204, description = "Signed out")))]
#[delete("/sessions/current")]
pub async fn sign_out(user: SignedInUser, app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    let (user_id, session_id, now) = (user.actor.id, user.session_id, app.clock.now());
    app.db
        .write(move |connection| Ok(store::revoke(connection, user_id, session_id, now)?))
        .await?;
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}

/// Revoke a session
///
/// Ends one of one's own sessions, for example that of a lost laptop. Its tokens stop working at once.
#[utoipa::path(tag = "access", params(("id" = Id, Path, description = "The session")), responses((status = 204, description = "Revoked")))]
#[delete("/sessions/{id}")]
pub async fn revoke_session(
    user: SignedInUser,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (user_id, session_id, now) = (user.actor.id, path.into_inner(), app.clock.now());
    let ended = app
        .db
        .write(move |connection| Ok(store::revoke(connection, user_id, session_id, now)?))
        .await?;
    if ended == 0 {
        return Err(ApiError::new(Code::NotFound).detail("you have no session with this id"));
    }
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}

/// Choose a tenant
///
/// Chooses the tenant that the session works in, among those in which the user has a role. The tokens stay the same.
#[utoipa::path(tag = "access", request_body = TenantChoice, responses(
    (status = 200, description = "Who one is in the chosen tenant", body = Me),
    (status = 422, description = "`validation_failed`, `unknown_tenant`"),
))]
#[post("/sessions/current/tenant")]
pub async fn choose_tenant(
    user: SignedInUser,
    body: ValidJson<TenantChoice>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (user_id, session_id, now) = (user.actor.id, user.session_id, app.clock.now());
    let tenant_id = body.0.tenant_id;
    let me = app
        .db
        .write(move |connection| {
            let tenants = users::store::list_memberships(connection, user_id)?;
            if !tenants.iter().any(|tenant| tenant.id == tenant_id) {
                return Err(ApiError::new(Code::UnknownTenant));
            }
            store::choose_tenant(connection, session_id, tenant_id)?;
            let actor = actor_of_session(connection, session_id, user_id, None, now)?;
            crate::me::describe(connection, &actor)
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::Ok().json(me))
}
