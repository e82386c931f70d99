//! Invitations, and what comes and goes over the wire about them.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Password;
use crate::clock::Timestamp;
use crate::db::schema::invitations;
use crate::error::ApiError;
use crate::http::not_null;
use crate::id::Id;
use crate::mail::MailStatus;
use crate::{text_enum, text_type};

/// How long a link works.
pub const LINK_LIFE: TimeDelta = TimeDelta::days(14);

text_enum! {
    /// How far a customer's own access is.
    pub enum CustomerAccess {
        /// Nobody has invited them.
        NotInvited => "not_invited",
        /// They have a link and have not used it yet.
        Invited => "invited",
        /// They sign in.
        Active => "active",
        /// The mail with the link did not arrive.
        Bounced => "bounced",
    }
}

text_enum! {
    /// What became of an invitation.
    pub enum InvitationStatus {
        /// Its link works until it expires.
        Open => "open",
        /// Its link was used.
        Accepted => "accepted",
        /// It was withdrawn, or a later one took its place.
        Void => "void",
    }
}

text_type!(
    /// What stands after the `#` in the link of an invitation.
    InvitationToken, pattern: "^[A-Za-z0-9_-]+$", length: 1..=100, example: "Zf3-1wZ0m0b8yq5y7yZQeXo2o0l9x1rX7tB4mJb2k1A",
    expected: "expected what stands after the # in the link"
);

/// An invitation as it stands in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct InvitationRow {
    pub tenant_id: Id,
    pub id: Id,
    pub customer_id: Id,
    /// The address that the link was sent to, as addresses are compared.
    pub email_key: String,
    /// SHA-256 of the link's secret part.
    pub token_hash: Vec<u8>,
    /// The mail that brings it.
    pub mail_id: Id,
    pub status: InvitationStatus,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How far a customer's own access is, and what became of the last invitation.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"customer_id": "01938f5e-3c00-7000-8000-000000000001", "access": "invited",
    "invited_at": "2026-11-21T09:30:00Z", "expires_at": "2026-12-05T09:30:00Z", "mail_status": "sent", "mail_error": null}))]
pub struct Invitation {
    /// The customer.
    pub customer_id: Id,
    /// How far their access is.
    pub access: CustomerAccess,
    /// When they were last invited; what is known of an invitation goes a long time (90 days, unless the portal says otherwise)
    /// after its mail.
    #[schema(required)]
    pub invited_at: Option<Timestamp>,
    /// Until when the link of that invitation works, if it was not used.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// How far its mail is.
    #[schema(required)]
    pub mail_status: Option<MailStatus>,
    /// Why the mail did not go: the mail server's own words.
    #[schema(required)]
    pub mail_error: Option<String>,
}

/// Which customers to invite: either `customer_ids` or `import_id`.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer_ids": ["01938f5e-3c00-7000-8000-000000000001"], "again": true}))]
pub struct NewInvitations {
    /// These customers, at most 1000.
    #[serde(default, deserialize_with = "not_null")]
    #[validate(length(min = 1, max = 1000, message = "expected 1 to 1000 customers"))]
    #[schema(nullable = false, min_items = 1, max_items = 1000)]
    pub customer_ids: Option<Vec<Id>>,
    /// The customers that a committed import made or changed.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub import_id: Option<Id>,
    /// Whether those who were invited before get a new link, in the place of the old one; false when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub again: Option<bool>,
}

/// Which customers an invitation is for.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These.
    Customers(Vec<Id>),
    /// Those of an import.
    Import(Id),
}

impl NewInvitations {
    /// The one way of choosing that was given.
    ///
    /// # Errors
    /// 422 when it is none, or both.
    pub fn selection(&self) -> Result<Selection, ApiError> {
        match (&self.customer_ids, self.import_id) {
            (Some(ids), None) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                Ok(Selection::Customers(ids))
            }
            (None, Some(id)) => Ok(Selection::Import(id)),
            _ => Err(ApiError::field(
                "/customer_ids",
                "one_choice",
                "expected either customer_ids or import_id",
            )),
        }
    }
}

/// What came of inviting many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"invited": 240, "already_invited": 3, "already_active": 12, "unreachable": 5}))]
pub struct InvitedCount {
    /// These get a mail.
    #[schema(minimum = 0)]
    pub invited: i64,
    /// These have a link already and keep it.
    #[schema(minimum = 0)]
    pub already_invited: i64,
    /// These sign in already.
    #[schema(minimum = 0)]
    pub already_active: i64,
    /// These have no e-mail address, or a fictional one.
    #[schema(minimum = 0)]
    pub unreachable: i64,
}

/// A link that is used, and the password to sign in with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "Zf3-1wZ0m0b8yq5y7yZQeXo2o0l9x1rX7tB4mJb2k1A", "password": "correct horse battery"}))]
pub struct InvitationAcceptance {
    /// What stands after the `#` in the link.
    pub token: InvitationToken,
    /// The password to sign in with from now on; of somebody whose e-mail address has a user already, that user's own.
    pub password: Password,
}
