//! Accepting an invitation: who gets in, and what is written of it.

use actix_web::HttpRequest;

use super::model::CustomerAccess;
use super::store::{self, Invited};
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{ActorKind, Attempt, Password, Role};
use crate::clock::{Clock, Timestamp};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::text::sort_key;
use crate::users::{self, NewUserRow, UserLanguage};

/// Who accepts an invitation.
pub enum Joining {
    /// Somebody new.
    New(NewUserRow),
    /// Somebody whose e-mail address has a user, and who has given that user's password.
    User {
        id: Id,
        password_hash: String,
        attempt: Attempt,
        at: Timestamp,
    },
}

impl Joining {
    /// A user with this password, with the name and language of the customer.
    pub async fn of_new_user(app: &AppState, invited: &Invited, password: Password, now: Timestamp) -> ApiResult<Self> {
        Ok(Joining::New(NewUserRow {
            id: app.clock.new_id(),
            email: invited.email.clone(),
            email_key: invited.email_key.clone(),
            name_key: sort_key(&invited.name),
            name: invited.name.clone(),
            password_hash: app.passwords.hash(password).await?,
            is_portal_admin: false,
            language: UserLanguage::of_tag(&invited.language).unwrap_or(UserLanguage::En),
            created_at: now,
        }))
    }

    /// The user whose password this is. Guessing it is slowed down like signing in.
    pub async fn of_user(
        app: &AppState,
        request: &HttpRequest,
        email_key: &str,
        id: Id,
        password: Password,
        now: Timestamp,
    ) -> ApiResult<Self> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let address = app.throttle.address_of(peer, request.headers());
        let attempt = app.throttle.attempt(email_key, address);
        let begun = attempt.clone();
        let known = app
            .db
            .write(move |connection| {
                begun.begin(connection, now)?;
                Ok(users::store::find_password_hash(connection, id)?)
            })
            .await?;
        let hash = known.map(|(_, hash)| hash);
        let is_right = app.passwords.verify(password, hash.clone()).await?;
        match hash.filter(|_| is_right) {
            Some(password_hash) => Ok(Joining::User {
                id,
                password_hash,
                attempt,
                at: now,
            }),
            None => Err(wrong_password()),
        }
    }

    /// The user who is or will be.
    pub fn user_id(&self) -> Id {
        match self {
            Joining::New(user) => user.id,
            Joining::User { id, .. } => *id,
        }
    }
}

fn wrong_password() -> ApiError {
    ApiError::field(
        "/password",
        "wrong_password",
        "this e-mail address has a user already, and this is not their password",
    )
}

/// Writes that the invitation is accepted: the user, their role, their customer, and the trail.
pub fn accept(connection: &mut DbConnection, clock: &Clock, invited: &Invited, joining: &Joining) -> ApiResult<()> {
    let (tenant_id, user_id, now) = (invited.tenant_id, joining.user_id(), clock.now());
    if !store::accept(connection, tenant_id, invited.id, now)? {
        return Err(ApiError::new(Code::UnknownInvitation));
    }
    let author = Author::new(tenant_id, ActorKind::User, user_id, &invited.name);
    let mut changes = Changes::new();
    match joining {
        Joining::New(user) => {
            // another invitation of the same address may have made the user a moment ago
            users::store::insert_user(connection, user).map_err(|error| ApiError::taken(error, Code::InProgress))?;
            changes = changes.created("email", &user.email).created("name", &user.name);
        }
        Joining::User {
            id,
            password_hash,
            attempt,
            at,
        } => {
            if !users::store::has_password_hash(connection, *id, password_hash)? {
                return Err(wrong_password());
            }
            attempt.forgive(connection, *at)?;
        }
    }
    store::link_user(connection, (tenant_id, invited.customer_id), user_id, now)?;
    store::set_access(
        connection,
        tenant_id,
        &[invited.customer_id],
        CustomerAccess::Active,
        now,
    )?;
    let old = roles_of(connection, tenant_id, user_id)?;
    let new = with_customer(&old);
    if old != new {
        users::store::replace_roles(connection, tenant_id, user_id, (&old, &new), now)?;
        changes = changes.field("roles", users::role_words(&old), users::role_words(&new));
    }
    let of_customer = Changes::new().field("access", invited.access, CustomerAccess::Active);
    let trail = [
        (Subject::new(SubjectKind::User, user_id), changes),
        (Subject::new(SubjectKind::Customer, invited.customer_id), of_customer),
    ];
    Ok(audit::record_all(connection, clock, &author, &trail)?)
}

/// Takes a customer's user away; a user without customers in the tenant has the role `customer` there no more.
pub fn unlink(connection: &mut DbConnection, clock: &Clock, author: &Author, customer_id: Id) -> ApiResult<()> {
    let tenant_id = author.tenant_id;
    let Some((user_id, has_others)) = store::unlink_customer(connection, tenant_id, customer_id)? else {
        return Ok(());
    };
    let old = roles_of(connection, tenant_id, user_id)?;
    let new: Vec<Role> = old.iter().copied().filter(|role| *role != Role::Customer).collect();
    if has_others || old == new {
        return Ok(());
    }
    users::store::replace_roles(connection, tenant_id, user_id, (&old, &new), clock.now())?;
    let changes = Changes::new().field("roles", users::role_words(&old), users::role_words(&new));
    let subject = Subject::new(SubjectKind::User, user_id);
    Ok(audit::record(connection, clock, author, subject, &changes)?)
}

fn roles_of(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> ApiResult<Vec<Role>> {
    let roles = users::store::list_roles_of(connection, tenant_id, &[user_id])?;
    Ok(roles.into_iter().map(|(_, role)| role).collect())
}

fn with_customer(roles: &[Role]) -> Vec<Role> {
    let has = |role: &Role| *role == Role::Customer || roles.contains(role);
    Role::ALL.iter().copied().filter(has).collect()
}
