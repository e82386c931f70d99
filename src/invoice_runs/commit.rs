//! Writes one chunk of a run: short, under the locks, complete with its numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::draft::{AccountDraft, Draft, DraftOutcome, draft_chunk};
use super::facts::{AccountHead, list_with_more_than_sales, read_payers};
use super::figures::vat_of;
use super::lines::{sum_rates, write_lines};
use super::model::RunRow;
use super::native::{RunResult, update_run_accounts};
use super::plan::{AmountOverflow, InvoicePlan};
use crate::auth::find_tenant;
use crate::clock::{Clock, Timestamp};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::invoices::model::{InvoiceKind, InvoiceRow, InvoiceStatus, InvoiceVatRow, LimitReturnRow};
use crate::invoices::native::{NewInvoices, insert_invoices, insert_vat};
use crate::invoices::numbers::{InvoiceNumber, LockedSeries};
use crate::invoices::store::{add_limit_returns, get_issuer};
use crate::invoices::stretch::stretches_of;
use crate::jobs::Lease;
use crate::jobs::store::{Renewal, renew, set_progress};
use crate::ledger::{Action, Author, BatchItem, Outcome, Posting, TenantRules, lock_accounts, post_batch};
use crate::sharing;

/// A chunk that was drafted outside the lock.
pub struct Chunk {
    pub run: RunRow,
    pub author: Author,
    /// In the order of the run.
    pub drafts: Vec<AccountDraft>,
    /// The ordinal of the last account before them.
    pub after_ordinal: i64,
    /// The ordinal of the last of them: how far the run is after the chunk.
    pub last_ordinal: i64,
    /// How many accounts the run has.
    pub total: i64,
}

/// Writes the chunk in the caller's transaction, unless the lease is lost. What happened to an account since it was
/// drafted is looked at under its lock: a new sale belongs to the next run; after anything else the account is drafted anew.
/// What the tenant says of itself is read now, too.
///
/// # Errors
/// 409 `invoice_date_before_last`; when the database fails.
pub fn commit_chunk(connection: &mut DbConnection, clock: &Clock, lease: &Lease, chunk: &Chunk) -> ApiResult<Renewal> {
    let renewal = renew(connection, lease, clock.now())?;
    if renewal == Renewal::Lost {
        return Ok(renewal);
    }
    let results = if chunk.drafts.iter().any(|draft| draft.invoice().is_some()) {
        let mut series = LockedSeries::lock(connection, chunk.run.tenant_id, chunk.run.invoice_date)?;
        let sender = read_sender(connection, chunk.run.tenant_id)?;
        let fresh = look_again(connection, chunk)?;
        let drafts: Vec<&AccountDraft> = chunk
            .drafts
            .iter()
            .map(|draft| fresh.get(&draft.head.id).unwrap_or(draft))
            .collect();
        let results = write_invoices(connection, clock, (chunk, &sender), &drafts, &mut series)?;
        series.save(connection)?;
        results
    } else {
        chunk.drafts.iter().filter_map(skipped).collect()
    };
    let ordinals = (chunk.after_ordinal, chunk.last_ordinal);
    update_run_accounts(connection, chunk.run.tenant_id, chunk.run.id, ordinals, &results)?;
    set_progress(connection, lease, chunk.last_ordinal, chunk.total)?;
    Ok(renewal)
}

/// In whose name a chunk's invoices are made.
struct Sender {
    rules: Arc<TenantRules>,
    /// What an invoice says of it, as JSON.
    issuer: String,
    number_prefix: String,
}

fn read_sender(connection: &mut DbConnection, tenant_id: Id) -> ApiResult<Sender> {
    let tenant =
        find_tenant(connection, tenant_id)?.ok_or_else(|| ApiError::internal("the tenant of a run is gone"))?;
    let (issuer, number_prefix) = get_issuer(connection, tenant_id)?;
    Ok(Sender {
        rules: Arc::new(TenantRules::from(&tenant)),
        issuer: json(&issuer)?,
        number_prefix,
    })
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

/// Locks the accounts that get an invoice; answers a new draft of each whose draft no longer holds.
fn look_again(connection: &mut DbConnection, chunk: &Chunk) -> ApiResult<HashMap<Id, AccountDraft>> {
    let invoiced = chunk.drafts.iter().filter(|draft| draft.invoice().is_some());
    let mut seen: Vec<(Id, i64)> = invoiced.map(|draft| (draft.head.id, draft.head.last_seq)).collect();
    seen.sort_unstable();
    let ids: Vec<Id> = seen.iter().map(|(id, _)| *id).collect();
    let locked = lock_accounts(connection, chunk.run.tenant_id, &ids)?;
    let now: HashMap<Id, i64> = locked
        .into_iter()
        .map(|account| (account.id, account.last_seq))
        .collect();
    // who pays is no entry of the account
    let payers = read_payers(connection, chunk.run.tenant_id, &ids)?;
    let has_other_payer = |draft: &&AccountDraft| match draft.invoice() {
        Some(invoice) => payers.get(&draft.head.id) != Some(&invoice.payer),
        None => false,
    };
    let paid_by_others = chunk.drafts.iter().filter(has_other_payer);
    let mut stale: BTreeSet<Id> = paid_by_others.map(|draft| draft.head.id).collect();
    seen.retain(|(id, last_seq)| now.get(id) != Some(last_seq));
    stale.extend(list_with_more_than_sales(connection, chunk.run.tenant_id, &seen)?);
    draft_all(connection, chunk, stale.into_iter().collect())
}

/// All of them, however many lines they have: they are few, and they are locked.
fn draft_all(connection: &mut DbConnection, chunk: &Chunk, mut ids: Vec<Id>) -> ApiResult<HashMap<Id, AccountDraft>> {
    let mut drafts = HashMap::new();
    while !ids.is_empty() {
        let some = draft_chunk(connection, chunk.run.tenant_id, &chunk.run.terms(), &ids)?;
        if some.is_empty() {
            return Err(ApiError::internal("a draft of some accounts is empty"));
        }
        ids.drain(..some.len().min(ids.len()));
        drafts.extend(some.into_iter().map(|draft| (draft.head.id, draft)));
    }
    Ok(drafts)
}

/// Posts the resets and inserts the invoices with all that they consist of, in the order of the run.
fn write_invoices(
    connection: &mut DbConnection,
    clock: &Clock,
    (chunk, sender): (&Chunk, &Sender),
    drafts: &[&AccountDraft],
    series: &mut LockedSeries,
) -> ApiResult<Vec<RunResult>> {
    let (tenant_id, now) = (chunk.run.tenant_id, clock.now());
    let mut new = NewInvoices::default();
    let mut resets = Vec::new();
    let mut results = Vec::new();
    for account in drafts {
        let Some(draft) = account.invoice() else {
            results.extend(skipped(account));
            continue;
        };
        let ids = Ids {
            invoice: clock.new_id(),
            reset: clock.new_id(),
        };
        resets.push(BatchItem {
            tenant_id,
            rules: Arc::clone(&sender.rules),
            request: None,
            posting: Posting {
                id: ids.reset,
                author: chunk.author.clone(),
                action: reset(&chunk.run, account.head.id, ids.invoice, &draft.plan),
            },
        });
        let number = series.take(&sender.number_prefix)?;
        new.invoices.push(invoice_row(
            &chunk.run,
            &account.head,
            draft,
            &ids,
            number,
            &sender.issuer,
            now,
        )?);
        add_details(&mut new, tenant_id, account.head.id, ids.invoice, &draft.plan);
        results.push(RunResult {
            account_id: account.head.id,
            outcome: Ok(ids.invoice),
        });
    }
    post_resets(connection, clock, &resets)?;
    insert_invoices(connection, tenant_id, &new)?;
    write_figures(connection, tenant_id, &new)?;
    add_limit_returns(connection, tenant_id, &returned_by_origin(&new.returns))?;
    let made: Vec<Id> = new.invoices.iter().map(|invoice| invoice.id).collect();
    sharing::share(connection, clock, tenant_id, &made)?;
    Ok(results)
}

fn reset(run: &RunRow, account_id: Id, invoice_id: Id, plan: &InvoicePlan) -> Action {
    Action::InvoiceReset {
        account_id,
        invoice_id,
        run_id: run.id,
        balance_change_minor: plan.balance_change_minor,
        limit_change_minor: plan.limit_change_minor,
    }
}

fn post_resets(connection: &mut DbConnection, clock: &Clock, resets: &[BatchItem]) -> ApiResult<()> {
    for outcome in post_batch(connection, clock, resets)? {
        if !matches!(outcome, Outcome::Posted { .. }) {
            return Err(ApiError::internal(format!(
                "the reset of an invoice was not posted: {outcome:?}"
            )));
        }
    }
    Ok(())
}

/// Writes the lines of the invoices and the VAT of each rate, which is rounded once.
fn write_figures(connection: &mut DbConnection, tenant_id: Id, new: &NewInvoices) -> ApiResult<()> {
    let ids: Vec<Id> = new.invoices.iter().map(|invoice| invoice.id).collect();
    write_lines(connection, tenant_id, &new.covered)?;
    let mut vat = Vec::new();
    let mut gross_by_invoice: HashMap<Id, i64> = HashMap::new();
    for rate in sum_rates(connection, tenant_id, &ids)? {
        let gross = gross_by_invoice.entry(rate.invoice_id).or_default();
        *gross = gross.checked_add(rate.gross_minor).ok_or(AmountOverflow)?;
        let split = vat_of(rate.gross_minor, rate.vat_rate)?;
        vat.push(InvoiceVatRow {
            tenant_id,
            invoice_id: rate.invoice_id,
            vat_rate: split.vat_rate,
            gross_minor: split.gross_minor,
            net_minor: split.net_minor,
            vat_minor: split.vat_minor,
        });
    }
    for InvoiceRow { id, total_minor, .. } in &new.invoices {
        let gross = gross_by_invoice.get(id).copied().unwrap_or_default();
        if gross != *total_minor {
            return Err(ApiError::internal(format!(
                "the lines of invoice {id} add up to {gross}, its entries to {total_minor}"
            )));
        }
    }
    Ok(insert_vat(connection, &vat)?)
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

fn add_details(new: &mut NewInvoices, tenant_id: Id, account_id: Id, invoice_id: Id, plan: &InvoicePlan) {
    new.covered.extend(stretches_of(invoice_id, account_id, &plan.covered));
    new.returns.extend(plan.returns.iter().map(|returned| LimitReturnRow {
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
