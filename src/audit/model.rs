//! Entries of the trail and what they are made of.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Actor, ActorKind};
use crate::clock::Timestamp;
use crate::db::schema::audit_entries;
use crate::id::Id;
use crate::text_enum;

/// Stands in the place of a tenant for what concerns the portal as a whole.
pub const PORTAL: Id = Id::NIL;

text_enum! {
    /// What kind of thing was changed.
    pub enum SubjectKind {
        /// A tenant and its settings.
        Tenant => "tenant",
        /// A user: name, language, password, roles.
        User => "user",
        /// A script's key.
        ApiKey => "api_key",
        /// A till and its keys.
        Terminal => "terminal",
        /// Who buys on account.
        Customer => "customer",
        /// A house account: status, flags, name, holders.
        Account => "account",
    }
}

/// The thing that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What kind.
    pub kind: SubjectKind,
    /// Which one.
    pub id: Id,
}

impl Subject {
    /// A thing by its kind and id.
    #[must_use]
    pub fn new(kind: SubjectKind, id: Id) -> Self {
        Subject { kind, id }
    }
}

/// Who made a change, and in whose trail it stands.
#[derive(Debug, Clone)]
pub struct Author {
    /// The tenant of the trail, or [`PORTAL`].
    pub tenant_id: Id,
    pub(super) kind: ActorKind,
    pub(super) id: Id,
    pub(super) name: String,
}

impl Author {
    /// The one who asks, in the tenant of the request (without one: in the portal's own trail).
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        Author::in_tenant(actor, actor.tenant.as_ref().map_or(PORTAL, |tenant| tenant.id))
    }

    /// The one who asks, in the trail of another tenant than the request's: a portal administrator makes a tenant.
    #[must_use]
    pub fn in_tenant(actor: &Actor, tenant_id: Id) -> Self {
        Author {
            tenant_id,
            kind: actor.kind,
            id: actor.id,
            name: actor.name.clone(),
        }
    }

    /// Someone whose request a job carries out.
    #[must_use]
    pub fn new(tenant_id: Id, kind: ActorKind, id: Id, name: &str) -> Self {
        Author {
            tenant_id,
            kind,
            id,
            name: name.to_owned(),
        }
    }

    /// The service itself, at the command line or in a job.
    #[must_use]
    pub fn system(tenant_id: Id) -> Self {
        Author {
            tenant_id,
            kind: ActorKind::System,
            id: Id::NIL,
            name: "onaccount".to_owned(),
        }
    }
}

/// One field that changed. An old value of nothing: the thing or the value is new; a new value of nothing: it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(super) field: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// The fields that changed, in the order in which they were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names a field; nothing is added when it did not change.
    #[must_use]
    pub fn field<T: PartialEq + ToString>(self, field: &str, old: T, new: T) -> Self {
        self.optional(field, Some(old), Some(new))
    }

    /// Names a field that may be empty; nothing is added when it did not change.
    #[must_use]
    pub fn optional<T: PartialEq + ToString>(mut self, field: &str, old: Option<T>, new: Option<T>) -> Self {
        if old != new {
            self.0.push(Change {
                field: field.to_owned(),
                old: old.map(|value| value.to_string()),
                new: new.map(|value| value.to_string()),
            });
        }
        self
    }

    /// Names a field that came into being with this value.
    #[must_use]
    pub fn created(self, field: &str, new: impl ToString) -> Self {
        self.optional(field, None, Some(new.to_string()))
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }
}

/// One change of one field, as it happened: never altered.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable, ToSchema)]
#[diesel(table_name = audit_entries)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000009", "subject_kind": "account",
    "subject_id": "01938f5e-3c00-7000-8000-000000000001", "actor_kind": "user",
    "actor_id": "01938f5e-3c00-7000-8000-000000000002", "actor_name": "Vera de Vries",
    "recorded_at": "2026-11-21T09:30:00Z", "field": "status", "old_value": "inactive", "new_value": "active"}))]
pub struct AuditEntry {
    #[serde(skip)]
    pub tenant_id: Id,
    /// Its id; later entries have higher ones.
    pub id: Id,
    /// What kind of thing was changed.
    pub subject_kind: SubjectKind,
    /// Which one.
    pub subject_id: Id,
    /// What kind of actor changed it.
    pub actor_kind: ActorKind,
    /// Who changed it.
    pub actor_id: Id,
    /// Their name at the time.
    pub actor_name: String,
    /// When.
    pub recorded_at: Timestamp,
    /// The field that changed.
    pub field: String,
    /// What it was; null when it is new.
    #[schema(required)]
    pub old_value: Option<String>,
    /// What it became; null when it is gone.
    #[schema(required)]
    pub new_value: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_recorded() {
        let changes = Changes::new()
            .field("name", "Bar", "Terrace")
            .field("is_active", true, true)
            .optional("phone", Some("1"), None)
            .created("number", 7);
        let found: Vec<_> = changes
            .iter()
            .map(|change| (change.field.as_str(), change.old.as_deref(), change.new.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                ("name", Some("Bar"), Some("Terrace")),
                ("phone", Some("1"), None),
                ("number", None, Some("7"))
            ]
        );
        assert!(Changes::new().field("a", 1, 1).is_empty());
    }
}
