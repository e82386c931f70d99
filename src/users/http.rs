//! `/v1/users`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, put, web};

use super::model::{
    NewGrant, NewUser, NewUserRow, User, UserPatch, UserQuery, UserRoles, UserRow, check_grant, distinct, email_key,
    role_words,
};
use super::store;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, Role, can};
use crate::clock::{Clock, Timestamp};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{IfMatch, Page, ValidJson, ValidQuery, etag};
use crate::id::Id;
use crate::invitations::{self, CustomerAccess};
use crate::tenants;
use crate::text::{Name, sort_key};

/// List users
///
/// The users who have a role in this tenant, by name.
#[utoipa::path(tag = "portal", params(UserQuery), responses((status = 200, description = "A page of users", body = Page<User>)))]
#[get("/users")]
pub async fn list_users(
    actor: Allowed<can::UsersManage>,
    request: HttpRequest,
    query: ValidQuery<UserQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let UserQuery { q, limit, cursor } = query.0;
    let search = q.map(|q| sort_key(q.as_str()));
    let page = app
        .cursors
        .page::<(String, Id)>(tenant_id, "users", &search, limit, cursor.as_ref())?;
    let (after, rows_max) = (page.after.clone(), page.rows_max());
    let (rows, roles) = app
        .db
        .read(move |connection| {
            let rows = store::list_users(connection, tenant_id, search.as_deref(), after.clone(), rows_max)?;
            let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
            let roles = store::list_roles_of(connection, tenant_id, &ids)?;
            Ok((rows, roles))
        })
        .await?;
    let page = page.page(rows, |row| (row.name_key.clone(), row.id))?;
    let page = page.map(|row| {
        let own = roles.iter().filter(|(user_id, _)| *user_id == row.id);
        let own = own.map(|(_, role)| *role).collect();
        User::new(row, own)
    });
    Ok(page.respond(&request))
}

/// Get a user
///
/// A user who has a role in this tenant.
#[utoipa::path(tag = "portal", params(("id" = Id, Path, description = "The user")), responses(
    (status = 200, description = "The user", body = User, headers(("ETag" = String, description = "Version of the user"))),
))]
#[get("/users/{id}")]
pub async fn get_user(
    actor: Allowed<can::UsersManage>,
    path: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, user_id) = (actor.tenant()?.id, path.into_inner());
    let (row, roles) = app
        .db
        .read(move |connection| find_in_tenant(connection, tenant_id, user_id))
        .await?;
    Ok(respond(row, roles))
}

fn respond(row: UserRow, roles: Vec<Role>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(User::new(row, roles))
}

/// A user with their roles in the tenant; who has none is not of the tenant.
fn find_in_tenant(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> ApiResult<(UserRow, Vec<Role>)> {
    let roles = roles_in_tenant(connection, tenant_id, user_id)?;
    let row = store::find_user(connection, user_id)?.filter(|_| !roles.is_empty());
    let row = row.ok_or_else(|| ApiError::new(Code::NotFound).detail("no user of this tenant has this id"))?;
    Ok((row, roles))
}

fn roles_in_tenant(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> ApiResult<Vec<Role>> {
    let roles = store::list_roles_of(connection, tenant_id, &[user_id])?;
    Ok(roles.into_iter().map(|(_, role)| role).collect())
}

/// Make a user
///
/// Makes a user with a first password and roles in this tenant. Tell them the password by a way of its own; they change it
/// with `POST /v1/me/password`. A user who exists already is not made again: in this tenant, set their roles; if they belong
/// to another tenant, a portal administrator grants them roles in this one.
#[utoipa::path(tag = "portal", request_body = NewUser, responses(
    (status = 201, description = "Made", body = User, headers(
        ("Location" = String, description = "Path of the user"), ("ETag" = String, description = "Version of the user"))),
    (status = 409, description = "`email_taken`, `self_booking_not_enabled`, `granted_by_invitation`"),
))]
#[post("/users")]
pub async fn create_user(
    actor: Allowed<can::UsersManage>,
    body: ValidJson<NewUser>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant_id = actor.tenant()?.id;
    let body = body.0;
    let roles = distinct(&body.roles);
    check_grant(&[], &roles)?;
    let (key, name) = (email_key(&body.email), body.name.into_string());
    // Before the password takes its turn, and again when the user is written.
    let asked = key.clone();
    app.db
        .read(move |connection| check_email(connection, tenant_id, &asked))
        .await?;
    let new = NewUserRow {
        id: app.clock.new_id(),
        email_key: key,
        email: body.email.into_string(),
        name_key: sort_key(&name),
        name,
        password_hash: app.passwords.hash(body.password).await?,
        is_portal_admin: false,
        language: body.language.unwrap_or(super::UserLanguage::En),
        created_at: app.clock.now(),
    };
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let (row, roles) = app
        .db
        .write(move |connection| {
            check_email(connection, tenant_id, &new.email_key)?;
            insert_with_roles(connection, &clock, &author, &new, &roles)?;
            find_in_tenant(connection, tenant_id, new.id)
        })
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/users/{}", row.id)))
        .insert_header((header::ETAG, etag(row.version, None)))
        .json(User::new(row, roles)))
}

/// Refuses an address that a user has, and says where to go instead.
fn check_email(connection: &mut DbConnection, tenant_id: Id, email_key: &str) -> ApiResult<()> {
    let Some(user) = store::find_user_by_email(connection, email_key)? else {
        return Ok(());
    };
    let is_member = !roles_in_tenant(connection, tenant_id, user.id)?.is_empty();
    Err(ApiError::new(Code::EmailTaken).detail(if is_member {
        format!("the user is in this tenant already: grant roles with PUT /v1/users/{}/roles", user.id)
    } else {
        "a user with this e-mail exists: a portal administrator grants them roles in this tenant with POST /v1/users/grants"
            .to_owned()
    }))
}

/// Writes a user with roles in the author's tenant, and the trail of it.
fn insert_with_roles(
    connection: &mut DbConnection,
    clock: &Clock,
    author: &Author,
    new: &NewUserRow,
    roles: &[Role],
) -> ApiResult<()> {
    store::insert_user(connection, new).map_err(|error| ApiError::taken(error, Code::EmailTaken))?;
    store::replace_roles(connection, author.tenant_id, new.id, (&[], roles), new.created_at)?;
    let changes = Changes::new()
        .created("email", &new.email)
        .created("name", &new.name)
        .created("roles", role_words(roles));
    audit::record(
        connection,
        clock,
        author,
        Subject::new(SubjectKind::User, new.id),
        &changes,
    )?;
    Ok(())
}

/// Change a user
///
/// Changes the name or language of a user who belongs to this tenant alone. One who belongs to other tenants too, or manages
/// the portal, changes them with `PATCH /v1/me`.
#[utoipa::path(tag = "portal", request_body = UserPatch,
    params(("id" = Id, Path, description = "The user"), ("If-Match" = String, Header, description = "The ETag of the user")),
    responses(
        (status = 200, description = "Changed", body = User, headers(("ETag" = String, description = "Version of the user"))),
        (status = 412, description = "`precondition_failed`"), (status = 428, description = "`precondition_required`"),
))]
#[patch("/users/{id}")]
pub async fn update_user(
    actor: Allowed<can::UsersManage>,
    path: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<UserPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, user_id) = (actor.tenant()?.id, path.into_inner());
    let (author, clock, actor_id) = (Author::of(actor.actor()), app.clock.clone(), actor.actor().id);
    let (name, language) = (body.0.name.map(Name::into_string), body.0.language);
    let (row, roles) = app
        .db
        .write(move |connection| {
            let (row, roles) = find_in_tenant(connection, tenant_id, user_id)?;
            if_match.check(row.version)?;
            let is_own = user_id == actor_id;
            if !is_own && (row.is_portal_admin || store::belongs_elsewhere(connection, tenant_id, user_id)?) {
                return Err(ApiError::new(Code::Forbidden).detail(
                    "this user does not belong to this tenant alone: they change themselves with PATCH /v1/me",
                ));
            }
            let changed = row.patched(name.clone(), language);
            if store::update_user(connection, &row, &changed)? == 0 {
                return Err(ApiError::new(Code::PreconditionFailed));
            }
            let subject = Subject::new(SubjectKind::User, user_id);
            audit::record(connection, &clock, &author, subject, &row.changes_to(&changed))?;
            Ok((changed, roles))
        })
        .await?;
    app.actors.clear();
    Ok(respond(row, roles))
}

/// Set a user's roles
///
/// Puts these roles in the place of those that the user has in this tenant; they count from the next request on. No roles:
/// the user leaves the tenant. A tenant keeps a director.
#[utoipa::path(tag = "portal", request_body = UserRoles,
    params(("id" = Id, Path, description = "The user"), ("If-Match" = String, Header, description = "The ETag of the user")),
    responses(
        (status = 200, description = "Set", body = User, headers(("ETag" = String, description = "Version of the user"))),
        (status = 409, description = "`last_director`, `self_booking_not_enabled`, `granted_by_invitation`"),
        (status = 412, description = "`precondition_failed`"), (status = 428, description = "`precondition_required`"),
))]
#[put("/users/{id}/roles")]
pub async fn set_user_roles(
    actor: Allowed<can::UsersManage>,
    path: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<UserRoles>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, user_id, now) = (actor.tenant()?.id, path.into_inner(), app.clock.now());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let roles = distinct(&body.0.roles);
    let (row, roles) = app
        .db
        .write(move |connection| {
            // Two directors who demote each other at the same time go one after the other.
            tenants::store::lock(connection, tenant_id)?;
            let (row, old) = find_in_tenant(connection, tenant_id, user_id)?;
            if_match.check(row.version)?;
            check_grant(&old, &roles)?;
            let steps_down = old.contains(&Role::Director) && !roles.contains(&Role::Director);
            if steps_down && !store::has_another_director(connection, tenant_id, user_id)? {
                return Err(ApiError::new(Code::LastDirector));
            }
            change_roles(connection, &clock, &author, user_id, (&old, &roles), now)?;
            let row = store::find_user(connection, user_id)?.unwrap_or(row);
            Ok((row, roles.clone()))
        })
        .await?;
    app.actors.clear();
    Ok(respond(row, roles))
}

fn change_roles(
    connection: &mut DbConnection,
    clock: &Clock,
    author: &Author,
    user_id: Id,
    (old, new): (&[Role], &[Role]),
    now: Timestamp,
) -> ApiResult<()> {
    if old == new {
        return Ok(());
    }
    store::replace_roles(connection, author.tenant_id, user_id, (old, new), now)?;
    if old.contains(&Role::Customer) && !new.contains(&Role::Customer) {
        let customers = invitations::withdraw_user(connection, author.tenant_id, user_id, now)?;
        let withdrawn = |id: Id| {
            let changes = Changes::new().field("access", CustomerAccess::Active, CustomerAccess::NotInvited);
            (Subject::new(SubjectKind::Customer, id), changes)
        };
        let trail: Vec<_> = customers.into_iter().map(withdrawn).collect();
        audit::record_all(connection, clock, author, &trail)?;
    }
    let changes = Changes::new().field("roles", role_words(old), role_words(new));
    audit::record(
        connection,
        clock,
        author,
        Subject::new(SubjectKind::User, user_id),
        &changes,
    )?;
    Ok(())
}

/// Grant roles to a user who exists
///
/// A portal administrator adds roles in the tenant that `Onaccount-Tenant` names to a user of another tenant. First make
/// sure that the person is who the e-mail address says: whoever made the user may know the first password.
#[utoipa::path(tag = "portal", request_body = NewGrant, responses(
    (status = 200, description = "Granted", body = User, headers(("ETag" = String, description = "Version of the user"))),
    (status = 409, description = "`self_booking_not_enabled`, `granted_by_invitation`"),
    (status = 422, description = "`validation_failed`, `unknown_user`"),
))]
#[post("/users/grants")]
pub async fn grant_roles(
    actor: Allowed<can::PortalManage>,
    body: ValidJson<NewGrant>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, now) = (actor.tenant()?.id, app.clock.now());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let email_key = email_key(&body.0.email);
    let granted = body.0.roles;
    let (row, roles) = app
        .db
        .write(move |connection| {
            tenants::store::lock(connection, tenant_id)?;
            let row = store::find_user_by_email(connection, &email_key)?;
            let user_id = row.ok_or_else(|| ApiError::new(Code::UnknownUser))?.id;
            let old = roles_in_tenant(connection, tenant_id, user_id)?;
            let roles = distinct(&[old.clone(), granted.clone()].concat());
            check_grant(&old, &roles)?;
            change_roles(connection, &clock, &author, user_id, (&distinct(&old), &roles), now)?;
            find_in_tenant(connection, tenant_id, user_id)
        })
        .await?;
    app.actors.clear();
    Ok(respond(row, roles))
}
