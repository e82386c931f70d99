//! Opening a session for somebody who has shown who they are.

use chrono::TimeDelta;

use super::SESSION_LIFE;
use super::model::{Session, SessionTokens};
use super::store;
use crate::app::AppState;
use crate::auth::{ACCESS_TOKEN_LIFE_S, key_hash};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::error::ApiResult;
use crate::id::Id;
use crate::users::{self, Membership};

/// A session that is not in the database yet.
#[derive(Clone)]
pub struct Opening {
    id: Id,
    user_id: Id,
    now: Timestamp,
    expires_at: Timestamp,
    refresh_token: String,
}

impl Opening {
    /// A session of this user.
    ///
    /// # Errors
    /// Never in practice.
    pub fn new(app: &AppState, user_id: Id, now: Timestamp) -> ApiResult<Self> {
        let (id, expires_at) = (app.clock.new_id(), now.plus(SESSION_LIFE));
        Ok(Opening {
            refresh_token: app.tokens.first_refresh(user_id, id, expires_at)?,
            id,
            user_id,
            now,
            expires_at,
        })
    }

    /// Writes it. It works in the tenant that is named, or in the user's only one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(
        &self,
        connection: &mut DbConnection,
        tenant_id: Option<Id>,
    ) -> ApiResult<(Session, Vec<Membership>)> {
        let tenants = users::store::list_memberships(connection, self.user_id)?;
        let only = match tenants.as_slice() {
            [only] => Some(only.id),
            _ => None,
        };
        let session = Session {
            id: self.id,
            user_id: self.user_id,
            tenant_id: tenant_id.or(only),
            viewed_customer_id: None,
            created_at: self.now,
            refreshed_at: self.now,
            expires_at: self.expires_at,
        };
        let forgotten_before = self.now.plus(-SESSION_LIFE);
        store::insert(connection, &session, &key_hash(&self.refresh_token), forgotten_before)?;
        Ok((session, tenants))
    }

    /// Its first tokens, once it is written.
    ///
    /// # Errors
    /// Never in practice.
    pub fn tokens(self, app: &AppState, session: Session, tenants: Vec<Membership>) -> ApiResult<SessionTokens> {
        session_tokens(app, session, self.refresh_token, tenants, self.now)
    }
}

/// A session with its next pair of tokens.
pub(super) fn session_tokens(
    app: &AppState,
    session: Session,
    refresh_token: String,
    tenants: Vec<Membership>,
    now: Timestamp,
) -> ApiResult<SessionTokens> {
    Ok(SessionTokens {
        id: session.id,
        access_token: app.tokens.issue(session.user_id, session.id, now)?,
        token_type: "Bearer",
        access_token_expires_at: now.plus(TimeDelta::seconds(ACCESS_TOKEN_LIFE_S)),
        refresh_token,
        expires_at: session.expires_at,
        user_id: session.user_id,
        tenant_id: session
            .tenant_id
            .filter(|id| tenants.iter().any(|tenant| tenant.id == *id)),
        tenants,
    })
}
