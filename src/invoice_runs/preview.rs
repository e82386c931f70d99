//! What a run would make: the same computation, and nothing is written.

use std::collections::HashMap;

use diesel::QueryResult;

use super::draft::{AccountDraft, Draft, DraftOutcome, draft_chunk};
use super::facts::{AccountHead, read_chunk};
use super::figures::{NetLine, vat_totals};
use super::lines::read_lines;
use super::model::{NewInvoiceRun, Preview, PreviewAccount, PreviewInvoice, PreviewTotals, Skip, SkipCounts};
use super::plan::{AmountOverflow, Outcome, RunTerms, SkipReason, plan};
use super::selection::{Chosen, choose_accounts};
use super::store::list_standing_credits;
use crate::db::DbConnection;
use crate::error::{ApiResult, Code};
use crate::http::PageRequest;
use crate::id::Id;
use crate::invoices::model::{InvoiceKind, InvoiceLine};
use crate::invoices::read::{categories_of, vat_of_rates, vat_rate};
use crate::invoices::stretch::{Stretch, stretches_of};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;

/// The last account of a page.
pub type After = Chosen;

/// Previews one page of a run on the caller's snapshot. A page is at most one chunk.
///
/// # Errors
/// As [`choose_accounts`]; when the database fails.
pub fn preview(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    asked: &NewInvoiceRun,
    page: &PageRequest<After>,
) -> ApiResult<Preview> {
    let terms = asked.terms();
    let chosen = choose_accounts(connection, tenant_id, currency, &asked.accounts)?;
    let totals = match &page.after {
        None => Some(total(connection, tenant_id, currency, &terms, &chosen)?),
        Some(_) => None,
    };
    let is_left = |(id, number): &&Chosen| {
        page.after
            .as_ref()
            .is_none_or(|(last_id, last)| (number, id) > (last, last_id))
    };
    let left: Vec<&Chosen> = chosen.iter().filter(is_left).collect();
    let ids: Vec<Id> = left.iter().take(page.limit()).map(|(id, _)| *id).collect();
    let drafts = draft_chunk(connection, tenant_id, &terms, &ids)?;
    let last = drafts.len().checked_sub(1).and_then(|last| left.get(last));
    let next_cursor = match last {
        Some(last) if drafts.len() < left.len() => Some(page.cursor_after((*last).clone())?),
        _ => None,
    };
    let mut credits = credits_of(connection, tenant_id, &drafts)?;
    let mut lines = lines_of(connection, tenant_id, &drafts)?;
    let items = drafts.into_iter().map(|draft| {
        let credit_ids = credits
            .iter_mut()
            .filter(|(account_id, _)| *account_id == draft.head.id)
            .map(|(_, id)| *id);
        let lines = lines.remove(&draft.head.id).unwrap_or_default();
        account(&draft, &lines, currency, credit_ids.collect())
    });
    Ok(Preview {
        totals,
        items: items.collect::<ApiResult<_>>()?,
        next_cursor,
    })
}

/// The credits of the accounts that are skipped because of them.
fn credits_of(connection: &mut DbConnection, tenant_id: Id, drafts: &[AccountDraft]) -> QueryResult<Vec<(Id, Id)>> {
    let is_credit = |draft: &&AccountDraft| draft.outcome == DraftOutcome::Skip(SkipReason::CreditAccount);
    let ids: Vec<Id> = drafts.iter().filter(is_credit).map(|draft| draft.head.id).collect();
    list_standing_credits(connection, tenant_id, &ids)
}

/// The lines of the invoices, by account: until an invoice is made, it goes by the account, which has one.
fn lines_of(
    connection: &mut DbConnection,
    tenant_id: Id,
    drafts: &[AccountDraft],
) -> ApiResult<HashMap<Id, Vec<NetLine>>> {
    let invoiced = drafts
        .iter()
        .filter_map(|draft| Some((draft.head.id, draft.invoice()?)));
    let stretches: Vec<Stretch> = invoiced
        .flat_map(|(id, draft)| stretches_of(id, id, &draft.plan.covered))
        .collect();
    read_lines(connection, tenant_id, &stretches)
}

/// Goes through every chosen account, chunk by chunk.
fn total(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: Currency,
    terms: &RunTerms,
    chosen: &[Chosen],
) -> ApiResult<PreviewTotals> {
    let mut ids: &[Id] = &chosen.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let (mut invoices, mut total_minor, mut skipped) = (0_i64, 0_i64, SkipCounts::default());
    while !ids.is_empty() {
        let readings = read_chunk(
            connection,
            tenant_id,
            terms,
            ids.get(..ids.len().min(CHUNK)).unwrap_or_default(),
        )?;
        for reading in &readings {
            match plan(&reading.facts, terms)? {
                Outcome::Skip(reason) => skipped.add(reason, 1),
                Outcome::Invoice(plan) => {
                    invoices = invoices.saturating_add(1);
                    total_minor = total_minor.checked_add(plan.total_minor).ok_or(AmountOverflow)?;
                }
            }
        }
        ids = ids.get(readings.len().max(1)..).unwrap_or_default();
    }
    let accounts = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
    Ok(PreviewTotals {
        accounts,
        invoices,
        skipped,
        total: Money::new(total_minor, currency),
    })
}

const CHUNK: usize = super::chunk::CHUNK_ACCOUNTS_MAX;

fn account(
    draft: &AccountDraft,
    lines: &[NetLine],
    currency: Currency,
    credit_ids: Vec<Id>,
) -> ApiResult<PreviewAccount> {
    let head = &draft.head;
    let (skip, invoice) = match &draft.outcome {
        DraftOutcome::Skip(reason) => (Some(skip(*reason, credit_ids)), None),
        DraftOutcome::Invoice(invoice_draft) => (None, Some(invoice(head, invoice_draft, lines, currency)?)),
    };
    Ok(PreviewAccount {
        account_id: head.id,
        account_number: head.number.clone(),
        account_name: head.name.clone(),
        skip,
        invoice,
    })
}

/// Why an account is skipped, as it is answered.
#[must_use]
pub fn skip(reason: SkipReason, credit_ids: Vec<Id>) -> Skip {
    Skip {
        code: reason,
        detail: code_of(reason).help().to_owned(),
        credit_ids,
    }
}

/// The problem that says the same of a run of one account.
#[must_use]
pub fn code_of(reason: SkipReason) -> Code {
    match reason {
        SkipReason::NothingToInvoice => Code::NothingToInvoice,
        SkipReason::CreditAccount => Code::CreditAccount,
        SkipReason::NoBillingHolder => Code::NoBillingHolder,
    }
}

fn invoice(head: &AccountHead, draft: &Draft, lines: &[NetLine], currency: Currency) -> ApiResult<PreviewInvoice> {
    let money = |minor| Money::new(minor, currency);
    let sum = |a: i64, b: i64| a.checked_add(b).ok_or(AmountOverflow);
    let balance = sum(head.balance_minor, draft.plan.balance_change_minor)?;
    let limit = sum(head.credit_limit_minor, draft.plan.limit_change_minor)?;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let late = draft.plan.covered.iter().filter(|covered| covered.is_late);
    let amounts = lines.iter().map(|line| (line.category.as_str(), line.amount_minor));
    Ok(PreviewInvoice {
        kind: InvoiceKind::of_total(draft.plan.total_minor),
        payer: draft.payer.clone(),
        total: money(draft.plan.total_minor),
        balance_after: money(balance),
        credit_limit_after: money(limit),
        available_after: money(sum(balance, limit)?),
        covered_count: count(draft.plan.covered.len()),
        late_count: count(late.count()),
        lines: (1_i32..)
            .zip(lines)
            .map(|(line_no, line)| invoice_line(line_no, line, currency))
            .collect::<ApiResult<_>>()?,
        categories: categories_of(amounts, currency)?,
        vat: vat_of_rates(&vat_totals(lines)?, currency)?,
    })
}

fn invoice_line(line_no: i32, line: &NetLine, currency: Currency) -> ApiResult<InvoiceLine> {
    Ok(InvoiceLine {
        line_no,
        business_date: line.business_date,
        product_code: line.product_code.clone(),
        product_name: line.product_name.clone(),
        category: line.category.clone(),
        quantity: Quantity::from_milli(line.quantity_milli),
        amount: Money::new(line.amount_minor, currency),
        vat_rate: vat_rate(line.vat_rate)?,
    })
}
