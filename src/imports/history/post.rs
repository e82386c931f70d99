//! Posting staged sales, a chunk a transaction: tills go on between two of them, and what is left to do stands in the database, so that
//! any worker can go on after any end.

use std::sync::Arc;

use chrono::NaiveDate;

use super::StagedSale;
use super::staging::{list_next, note_posted};
use crate::auth::{ActorKind, TenantContext};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::imports::model::ImportRow;
use crate::imports::store;
use crate::jobs::model::JobRow;
use crate::ledger::{self, AccountRef, Action, BatchItem, Line, Outcome, Posting, Sale, TenantRules, TillDetails};
use crate::request_keys::RequestKey;

/// So many sales are posted in one transaction: a till that wants one of their accounts waits for it.
const SALES_OF_CHUNK: i64 = 250;
/// A till's own word for something has at most so many characters.
const REFERENCE_CHARS_MAX: usize = 64;

/// Posts the next chunk, and says how many rows it had; 0: all is posted.
///
/// # Errors
/// 409 `import_outdated` when the ledger does not take what was right when it was judged.
pub fn post_chunk(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    import: &ImportRow,
    job: &JobRow,
) -> ApiResult<i64> {
    let attempt = (tenant.id, import.id, import.attempt);
    let sales = list_next(connection, attempt, SALES_OF_CHUNK)?;
    let Some(last) = sales.last() else { return Ok(0) };
    let items = items(tenant, import, job, &sales)?;
    let mut posted_before = Vec::new();
    for (item, outcome) in items.iter().zip(ledger::post_batch(connection, clock, &items)?) {
        match outcome {
            Outcome::Posted { is_replayed, .. } if is_replayed => posted_before.push(item.posting.id),
            Outcome::Posted { .. } => {}
            Outcome::Declined { .. } | Outcome::AwaitingSale { .. } | Outcome::Refused(_) => {
                return Err(ApiError::new(Code::ImportOutdated));
            }
        }
    }
    note_posted(connection, attempt, last, &posted_before)?;
    let posted_before = i64::try_from(posted_before.len()).map_err(ApiError::internal)?;
    store::count_as_unchanged(connection, tenant.id, import.id, posted_before)?;
    i64::try_from(sales.len()).map_err(ApiError::internal)
}

fn items(tenant: &TenantContext, import: &ImportRow, job: &JobRow, sales: &[StagedSale]) -> ApiResult<Vec<BatchItem>> {
    // A person asks for this, who has seen the list: the tills' rules of offline sales are not for it. How old a sale may be was judged
    // already, and must not turn out otherwise because midnight has passed.
    let rules = Arc::new(TenantRules {
        accepts_offline_sales: true,
        offline_sale_minor_max: None,
        accept_sales_from: Some(NaiveDate::MIN),
        ..TenantRules::from(tenant)
    });
    let author = ledger::Author {
        kind: job.actor_kind.parse().unwrap_or(ActorKind::System),
        id: job.actor_id,
        name: job.actor_name.clone(),
    };
    let reason = format!("import of {}", import.file_name);
    let reason: String = reason.chars().take(200).collect();
    let item = |sale: &StagedSale| {
        let account_id = sale.account_id.ok_or_else(|| ApiError::new(Code::ImportOutdated))?;
        Ok(BatchItem {
            tenant_id: tenant.id,
            rules: Arc::clone(&rules),
            request: Some(RequestKey {
                key: sale.sale_id,
                operation: "commit_import",
                hash: sale.request_hash.clone(),
            }),
            posting: Posting {
                id: sale.sale_id,
                author: author.clone(),
                action: action(sale, account_id, &reason),
            },
        })
    };
    sales.iter().map(item).collect()
}

/// The goods are gone, as with an offline sale: it is posted whatever the limit, and flagged when it passes it.
fn action(sale: &StagedSale, account_id: Id, reason: &str) -> Action {
    let is_refund = sale.amount_minor < 0;
    let sign = if is_refund { -1 } else { 1 };
    let account = AccountRef::Id(account_id);
    let amount_minor = sale.amount_minor * sign;
    let lines = vec![Line {
        product_code: sale.product_code.clone(),
        product_name: sale.product_name.clone(),
        category: String::new(),
        quantity_milli: sale.quantity_milli * sign,
        amount_minor,
        vat_rate: sale.vat_rate,
        unit_price: sale.unit_price,
        sale_line_no: None,
    }];
    let details = TillDetails {
        reference: Some(sale.payment_type.chars().take(REFERENCE_CHARS_MAX).collect()),
        ..TillDetails::default()
    };
    if is_refund {
        return Action::RefundWithoutSale {
            account,
            occurred_at: Some(sale.occurred_at),
            amount_minor,
            lines,
            reason: reason.to_owned(),
            details,
        };
    }
    Action::Sale(Sale {
        account,
        occurred_at: sale.occurred_at,
        is_offline: true,
        amount_minor,
        lines,
        details,
    })
}
