//! `/v1/customers/{id}/sessions` and `/documents`: others look at what a customer sees.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::TimeDelta;

use super::http::list_documents;
use super::model::CustomerSession;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{ACCESS_TOKEN_LIFE_S, ActorKind, Allowed, NewKey, can};
use crate::customers;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{Page, PageQuery, ValidQuery};
use crate::id::Id;
use crate::invitations::CustomerAccess;
use crate::invoices::model::InvoiceSummary;
use crate::sessions::{self, Session};

/// Open a customer's account
///
/// A session of 15 minutes in which one sees what the customer sees, and can do nothing. It stands in the customer's history. Only
/// of a customer whose own access is active, whose `links` then name this path.
#[utoipa::path(tag = "own", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 201, description = "The session", body = CustomerSession),
    (status = 409, description = "`customer_not_active`"),
))]
#[post("/customers/{id}/sessions")]
pub async fn open_customer_session(
    actor: Allowed<can::StatementsRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, who, customer_id) = (actor.tenant()?.id, actor.actor().clone(), id.into_inner());
    if who.kind != ActorKind::User {
        return Err(ApiError::new(Code::Forbidden).detail("this needs a person who signed in; a key has no session"));
    }
    let now = app.clock.now();
    let session = Session {
        id: app.clock.new_id(),
        user_id: who.id,
        tenant_id: Some(tenant_id),
        viewed_customer_id: Some(customer_id),
        created_at: now,
        refreshed_at: now,
        expires_at: now.plus(TimeDelta::seconds(ACCESS_TOKEN_LIFE_S)),
    };
    let opened = CustomerSession {
        id: session.id,
        customer_id,
        access_token: app.tokens.issue(who.id, session.id, now)?,
        token_type: "Bearer",
        expires_at: session.expires_at,
    };
    // a hash of what nobody has: there is no refresh token
    let refresh_hash = NewKey::try_new("")?.hash;
    let (author, clock) = (Author::of(&who), app.clock.clone());
    app.db
        .write(move |connection| {
            let customer = find_customer(connection, tenant_id, customer_id)?;
            if customer.access != CustomerAccess::Active {
                return Err(ApiError::new(Code::CustomerNotActive));
            }
            sessions::store::insert(connection, &session, &refresh_hash, now.plus(-sessions::SESSION_LIFE))?;
            let changes = Changes::new().created("opened_by", &who.name);
            let subject = Subject::new(SubjectKind::Customer, customer_id);
            Ok(audit::record(connection, &clock, &author, subject, &changes)?)
        })
        .await?;
    Ok(HttpResponse::Created().json(opened))
}

/// List a customer's documents
///
/// The invoices and credit notes that the customer pays, the newest number first: what the customer finds among their own.
#[utoipa::path(tag = "own", params(("id" = Id, Path, description = "The customer"), PageQuery), responses(
    (status = 200, description = "A page of invoices", body = Page<InvoiceSummary>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/customers/{id}/documents")]
pub async fn list_customer_documents(
    actor: Allowed<can::StatementsRead>,
    id: web::Path<Id>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant, customer_id) = (actor.tenant()?.clone(), id.into_inner());
    let tenant_id = tenant.id;
    let customers = move |connection: &mut DbConnection| {
        find_customer(connection, tenant_id, customer_id).map(|customer| vec![customer.id])
    };
    list_documents(&app, &tenant, customer_id, customers, query.0, &request).await
}

fn find_customer(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<customers::Customer> {
    let found = customers::find_customer(connection, tenant_id, id)?;
    found.ok_or_else(|| ApiError::new(Code::NotFound).detail("no customer of this tenant has this id"))
}
