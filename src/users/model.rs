//! Users, what is sent to make and change them, and what a director may do to one.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::audit::Changes;
use crate::auth::{Password, Role};
use crate::clock::Timestamp;
use crate::db::schema::users;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Cursor, PageLimit, not_null};
use crate::id::Id;
use crate::text::{Email, Name, SearchText, sort_key};
use crate::text_enum;

text_enum! {
    /// The language of words for a user.
    pub enum UserLanguage {
        /// English.
        En => "en",
        /// Dutch.
        Nl => "nl",
        /// French.
        Fr => "fr",
        /// German.
        De => "de",
    }
}

impl UserLanguage {
    /// The language of a BCP 47 tag such as `nl-BE`, when there are words in it.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }
}

/// The form of an e-mail address in which it is unique.
#[must_use]
pub fn email_key(email: &Email) -> String {
    email.as_str().to_ascii_lowercase()
}

/// A user's row, without the password.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub id: Id,
    pub email: String,
    pub name: String,
    pub name_key: String,
    pub language: UserLanguage,
    pub is_portal_admin: bool,
    pub version: i64,
    pub created_at: Timestamp,
}

impl UserRow {
    /// The next version of the row with another name or language; the same row when nothing changes.
    #[must_use]
    pub fn patched(&self, name: Option<String>, language: Option<UserLanguage>) -> Self {
        let name = name.unwrap_or_else(|| self.name.clone());
        let language = language.unwrap_or(self.language);
        if name == self.name && language == self.language {
            return self.clone();
        }
        UserRow {
            name_key: sort_key(&name),
            name,
            language,
            version: self.version.saturating_add(1),
            ..self.clone()
        }
    }

    /// What is different in `new`.
    #[must_use]
    pub fn changes_to(&self, new: &Self) -> Changes {
        Changes::new()
            .field("name", &self.name, &new.name)
            .field("language", self.language, new.language)
    }
}

/// What is written of a new user.
#[derive(Debug, Insertable)]
#[diesel(table_name = users)]
pub struct NewUserRow {
    /// Its id.
    pub id: Id,
    /// As it was given.
    pub email: String,
    /// As it is compared.
    pub email_key: String,
    /// What they are called.
    pub name: String,
    /// As it is sorted and searched.
    pub name_key: String,
    /// argon2id, in PHC form.
    pub password_hash: String,
    /// Whether they manage the portal.
    pub is_portal_admin: bool,
    /// The language of words for them.
    pub language: UserLanguage,
    /// When they were made.
    pub created_at: Timestamp,
}

/// What a sign-in needs to know.
#[derive(Debug, Clone, Queryable)]
pub struct Credentials {
    pub id: Id,
    pub password_hash: String,
    pub is_active: bool,
}

/// A user as a tenant sees them. The row has no roles, so this is a struct of its own.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000002", "email": "vera@example.com", "name": "Vera de Vries",
    "language": "nl", "roles": ["clerk"], "created_at": "2026-11-21T09:30:00Z"}))]
pub struct User {
    /// Its id.
    pub id: Id,
    /// The e-mail address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The language of words for them.
    pub language: UserLanguage,
    /// Their roles in this tenant.
    pub roles: Vec<Role>,
    /// When they were made.
    pub created_at: Timestamp,
}

impl User {
    /// A row with its roles in the tenant.
    #[must_use]
    pub fn new(row: UserRow, roles: Vec<Role>) -> Self {
        User {
            id: row.id,
            email: row.email,
            name: row.name,
            language: row.language,
            roles,
            created_at: row.created_at,
        }
    }
}

/// A tenant in which a user has roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Membership {
    /// The tenant.
    pub id: Id,
    /// Its number.
    #[schema(example = 719)]
    pub number: i64,
    /// Its name.
    pub name: String,
    /// The user's roles in it.
    pub roles: Vec<Role>,
}

/// A user to make, with roles in the tenant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "klaas@example.com", "name": "Klaas Klerk", "password": "correct horse battery", "roles": ["clerk"]}))]
pub struct NewUser {
    /// The e-mail address to sign in with.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// The first password; its owner changes it with `POST /v1/me/password`.
    pub password: Password,
    /// The roles in the tenant, one or more.
    #[validate(length(min = 1, max = 5, message = "expected one role or more"))]
    #[schema(min_items = 1, max_items = 5)]
    pub roles: Vec<Role>,
    /// The language of words for them; English by default.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub language: Option<UserLanguage>,
}

/// What a director changes of a user. Absent fields stay as they are.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"language": "nl"}))]
pub struct UserPatch {
    /// What they are called.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub name: Option<Name>,
    /// The language of words for them.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub language: Option<UserLanguage>,
}

/// All the roles that a user has in the tenant from now on; none takes the user out of the tenant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": ["clerk", "superuser"]}))]
pub struct UserRoles {
    /// The roles.
    #[validate(length(max = 5, message = "expected 5 roles at most"))]
    #[schema(max_items = 5)]
    pub roles: Vec<Role>,
}

/// Roles in the tenant for a user who exists.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "vera@example.com", "roles": ["director"]}))]
pub struct NewGrant {
    /// The e-mail address they sign in with.
    pub email: Email,
    /// The roles in the tenant, one or more.
    #[validate(length(min = 1, max = 5, message = "expected one role or more"))]
    #[schema(min_items = 1, max_items = 5)]
    pub roles: Vec<Role>,
}

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Part of a name or e-mail address.
    pub q: Option<SearchText>,
    /// How many items a page has.
    pub limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Cursor>,
}

/// Refuses roles that cannot be granted yet. What a user has already may stay.
///
/// # Errors
/// 409 `self_booking_not_enabled`, `granted_by_invitation`.
pub fn check_grant(old: &[Role], new: &[Role]) -> ApiResult<()> {
    for role in new.iter().filter(|role| !old.contains(role)) {
        match role {
            Role::Backoffice => return Err(ApiError::new(Code::SelfBookingNotEnabled)),
            Role::Customer => return Err(ApiError::new(Code::GrantedByInvitation)),
            Role::Director | Role::Superuser | Role::Clerk => {}
        }
    }
    Ok(())
}

/// The roles in the order of the table, each once.
#[must_use]
pub fn distinct(roles: &[Role]) -> Vec<Role> {
    Role::ALL.iter().copied().filter(|role| roles.contains(role)).collect()
}

/// Roles as the trail has them: words with commas between.
#[must_use]
pub fn role_words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_may_stay_but_is_not_granted() {
        assert!(check_grant(&[], &[Role::Clerk, Role::Director]).is_ok());
        assert!(check_grant(&[Role::Backoffice], &[Role::Backoffice, Role::Clerk]).is_ok());
        let refused = |role| check_grant(&[Role::Clerk], &[Role::Clerk, role]).unwrap_err().code();
        assert_eq!(refused(Role::Backoffice), Code::SelfBookingNotEnabled);
        assert_eq!(refused(Role::Customer), Code::GrantedByInvitation);
    }

    #[test]
    fn a_tag_has_the_language_it_begins_with() {
        assert_eq!(UserLanguage::of_tag("nl-BE"), Some(UserLanguage::Nl));
        assert_eq!(UserLanguage::of_tag("FR"), Some(UserLanguage::Fr));
        assert_eq!(UserLanguage::of_tag("it"), None);
        assert_eq!(UserLanguage::of_tag(""), None);
    }

    #[test]
    fn roles_are_distinct_and_ordered() {
        let roles = distinct(&[Role::Clerk, Role::Director, Role::Clerk]);
        assert_eq!(role_words(&roles), "director,clerk");
    }
}
