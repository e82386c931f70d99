//! `/v1/invitations` and `/v1/customers/{id}/invitation`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use super::accept::{self, Joining};
use super::invite::Inviter;
use super::model::{CustomerAccess, Invitation, InvitationAcceptance, InvitedCount, NewInvitations, Selection};
use super::store;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, Anyone, can, key_hash};
use crate::customers;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::ValidJson;
use crate::id::Id;
use crate::sessions::{Opening, SessionTokens};

fn inviter<P>(actor: &Allowed<P>, app: &AppState) -> ApiResult<Inviter> {
    Ok(Inviter {
        tenant: actor.tenant()?.clone(),
        author: Author::of(actor.actor()),
        clock: app.clock.clone(),
        link_tokens: app.link_tokens.clone(),
        per_day_max: app.invitations_per_day,
    })
}

/// Invite a customer
///
/// Mails the customer, in their language, a link with which they choose a password and see their own accounts, statements and
/// documents. It works once, for 14 days. A customer who was invited before gets a new link in the place of the old one.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 201, description = "The mail is on its way", body = Invitation),
    (status = 409, description = "`customer_active`, `customer_unreachable`"),
    (status = 429, description = "`too_many_requests`: the tenant has sent as many invitations as it may within 24 hours"),
))]
#[post("/customers/{id}/invitation")]
pub async fn invite_customer(
    actor: Allowed<can::CustomersWrite>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (inviter, id) = (inviter(&actor, &app)?, id.into_inner());
    let invitation = app
        .db
        .write(move |connection| {
            let tenant_id = inviter.tenant.id;
            customers::find_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            let counted = inviter.invite(connection, &Selection::Customers(vec![id]), true)?;
            if counted.already_active > 0 {
                return Err(ApiError::new(Code::CustomerActive));
            }
            if counted.invited == 0 {
                return Err(ApiError::new(Code::CustomerUnreachable));
            }
            Ok(store::find_state(connection, tenant_id, id, CustomerAccess::Invited)?)
        })
        .await?;
    Ok(HttpResponse::Created().json(invitation))
}

/// Read a customer's invitation
///
/// How far the customer's own access is, and what became of the last mail with a link; of one that bounced, in the mail server's
/// words.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 200, description = "How far the customer is", body = Invitation),
))]
#[get("/customers/{id}/invitation")]
pub async fn get_invitation(
    actor: Allowed<can::CustomersRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let invitation = app
        .db
        .read(move |connection| {
            let customer = customers::find_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            Ok(store::find_state(connection, tenant_id, id, customer.access)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(invitation))
}

/// Withdraw a customer's access
///
/// The link of an invitation works no more; whoever signs in as the customer sees the customer's accounts no more, from the next
/// request on. The customer can be invited again.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 204, description = "Withdrawn, or there was nothing to withdraw"),
))]
#[delete("/customers/{id}/invitation")]
pub async fn withdraw_invitation(
    actor: Allowed<can::CustomersWrite>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    app.db
        .write(move |connection| {
            let customer = customers::lock_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            if customer.access == CustomerAccess::NotInvited {
                return Ok(());
            }
            let now = clock.now();
            store::void(connection, tenant_id, &[id], "the invitation was withdrawn", now)?;
            accept::unlink(connection, &clock, &author, id)?;
            store::set_access(connection, tenant_id, &[id], CustomerAccess::NotInvited, now)?;
            let changes = Changes::new().field("access", customer.access, CustomerAccess::NotInvited);
            let subject = Subject::new(SubjectKind::Customer, id);
            Ok(audit::record(connection, &clock, &author, subject, &changes)?)
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::NoContent().finish())
}

/// Invite many customers
///
/// As inviting one, for a selection or for all customers that a committed import made or changed: all of them or, when the
/// tenant would pass its limit, none. Those who cannot be invited are left out and counted.
#[utoipa::path(tag = "customers", request_body = NewInvitations, responses(
    (status = 200, description = "The mails are on their way", body = InvitedCount),
    (status = 409, description = "`import_not_committed`"),
    (status = 422, description = "`validation_failed`, `unknown_customer`, `unknown_import`"),
    (status = 429, description = "`too_many_requests`: the tenant may not send as many invitations within 24 hours"),
))]
#[post("/invitations")]
pub async fn invite_customers(
    actor: Allowed<can::CustomersWrite>,
    body: ValidJson<NewInvitations>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let inviter = inviter(&actor, &app)?;
    let (selection, is_again) = (body.0.selection()?, body.0.again.unwrap_or(false));
    let counted = app
        .db
        .write(move |connection| inviter.invite(connection, &selection, is_again))
        .await?;
    Ok(HttpResponse::Ok().json(counted))
}

/// Accept an invitation
///
/// Uses the link of a mail up and signs in. Somebody new chooses a password, and signs in with it and the e-mail address that the
/// mail came to from now on; whoever has a user with that address already gives that user's password, and finds the customer
/// beside what they had.
#[utoipa::path(tag = "access", request_body = InvitationAcceptance, responses(
    (status = 201, description = "Accepted, and signed in", body = SessionTokens,
        headers(("Location" = String, description = "Path of the session"))),
    (status = 409, description = "`in_progress`: another invitation of the same address is being accepted"),
    (status = 422, description = "`validation_failed`: among others `wrong_password` for `/password`; `unknown_invitation`: the link \
        was used, withdrawn or replaced, has expired, or never was"),
    (status = 429, description = "`too_many_requests`"),
))]
#[post("/invitations/acceptances")]
pub async fn accept_invitation(
    _anyone: Anyone,
    request: HttpRequest,
    body: ValidJson<InvitationAcceptance>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let InvitationAcceptance { token, password } = body.0;
    let (now, token_hash) = (app.clock.now(), key_hash(&token.into_string()));
    let asked = token_hash.clone();
    let invited = app
        .db
        .read(move |connection| find_open(connection, &asked, now))
        .await?;
    let joining = match invited.user_id {
        None => Joining::of_new_user(&app, &invited, password, now).await?,
        Some(user_id) => Joining::of_user(&app, &request, &invited.email_key, user_id, password, now).await?,
    };
    let opening = Opening::new(&app, joining.user_id(), now)?;
    let (clock, opened) = (app.clock.clone(), opening.clone());
    let (session, tenants) = app
        .db
        .write(move |connection| {
            let invited = find_open(connection, &token_hash, now)?;
            customers::lock_customer(connection, invited.tenant_id, invited.customer_id)?;
            // the address may have been changed while the customer was not held yet
            let invited = find_open(connection, &token_hash, now)?;
            accept::accept(connection, &clock, &invited, &joining)?;
            opened.insert(connection, Some(invited.tenant_id))
        })
        .await?;
    app.actors.clear();
    let tokens = opening.tokens(&app, session, tenants)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/sessions/{}", tokens.id)))
        .json(tokens))
}

fn find_open(
    connection: &mut DbConnection,
    token_hash: &[u8],
    now: crate::clock::Timestamp,
) -> ApiResult<store::Invited> {
    store::find_open(connection, token_hash, now)?.ok_or_else(|| ApiError::new(Code::UnknownInvitation))
}

fn unknown_customer() -> ApiError {
    ApiError::new(Code::NotFound).detail("no customer of this tenant has this id")
}
