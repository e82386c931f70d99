//! `/v1/sales` and `/v1/refunds`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::model::{AwaitingSale, DeclinedSale, Sale, SaleDetail, SaleState, VoidedSale};
use super::requests::{
    NewRefund, NewRefundWithoutSale, NewSale, NewVoid, account_of, amount_and_lines, choice_of, details_of,
};
use super::store::{self, Found};
use crate::app::AppState;
use crate::auth::{Actor, ActorKind, Allowed, can};
use crate::error::{ApiError, ApiResult, Code, messages};
use crate::http::{IdempotencyKey, Language, ValidJson};
use crate::id::Id;
use crate::ledger::{self, Action, Refund, Voided, may_see_available};
use crate::mutations::{Mutation, accepted, created, mutation_created};
use crate::request_keys::RequestKey;

/// Post a sale
///
/// Accepted (201) or declined (409 with `till_message`), for good: the answer is kept under the key, so that after a lost
/// connection the same request under the same key gets the same answer and nothing is posted twice. The lines must add up
/// to the amount (422 otherwise).
#[utoipa::path(tag = "till", request_body = NewSale, params(
    ("Idempotency-Key" = Id, Header, description = "A UUID that the till makes and stores before it sends; it becomes the sale's id"),
), responses(
    (status = 201, description = "Posted", body = Sale, headers(
        ("Location" = String, description = "The sale's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "Declined: `limit_exceeded`, `account_inactive`, `account_blocked`, `account_closed`, \
        `on_account_not_allowed`, `occurred_at_ahead`, `occurred_at_too_old`, `offline_not_accepted`; \
        `reversed_before_arrival`; or `in_progress`"),
    (status = 422, description = "`validation_failed`, `unknown_account`, `idempotency_key_reused`, `amount_overflow`"),
))]
#[post("/sales")]
pub async fn post_sale(
    actor: Allowed<can::TillPost>,
    key: IdempotencyKey,
    body: ValidJson<NewSale>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "post_sale", &(), &body.0)?;
    let currency = actor.tenant()?.currency;
    let action = body.0.into_action(currency)?;
    let posted = ledger::post(&app, actor.actor(), request, action).await?;
    let sale = Sale::new(&posted.entry, posted.currency, posted.shows_available);
    Ok(created(&format!("/v1/sales/{}", sale.id), posted.is_replayed, &sale))
}

/// Look up a sale
///
/// By the key under which it was sent: posted, declined, or voided before it arrived, see `status`. 404 means not recorded yet: send it again with the
/// same key, and never take another tender on a 404 alone.
#[utoipa::path(tag = "till", params(("id" = Id, Path, description = "The sale's key")), responses(
    (status = 200, description = "The sale: posted, declined, or voided before it arrived", body = SaleState),
))]
#[get("/sales/{id}")]
pub async fn get_sale(
    actor: Allowed<can::TillPost>,
    id: web::Path<Id>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let (tenant_id, id) = (tenant.id, id.into_inner());
    let found = app
        .db
        .read(move |connection| store::find_sale(connection, tenant_id, id))
        .await?;
    let shows_available = may_see_available(actor.actor(), tenant);
    let state = match found.ok_or_else(not_recorded_yet)? {
        Found::Posted(entry, target) => {
            let sale = Sale::new(&entry, tenant.currency, shows_available);
            SaleState::Posted(Box::new(SaleDetail::new(sale, *target, tenant.currency)))
        }
        Found::Voided(key) => SaleState::Voided(VoidedSale::from(*key)),
        Found::Declined(key, decline) => {
            let language = Language::of(request.headers());
            let message = messages::till_message(decline.code.code(), language).unwrap_or_default();
            SaleState::Declined(DeclinedSale::new(
                &key,
                decline,
                message,
                tenant.currency,
                shows_available,
            ))
        }
    };
    Ok(HttpResponse::Ok().json(state))
}

fn not_recorded_yet() -> ApiError {
    ApiError::new(Code::NotFound).detail("not recorded yet: send it again under the same key, or void it")
}

/// Refund a sale
///
/// Line by line and quantity by quantity, or without `lines` all that is left. Never more than was sold, to the cent. A till
/// refunds a sale of another till of the venue, too.
#[utoipa::path(tag = "till", request_body = NewRefund, params(
    ("id" = Id, Path, description = "The sale"),
    ("Idempotency-Key" = Id, Header, description = "A UUID that becomes the refund's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The mutation's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`already_reversed`, `nothing_to_refund`, `refund_before_sale`, `occurred_at_ahead`, \
        `occurred_at_too_old`, `account_inactive`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `more_than_sold`, `refund_negative`, `idempotency_key_reused`"),
))]
#[post("/sales/{id}/refunds")]
pub async fn refund_sale(
    actor: Allowed<can::TillPost>,
    key: IdempotencyKey,
    sale_id: web::Path<Id>,
    body: ValidJson<NewRefund>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "refund_sale", &*sale_id, &body.0)?;
    let refund = body.0;
    check_people_leave_the_time_out(actor.actor(), &refund)?;
    let action = Action::Refund(Refund {
        sale_id: sale_id.into_inner(),
        occurred_at: refund.occurred_at,
        choice: choice_of(refund.lines),
        reason: refund.reason.map(crate::text::Reason::into_string),
        details: details_of(refund.receipt_number, refund.operator, refund.reference),
    });
    let posted = ledger::post(&app, actor.actor(), request, action).await?;
    Ok(mutation_created(&posted))
}

/// What the back office posts happens when it is posted, so that it never alters a past period.
fn check_people_leave_the_time_out(actor: &Actor, refund: &NewRefund) -> ApiResult<()> {
    if actor.kind == ActorKind::User && refund.occurred_at.is_some() {
        return Err(ApiError::field(
            "/occurred_at",
            "not_for_people",
            "leave it out: only a till says when it happened",
        ));
    }
    Ok(())
}

/// Void a sale
///
/// The goods and the money have gone back already. The sale is reversed; one that stands on an invoice is refunded instead,
/// with the flag `voided_as_refund`. A sale that is not recorded yet (its connection was lost) is claimed: 202, and when it
/// comes it is answered `reversed_before_arrival` and never posted.
#[utoipa::path(tag = "till", request_body = NewVoid, params(
    ("id" = Id, Path, description = "The sale"),
    ("Idempotency-Key" = Id, Header, description = "A UUID of its own, not the sale's; it becomes the mutation's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The mutation's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 202, description = "The sale is not recorded yet, and will not be posted", body = AwaitingSale, headers(
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`already_reversed`, `has_refunds`, `sale_declined`, `nothing_to_refund`, \
        `account_inactive`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `unknown_account`, `idempotency_key_reused`"),
))]
#[post("/sales/{id}/void")]
pub async fn void_sale(
    actor: Allowed<can::TillPost>,
    key: IdempotencyKey,
    sale_id: web::Path<Id>,
    body: ValidJson<NewVoid>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "void_sale", &*sale_id, &body.0)?;
    let account = account_of(body.0.account_id, body.0.account_number);
    let voided = ledger::void(&app, actor.actor(), request, sale_id.into_inner(), account).await?;
    Ok(match voided {
        Voided::Posted(posted) => mutation_created(&posted),
        Voided::AwaitingSale {
            sale_id,
            account_id,
            is_replayed,
        } => accepted(is_replayed, &AwaitingSale::new(sale_id, account_id)),
    })
}

/// Refund without a sale
///
/// Gives money back that belongs to no sale, with a reason and lines of its own, which add up to the amount.
#[utoipa::path(tag = "till", request_body = NewRefundWithoutSale, params(
    ("Idempotency-Key" = Id, Header, description = "A UUID that becomes the refund's id"),
), responses(
    (status = 201, description = "Posted", body = Mutation, headers(
        ("Location" = String, description = "The mutation's path"),
        ("Idempotent-Replayed" = String, description = "`true`: the answer to an earlier request under this key"))),
    (status = 409, description = "`account_inactive`, `in_progress`"),
    (status = 422, description = "`validation_failed`, `unknown_account`, `idempotency_key_reused`, `amount_overflow`"),
))]
#[post("/refunds")]
pub async fn refund_without_sale(
    actor: Allowed<can::RefundsWithoutSale>,
    key: IdempotencyKey,
    body: ValidJson<NewRefundWithoutSale>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let request = RequestKey::try_new(key, "refund_without_sale", &(), &body.0)?;
    let currency = actor.tenant()?.currency;
    let refund = body.0;
    let (amount_minor, lines) = amount_and_lines(refund.amount, refund.lines, currency)?;
    let action = Action::RefundWithoutSale {
        account: account_of(refund.account_id, refund.account_number),
        occurred_at: None,
        amount_minor,
        lines,
        reason: refund.reason.into_string(),
        details: details_of(None, None, refund.reference),
    };
    let posted = ledger::post(&app, actor.actor(), request, action).await?;
    Ok(mutation_created(&posted))
}
