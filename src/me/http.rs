//! `/v1/me`.

use actix_web::{HttpResponse, get, patch, post, web};

use super::model::{Me, MePatch, PasswordChange, describe};
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{SignedIn, SignedInUser, actor_of_session};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::ValidJson;
use crate::{sessions, users};

/// See who one is
///
/// The user or key behind the token, the tenant of the request, the roles and permissions in it, and the tenants to choose
/// from, so that a frontend shows the right buttons.
#[utoipa::path(tag = "access", responses((status = 200, description = "Who is asking", body = Me)))]
#[get("/me")]
pub async fn get_me(actor: SignedIn, app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    let me = app.db.read(move |connection| describe(connection, &actor.0)).await?;
    Ok(HttpResponse::Ok().json(me))
}

/// Change one's name or language
///
/// Changes what the user is called and addressed in, in every tenant.
#[utoipa::path(tag = "access", request_body = MePatch, responses((status = 200, description = "Changed", body = Me)))]
#[patch("/me")]
pub async fn update_me(
    user: SignedInUser,
    body: ValidJson<MePatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (patch, clock, now) = (body.0, app.clock.clone(), app.clock.now());
    let tenant_header = user
        .actor
        .tenant
        .as_ref()
        .filter(|_| user.actor.is_portal_admin)
        .map(|tenant| tenant.id);
    let me = app
        .db
        .write(move |connection| {
            let actor = &user.actor;
            let row =
                users::store::find_user(connection, actor.id)?.ok_or_else(|| ApiError::new(Code::Unauthorized))?;
            let (name, language) = (patch.name.clone(), patch.language);
            let changed = row.patched(name.map(crate::text::Name::into_string), language);
            if users::store::update_user(connection, &row, &changed)? == 0 {
                return Err(ApiError::raced("the user was changed meanwhile"));
            }
            let author = Author::of(actor);
            let subject = Subject::new(SubjectKind::User, row.id);
            audit::record(connection, &clock, &author, subject, &row.changes_to(&changed))?;
            let actor = actor_of_session(connection, user.session_id, row.id, tenant_header, now)?;
            describe(connection, &actor)
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::Ok().json(me))
}

/// Change one's password
///
/// Puts a new password in the place of the current one and ends every other session of the user. Guessing the current one
/// is slowed down like signing in.
#[utoipa::path(tag = "access", request_body = PasswordChange, responses(
    (status = 204, description = "Changed; other sessions have ended"),
    (status = 422, description = "`validation_failed`: among others `wrong_password` for `/current_password`"),
    (status = 429, description = "`too_many_requests`"),
))]
#[post("/me/password")]
pub async fn change_my_password(
    user: SignedInUser,
    body: ValidJson<PasswordChange>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let PasswordChange {
        current_password,
        new_password,
    } = body.0;
    let (user_id, now) = (user.actor.id, app.clock.now());
    let unknown = || ApiError::new(Code::Unauthorized);
    let throttled = app.clone().into_inner();
    let (attempt, old_hash) = app
        .db
        .write(move |connection| {
            let (email_key, hash) = users::store::find_password_hash(connection, user_id)?.ok_or_else(unknown)?;
            let attempt = throttled.throttle.attempt(&email_key, None);
            attempt.begin(connection, now)?;
            Ok((attempt, hash))
        })
        .await?;
    if !app.passwords.verify(current_password, Some(old_hash.clone())).await? {
        return Err(ApiError::field(
            "/current_password",
            "wrong_password",
            "this is not the current password",
        ));
    }
    let new_hash = app.passwords.hash(new_password).await?;
    let clock = app.clock.clone();
    app.db
        .write(move |connection| {
            attempt.forgive(connection, now)?;
            if users::store::replace_password_hash(connection, user_id, &old_hash, &new_hash)? == 0 {
                let detail = "the password was changed meanwhile";
                return Err(ApiError::field("/current_password", "wrong_password", detail));
            }
            sessions::store::revoke_others(connection, user_id, user.session_id, now)?;
            let subject = Subject::new(SubjectKind::User, user_id);
            let changes = Changes::new().field("password", "(old)", "(new)");
            audit::record(connection, &clock, &Author::of(&user.actor), subject, &changes)?;
            Ok(())
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}
