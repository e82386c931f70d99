//! What goes in and comes out of a sign-in.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::auth::Password;
use crate::clock::Timestamp;
use crate::db::schema::sessions;
use crate::http::{Cursor, PageLimit};
use crate::id::Id;
use crate::text::Email;
use crate::users::Membership;

/// E-mail and password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "vera@example.com", "password": "correct horse battery"}))]
pub struct NewSession {
    /// The user's e-mail address; upper and lower case are the same.
    pub email: Email,
    /// Their password.
    pub password: Password,
}

/// The refresh token of a session, to get its next pair of tokens.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJudW1iZXIiOjF9.c2lnbmVk"}))]
pub struct SessionRefresh {
    /// The refresh token that came with the access token; it works once.
    #[schema(min_length = 1, max_length = 2000)]
    pub refresh_token: String,
}

/// The tenant to work in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tenant_id": "01938f5e-3c00-7000-8000-000000000007"}))]
pub struct TenantChoice {
    /// A tenant in which the user has a role.
    pub tenant_id: Id,
}

/// A session with its tokens. The refresh token replaces the one before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000003",
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTkifQ.c2lnbmVk", "token_type": "Bearer",
    "access_token_expires_at": "2026-11-21T09:45:00Z",
    "refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJudW1iZXIiOjF9.c2lnbmVk", "expires_at": "2026-12-21T09:30:00Z",
    "user_id": "01938f5e-3c00-7000-8000-000000000002", "tenant_id": "01938f5e-3c00-7000-8000-000000000007",
    "tenants": [{"id": "01938f5e-3c00-7000-8000-000000000007", "number": 719, "name": "Sportclub Noord", "roles": ["director"]}]}))]
pub struct SessionTokens {
    /// The session.
    pub id: Id,
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(pattern = "^Bearer$")]
    pub token_type: &'static str,
    /// When the access token ends: 15 minutes after it was made.
    pub access_token_expires_at: Timestamp,
    /// Gives the next pair of tokens, once.
    pub refresh_token: String,
    /// When the session ends.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub user_id: Id,
    /// The chosen tenant; null when there is none or a choice to make.
    #[schema(required)]
    pub tenant_id: Option<Id>,
    /// The tenants in which the user has a role.
    pub tenants: Vec<Membership>,
}

/// A session of one's own that is in force.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = sessions)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000003", "tenant_id": null,
    "viewed_customer_id": null, "created_at": "2026-11-21T09:30:00Z", "refreshed_at": "2026-11-21T11:02:00Z", "expires_at": "2026-12-21T09:30:00Z"}))]
pub struct Session {
    /// Its id.
    pub id: Id,
    #[serde(skip)]
    pub user_id: Id,
    /// The chosen tenant.
    #[schema(required)]
    pub tenant_id: Option<Id>,
    /// In a session that looks at what a customer sees: that customer.
    #[schema(required)]
    pub viewed_customer_id: Option<Id>,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When its tokens were last made.
    pub refreshed_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Which page of the sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// How many items a page has.
    pub limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Cursor>,
}
