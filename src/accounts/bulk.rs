//! Opening many accounts at once, for an import: each held by a customer, active, on-account purchases permitted.

use std::sync::Arc;

use super::changes::subject;
use super::holders::HolderKind;
use super::store::NewAccountRow;
use super::{AccountStatus, native, numbers};
use crate::audit::{self, Changes};
use crate::auth::TenantContext;
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::http::IdempotencyKey;
use crate::id::Id;
use crate::ledger::{self, Action, BatchItem, Outcome, Posting, TenantRules};
use crate::request_keys::RequestKey;

/// An account that is to be opened.
#[derive(Debug, Clone)]
pub struct HeldAccount {
    pub id: Id,
    /// Who pays for it, and their name.
    pub customer_id: Id,
    pub name: String,
    pub name_key: String,
    /// Its first limit, 0 or more, in minor units.
    pub limit_minor: i64,
}

/// Opens the accounts in their order, with following numbers, in the caller's transaction. A limit is posted to the ledger, with
/// this reason.
///
/// # Errors
/// What the database said, or the ledger when a limit is too large.
pub fn open_many(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    (trail, poster): (&audit::Author, &ledger::Author),
    reason: &str,
    asked: &[HeldAccount],
) -> ApiResult<()> {
    let now = clock.now();
    let numbers = numbers::take_many(connection, tenant.id, tenant.number, asked.len())?;
    let rows: Vec<NewAccountRow> = asked
        .iter()
        .zip(numbers)
        .map(|(account, number)| NewAccountRow {
            tenant_id: tenant.id,
            id: account.id,
            number,
            status: AccountStatus::Active,
            on_account_allowed: true,
            shown_on_till: true,
            name: account.name.clone(),
            name_key: account.name_key.clone(),
            created_at: now,
        })
        .collect();
    let holders: Vec<native::NewHolder> = asked
        .iter()
        .map(|account| native::NewHolder {
            tenant_id: tenant.id,
            account_id: account.id,
            customer_id: account.customer_id,
            kind: HolderKind::Billing,
            linked_at: now,
        })
        .collect();
    native::insert_accounts(connection, &rows, &holders)?;
    let changes: Vec<_> = rows
        .iter()
        .zip(asked)
        .map(|(row, account)| {
            let holder = format!("holders.{}", account.customer_id);
            let changes = Changes::new()
                .created("number", &row.number)
                .created(&holder, HolderKind::Billing);
            (subject(row.id), changes.created("status", AccountStatus::Active))
        })
        .collect();
    audit::record_all(connection, clock, trail, &changes)?;
    post_limits(connection, clock, tenant, poster, reason, asked)
}

fn post_limits(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    poster: &ledger::Author,
    reason: &str,
    asked: &[HeldAccount],
) -> ApiResult<()> {
    let rules = Arc::new(TenantRules::from(tenant));
    let limited = asked.iter().filter(|account| account.limit_minor != 0);
    let items = limited
        .map(|account| {
            let id = clock.new_id();
            // As any mutation that somebody asked for, it stands under a key.
            let request = RequestKey::try_new(IdempotencyKey(id), "commit_import", &account.id, &account.limit_minor)?;
            Ok(BatchItem {
                tenant_id: tenant.id,
                rules: Arc::clone(&rules),
                request: Some(request),
                posting: Posting {
                    id,
                    author: poster.clone(),
                    action: Action::LimitChange {
                        account_id: account.id,
                        change_minor: account.limit_minor,
                        reason: reason.to_owned(),
                    },
                },
            })
        })
        .collect::<ApiResult<Vec<BatchItem>>>()?;
    for outcome in ledger::post_batch(connection, clock, &items)? {
        match outcome {
            Outcome::Posted { .. } => {}
            Outcome::Declined { .. } | Outcome::AwaitingSale { .. } => {
                return Err(ApiError::internal("a limit was not posted"));
            }
            Outcome::Refused(rejection) => return Err(rejection.into_error(tenant.currency)),
        }
    }
    Ok(())
}
