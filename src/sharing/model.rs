//! How a customer's documents are shared.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::clock::Timestamp;
use crate::customers::is_fictional;
use crate::db::schema::document_sharing;
use crate::error::ApiError;
use crate::http::not_null;
use crate::id::Id;
use crate::text::{Email, empty_as_null};
use crate::text_enum;

text_enum! {
    /// How the accountant gets documents.
    pub enum Delivery {
        /// Among the shared documents of a user of the portal.
        AccountantInbox => "accountant_inbox",
        /// By mail.
        Email => "email",
        /// Not at all: only the customer's recipients get copies.
        None => "none",
    }
}

/// How the documents of a customer who shares them are shared.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_sharing, treat_none_as_default_value = false)]
pub struct SharingRow {
    pub tenant_id: Id,
    pub customer_id: Id,
    pub delivery: Delivery,
    /// The user whose inbox it is.
    pub accountant_id: Option<Id>,
    /// The accountant's address.
    pub accountant_email: String,
    pub shared_since: Timestamp,
}

/// Whether and how a customer's documents are shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"customer_id": "01938f5e-3c00-7000-8000-000000000001", "shares_documents": true,
    "delivery": "accountant_inbox", "accountant_email": "books@example.com", "shared_since": "2026-11-21T09:30:00Z"}))]
pub struct Sharing {
    /// The customer.
    pub customer_id: Id,
    /// Whether invoices that are made from now on are shared.
    pub shares_documents: bool,
    /// How the accountant gets them.
    pub delivery: Delivery,
    /// The accountant's address.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub accountant_email: String,
    /// Since when.
    #[schema(required)]
    pub shared_since: Option<Timestamp>,
}

/// Whether and how the documents of a customer are shared, for whoever is that customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"customer_name": "Vera de Vries", "customer_id": "01938f5e-3c00-7000-8000-000000000001",
    "shares_documents": true, "delivery": "email", "accountant_email": "books@example.nl", "shared_since": "2026-11-21T09:30:00Z"}))]
pub struct OwnSharing {
    /// The customer's name.
    pub customer_name: String,
    #[serde(flatten)]
    pub sharing: Sharing,
}

impl From<(Id, String, Option<SharingRow>)> for OwnSharing {
    fn from((customer_id, customer_name, row): (Id, String, Option<SharingRow>)) -> Self {
        OwnSharing {
            customer_name,
            sharing: Sharing::of(customer_id, row),
        }
    }
}

impl Sharing {
    /// Of a customer's row; without one, nothing is shared.
    #[must_use]
    pub fn of(customer_id: Id, row: Option<SharingRow>) -> Self {
        match row {
            Some(row) => Sharing {
                customer_id,
                shares_documents: true,
                delivery: row.delivery,
                accountant_email: row.accountant_email,
                shared_since: Some(row.shared_since),
            },
            None => Sharing {
                customer_id,
                shares_documents: false,
                delivery: Delivery::None,
                accountant_email: String::new(),
                shared_since: None,
            },
        }
    }
}

/// Whether and how a customer's documents are to be shared.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"shares_documents": true, "delivery": "email", "accountant_email": "books@example.nl"}))]
pub struct NewSharing {
    /// Whether invoices that are made from now on are shared.
    pub shares_documents: bool,
    /// How the accountant gets them; `none` when left out. Of a customer who shares only.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub delivery: Option<Delivery>,
    /// The accountant's address: with `accountant_inbox` that of a user who may read exports in this tenant, with `email` any
    /// real one, with `none` none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub accountant_email: Option<Email>,
}

impl NewSharing {
    /// The way of delivery and its address, once they go together.
    ///
    /// # Errors
    /// 422, naming the field that is missing, or there for nothing.
    pub fn checked(&self) -> Result<(Delivery, Option<&Email>), ApiError> {
        let delivery = self.delivery.unwrap_or(Delivery::None);
        let email = self.accountant_email.as_ref();
        if !self.shares_documents && delivery != Delivery::None {
            let detail = "nothing is delivered of a customer who shares nothing";
            return Err(ApiError::field("/delivery", "not_allowed", detail));
        }
        match (delivery, email) {
            (Delivery::None, Some(_)) => {
                let detail = "nothing is delivered to it: choose accountant_inbox or email";
                Err(ApiError::field("/accountant_email", "not_allowed", detail))
            }
            (Delivery::AccountantInbox | Delivery::Email, None) => {
                let detail = format!("delivery by {delivery} needs it");
                Err(ApiError::field("/accountant_email", "missing_field", detail))
            }
            (Delivery::Email, Some(email)) if is_fictional(email.as_str()) => {
                let detail = "the domain is reserved for examples and tests: nothing is ever mailed to it";
                Err(ApiError::field("/accountant_email", "fictional_address", detail))
            }
            (delivery, email) => Ok((delivery, email)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_and_address_go_together() {
        let checked = |json: &str| {
            let new: NewSharing = serde_json::from_str(json).unwrap();
            new.checked().map(|(delivery, _)| delivery).map_err(|error| {
                let problem = error.problem();
                format!(
                    "{} {}",
                    problem.errors[0].pointer.clone().unwrap(),
                    problem.errors[0].code
                )
            })
        };
        let to = r#""accountant_email": "books@kantoor.nl""#;
        assert_eq!(checked(r#"{"shares_documents": false}"#), Ok(Delivery::None));
        assert_eq!(checked(r#"{"shares_documents": true}"#), Ok(Delivery::None));
        assert_eq!(
            checked(&format!(r#"{{"shares_documents": true, "delivery": "email", {to}}}"#)),
            Ok(Delivery::Email)
        );
        for (json, wrong) in [
            (
                format!(r#"{{"shares_documents": false, "delivery": "email", {to}}}"#),
                "/delivery not_allowed",
            ),
            (
                format!(r#"{{"shares_documents": true, {to}}}"#),
                "/accountant_email not_allowed",
            ),
            (
                r#"{"shares_documents": true, "delivery": "accountant_inbox"}"#.to_owned(),
                "/accountant_email missing_field",
            ),
            (
                r#"{"shares_documents": true, "delivery": "email", "accountant_email": "a@example.com"}"#.to_owned(),
                "/accountant_email fictional_address",
            ),
        ] {
            assert_eq!(checked(&json), Err(wrong.to_owned()), "{json}");
        }
    }
}
