//! Writes one chunk of a run: short, under the locks, complete with its numbers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;

use super::draft::{AccountDraft, Draft, DraftOutcome, draft_chunk};
use super::facts::AccountHead;
use super::model::RunRow;
use super::native::{RunResult, update_run_accounts};
use crate::auth::TenantContext;
use crate::clock::{Clock, Timestamp};
use crate::db::DbConnection;
use crate::db::schema::entries;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::invoices::model::{
    InvoiceEntryRow, InvoiceKind, InvoiceLineRow, InvoiceRow, InvoiceStatus, InvoiceVatRow, Issuer, LimitReturnRow,
};
use crate::invoices::native::{NewInvoices, insert_invoices};
use crate::invoices::numbers::{InvoiceNumber, LockedSeries};
use crate::invoices::store::add_limit_returns;
use crate::jobs::Lease;
use crate::jobs::store::{Renewal, renew, set_progress};
use crate::ledger::{Action, Author, BatchItem, EntryKind, Outcome, Posting, TenantRules, lock_accounts, post_batch};

/// A chunk that was drafted outside the lock.
pub struct Chunk {
    pub run: RunRow,
    pub tenant: TenantContext,
    pub author: Author,
    pub issuer: Issuer,
    pub number_prefix: String,
    /// In the order of the run.
    pub drafts: Vec<AccountDraft>,
    /// The ordinal of the last of them: how far the run is after the chunk.
    pub last_ordinal: i64,
    /// How many accounts the run has.
    pub total: i64,
}

/// Writes the chunk in the caller's transaction, unless the lease is lost. What happened to an account since it was
/// drafted is looked at under its lock: a new sale belongs to the next run; after anything else the account is drafted anew.
///
/// # Errors
/// 409 `invoice_date_before_last`; when the database fails.
pub fn commit_chunk(connection: &mut DbConnection, clock: &Clock, lease: &Lease, chunk: &Chunk) -> ApiResult<Renewal> {
    let renewal = renew(connection, lease, clock.now())?;
    if renewal == Renewal::Lost {
        return Ok(renewal);
    }
    let has_invoice = |draft: &AccountDraft| matches!(draft.outcome, DraftOutcome::Invoice(_));
    let results = if chunk.drafts.iter().any(has_invoice) {
        let mut series = LockedSeries::lock(
            connection,
            chunk.tenant.id,
            &chunk.number_prefix,
            chunk.run.invoice_date,
        )?;
        let drafts = look_again(connection, chunk)?;
        let results = write_invoices(connection, clock, chunk, &drafts, &mut series)?;
        series.save(connection)?;
        results
    } else {
        chunk.drafts.iter().filter_map(skipped).collect()
    };
    update_run_accounts(connection, chunk.tenant.id, chunk.run.id, &results)?;
    set_progress(connection, lease, chunk.last_ordinal, chunk.total)?;
    Ok(renewal)
}

fn skipped(draft: &AccountDraft) -> Option<RunResult> {
    match draft.outcome {
        DraftOutcome::Skip(reason) => Some(RunResult {
            account_id: draft.head.id,
            outcome: Err(reason),
        }),
        DraftOutcome::Invoice(_) => None,
    }
}

/// Locks the accounts that get an invoice, and replaces the drafts that no longer hold.
fn look_again(connection: &mut DbConnection, chunk: &Chunk) -> ApiResult<Vec<AccountDraft>> {
    let invoiced = chunk.drafts.iter().filter(|draft| skipped(draft).is_none());
    let mut seen: Vec<(Id, i64)> = invoiced.map(|draft| (draft.head.id, draft.head.last_seq)).collect();
    seen.sort_unstable();
    let ids: Vec<Id> = seen.iter().map(|(id, _)| *id).collect();
    let locked = lock_accounts(connection, chunk.tenant.id, &ids)?;
    let now: HashMap<Id, i64> = locked
        .into_iter()
        .map(|account| (account.id, account.last_seq))
        .collect();
    seen.retain(|(id, last_seq)| now.get(id) != Some(last_seq));
    let stale = find_stale(connection, chunk.tenant.id, &seen)?;
    if stale.is_empty() {
        return Ok(chunk.drafts.clone());
    }
    let mut fresh = draft_all(connection, chunk, stale)?;
    Ok(chunk
        .drafts
        .iter()
        .map(|draft| fresh.remove(&draft.head.id).unwrap_or_else(|| draft.clone()))
        .collect())
}

/// Those of the accounts to which something else than sales happened since.
fn find_stale(connection: &mut DbConnection, tenant_id: Id, seen: &[(Id, i64)]) -> QueryResult<Vec<Id>> {
    let Some(first_seq) = seen.iter().map(|(_, last_seq)| *last_seq).min() else {
        return Ok(Vec::new());
    };
    let seen: HashMap<Id, i64> = seen.iter().copied().collect();
    let since: Vec<(Id, i64)> = entries::table
        .filter(
            entries::tenant_id
                .eq(tenant_id)
                .and(entries::account_id.eq_any(seen.keys().copied().collect::<Vec<_>>())),
        )
        .filter(entries::seq.gt(first_seq).and(entries::kind.ne(EntryKind::Sale)))
        .select((entries::account_id, entries::seq))
        .load(connection)?;
    let stale: HashSet<Id> = since
        .into_iter()
        .filter(|(id, seq)| seen.get(id).is_some_and(|last_seq| seq > last_seq))
        .map(|(id, _)| id)
        .collect();
    Ok(stale.into_iter().collect())
}

/// All of them, however many lines they have: they are few, and they are locked.
fn draft_all(connection: &mut DbConnection, chunk: &Chunk, mut ids: Vec<Id>) -> ApiResult<HashMap<Id, AccountDraft>> {
    let mut drafts = HashMap::new();
    while !ids.is_empty() {
        let some = draft_chunk(connection, chunk.tenant.id, &chunk.run.terms(), &ids)?;
        if some.is_empty() {
            return Err(ApiError::internal("a draft of some accounts is empty"));
        }
        ids.drain(..some.len().min(ids.len()));
        drafts.extend(some.into_iter().map(|draft| (draft.head.id, draft)));
    }
    Ok(drafts)
}

/// Posts the resets and inserts the invoices, in the order of the run.
fn write_invoices(
    connection: &mut DbConnection,
    clock: &Clock,
    chunk: &Chunk,
    drafts: &[AccountDraft],
    series: &mut LockedSeries,
) -> ApiResult<Vec<RunResult>> {
    let now = clock.now();
    let issuer = json(&chunk.issuer)?;
    let rules = Arc::new(TenantRules::from(&chunk.tenant));
    let mut new = NewInvoices::default();
    let mut resets = Vec::new();
    let mut results = Vec::new();
    for account in drafts {
        let DraftOutcome::Invoice(draft) = &account.outcome else {
            results.extend(skipped(account));
            continue;
        };
        let ids = Ids {
            invoice: clock.new_id(),
            reset: clock.new_id(),
        };
        let reset = Action::InvoiceReset {
            account_id: account.head.id,
            invoice_id: ids.invoice,
            run_id: chunk.run.id,
            balance_change_minor: draft.plan.balance_change_minor,
            limit_change_minor: draft.plan.limit_change_minor,
        };
        resets.push(BatchItem {
            tenant_id: chunk.tenant.id,
            rules: Arc::clone(&rules),
            request: None,
            posting: Posting {
                id: ids.reset,
                author: chunk.author.clone(),
                action: reset,
            },
        });
        new.invoices.push(invoice_row(
            &chunk.run,
            &account.head,
            draft,
            &ids,
            series.take()?,
            &issuer,
            now,
        )?);
        add_details(&mut new, chunk.tenant.id, account.head.id, ids.invoice, draft);
        results.push(RunResult {
            account_id: account.head.id,
            outcome: Ok(ids.invoice),
        });
    }
    for outcome in post_batch(connection, clock, &resets)? {
        if !matches!(outcome, Outcome::Posted { .. }) {
            return Err(ApiError::internal(format!(
                "the reset of an invoice was not posted: {outcome:?}"
            )));
        }
    }
    insert_invoices(connection, &new)?;
    add_limit_returns(connection, chunk.tenant.id, &returned_by_origin(&new.returns))?;
    Ok(results)
}

struct Ids {
    invoice: Id,
    reset: Id,
}

fn invoice_row(
    run: &RunRow,
    account: &AccountHead,
    draft: &Draft,
    ids: &Ids,
    number: InvoiceNumber,
    issuer: &str,
    now: Timestamp,
) -> ApiResult<InvoiceRow> {
    Ok(InvoiceRow {
        tenant_id: run.tenant_id,
        id: ids.invoice,
        kind: InvoiceKind::of_total(draft.plan.total_minor),
        status: InvoiceStatus::Standing,
        run_id: run.id,
        account_id: account.id,
        account_number: account.number.clone(),
        number: number.text,
        series_year: number.year,
        series_value: number.value,
        invoice_date: run.invoice_date,
        from_date: run.from_date,
        to_date: run.to_date,
        reset_type: run.reset_type,
        total_minor: draft.plan.total_minor,
        reverses_id: None,
        reversed_by_id: None,
        reset_entry_id: ids.reset,
        limit_taken_minor: draft.plan.limit_taken_minor,
        limit_returned_minor: 0,
        payer_id: draft.payer.id,
        payer_name: draft.payer.name.clone(),
        payer_snapshot: json(&draft.payer)?,
        tenant_snapshot: issuer.to_owned(),
        created_at: now,
    })
}

fn add_details(new: &mut NewInvoices, tenant_id: Id, account_id: Id, invoice_id: Id, draft: &Draft) {
    new.entries
        .extend(draft.plan.covered.iter().map(|covered| InvoiceEntryRow {
            tenant_id,
            invoice_id,
            account_id,
            entry_seq: covered.seq,
            reset_type: covered.reset_type,
            origin_invoice_id: covered.origin_invoice_id,
            is_late: covered.is_late,
            is_standing: true,
        }));
    new.lines
        .extend((1_i32..).zip(&draft.lines).map(|(line_no, line)| InvoiceLineRow {
            tenant_id,
            invoice_id,
            line_no,
            business_date: line.business_date,
            product_code: line.product_code.clone(),
            product_name: line.product_name.clone(),
            category: line.category.clone(),
            quantity_milli: line.quantity_milli,
            amount_minor: line.amount_minor,
            vat_rate: line.vat_rate,
        }));
    new.vat.extend(draft.vat.iter().map(|vat| InvoiceVatRow {
        tenant_id,
        invoice_id,
        vat_rate: vat.vat_rate,
        gross_minor: vat.gross_minor,
        net_minor: vat.net_minor,
        vat_minor: vat.vat_minor,
    }));
    new.returns
        .extend(draft.plan.returns.iter().map(|returned| LimitReturnRow {
            tenant_id,
            invoice_id,
            origin_invoice_id: returned.origin_invoice_id,
            amount_minor: returned.amount_minor,
        }));
}

/// An origin is of one account, and an account has one invoice in a run: each origin is named once.
fn returned_by_origin(returns: &[LimitReturnRow]) -> BTreeMap<Id, i64> {
    returns
        .iter()
        .map(|row| (row.origin_invoice_id, row.amount_minor))
        .collect()
}

fn json(value: &impl serde::Serialize) -> ApiResult<String> {
    serde_json::to_string(value).map_err(ApiError::internal)
}
