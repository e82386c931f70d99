//! From a request to an actor, and from an actor to a handler.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};

use super::permissions::{Demand, PermissionSet};
use super::{Actor, ActorKind, Role, TenantContext, keys, store};
use crate::app::AppState;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::headers;
use crate::id::Id;

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
        request.extensions_mut().insert(Authentication(found));
    }
    next.call(request).await
}

async fn find_actor(app: &web::Data<AppState>, headers: &HeaderMap) -> ApiResult<Arc<Actor>> {
    let token = bearer(headers)?;
    let tenant_header = tenant_header(headers)?;
    let credential = keys::key_hash(&format!(
        "{token}\n{}",
        tenant_header.map_or(String::new(), |id| id.to_string())
    ));
    if let Some(actor) = app.actors.find(&credential) {
        return Ok(actor);
    }
    let state = app.clone().into_inner();
    let token = token.to_owned();
    let actor = app
        .db
        .read(move |connection| {
            if token.starts_with(keys::KEY_PREFIX) {
                actor_of_key(connection, &token, tenant_header)
            } else {
                actor_of_token(connection, &state, &token, tenant_header)
            }
        })
        .await?;
    let actor = Arc::new(actor);
    app.actors.keep(credential, Arc::clone(&actor));
    Ok(actor)
}

fn bearer(headers: &HeaderMap) -> ApiResult<&str> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token
        .map(|(_, token)| token.trim())
        .ok_or_else(|| ApiError::new(Code::Unauthorized))
}

fn tenant_header(headers: &HeaderMap) -> ApiResult<Option<Id>> {
    let Some(value) = headers.get(headers::ONACCOUNT_TENANT) else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some)
        .ok_or_else(|| ApiError::new(Code::BadHeader).detail("Onaccount-Tenant: expected a tenant's id"))
}

fn actor_of_key(connection: &mut DbConnection, secret: &str, tenant_header: Option<Id>) -> ApiResult<Actor> {
    let key = store::find_key(connection, &keys::key_hash(secret))?;
    let key = key.ok_or_else(|| ApiError::new(Code::Unauthorized).detail("the key is unknown or revoked"))?;
    if tenant_header.is_some() {
        return Err(ApiError::new(Code::Forbidden).detail("Onaccount-Tenant is for portal administrators"));
    }
    let kind = if key.terminal_id.is_some() {
        ActorKind::Terminal
    } else {
        ActorKind::ApiKey
    };
    Ok(Actor {
        kind,
        id: key.terminal_id.unwrap_or(key.id),
        name: key.name,
        permissions: store::permissions_of(&key.permissions),
        roles: Vec::new(),
        is_portal_admin: false,
        session_id: None,
        tenant: store::find_tenant(connection, key.tenant_id)?,
    })
}

fn actor_of_token(
    connection: &mut DbConnection,
    app: &AppState,
    token: &str,
    tenant_header: Option<Id>,
) -> ApiResult<Actor> {
    let now = app.clock.now();
    let claims = app.tokens.check(token, now)?;
    let ended = || ApiError::new(Code::Unauthorized).detail("the session has ended: sign in again");
    let row = store::find_user_actor_parts(connection, claims.sid, claims.sub, now)?.ok_or_else(ended)?;
    if tenant_header.is_some() && !row.is_portal_admin {
        return Err(ApiError::new(Code::Forbidden).detail("Onaccount-Tenant is for portal administrators"));
    }
    let tenant_id = tenant_header.or(row.tenant_id);
    let tenant = match tenant_id {
        Some(id) => store::find_tenant(connection, id)?,
        None => None,
    };
    if tenant_header.is_some() && tenant.is_none() {
        return Err(ApiError::new(Code::Forbidden).detail("Onaccount-Tenant names no tenant of this portal"));
    }
    let roles = match &tenant {
        Some(TenantContext { id, .. }) => store::list_roles(connection, *id, row.user_id)?,
        None => Vec::new(),
    };
    Ok(Actor {
        kind: ActorKind::User,
        id: row.user_id,
        name: row.name,
        permissions: permissions_of_user(row.is_portal_admin, tenant_header.is_some(), &roles),
        roles,
        is_portal_admin: row.is_portal_admin,
        session_id: Some(claims.sid),
        tenant,
    })
}

/// A portal administrator who names a tenant has what its director has.
fn permissions_of_user(is_portal_admin: bool, names_tenant: bool, roles: &[Role]) -> PermissionSet {
    let acting = (is_portal_admin && names_tenant).then_some(Role::Director);
    let of_roles = roles.iter().copied().chain(acting).map(Role::permissions);
    let portal = is_portal_admin
        .then_some(super::Permission::PortalManage)
        .into_iter()
        .collect::<PermissionSet>();
    of_roles.fold(portal, PermissionSet::union)
}

fn actor_of(request: &HttpRequest) -> ApiResult<Arc<Actor>> {
    match request.extensions().get::<Authentication>() {
        Some(Authentication(Ok(actor))) => Ok(Arc::clone(actor)),
        Some(Authentication(Err(error))) => Err(error.copy()),
        None => Err(ApiError::new(Code::Unauthorized)),
    }
}

fn check_accept(request: &HttpRequest) -> ApiResult<()> {
    match request.app_data::<web::Data<AppState>>() {
        Some(app) => app.contract.check_accept(request),
        None => Ok(()),
    }
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
            check_accept(request)?;
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
            check_accept(request)?;
            Ok(SignedIn(actor))
        }))
    }
}

/// Anybody at all: an operation that needs no token says so by its signature.
pub struct Anyone;

impl FromRequest for Anyone {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check_accept(request).map(|()| Anyone))
    }
}
