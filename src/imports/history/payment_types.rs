//! The table from a till's payment types to accounts, and how an import's payment types stand in it.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::staging::PaymentTypeUse;
use crate::accounts::AccountNumber;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{accounts, payment_types};
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::text::{LINE_PATTERN, sort_key};
use crate::{text_enum, text_type};

text_type!(
    /// What a till calls a way of paying: 1 to 100 characters on one line. Case and accents make no difference.
    PaymentTypeName, pattern: LINE_PATTERN, length: 1..=100, example: "Externe borrel",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);

text_enum! {
    /// Where the sales of a payment type go.
    pub enum PaymentTypeTarget {
        /// To its account.
        OnAccount => "on_account",
        /// Nowhere: somebody said that it is not on account.
        NotOnAccount => "not_on_account",
        /// Nobody has said yet.
        Unmapped => "unmapped",
    }
}

/// Where the sales of one payment type go. At most one of the three is given; none of them: it is not mapped any more.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_way"))]
pub struct PaymentTypeChoice {
    pub name: PaymentTypeName,
    pub account_id: Option<Id>,
    pub account_number: Option<AccountNumber>,
    /// Its sales are not on account: an import leaves its rows out.
    #[serde(default)]
    pub not_on_account: bool,
}

fn one_way(choice: &PaymentTypeChoice) -> Result<(), ValidationError> {
    let named = usize::from(choice.account_id.is_some()) + usize::from(choice.account_number.is_some());
    if named + usize::from(choice.not_on_account) > 1 {
        let message = "expected at most one of account_id, account_number and not_on_account";
        return Err(ValidationError::new("one_way").with_message(message.into()));
    }
    Ok(())
}

/// Payment types to be mapped, marked or forgotten. Those that are not named stay as they are.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"payment_types": [{"name": "Externe borrel", "account_number": "71900001"},
    {"name": "Omzet PIN", "not_on_account": true}]}))]
pub struct NewPaymentTypes {
    #[validate(length(min = 1, max = 200, message = "expected 1 to 200 payment types"), nested)]
    #[schema(min_items = 1, max_items = 200)]
    pub payment_types: Vec<PaymentTypeChoice>,
}

/// Where the sales of a payment type go.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"name": "Externe borrel", "use": "on_account", "account_id": "01938f5e-3c00-7000-8000-000000000001",
    "account_number": "71900001", "updated_at": "2026-11-21T09:30:00Z"}))]
pub struct PaymentType {
    pub name: String,
    pub r#use: PaymentTypeTarget,
    #[schema(required)]
    pub account_id: Option<Id>,
    #[schema(required)]
    pub account_number: Option<String>,
    pub updated_at: Timestamp,
}

/// A payment type in an import's rows, and where its sales go as things stand now.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"name": "Externe borrel", "use": "unmapped", "account_id": null, "account_number": null,
    "row_count": 31, "amount": "212.50", "first_row": 7}))]
pub struct ImportPaymentType {
    pub name: String,
    pub r#use: PaymentTypeTarget,
    #[schema(required)]
    pub account_id: Option<Id>,
    #[schema(required)]
    pub account_number: Option<String>,
    /// Rows that have it and have nothing wrong in them.
    #[schema(minimum = 1, example = 31)]
    pub row_count: i64,
    /// What these rows come to.
    pub amount: Money,
    /// The number of the first of them.
    #[schema(minimum = 1, example = 7)]
    pub first_row: i64,
}

/// A payment type with the number of its account.
pub type MappedRow = (String, String, Option<Id>, Option<String>, Timestamp);

/// Payment types in the order of their names, after `after`.
pub fn list(
    connection: &mut DbConnection,
    tenant_id: Id,
    after: Option<&str>,
    rows_max: i64,
) -> QueryResult<Vec<MappedRow>> {
    joined(tenant_id)
        .filter(payment_types::name_key.gt(after.unwrap_or_default().to_owned()))
        .order(payment_types::name_key)
        .limit(rows_max)
        .load(connection)
}

/// Those with these keys.
pub fn list_of(connection: &mut DbConnection, tenant_id: Id, keys: Vec<String>) -> QueryResult<Vec<MappedRow>> {
    joined(tenant_id)
        .filter(payment_types::name_key.eq_any(keys))
        .order(payment_types::name_key)
        .load(connection)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined(tenant_id: Id) -> _ {
    let account = accounts::tenant_id
        .eq(payment_types::tenant_id)
        .and(accounts::id.nullable().eq(payment_types::account_id));
    payment_types::table
        .left_join(accounts::table.on(account))
        .filter(payment_types::tenant_id.eq(tenant_id))
        .select((
            payment_types::name_key,
            payment_types::name,
            payment_types::account_id,
            accounts::number.nullable(),
            payment_types::updated_at,
        ))
}

impl From<MappedRow> for PaymentType {
    fn from((_, name, account_id, account_number, updated_at): MappedRow) -> Self {
        PaymentType {
            name,
            r#use: use_of(account_id),
            account_id,
            account_number,
            updated_at,
        }
    }
}

fn use_of(account_id: Option<Id>) -> PaymentTypeTarget {
    if account_id.is_some() {
        PaymentTypeTarget::OnAccount
    } else {
        PaymentTypeTarget::NotOnAccount
    }
}

/// The payment types of an import's rows, and where they go as things stand now.
///
/// # Errors
/// What the database said.
pub fn report(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    found: Vec<PaymentTypeUse>,
) -> ApiResult<Vec<(String, ImportPaymentType)>> {
    let keys = found.iter().map(|row| row.name_key.clone()).collect();
    let mut mapped: HashMap<String, MappedRow> = list_of(connection, tenant_id, keys)?
        .into_iter()
        .map(|row| (row.0.clone(), row))
        .collect();
    let types = found.into_iter().map(|row| {
        let known = mapped.remove(&row.name_key);
        let (account_id, account_number) = known.clone().map_or((None, None), |(_, _, id, number, _)| (id, number));
        let r#use = known.map_or(PaymentTypeTarget::Unmapped, |(_, _, id, ..)| use_of(id));
        let line = ImportPaymentType {
            name: row.name,
            r#use,
            account_id,
            account_number,
            row_count: row.row_count,
            amount: Money::new(row.amount_minor, currency),
            first_row: row.first_row,
        };
        (row.name_key, line)
    });
    Ok(types.collect())
}

/// Maps, marks or forgets payment types; of one that is named twice the last counts.
///
/// # Errors
/// 422 `unknown_account`, which names the places.
pub fn map(
    connection: &mut DbConnection,
    tenant_id: Id,
    now: Timestamp,
    choices: &[PaymentTypeChoice],
) -> ApiResult<Vec<PaymentType>> {
    let chosen = chosen_accounts(connection, tenant_id, choices)?;
    let rows: HashMap<String, (&PaymentTypeChoice, Option<Id>)> = choices
        .iter()
        .zip(chosen)
        .map(|(choice, account_id)| (sort_key(choice.name.as_str()), (choice, account_id)))
        .collect();
    let keys: Vec<String> = rows.keys().cloned().collect();
    diesel::delete(
        payment_types::table
            .filter(payment_types::tenant_id.eq(tenant_id))
            .filter(payment_types::name_key.eq_any(keys.clone())),
    )
    .execute(connection)?;
    for (key, (choice, account_id)) in rows {
        if account_id.is_some() || choice.not_on_account {
            diesel::insert_into(payment_types::table)
                .values((
                    payment_types::tenant_id.eq(tenant_id),
                    payment_types::name_key.eq(key),
                    payment_types::name.eq(choice.name.as_str()),
                    payment_types::account_id.eq(account_id),
                    payment_types::updated_at.eq(now),
                ))
                .execute(connection)?;
        }
    }
    let rows = list_of(connection, tenant_id, keys)?;
    Ok(rows.into_iter().map(PaymentType::from).collect())
}

/// The account that each choice names, if it names one.
fn chosen_accounts(
    connection: &mut DbConnection,
    tenant_id: Id,
    choices: &[PaymentTypeChoice],
) -> ApiResult<Vec<Option<Id>>> {
    let ids: Vec<Id> = choices.iter().filter_map(|choice| choice.account_id).collect();
    let numbers = choices.iter().filter_map(|choice| choice.account_number.as_ref());
    let numbers: Vec<String> = numbers.map(|number| number.as_str().to_owned()).collect();
    let known: Vec<(Id, String)> = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::id.eq_any(ids).or(accounts::number.eq_any(numbers)))
        .select((accounts::id, accounts::number))
        .load(connection)?;
    let by_number: HashMap<&str, Id> = known.iter().map(|(id, number)| (number.as_str(), *id)).collect();
    let by_id: HashSet<Id> = known.iter().map(|(id, _)| *id).collect();
    let mut unknown = Vec::new();
    let mut chosen = Vec::with_capacity(choices.len());
    for (place, choice) in choices.iter().enumerate() {
        let of_id = choice.account_id.filter(|id| by_id.contains(id));
        let of_number = choice
            .account_number
            .as_ref()
            .and_then(|number| by_number.get(number.as_str()).copied());
        let names_one = choice.account_id.is_some() || choice.account_number.is_some();
        if names_one && of_id.or(of_number).is_none() {
            let field = if choice.account_id.is_some() {
                "account_id"
            } else {
                "account_number"
            };
            let pointer = format!("/payment_types/{place}/{field}");
            unknown.push(FieldError::pointer(
                pointer,
                "unknown_account",
                "no account of this tenant has it",
            ));
        }
        chosen.push(of_id.or(of_number));
    }
    if unknown.is_empty() {
        return Ok(chosen);
    }
    let error = ApiError::new(Code::UnknownAccount);
    Err(unknown.into_iter().fold(error, ApiError::error))
}
