//! `/v1/customers`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};

use super::model::{Customer, CustomerWithLinks};
use super::requests::{CustomerPatch, CustomerQuery, CustomerSort, NewCustomer, NewCustomerDocument};
use super::store;
use crate::accounts;
use crate::app::AppState;
use crate::audit::{self, AuditEntry, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::{IfMatch, Page, PageQuery, ValidJson, ValidQuery, etag, respond_versioned};
use crate::id::Id;

/// Make a customer
///
/// A person has a first and a last name, a company a company name. The e-mail address need not be unique and may be
/// fictional. A check that no schema can say: the check digits of the IBAN.
#[utoipa::path(tag = "customers", request_body = NewCustomerDocument, responses(
    (status = 201, description = "Made", body = CustomerWithLinks, headers(
        ("Location" = String, description = "The customer's path"), ("ETag" = String, description = "Its version"))),
    (status = 409, description = "`customer_number_taken`"),
))]
#[post("/customers")]
pub async fn create_customer(
    actor: Allowed<can::CustomersWrite>,
    body: ValidJson<NewCustomer>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let customer = Customer::try_new(actor.tenant()?.id, app.clock.new_id(), app.clock.now(), body.0)?;
    let (author, clock, made) = (Author::of(actor.actor()), app.clock.clone(), customer.clone());
    app.db
        .write(move |connection| {
            if !store::insert_customer(connection, &made)? {
                return Err(ApiError::new(Code::CustomerNumberTaken));
            }
            let changes = Changes::new().created("name", &made.name);
            audit::record(connection, &clock, &author, subject(made.id), &changes)?;
            Ok(())
        })
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/customers/{}", customer.id)))
        .insert_header((header::ETAG, etag(customer.version, None)))
        .json(CustomerWithLinks::from(customer)))
}

/// List customers
///
/// In pages, sorted by name unless `sort` says otherwise; `q` searches names and customer numbers.
#[utoipa::path(tag = "customers", params(CustomerQuery), responses(
    (status = 200, description = "A page of customers", body = Page<CustomerWithLinks>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/customers")]
pub async fn list_customers(
    actor: Allowed<can::CustomersRead>,
    query: ValidQuery<CustomerQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, query) = (actor.tenant()?.id, query.0);
    let filters = (&query.q, query.kind, query.access, query.sort);
    let page =
        app.cursors
            .page::<(String, Id)>(tenant_id, "customers", &filters, query.limit, query.cursor.as_ref())?;
    let (after, rows_max, sort) = (page.after.clone(), page.rows_max(), query.sort);
    let rows = app
        .db
        .read(move |connection| {
            let rows = store::list_customers(connection, tenant_id, &query, after.clone(), rows_max)?;
            Ok(rows)
        })
        .await?;
    let is_by_name = !matches!(sort, Some(CustomerSort::CreatedAt | CustomerSort::CreatedAtDescending));
    let value = |customer: &Customer| {
        if is_by_name {
            customer.name_key.clone()
        } else {
            String::new()
        }
    };
    Ok(page
        .page(rows, |customer| (value(customer), customer.id))?
        .map(CustomerWithLinks::from)
        .respond(&request))
}

/// Read a customer
///
/// Its accounts are found with `GET /v1/accounts?holder=` and its id.
#[utoipa::path(tag = "customers", params(
    ("id" = Id, Path, description = "The customer"),
    ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when it is still the version"),
), responses(
    (status = 200, description = "The customer", body = CustomerWithLinks, headers(("ETag" = String, description = "Its version"))),
    (status = 304, description = "It is still the version that If-None-Match names"),
))]
#[get("/customers/{id}")]
pub async fn get_customer(
    actor: Allowed<can::CustomersRead>,
    id: web::Path<Id>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let customer = app
        .db
        .read(move |connection| store::find_customer(connection, tenant_id, id)?.ok_or_else(unknown))
        .await?;
    let customer = CustomerWithLinks::from(customer);
    Ok(respond_versioned(
        &request,
        etag(customer.customer.version, None),
        &customer,
    ))
}

/// Change a customer
///
/// Fields that are left out stay as they are; null clears a field. A person stays a person and a company a company. Accounts
/// that the customer pays for carry the new name at once.
#[utoipa::path(tag = "customers", params(
    ("id" = Id, Path, description = "The customer"),
    ("If-Match" = String, Header, description = "The ETag of the version that the change is made on", example = "\"1\""),
), request_body = CustomerPatch, responses(
    (status = 200, description = "Changed", body = CustomerWithLinks, headers(("ETag" = String, description = "The new version"))),
    (status = 409, description = "`customer_number_taken`"),
    (status = 412, description = "`precondition_failed`"),
    (status = 428, description = "`precondition_required`"),
))]
#[patch("/customers/{id}")]
pub async fn update_customer(
    actor: Allowed<can::CustomersWrite>,
    id: web::Path<Id>,
    if_match: IfMatch,
    body: ValidJson<CustomerPatch>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let customer = app
        .db
        .write(move |connection| {
            let old = store::lock_customer(connection, tenant_id, id)?.ok_or_else(unknown)?;
            if_match.check(old.version)?;
            let new = old.patched(body.0.clone(), clock.now())?;
            if new == old {
                return Ok(new);
            }
            if !store::update_customer(connection, &new)? {
                return Err(ApiError::new(Code::CustomerNumberTaken));
            }
            audit::record(connection, &clock, &author, subject(id), &old.changes(&new))?;
            if new.name != old.name {
                accounts::rename_holder(connection, tenant_id, id, &new.name, &new.name_key)?;
            }
            Ok(new)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(customer.version, None)))
        .json(CustomerWithLinks::from(customer)))
}

/// Read a customer's history
///
/// Who changed which field when, from what to what, the latest first.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer"), PageQuery), responses(
    (status = 200, description = "A page of changes", body = Page<AuditEntry>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/customers/{id}/history")]
pub async fn get_customer_history(
    actor: Allowed<can::CustomersRead>,
    id: web::Path<Id>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let page = app.cursors.page::<Id>(
        tenant_id,
        "customer-history",
        &id,
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            store::find_customer(connection, tenant_id, id)?.ok_or_else(unknown)?;
            Ok(audit::list(connection, tenant_id, subject(id), after, rows_max)?)
        })
        .await?;
    Ok(page.page(rows, |entry| entry.id)?.respond(&request))
}

fn subject(id: Id) -> Subject {
    Subject::new(SubjectKind::Customer, id)
}

fn unknown() -> ApiError {
    ApiError::new(Code::NotFound).detail("no customer of this tenant has this id")
}
