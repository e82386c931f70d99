//! Accounts: the row and the answer.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::AccountStatus;
use super::holders::HolderKind;
use crate::clock::Timestamp;
use crate::db::schema::accounts;
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::text::empty_as_null;
use crate::text_type;

text_type!(
    /// The number of an account.
    AccountNumber, pattern: "^[A-Za-z0-9-]{1,20}$", length: 1..=20, example: "71900001",
    expected: "expected 1 to 20 letters, digits and hyphens"
);

/// An account in the database.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    pub id: Id,
    pub number: String,
    pub status: AccountStatus,
    pub on_account_allowed: bool,
    pub shown_on_till: bool,
    pub name: String,
    pub name_key: String,
    /// Below zero: the customer owes.
    pub balance_minor: i64,
    pub credit_limit_minor: i64,
    pub last_seq: i64,
    /// Unreversed credits; more than zero makes it a credit account.
    pub credits_standing: i32,
    pub settings_version: i64,
    pub created_at: Timestamp,
}

/// A customer who is linked to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, ToSchema)]
#[schema(example = json!({"customer_id": "01938f5e-3c00-7000-8000-000000000001", "name": "Vera de Vries", "kind": "billing",
    "linked_at": "2026-11-21T09:30:00Z"}))]
pub struct Holder {
    #[serde(skip)]
    pub account_id: Id,
    /// The customer.
    pub customer_id: Id,
    /// The customer's name.
    pub name: String,
    /// Whether they pay or have insight.
    pub kind: HolderKind,
    /// When they were linked.
    pub linked_at: Timestamp,
}

/// An account. Beside the row it has the holders, and money spelled in the tenant's currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000003", "number": "71900001", "name": "Vera de Vries",
    "status": "active", "on_account_allowed": true, "shown_on_till": true, "balance": "-35.00", "credit_limit": "100.00",
    "available": "65.00", "is_credit_account": false, "holders": [{"customer_id": "01938f5e-3c00-7000-8000-000000000001",
    "name": "Vera de Vries", "kind": "billing", "linked_at": "2026-11-21T09:30:00Z"}], "settings_version": 3, "last_seq": 17,
    "created_at": "2026-11-21T09:30:00Z"}))]
pub struct Account {
    /// Its id.
    pub id: Id,
    /// Its number.
    pub number: String,
    /// The name of its billing holder; null while nobody holds it.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub name: String,
    /// Whether it can be bought on.
    pub status: AccountStatus,
    /// Whether on-account purchases are permitted.
    pub on_account_allowed: bool,
    /// Whether it stands in the till's list.
    pub shown_on_till: bool,
    /// Below zero: the customer owes.
    pub balance: Money,
    /// The spending budget.
    pub credit_limit: Money,
    /// What may still be bought: limit plus balance; may be negative.
    pub available: Money,
    /// Whether prepaid credit stands on it, so that it cannot be invoiced.
    pub is_credit_account: bool,
    /// Who holds it, the payer first, then by name.
    pub holders: Vec<Holder>,
    /// Rises with every change that is not money; the first part of the ETag.
    pub settings_version: i64,
    /// The sequence number of the last mutation, 0 for none; the second part of the ETag.
    pub last_seq: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// The answer for a row, its holders and the tenant's currency.
    #[must_use]
    pub fn new(row: AccountRow, holders: Vec<Holder>, currency: Currency) -> Self {
        let available_minor = row.credit_limit_minor.saturating_add(row.balance_minor);
        Account {
            id: row.id,
            number: row.number,
            name: row.name,
            status: row.status,
            on_account_allowed: row.on_account_allowed,
            shown_on_till: row.shown_on_till,
            balance: Money::new(row.balance_minor, currency),
            credit_limit: Money::new(row.credit_limit_minor, currency),
            available: Money::new(available_minor, currency),
            is_credit_account: row.credits_standing > 0,
            holders,
            settings_version: row.settings_version,
            last_seq: row.last_seq,
            created_at: row.created_at,
        }
    }
}
