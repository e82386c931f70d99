//! One posting of a request: waits for a parallel duplicate, posts, and turns the outcome into an answer.

use std::sync::Arc;

use super::batch::{BatchItem, Outcome, post_batch};
use super::model::{Author, Entry};
use super::posting::{Action, Posting, TenantRules};
use super::rejection::Decline;
use crate::app::AppState;
use crate::auth::{Actor, Permission, TenantContext};
use crate::error::{ApiError, ApiResult};
use crate::money::{Currency, Money};
use crate::request_keys::RequestKey;

/// What a request posted, now or before.
#[derive(Debug, Clone)]
pub struct Posted {
    pub entry: Entry,
    pub currency: Currency,
    /// Whether this is the answer to an earlier request under the same key.
    pub is_replayed: bool,
    /// Whether the actor may see balance, limit and what is available.
    pub shows_available: bool,
}

/// Posts what an actor asks, under the key of the request.
///
/// # Errors
/// The problem of a decline or refusal; 409 `in_progress` when a parallel duplicate takes too long.
pub async fn post(app: &AppState, actor: &Actor, request: RequestKey, action: Action) -> ApiResult<Posted> {
    let tenant = actor.tenant()?;
    let posting = Posting {
        id: request.key,
        author: Author::from(actor),
        action,
    };
    let rules = Arc::new(TenantRules::from(tenant));
    let item = BatchItem {
        tenant_id: tenant.id,
        rules,
        request: Some(request),
        posting,
    };
    let guard = app.in_flight.enter(tenant.id, item.posting.id).await?;
    let clock = app.clock.clone();
    let outcomes = app
        .db
        .write(move |connection| {
            let _held = &guard;
            post_batch(connection, &clock, std::slice::from_ref(&item))
        })
        .await?;
    let shows_available = may_see_available(actor, tenant);
    match outcomes.into_iter().next() {
        Some(Outcome::Posted { entry, is_replayed }) => Ok(Posted {
            entry: *entry,
            currency: tenant.currency,
            is_replayed,
            shows_available,
        }),
        Some(Outcome::Declined { decline, is_replayed }) => {
            let error = decline_error(decline, tenant.currency, shows_available);
            Err(if is_replayed { error.replayed() } else { error })
        }
        Some(Outcome::Refused(rejection)) => Err(rejection.into_error(tenant.currency)),
        None => Err(ApiError::internal("a batch of one has no outcome")),
    }
}

/// People see what is available on an account; a till does when its tenant wants it.
#[must_use]
pub fn may_see_available(actor: &Actor, tenant: &TenantContext) -> bool {
    tenant.shows_available_on_till || actor.permissions.has(Permission::AccountsRead)
}

/// The problem of a decline.
fn decline_error(decline: Decline, currency: Currency, shows_available: bool) -> ApiError {
    let error = ApiError::new(decline.code.code());
    if !shows_available {
        return error;
    }
    let money = |minor| Money::new(minor, currency).to_string();
    error
        .member("available", money(decline.available_minor))
        .member("credit_limit", money(decline.credit_limit_minor))
}
