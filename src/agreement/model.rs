//! Versions of the agreement.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::clock::Timestamp;
use crate::db::schema::agreement_acceptances;
use crate::id::Id;

/// One version of the agreement.
pub struct Agreement {
    /// Its date, which is its name.
    pub version: &'static str,
    /// Its text, Markdown.
    pub text: &'static str,
}

/// The version that stands. A new text is a new file and a new constant; old files stay.
pub const CURRENT: Agreement = Agreement {
    version: "2026-11-01",
    text: include_str!("texts/2026-11-01.md"),
};

/// The agreement that stands, and who accepted which version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"version": "2026-11-01", "text": "# Data processing agreement", "is_accepted": false, "acceptances": []}))]
pub struct AgreementStatus {
    /// The version to accept.
    pub version: String,
    /// Its text, Markdown.
    pub text: String,
    /// Whether this tenant has accepted this version.
    pub is_accepted: bool,
    /// Every acceptance of this tenant, oldest first.
    pub acceptances: Vec<Acceptance>,
}

/// That somebody accepted a version: never changed.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable, ToSchema)]
#[diesel(table_name = agreement_acceptances)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000001", "version": "2026-11-01",
    "user_id": "01938f5e-3c00-7000-8000-000000000002", "user_name": "Vera de Vries", "accepted_at": "2026-11-21T09:30:00Z"}))]
pub struct Acceptance {
    #[serde(skip)]
    pub tenant_id: Id,
    /// Its id.
    pub id: Id,
    /// The version that was accepted.
    pub version: String,
    /// Who accepted it.
    pub user_id: Id,
    /// Their name at the time.
    pub user_name: String,
    /// When.
    pub accepted_at: Timestamp,
}

/// Accepts a version, by name, so that nobody accepts a text they have not seen.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": "2026-11-01"}))]
pub struct NewAcceptance {
    /// The version, as `GET /v1/agreement` gave it.
    #[schema(max_length = 20)]
    pub version: String,
}
