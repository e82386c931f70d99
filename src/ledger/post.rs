//! One posting of a request: waits for a parallel duplicate, goes through the queue, and turns the outcome into an answer.

use std::sync::Arc;

use super::batch::{BatchItem, Outcome};
use super::model::{Author, Entry};
use super::posting::{AccountRef, Action, Posting, TenantRules};
use super::rejection::Decline;
use crate::app::AppState;
use crate::auth::{Actor, Permission, TenantContext};
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::request_keys::RequestKey;

/// What a request posted, now or before.
#[derive(Debug, Clone)]
pub struct Posted {
    pub entry: Arc<Entry>,
    pub currency: Currency,
    /// Whether this is the answer to an earlier request under the same key.
    pub is_replayed: bool,
    /// Whether the actor may see balance, limit and what is available.
    pub shows_available: bool,
}

/// What a till's void came to.
#[derive(Debug, Clone)]
pub enum Voided {
    /// The sale is undone.
    Posted(Box<Posted>),
    /// The sale is not recorded yet, and will not be posted when it comes.
    AwaitingSale {
        sale_id: Id,
        account_id: Id,
        is_replayed: bool,
    },
}

/// Posts what an actor asks, under the key of the request.
///
/// # Errors
/// The problem of a decline or refusal; 409 `in_progress` when a parallel duplicate takes too long.
pub async fn post(app: &AppState, actor: &Actor, request: RequestKey, action: Action) -> ApiResult<Posted> {
    match submit(app, actor, request, action).await? {
        Voided::Posted(posted) => Ok(*posted),
        Voided::AwaitingSale { .. } => Err(ApiError::internal("only a void waits for its sale")),
    }
}

/// Takes back a sale, also one that is still on its way.
///
/// # Errors
/// As [`post`].
pub async fn void(
    app: &AppState,
    actor: &Actor,
    request: RequestKey,
    sale_id: Id,
    account: AccountRef,
) -> ApiResult<Voided> {
    submit(app, actor, request, Action::Void { sale_id, account }).await
}

async fn submit(app: &AppState, actor: &Actor, request: RequestKey, action: Action) -> ApiResult<Voided> {
    let tenant = actor.tenant()?;
    let item = item(actor, tenant, request, action);
    let guard = app.in_flight.enter(tenant.id, item.posting.id).await?;
    let shows_available = may_see_available(actor, tenant);
    match app.postings.post(item, guard).await? {
        Outcome::Posted { entry, is_replayed } => Ok(Voided::Posted(Box::new(Posted {
            entry,
            currency: tenant.currency,
            is_replayed,
            shows_available,
        }))),
        Outcome::AwaitingSale {
            sale_id,
            account_id,
            is_replayed,
        } => Ok(Voided::AwaitingSale {
            sale_id,
            account_id,
            is_replayed,
        }),
        Outcome::Declined { decline, is_replayed } => {
            let error = decline_error(decline, tenant.currency, shows_available);
            Err(if is_replayed { error.replayed() } else { error })
        }
        Outcome::Refused(rejection) => Err(rejection.into_error(tenant.currency)),
    }
}

/// What a request asks of the ledger, in the actor's name and by the tenant's rules.
#[must_use]
pub fn item(actor: &Actor, tenant: &TenantContext, request: RequestKey, action: Action) -> BatchItem {
    BatchItem {
        tenant_id: tenant.id,
        rules: Arc::new(TenantRules::from(tenant)),
        posting: Posting {
            id: request.key,
            author: Author::from(actor),
            action,
        },
        request: Some(request),
    }
}

/// People see what is available on an account; a till does when its tenant wants it.
#[must_use]
pub fn may_see_available(actor: &Actor, tenant: &TenantContext) -> bool {
    tenant.shows_available_on_till || actor.permissions.has(Permission::AccountsRead)
}

/// The problem of a decline.
pub fn decline_error(decline: Decline, currency: Currency, shows_available: bool) -> ApiError {
    let error = ApiError::new(decline.code.code());
    if !shows_available {
        return error;
    }
    let money = |minor| Money::new(minor, currency).to_string();
    error
        .member("available", money(decline.available_minor))
        .member("credit_limit", money(decline.credit_limit_minor))
}
