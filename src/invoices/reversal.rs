//! Takes invoices back: the opposite of each reset, a credit note with its own number, and the entries free again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{InvoiceRow, InvoiceStatus};
use super::native::{NewInvoices, insert_invoices};
use super::numbers::{InvoiceNumber, LockedSeries};
use crate::clock::{Clock, Timestamp};
use crate::db::schema::{invoice_stretches, invoices};
use crate::db::{DbConnection, about_chosen, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};
use crate::invoice_runs::store::mark_reversed;
use crate::ledger::{Action, Author, BatchItem, Outcome, Posting, TenantRules, lock_accounts, post_batch};
use crate::sharing;

/// What is the same for all invoices that are taken back together.
pub struct Order {
    pub tenant_id: Id,
    pub rules: Arc<TenantRules>,
    pub author: Author,
    /// The day on which they were asked for: the date of the credit notes, unless the last invoice of the series has a later one.
    pub asked_on: NaiveDate,
    pub number_prefix: String,
}

/// Why an invoice cannot be taken back now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It is taken back already.
    AlreadyReversed,
    /// It takes back another one itself.
    IsReversal,
    /// A later invoice, which is named, covers refunds of its sales.
    RefundsInvoiced { number: String },
    /// The account's limit was lowered below what the invoice gave.
    LimitWouldBeNegative,
}

impl Obstacle {
    /// Its code in the table.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::AlreadyReversed => Code::AlreadyReversed,
            Self::IsReversal => Code::NotReversible,
            Self::RefundsInvoiced { .. } => Code::RefundsInvoiced,
            Self::LimitWouldBeNegative => Code::LimitWouldBeNegative,
        }
    }

    /// What stands in the way, in a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::AlreadyReversed => "the invoice is reversed already".to_owned(),
            Self::IsReversal => "it takes back another invoice, and is not taken back itself".to_owned(),
            Self::RefundsInvoiced { number } => {
                format!("refunds of its sales are on invoice {number}: reverse that one first")
            }
            Self::LimitWouldBeNegative => {
                "the account's limit would fall below 0: raise it first, or reverse the decrease".to_owned()
            }
        }
    }

    /// The problem of a request that asked for this one invoice.
    #[must_use]
    pub fn into_error(self) -> ApiError {
        ApiError::new(self.code()).detail(self.detail())
    }
}

/// An invoice that cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub invoice_id: Id,
    pub number: String,
    pub account_number: String,
    pub obstacle: Obstacle,
}

/// Which of these invoices cannot be taken back, as things are now.
///
/// # Errors
/// When the database fails.
pub fn find_blocked(connection: &mut DbConnection, tenant_id: Id, rows: &[InvoiceRow]) -> QueryResult<Vec<Blocked>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let refunds = find_refunds_invoiced(connection, tenant_id, &ids)?;
    let short = find_short_limits(connection, tenant_id, &ids)?;
    let obstacle = |row: &InvoiceRow| {
        if row.reverses_id.is_some() {
            Some(Obstacle::IsReversal)
        } else if row.status == InvoiceStatus::Reversed {
            Some(Obstacle::AlreadyReversed)
        } else if let Some(number) = refunds.get(&row.id) {
            Some(Obstacle::RefundsInvoiced { number: number.clone() })
        } else {
            short.contains(&row.id).then_some(Obstacle::LimitWouldBeNegative)
        }
    };
    let blocked = rows.iter().filter_map(|row| {
        obstacle(row).map(|obstacle| Blocked {
            invoice_id: row.id,
            number: row.number.clone(),
            account_number: row.account_number.clone(),
            obstacle,
        })
    });
    Ok(blocked.collect())
}

/// By invoice: the number of a standing one that covers refunds of its sales.
fn find_refunds_invoiced(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<HashMap<Id, String>> {
    let later = invoices::tenant_id
        .eq(invoice_stretches::tenant_id)
        .and(invoices::id.eq(invoice_stretches::invoice_id));
    let origins: Vec<Option<Id>> = ids.iter().copied().map(Some).collect();
    let found: Vec<(Option<Id>, String)> = invoice_stretches::table
        .inner_join(invoices::table.on(later))
        .filter(
            invoice_stretches::tenant_id
                .eq(tenant_id)
                .and(invoice_stretches::is_standing),
        )
        .filter(invoice_stretches::origin_invoice_id.eq_any(origins))
        .select((invoice_stretches::origin_invoice_id, invoices::number))
        .distinct()
        .load(connection)?;
    Ok(found
        .into_iter()
        .filter_map(|(origin, number)| origin.map(|origin| (origin, number)))
        .collect())
}

#[derive(QueryableByName)]
struct InvoiceId {
    #[diesel(sql_type = SqlId)]
    id: Id,
}

/// The invoices whose reset gave limit that the account no longer has.
fn find_short_limits(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<HashSet<Id>> {
    let look_up = |table, alias, condition| dialect::look_up(connection, table, alias, condition);
    let text = format!(
        "SELECT n.id FROM chosen {} {} {} WHERE a.credit_limit_minor < e.limit_change_minor",
        look_up("invoices", "n", "n.tenant_id = $2 AND n.id = chosen.id"),
        look_up("entries", "e", "e.tenant_id = n.tenant_id AND e.id = n.reset_entry_id"),
        look_up("accounts", "a", "a.tenant_id = n.tenant_id AND a.id = n.account_id"),
    );
    let found: Vec<InvoiceId> = about_chosen(connection, &text, tenant_id, ids).load(connection)?;
    Ok(found.into_iter().map(|row| row.id).collect())
}

/// Takes back those of the invoices that can be; `pairs` are an invoice and the id of its credit note to be. The series is
/// locked before the accounts. Answers what could not be taken back.
///
/// # Errors
/// When the database fails.
pub fn reverse_invoices(
    connection: &mut DbConnection,
    clock: &Clock,
    order: &Order,
    pairs: &[(Id, Id)],
) -> ApiResult<Vec<Blocked>> {
    let tenant_id = order.tenant_id;
    let mut series = LockedSeries::lock_from(connection, tenant_id, order.asked_on)?;
    let ids: Vec<Id> = pairs.iter().map(|(id, _)| *id).collect();
    let mut account_ids: Vec<Id> = load_invoices(connection, tenant_id, &ids)?
        .into_values()
        .map(|row| row.account_id)
        .collect();
    account_ids.sort_unstable();
    account_ids.dedup();
    lock_accounts(connection, tenant_id, &account_ids)?;
    // read again, now that nobody else can change them
    let mut rows = load_invoices(connection, tenant_id, &ids)?;
    let all: Vec<InvoiceRow> = rows.values().cloned().collect();
    let blocked = find_blocked(connection, tenant_id, &all)?;
    for blocked in &blocked {
        rows.remove(&blocked.invoice_id);
    }
    let free: Vec<(InvoiceRow, Id)> = pairs
        .iter()
        .filter_map(|(id, note)| rows.remove(id).map(|row| (row, *note)))
        .collect();
    let reversal_ids = post_reversals(connection, clock, order, &free)?;
    let mut new = NewInvoices::default();
    for ((row, note_id), reversal_id) in free.iter().zip(reversal_ids) {
        let number = series.take(&order.number_prefix)?;
        let ids = (*note_id, reversal_id);
        new.invoices
            .push(credit_note(row, ids, number, series.invoice_date(), clock.now())?);
    }
    insert_invoices(connection, tenant_id, &new)?;
    let freed: Vec<Id> = free.iter().map(|(row, _)| row.id).collect();
    insert_negated(connection, tenant_id, &freed)?;
    free_entries(connection, tenant_id, &freed)?;
    let mut by_run: BTreeMap<Id, Vec<(Id, Id)>> = BTreeMap::new();
    for (row, _) in &free {
        by_run.entry(row.run_id).or_default().push((row.account_id, row.id));
    }
    for (run_id, invoices) in by_run {
        mark_reversed(connection, tenant_id, run_id, &invoices)?;
    }
    let made: Vec<Id> = free.iter().map(|(_, note)| *note).collect();
    sharing::share(connection, clock, tenant_id, &made)?;
    series.save(connection)?;
    Ok(blocked)
}

fn load_invoices(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<HashMap<Id, InvoiceRow>> {
    let rows: Vec<InvoiceRow> = invoices::table
        .filter(invoices::tenant_id.eq(tenant_id).and(invoices::id.eq_any(ids.to_vec())))
        .select(InvoiceRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Posts the opposite of each invoice's reset; answers the ids of those entries, in order.
fn post_reversals(
    connection: &mut DbConnection,
    clock: &Clock,
    order: &Order,
    free: &[(InvoiceRow, Id)],
) -> ApiResult<Vec<Id>> {
    let items: Vec<BatchItem> = free
        .iter()
        .map(|(row, _)| BatchItem {
            tenant_id: order.tenant_id,
            rules: Arc::clone(&order.rules),
            request: None,
            posting: Posting {
                id: clock.new_id(),
                author: order.author.clone(),
                action: Action::ResetReversal {
                    entry_id: row.reset_entry_id,
                    run_id: row.run_id,
                },
            },
        })
        .collect();
    let outcomes = post_batch(connection, clock, &items)?;
    for outcome in &outcomes {
        if !matches!(outcome, Outcome::Posted { .. }) {
            return Err(ApiError::internal(format!(
                "the reversal of a reset was not posted: {outcome:?}"
            )));
        }
    }
    Ok(items.into_iter().map(|item| item.posting.id).collect())
}

fn credit_note(
    row: &InvoiceRow,
    (id, reversal_id): (Id, Id),
    number: InvoiceNumber,
    invoice_date: NaiveDate,
    now: Timestamp,
) -> ApiResult<InvoiceRow> {
    Ok(InvoiceRow {
        id,
        kind: row.kind.opposite(),
        status: InvoiceStatus::Standing,
        number: number.text,
        series_year: number.year,
        series_value: number.value,
        invoice_date,
        total_minor: row
            .total_minor
            .checked_neg()
            .ok_or_else(|| ApiError::new(Code::AmountOverflow))?,
        reverses_id: Some(row.id),
        reversed_by_id: None,
        reset_entry_id: reversal_id,
        limit_taken_minor: 0,
        limit_returned_minor: 0,
        created_at: now,
        ..row.clone()
    })
}

/// The negated figures of the credit notes, which are there by now.
fn insert_negated(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<()> {
    let note = dialect::look_up(
        connection,
        "invoices",
        "n",
        "n.tenant_id = $2 AND n.reverses_id = chosen.id",
    );
    let look_up = |table, alias, condition| dialect::look_up(connection, table, alias, condition);
    let lines = format!(
        "INSERT INTO invoice_lines (tenant_id, invoice_id, line_no, business_date, product_code, product_name, category,
             quantity_milli, amount_minor, vat_rate)
         SELECT l.tenant_id, n.id, l.line_no, l.business_date, l.product_code, l.product_name, l.category,
             -l.quantity_milli, -l.amount_minor, l.vat_rate
         FROM chosen {note} {}",
        look_up("invoice_lines", "l", "l.tenant_id = n.tenant_id AND l.invoice_id = n.reverses_id")
    );
    let vat = format!(
        "INSERT INTO invoice_vat (tenant_id, invoice_id, vat_rate, gross_minor, net_minor, vat_minor)
         SELECT v.tenant_id, n.id, v.vat_rate, -v.gross_minor, -v.net_minor, -v.vat_minor
         FROM chosen {note} {}",
        look_up(
            "invoice_vat",
            "v",
            "v.tenant_id = n.tenant_id AND v.invoice_id = n.reverses_id"
        )
    );
    for text in [lines, vat] {
        about_chosen(connection, &text, tenant_id, ids).execute(connection)?;
    }
    Ok(())
}

/// The invoices no longer stand, and what they gave back of earlier ones' limit is taken again.
const FREE_ENTRIES: [&str; 3] = [
    "UPDATE invoices SET status = 'reversed', reversed_by_id =
         (SELECT n.id FROM invoices n WHERE n.tenant_id = invoices.tenant_id AND n.reverses_id = invoices.id)
     WHERE tenant_id = $2 AND id IN (SELECT id FROM chosen)",
    "UPDATE invoice_stretches SET is_standing = FALSE
     WHERE tenant_id = $2 AND invoice_id IN (SELECT id FROM chosen)",
    "UPDATE invoices SET limit_returned_minor = limit_returned_minor -
         (SELECT CAST(SUM(r.amount_minor) AS BIGINT) FROM invoice_limit_returns r
          WHERE r.tenant_id = $2 AND r.origin_invoice_id = invoices.id AND r.invoice_id IN (SELECT id FROM chosen))
     WHERE tenant_id = $2 AND id IN
         (SELECT g.origin_invoice_id FROM invoice_limit_returns g
          WHERE g.tenant_id = $2 AND g.invoice_id IN (SELECT id FROM chosen))",
];

fn free_entries(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<()> {
    for text in FREE_ENTRIES {
        about_chosen(connection, text, tenant_id, ids).execute(connection)?;
    }
    Ok(())
}
