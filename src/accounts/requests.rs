//! What makes and changes an account, and the list's query, as they come over the wire.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::AccountStatus;
use super::holders::HolderKind;
use super::model::{AccountNumber, AccountRow};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{CommaList, Cursor, Direction, PageLimit, not_null};
use crate::id::Id;
use crate::money::Amount;
use crate::text::{Reason, SearchText};
use crate::text_enum;

/// An account to be made. It begins inactive, with balance and limit 0.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"holder_id": "01938f5e-3c00-7000-8000-000000000001", "on_account_allowed": true, "shown_on_till": true}))]
pub struct NewAccount {
    /// Its number, unique in the tenant. Left out: the next free one, the tenant's number and five digits.
    pub number: Option<AccountNumber>,
    /// The customer who pays for it; can be linked later too.
    pub holder_id: Option<Id>,
    /// Whether on-account purchases are permitted.
    #[serde(default)]
    pub on_account_allowed: bool,
    /// Whether it stands in the till's list.
    #[serde(default)]
    pub shown_on_till: bool,
}

/// Changes of an account's flags. Those that are left out stay as they are.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on_account_allowed": true, "shown_on_till": false}))]
pub struct AccountPatch {
    /// Whether on-account purchases are permitted.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub on_account_allowed: Option<bool>,
    /// Whether it stands in the till's list.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub shown_on_till: Option<bool>,
}

/// Links a customer to an account, or changes what they are to it.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "viewer"}))]
pub struct HolderLink {
    /// `billing` makes the customer the payer, in the place of the one before. Left out: the first holder pays, others have
    /// insight, and a holder stays what they are.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub kind: Option<HolderKind>,
}

/// Takes a closed account into use again.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the member has come back"}))]
pub struct Reopening {
    /// Why; it stands in the account's history.
    pub reason: Reason,
}

text_enum! {
    /// What a list of accounts is sorted by; `-` turns it round.
    pub enum AccountSort {
        /// By the billing holder's name; accounts without one first.
        Name => "name",
        /// By name, from the end.
        NameDescending => "-name",
        /// By number, character by character.
        Number => "number",
        /// By number, from the end.
        NumberDescending => "-number",
        /// By status: active, blocked, closed, inactive.
        Status => "status",
        /// By status, from the end.
        StatusDescending => "-status",
        /// Who owes most first.
        Balance => "balance",
        /// Who owes least first.
        BalanceDescending => "-balance",
    }
}

impl AccountSort {
    /// Which way the list runs.
    #[must_use]
    pub fn direction(self) -> Direction {
        if self.as_str().starts_with('-') {
            Direction::Descending
        } else {
            Direction::Ascending
        }
    }

    /// The value of an account by which the list is sorted, as a cursor carries it.
    #[must_use]
    pub fn value(self, account: &AccountRow) -> String {
        match self {
            AccountSort::Name | AccountSort::NameDescending => account.name_key.clone(),
            AccountSort::Number | AccountSort::NumberDescending => account.number.clone(),
            AccountSort::Status | AccountSort::StatusDescending => account.status.to_string(),
            AccountSort::Balance | AccountSort::BalanceDescending => account.balance_minor.to_string(),
        }
    }

    /// Where a list goes on, from what a cursor carried.
    ///
    /// # Errors
    /// 400 `bad_cursor`.
    pub fn start(self, after: Option<(String, Id)>) -> ApiResult<Start> {
        let is_by_money = matches!(self, AccountSort::Balance | AccountSort::BalanceDescending);
        let Some((value, id)) = after else {
            return Ok(Start::default());
        };
        if !is_by_money {
            return Ok(Start {
                text: Some((value, id)),
                minor: None,
            });
        }
        let minor = value.parse().map_err(|_| ApiError::new(Code::BadCursor))?;
        Ok(Start {
            text: None,
            minor: Some((minor, id)),
        })
    }
}

/// After which account a page begins: by the sort's text, or by its money.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub text: Option<(String, Id)>,
    pub minor: Option<(i64, Id)>,
}

/// Which accounts, in which order.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Part of the name, without regard to case and accents, or of the number.
    #[param(inline, nullable = false)]
    pub q: Option<SearchText>,
    /// Accounts with one of these statuses, with commas between.
    #[param(nullable = false, style = Form, explode = false, value_type = Option<Vec<AccountStatus>>, example = json!(["active", "blocked"]))]
    pub status: Option<CommaList<AccountStatus>>,
    /// Accounts with a balance below this amount: `0` finds those who owe.
    #[param(inline, nullable = false)]
    pub balance_lt: Option<Amount>,
    /// Accounts that this customer holds.
    #[param(nullable = false)]
    pub holder: Option<Id>,
    /// Accounts that stand in the till's list, or do not.
    #[param(nullable = false)]
    pub shown_on_till: Option<bool>,
    /// Accounts that may buy on account, or may not.
    #[param(nullable = false)]
    pub on_account_allowed: Option<bool>,
    /// The order; by name when left out.
    #[param(inline, nullable = false)]
    pub sort: Option<AccountSort>,
    /// How many items a page has; 50 when left out.
    #[param(inline, nullable = false)]
    pub limit: Option<PageLimit>,
    /// Where the page before ended.
    #[param(inline, nullable = false)]
    pub cursor: Option<Cursor>,
}
