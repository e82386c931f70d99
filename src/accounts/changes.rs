//! Changes of accounts, each whole within the transaction of its caller: lock, decide, write, record in the trail.

use super::AccountStatus;
use super::holders::{HolderKind, check_leaving, decide_holder};
use super::model::{Account, AccountRow, Holder};
use super::requests::{AccountPatch, NewAccount};
use super::status::StatusChange;
use super::store::{self, NewAccountRow};
use super::{has_uninvoiced, numbers};
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::Actor;
use crate::clock::Clock;
use crate::customers::{self, Customer};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{IfMatch, IfMatchOptional};
use crate::id::Id;
use crate::money::Currency;

/// Who changes accounts of which tenant.
#[derive(Clone)]
pub struct Changer {
    pub tenant_id: Id,
    tenant_number: i64,
    currency: Currency,
    author: Author,
    clock: Clock,
}

/// What is linked to whom.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub account_id: Id,
    pub customer_id: Id,
}

impl Changer {
    /// The one who asks, in the tenant of the request.
    ///
    /// # Errors
    /// 403 `tenant_not_chosen`.
    pub fn new(actor: &Actor, clock: &Clock) -> ApiResult<Self> {
        let tenant = actor.tenant()?;
        Ok(Changer {
            tenant_id: tenant.id,
            tenant_number: tenant.number,
            currency: tenant.currency,
            author: Author::of(actor),
            clock: clock.clone(),
        })
    }

    /// Makes an account: inactive, with balance and limit 0.
    pub fn create(&self, connection: &mut DbConnection, new: &NewAccount) -> ApiResult<Account> {
        let holder = match new.holder_id {
            Some(id) => Some(self.holder_of_body(connection, id)?),
            None => None,
        };
        let number = match &new.number {
            Some(number) => {
                numbers::hold(connection, self.tenant_id)?;
                number.clone().into_string()
            }
            None => numbers::take(connection, self.tenant_id, self.tenant_number)?,
        };
        let row = NewAccountRow {
            tenant_id: self.tenant_id,
            id: self.clock.new_id(),
            number,
            status: AccountStatus::Inactive,
            on_account_allowed: new.on_account_allowed,
            shown_on_till: new.shown_on_till,
            name: holder.as_ref().map(|holder| holder.name.clone()).unwrap_or_default(),
            name_key: holder
                .as_ref()
                .map(|holder| holder.name_key.clone())
                .unwrap_or_default(),
            created_at: self.clock.now(),
        };
        if !store::insert_account(connection, &row)? {
            return Err(ApiError::new(Code::AccountNumberTaken));
        }
        let mut changes = Changes::new().created("number", &row.number);
        if let Some(holder) = holder {
            let (kind, now) = (HolderKind::Billing, self.clock.now());
            store::upsert_holder(connection, self.tenant_id, row.id, holder.id, kind, now)?;
            changes = changes.created(&holder_field(holder.id), kind);
        }
        self.record(connection, row.id, &changes)?;
        self.read(connection, row.id)
    }

    fn holder_of_body(&self, connection: &mut DbConnection, id: Id) -> ApiResult<Customer> {
        customers::lock_customer(connection, self.tenant_id, id)?.ok_or_else(|| {
            ApiError::new(Code::UnknownCustomer).error(crate::error::FieldError::pointer(
                "/holder_id",
                Code::UnknownCustomer.as_str(),
                "no customer of this tenant has this id",
            ))
        })
    }

    /// Changes flags.
    pub fn patch(
        &self,
        connection: &mut DbConnection,
        id: Id,
        if_match: IfMatch,
        patch: &AccountPatch,
    ) -> ApiResult<Account> {
        let account = self.lock(connection, id)?;
        if_match.check(account.settings_version)?;
        let is_allowed = patch.on_account_allowed.unwrap_or(account.on_account_allowed);
        let is_shown = patch.shown_on_till.unwrap_or(account.shown_on_till);
        let changes = Changes::new()
            .field("on_account_allowed", account.on_account_allowed, is_allowed)
            .field("shown_on_till", account.shown_on_till, is_shown);
        if !changes.is_empty() {
            store::update_flags(connection, self.tenant_id, id, is_allowed, is_shown)?;
            self.record(connection, id, &changes)?;
        }
        self.read(connection, id)
    }

    /// Changes the status, when the account's state allows it.
    pub fn change_status(
        &self,
        connection: &mut DbConnection,
        id: Id,
        if_match: IfMatchOptional,
        change: StatusChange,
        reason: Option<&str>,
    ) -> ApiResult<Account> {
        let account = self.lock(connection, id)?;
        if_match.check(account.settings_version)?;
        let has_uninvoiced = change == StatusChange::Close && has_uninvoiced(connection, self.tenant_id, id)?;
        let status = change.decide(account.status, account.balance_minor, has_uninvoiced)?;
        store::update_status(connection, self.tenant_id, id, status)?;
        let changes = Changes::new().field("status", account.status, status);
        let changes = changes.optional("reopen_reason", None, reason);
        self.record(connection, id, &changes)?;
        self.read(connection, id)
    }

    /// Links a customer, or changes what they are to the account.
    pub fn put_holder(
        &self,
        connection: &mut DbConnection,
        link: Link,
        if_match: IfMatchOptional,
        asked: Option<HolderKind>,
    ) -> ApiResult<Account> {
        // The customer before the account, as a rename does, so that neither waits for the other.
        let customer = customers::lock_customer(connection, self.tenant_id, link.customer_id)?;
        let account = self.lock(connection, link.account_id)?;
        let customer = customer.ok_or_else(unknown_customer)?;
        if_match.check(account.settings_version)?;
        let holders = store::list_holders(connection, self.tenant_id, &[account.id])?;
        let kind = decide_holder(&holders, customer.id, asked)?;
        let changes = holder_changes(&holders, customer.id, kind);
        if changes.is_empty() {
            return self.read(connection, account.id);
        }
        let now = self.clock.now();
        store::upsert_holder(connection, self.tenant_id, account.id, customer.id, kind, now)?;
        let (name, name_key) = match kind {
            HolderKind::Billing => (customer.name, customer.name_key),
            HolderKind::Viewer => (account.name.clone(), account.name_key.clone()),
        };
        store::update_name(connection, self.tenant_id, account.id, &name, &name_key)?;
        let changes = changes.optional("name", filled(&account.name), filled(&name));
        self.record(connection, account.id, &changes)?;
        self.read(connection, account.id)
    }

    /// Unlinks a customer; the payer goes last.
    pub fn delete_holder(&self, connection: &mut DbConnection, link: Link, if_match: IfMatchOptional) -> ApiResult<()> {
        let account = self.lock(connection, link.account_id)?;
        let holders = store::list_holders(connection, self.tenant_id, &[account.id])?;
        let leaving = holders.iter().find(|holder| holder.customer_id == link.customer_id);
        let leaving =
            leaving.ok_or_else(|| ApiError::new(Code::NotFound).detail("this customer does not hold the account"))?;
        if_match.check(account.settings_version)?;
        check_leaving(&holders, leaving)?;
        store::delete_holder(connection, self.tenant_id, account.id, leaving.customer_id)?;
        let (name, name_key) = match leaving.kind {
            HolderKind::Billing => ("", ""),
            HolderKind::Viewer => (account.name.as_str(), account.name_key.as_str()),
        };
        store::update_name(connection, self.tenant_id, account.id, name, name_key)?;
        let changes = Changes::new()
            .optional(&holder_field(leaving.customer_id), Some(leaving.kind), None)
            .optional("name", filled(&account.name), filled(name));
        self.record(connection, account.id, &changes)?;
        Ok(())
    }

    fn lock(&self, connection: &mut DbConnection, id: Id) -> ApiResult<AccountRow> {
        store::lock_account(connection, self.tenant_id, id)?.ok_or_else(unknown_account)
    }

    /// The account as it is now.
    pub fn read(&self, connection: &mut DbConnection, id: Id) -> ApiResult<Account> {
        read(connection, self.tenant_id, self.currency, id)
    }

    fn record(&self, connection: &mut DbConnection, id: Id, changes: &Changes) -> ApiResult<()> {
        Ok(audit::record(
            connection,
            &self.clock,
            &self.author,
            subject(id),
            changes,
        )?)
    }
}

/// The account with its holders.
///
/// # Errors
/// 404 `not_found`.
pub fn read(connection: &mut DbConnection, tenant_id: Id, currency: Currency, id: Id) -> ApiResult<Account> {
    let row = store::find_account(connection, tenant_id, id)?.ok_or_else(unknown_account)?;
    let holders = store::list_holders(connection, tenant_id, &[id])?;
    Ok(Account::new(row, holders, currency))
}

/// The account in the trail.
#[must_use]
pub fn subject(id: Id) -> Subject {
    Subject::new(SubjectKind::Account, id)
}

/// 404 of an account.
#[must_use]
pub fn unknown_account() -> ApiError {
    ApiError::new(Code::NotFound).detail("no account of this tenant has this id")
}

fn unknown_customer() -> ApiError {
    ApiError::new(Code::NotFound).detail("no customer of this tenant has this id")
}

/// The field of the trail that says what a customer is to the account.
fn holder_field(customer_id: Id) -> String {
    format!("holders.{customer_id}")
}

/// What changes when the customer becomes `kind`: whoever paid before has insight when they pay now.
fn holder_changes(holders: &[Holder], customer_id: Id, kind: HolderKind) -> Changes {
    let current = holders.iter().find(|holder| holder.customer_id == customer_id);
    let changes = Changes::new().optional(
        &holder_field(customer_id),
        current.map(|holder| holder.kind),
        Some(kind),
    );
    let paid = |holder: &&Holder| holder.kind == HolderKind::Billing && holder.customer_id != customer_id;
    match holders.iter().find(paid) {
        Some(before) if kind == HolderKind::Billing => changes.field(
            &holder_field(before.customer_id),
            HolderKind::Billing,
            HolderKind::Viewer,
        ),
        _ => changes,
    }
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
