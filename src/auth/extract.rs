//! From a request to an actor, and from an actor to a handler.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use chrono::TimeDelta;

use super::permissions::Demand;
use super::{Actor, TenantContext, keys, lookup, store};
use crate::app::AppState;
use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult, Code, FieldError};
use crate::http::headers;
use crate::id::Id;

/// A key's last use is noted no more often than this.
const KEY_USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Who is asking, found once at the edge; kept with the request for the extractors below.
struct Authentication(ApiResult<Arc<Actor>>);

/// Looks up who is asking. It refuses nobody: an operation that needs no one must not fail on a stale token.
///
/// # Errors
/// What the handlers answer.
pub async fn authenticate(
    app: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.path().starts_with("/v1/") {
        let found = find_actor(&app, request.headers()).await;
        if let Some(tenant) = found.as_ref().ok().and_then(|actor| actor.tenant.as_ref()) {
            tracing::Span::current().record("tenant", tracing::field::display(tenant.id));
        }
        request.extensions_mut().insert(Authentication(found));
    }
    next.call(request).await
}

async fn find_actor(app: &web::Data<AppState>, headers: &HeaderMap) -> ApiResult<Arc<Actor>> {
    let token = bearer(headers)?;
    let tenant_header = tenant_header(headers)?;
    let credential_hash = keys::key_hash(&format!(
        "{token}\n{}",
        tenant_header.map_or(String::new(), |id| id.to_string())
    ));
    if let Some(actor) = app.actors.find(&credential_hash) {
        return Ok(actor);
    }
    let ticket = app.actors.ticket();
    let now = app.clock.now();
    let actor = if token.starts_with(keys::KEY_PREFIX) {
        actor_of_key(app, keys::key_hash(token), tenant_header, now).await?
    } else {
        // Before the database is asked: nonsense costs it nothing.
        let claims = app.tokens.check(token, now)?;
        app.db
            .read(move |connection| lookup::actor_of_session(connection, claims.sid, claims.sub, tenant_header, now))
            .await?
    };
    let actor = Arc::new(actor);
    app.actors.keep(ticket, credential_hash, Arc::clone(&actor));
    Ok(actor)
}

async fn actor_of_key(
    app: &web::Data<AppState>,
    key_hash: Vec<u8>,
    tenant_header: Option<Id>,
    now: Timestamp,
) -> ApiResult<Actor> {
    let (actor, key) = app
        .db
        .read(move |connection| lookup::actor_of_key(connection, &key_hash, tenant_header))
        .await?;
    let noted_before = now.plus(-KEY_USE_NOTED_EVERY);
    if key.last_used_at.is_none_or(|at| at < noted_before) {
        let app = app.clone();
        // Not on the request's own path: the answer does not wait for it.
        actix_web::rt::spawn(async move {
            let noted = app
                .db
                .write(move |connection| Ok(store::touch_key(connection, key.id, now, noted_before)?))
                .await;
            if let Err(error) = noted {
                tracing::warn!(cause = error.cause_text(), "the use of a key was not noted");
            }
        });
    }
    Ok(actor)
}

fn bearer(headers: &HeaderMap) -> ApiResult<&str> {
    let unauthorized = || ApiError::new(Code::Unauthorized);
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next().ok_or_else(unauthorized)?;
    if values.next().is_some() {
        return Err(unauthorized().detail("send one Authorization header"));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(unauthorized())
    }
}

fn tenant_header(headers: &HeaderMap) -> ApiResult<Option<Id>> {
    let mut values = headers.get_all(headers::ONACCOUNT_TENANT);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    id.filter(|_| values.next().is_none()).map(Some).ok_or_else(|| {
        let error = FieldError::header(
            "Onaccount-Tenant",
            "invalid_value",
            "expected the id of one tenant, a UUID, not its number: GET /v1/tenants lists them",
        );
        ApiError::new(Code::BadHeader).detail(error.sentence()).error(error)
    })
}

fn actor_of(request: &HttpRequest) -> ApiResult<Arc<Actor>> {
    match request.extensions().get::<Authentication>() {
        Some(Authentication(Ok(actor))) => Ok(Arc::clone(actor)),
        Some(Authentication(Err(error))) => Err(error.copy()),
        None => Err(ApiError::new(Code::Unauthorized)),
    }
}

/// What the contract says of any request, once it is known that the actor may ask.
fn check_contract(request: &HttpRequest) -> ApiResult<()> {
    let Some(app) = request.app_data::<web::Data<AppState>>() else {
        return Ok(());
    };
    app.contract.check_accept(request)?;
    app.contract.check_query(request)
}

/// An actor who has the permission `P`, in a tenant that has accepted the agreement. First among a handler's arguments,
/// so that nobody learns from a 4xx what they may not see.
pub struct Allowed<P> {
    actor: Arc<Actor>,
    demand: PhantomData<P>,
}

impl<P> Allowed<P> {
    /// Who is asking.
    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The tenant of this request.
    ///
    /// # Errors
    /// Never for a permission within a tenant: the extractor has checked.
    pub fn tenant(&self) -> ApiResult<&TenantContext> {
        self.actor.tenant()
    }
}

impl<P: Demand> FromRequest for Allowed<P> {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(actor_of(request).and_then(|actor| {
            actor.check(P::PERMISSION)?;
            check_contract(request)?;
            Ok(Allowed {
                actor,
                demand: PhantomData,
            })
        }))
    }
}

/// Anybody who has signed in or has a key, with or without a tenant.
pub struct SignedIn(pub Arc<Actor>);

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(actor_of(request).and_then(|actor| {
            check_contract(request)?;
            Ok(SignedIn(actor))
        }))
    }
}

/// A person who has signed in, with or without a tenant. Keys have no session, and one that looks at what a customer sees
/// changes nothing.
pub struct SignedInUser {
    /// Who is asking.
    pub actor: Arc<Actor>,
    /// Their session.
    pub session_id: Id,
}

impl FromRequest for SignedInUser {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(actor_of(request).and_then(|actor| {
            let session_id = actor.session_id.ok_or_else(|| {
                ApiError::new(Code::Forbidden).detail("this needs a person who signed in; a key has no session")
            })?;
            if actor.viewed_customer.is_some() {
                return Err(ApiError::new(Code::Forbidden).detail("this session only looks at what a customer sees"));
            }
            check_contract(request)?;
            Ok(SignedInUser { actor, session_id })
        }))
    }
}

/// Anybody at all: an operation that needs no token says so by its signature.
pub struct Anyone;

impl FromRequest for Anyone {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check_contract(request).map(|()| Anyone))
    }
}
