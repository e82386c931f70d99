//! `POST /v1/sales/batch`: what an offline till has kept, in the order in which it happened.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::requests::{BatchSale, NewSaleBatch};
use crate::app::AppState;
use crate::auth::{Allowed, TenantContext, can};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::http::boundary::RequestId;
use crate::http::{IdempotencyKey, Language, ValidJson, parse_valid};
use crate::id::Id;
use crate::ledger::{self, Action, BatchItem, Entry, Flag, Outcome, PostingQueue, Way, flags_of, may_see_available};
use crate::money::Money;
use crate::request_keys::RequestKey;
use crate::text_enum;

/// The largest batch, in bytes.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// The most lines that the sales of a batch may have together.
const BATCH_LINES_MAX: usize = 10_000;
/// How many sales take their turn at once, so that the sales of other tills pass between.
const SLICE: usize = 100;

text_enum! {
    /// What became of a sale of a batch.
    pub enum SaleOutcome {
        /// It is in the ledger.
        Posted => "posted",
        /// It is in the ledger, and the back office should look at it: see `flags`.
        PostedFlagged => "posted_flagged",
        /// It was declined, for good: see `problem`.
        Declined => "declined",
        /// It was answered before, and nothing was posted now; with a `problem` when it was declined then.
        Replayed => "replayed",
        /// It cannot be posted as it is: see `problem`.
        Invalid => "invalid",
        /// The service failed on this one: send it again, under the same id.
        Failed => "failed",
    }
}

/// What became of one sale of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaleResult {
    /// As it was sent; left out when the sale could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub outcome: SaleOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Id>,
    /// The number of the mutation in its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 17)]
    pub seq: Option<i64>,
    /// What is available on the account after it, when the till may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_after: Option<Money>,
    /// Why the back office should look at it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What became of a batch, sale by sale in the order in which they were sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaleBatchResult {
    pub results: Vec<SaleResult>,
}

/// Post sales in a batch
///
/// What an offline till has kept: at most 1 000 sales with 10 000 lines and 4 MiB together. Each sale has its own answer, in the
/// same order: one that is wrong or declined does not touch the others. Sales of one account are posted in the order given. After
/// a lost connection or a 503 send the same batch again: what was posted is answered `replayed`.
#[utoipa::path(tag = "till", request_body = NewSaleBatch, responses(
    (status = 207, description = "What became of each sale", body = SaleBatchResult),
    (status = 422, description = "`validation_failed`: this is no list of 1 to 1 000 sales"),
))]
#[post("/sales/batch")]
pub async fn post_sales(
    actor: Allowed<can::TillPost>,
    body: ValidJson<NewSaleBatch, BATCH_BYTES_MAX>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?;
    let read: Vec<ApiResult<BatchSale>> = body.0.sales.iter().map(|sale| read_sale(sale)).collect();
    check_lines(&read)?;
    let report = Report {
        tenant,
        shows_available: may_see_available(actor.actor(), tenant),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map_or(String::new(), |id| id.0.clone()),
        language: Language::of(request.headers()),
    };
    let mut results: Vec<Option<SaleResult>> = Vec::with_capacity(read.len());
    let mut items: Vec<(usize, BatchItem)> = Vec::with_capacity(read.len());
    for (place, sale) in read.into_iter().enumerate() {
        let id = sale.as_ref().ok().map(|sale| sale.id);
        match sale.and_then(|sale| action_of(sale, tenant)) {
            Ok((key, action)) => {
                items.push((place, ledger::item(actor.actor(), tenant, key, action)));
                results.push(None);
            }
            Err(error) => results.push(Some(report.refused(id, SaleOutcome::Invalid, error))),
        }
    }
    for (place, id, answer) in post_in_slices(&app.postings, items).await? {
        if let Some(result) = results.get_mut(place) {
            *result = Some(report.result(id, answer));
        }
    }
    let results = results.into_iter().flatten().collect();
    Ok(HttpResponse::MultiStatus().json(SaleBatchResult { results }))
}

/// Posts sales with their places in the batch; answers place, id and outcome of each.
///
/// # Errors
/// 503 when it is not known what became of some: those after them are not posted, or they would come before them when the
/// batch is sent again.
async fn post_in_slices(
    queue: &PostingQueue,
    mut items: Vec<(usize, BatchItem)>,
) -> ApiResult<Vec<(usize, Id, ledger::Answer)>> {
    let way = Way::of(items.iter().map(|(_, item)| item));
    let mut answered = Vec::with_capacity(items.len());
    while !items.is_empty() {
        let slice = items.drain(..items.len().min(SLICE));
        let (names, slice): (Vec<(usize, Id)>, Vec<BatchItem>) =
            slice.map(|(place, item)| ((place, item.posting.id), item)).unzip();
        for ((place, id), answer) in names.into_iter().zip(queue.post_in_order(slice, way).await?) {
            match answer {
                Err(error) if error.code() == Code::ServiceUnavailable => return Err(error),
                answer => answered.push((place, id, answer)),
            }
        }
    }
    Ok(answered)
}

fn read_sale(text: &RawValue) -> ApiResult<BatchSale> {
    parse_valid(text.get().as_bytes())
}

fn check_lines(sales: &[ApiResult<BatchSale>]) -> ApiResult<()> {
    let lines: usize = sales.iter().flatten().map(|sale| sale.sale.lines.len()).sum();
    if lines > BATCH_LINES_MAX {
        let detail = format!("the sales have {lines} lines together; a batch may have {BATCH_LINES_MAX}");
        return Err(ApiError::new(Code::PayloadTooLarge).detail(detail));
    }
    Ok(())
}

/// The same request as when the sale is sent alone, so that either is the replay of the other.
fn action_of(sale: BatchSale, tenant: &TenantContext) -> ApiResult<(RequestKey, Action)> {
    let key = RequestKey::try_new(IdempotencyKey(sale.id), "post_sale", &(), &sale.sale)?;
    let action = sale
        .sale
        .into_action(tenant.currency)
        .map_err(|error| error.under("/sale"))?;
    Ok((key, action))
}

/// How results are told to who asks.
struct Report<'a> {
    tenant: &'a TenantContext,
    shows_available: bool,
    request_id: String,
    language: Language,
}

impl Report<'_> {
    fn result(&self, id: Id, answer: ledger::Answer) -> SaleResult {
        match answer {
            Ok(Outcome::Posted { entry, is_replayed }) => self.posted(&entry, is_replayed),
            Ok(Outcome::Declined { decline, is_replayed }) => {
                let outcome = if is_replayed {
                    SaleOutcome::Replayed
                } else {
                    SaleOutcome::Declined
                };
                let error = ledger::decline_error(decline, self.tenant.currency, self.shows_available);
                self.refused(Some(id), outcome, error)
            }
            Ok(Outcome::Refused(rejection)) => {
                let error = rejection.into_error(self.tenant.currency);
                let outcome = if error.code() == Code::ReversedBeforeArrival {
                    SaleOutcome::Declined
                } else {
                    SaleOutcome::Invalid
                };
                self.refused(Some(id), outcome, error)
            }
            Ok(Outcome::AwaitingSale { .. }) => self.refused(
                Some(id),
                SaleOutcome::Failed,
                ApiError::internal("a sale was taken for a void"),
            ),
            Err(error) => {
                tracing::error!(%id, cause = error.cause_text(), "a sale of a batch failed");
                self.refused(Some(id), SaleOutcome::Failed, error)
            }
        }
    }

    fn posted(&self, entry: &Entry, is_replayed: bool) -> SaleResult {
        let flags = flags_of(&entry.row.flags);
        let outcome = match (is_replayed, flags.is_empty()) {
            (true, _) => SaleOutcome::Replayed,
            (false, true) => SaleOutcome::Posted,
            (false, false) => SaleOutcome::PostedFlagged,
        };
        let available_minor = self.shows_available.then(|| entry.row.available_after_minor());
        SaleResult {
            id: Some(entry.row.id),
            outcome,
            account_id: Some(entry.row.account_id),
            seq: Some(entry.row.seq),
            available_after: available_minor.map(|minor| Money::new(minor, self.tenant.currency)),
            flags,
            problem: None,
        }
    }

    fn refused(&self, id: Option<Id>, outcome: SaleOutcome, error: ApiError) -> SaleResult {
        SaleResult {
            id,
            outcome,
            account_id: None,
            seq: None,
            available_after: None,
            flags: Vec::new(),
            problem: Some(error.with_request(&self.request_id, self.language).problem()),
        }
    }
}
