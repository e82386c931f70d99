//! What a customer sees of an account, and the links to it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::{AccountRow, AccountStatus};
use crate::clock::Timestamp;
use crate::id::Id;
use crate::invitations::CustomerAccess;
use crate::money::{Currency, Money};

/// An account as those see it who buy on it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000001", "number": "71900001", "name": "Vera de Vries",
    "status": "active", "balance": "-35.00", "credit_limit": "100.00", "available": "65.00"}))]
pub struct OwnAccount {
    /// Its id.
    pub id: Id,
    /// Its number.
    #[schema(example = "71900001")]
    pub number: String,
    /// Who pays for it.
    pub name: String,
    /// Whether it can be bought on.
    pub status: AccountStatus,
    /// Below zero: what is owed.
    pub balance: Money,
    /// The spending budget.
    pub credit_limit: Money,
    /// What can still be spent.
    pub available: Money,
}

impl OwnAccount {
    /// Of a row; `currency` is the tenant's.
    #[must_use]
    pub fn new(row: AccountRow, currency: Currency) -> Self {
        let available_minor = row.credit_limit_minor.saturating_add(row.balance_minor);
        OwnAccount {
            id: row.id,
            number: row.number,
            name: row.name,
            status: row.status,
            balance: Money::new(row.balance_minor, currency),
            credit_limit: Money::new(row.credit_limit_minor, currency),
            available: Money::new(available_minor, currency),
        }
    }
}

/// Where others see what the customer sees; only once the customer's own access is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"open_account": "/v1/customers/01938f5e-3c00-7000-8000-000000000001/sessions",
    "documents": "/v1/customers/01938f5e-3c00-7000-8000-000000000001/documents"}))]
pub struct CustomerLinks {
    /// POST: a short session that reads as this customer.
    pub open_account: String,
    /// GET: the customer's invoices and credit notes.
    pub documents: String,
}

impl CustomerLinks {
    /// The links of a customer whose access is so far.
    #[must_use]
    pub fn of(customer_id: Id, access: CustomerAccess) -> Option<Self> {
        (access == CustomerAccess::Active).then(|| CustomerLinks {
            open_account: format!("/v1/customers/{customer_id}/sessions"),
            documents: format!("/v1/customers/{customer_id}/documents"),
        })
    }
}

/// A session that reads as a customer. It has no refresh token: it ends with its access token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000003", "customer_id": "01938f5e-3c00-7000-8000-000000000001",
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTkifQ.c2lnbmVk", "token_type": "Bearer",
    "expires_at": "2026-11-21T09:45:00Z"}))]
pub struct CustomerSession {
    /// The session.
    pub id: Id,
    /// The customer as whom it reads.
    pub customer_id: Id,
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(pattern = "^Bearer$")]
    pub token_type: &'static str,
    /// When it ends.
    pub expires_at: Timestamp,
}
