//! `/v1/customers/{id}/sharing`.

use actix_web::{HttpResponse, get, put, web};

use super::model::{Delivery, NewSharing, Sharing, SharingRow};
use super::store;
use crate::app::AppState;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{Allowed, can};
use crate::customers;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::ValidJson;
use crate::id::Id;
use crate::text::Email;
use crate::users::email_key;

/// Read how a customer shares documents
///
/// Whether the customer's invoices are shared with an accountant, and how they get there.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), responses(
    (status = 200, description = "How they are shared", body = Sharing),
))]
#[get("/customers/{id}/sharing")]
pub async fn get_sharing(
    actor: Allowed<can::CustomersRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let row = app
        .db
        .read(move |connection| {
            customers::find_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            Ok(store::find(connection, tenant_id, id)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Sharing::of(id, row)))
}

/// Share a customer's documents
///
/// From now on each new invoice and credit note of the customer appears among the accountant's shared documents
/// (`accountant_inbox`), or is mailed to the accountant (`email`), and a copy is mailed to each of the customer's
/// `recipient_emails`. What was made before is not shared, and what was shared stays so.
#[utoipa::path(tag = "customers", params(("id" = Id, Path, description = "The customer")), request_body = NewSharing, responses(
    (status = 200, description = "How they are shared from now on", body = Sharing),
    (status = 422, description = "`validation_failed`; `unknown_accountant`: nobody with this address may read exports in this tenant"),
))]
#[put("/customers/{id}/sharing")]
pub async fn set_sharing(
    actor: Allowed<can::CustomersWrite>,
    id: web::Path<Id>,
    body: ValidJson<NewSharing>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id) = (actor.tenant()?.id, id.into_inner());
    let (delivery, email) = body.0.checked()?;
    let (email, is_on) = (email.cloned(), body.0.shares_documents);
    let (author, clock) = (Author::of(actor.actor()), app.clock.clone());
    let row = app
        .db
        .write(move |connection| {
            customers::lock_customer(connection, tenant_id, id)?.ok_or_else(unknown_customer)?;
            let old = store::find(connection, tenant_id, id)?;
            let new = if is_on {
                Some(SharingRow {
                    tenant_id,
                    customer_id: id,
                    delivery,
                    accountant_id: find_accountant(connection, tenant_id, delivery, email.as_ref())?,
                    accountant_email: email.clone().map(Email::into_string).unwrap_or_default(),
                    shared_since: old.as_ref().map_or(clock.now(), |old| old.shared_since),
                })
            } else {
                None
            };
            store::replace(connection, (tenant_id, id), new.as_ref())?;
            let changes = changes(&Sharing::of(id, old), &Sharing::of(id, new.clone()));
            let subject = Subject::new(SubjectKind::Customer, id);
            audit::record(connection, &clock, &author, subject, &changes)?;
            Ok(new)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Sharing::of(id, row)))
}

/// The user whose inbox it is, where there is one. Who is unknown and who may not is the same.
fn find_accountant(
    connection: &mut DbConnection,
    tenant_id: Id,
    delivery: Delivery,
    email: Option<&Email>,
) -> ApiResult<Option<Id>> {
    let (Delivery::AccountantInbox, Some(email)) = (delivery, email) else {
        return Ok(None);
    };
    let found = store::find_accountant(connection, tenant_id, &email_key(email))?;
    found.map(Some).ok_or_else(|| ApiError::new(Code::UnknownAccountant))
}

fn changes(old: &Sharing, new: &Sharing) -> Changes {
    let address = |sharing: &Sharing| Some(sharing.accountant_email.clone()).filter(|email| !email.is_empty());
    Changes::new()
        .field("shares_documents", old.shares_documents, new.shares_documents)
        .field("delivery", old.delivery, new.delivery)
        .optional("accountant_email", address(old), address(new))
}

fn unknown_customer() -> ApiError {
    ApiError::new(Code::NotFound).detail("no customer of this tenant has this id")
}
