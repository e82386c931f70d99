//! `/v1/agreement`.

use actix_web::{HttpResponse, get, post, web};

use super::model::{Acceptance, AgreementStatus, NewAcceptance};
use super::{CURRENT, store};
use crate::app::AppState;
use crate::auth::{Allowed, SignedIn, can};
use crate::error::{ApiError, ApiResult, Code};
use crate::http::ValidJson;

/// Read the agreement
///
/// The data processing agreement that stands, whether this tenant has accepted it, and every acceptance so far.
#[utoipa::path(tag = "agreement", responses((status = 200, description = "The agreement that stands", body = AgreementStatus)))]
#[get("/agreement")]
pub async fn get_agreement(actor: SignedIn, app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    let tenant_id = actor.0.tenant()?.id;
    let acceptances = app
        .db
        .read(move |connection| Ok(store::list_acceptances(connection, tenant_id)?))
        .await?;
    let is_accepted = acceptances
        .iter()
        .any(|acceptance| acceptance.version == CURRENT.version);
    let (version, text) = (CURRENT.version.to_owned(), CURRENT.text.to_owned());
    Ok(HttpResponse::Ok().json(AgreementStatus {
        version,
        text,
        is_accepted,
        acceptances,
    }))
}

/// Accept the agreement
///
/// A director accepts the version that stands, by name. From then on the tenant can be used. The record is never changed.
#[utoipa::path(tag = "agreement", request_body = NewAcceptance, responses(
    (status = 201, description = "Accepted", body = Acceptance),
    (status = 409, description = "`already_accepted`, `agreement_version_outdated`"),
))]
#[post("/agreement/acceptances")]
pub async fn accept_agreement(
    actor: Allowed<can::AgreementAccept>,
    body: ValidJson<NewAcceptance>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    if body.0.version != CURRENT.version {
        return Err(ApiError::new(Code::AgreementVersionOutdated));
    }
    let acceptance = Acceptance {
        tenant_id: actor.tenant()?.id,
        id: app.clock.new_id(),
        version: body.0.version,
        user_id: actor.actor().id,
        user_name: actor.actor().name.clone(),
        accepted_at: app.clock.now(),
    };
    let recorded = acceptance.clone();
    app.db
        .write(move |connection| {
            let known = store::list_acceptances(connection, recorded.tenant_id)?;
            if known.iter().any(|known| known.version == recorded.version) {
                return Err(ApiError::new(Code::AlreadyAccepted));
            }
            store::insert_acceptance(connection, &recorded)?;
            Ok(())
        })
        .await?;
    app.actors.clear();
    Ok(HttpResponse::Created().json(acceptance))
}
