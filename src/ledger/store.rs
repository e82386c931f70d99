//! Queries of the ledger. Every function runs in the caller's transaction, for one tenant.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::covered::covering;
use super::model::{AccountState, Entry, EntryKind, EntryRow, Line, LineRow};
use super::native;
use super::posting::{StandingInvoice, Target};
use crate::db::schema::entries;
use crate::db::{DbConnection, about_chosen, dialect};
use crate::id::{Id, SqlId};
use crate::request_keys::KeyRow;

/// Locks accounts in id order until the transaction ends, and reads them. What is not there is left out.
///
/// # Errors
/// Those of the database.
pub fn lock_accounts(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<AccountState>> {
    if ids.is_empty() {
        Ok(Vec::new())
    } else {
        native::lock_accounts(connection, tenant_id, ids)
    }
}

/// Locks and reads accounts, and tells which of these keys are known: for a batch of sales, see [`native::lock_with_keys`].
pub(super) fn lock_with_keys(
    connection: &mut DbConnection,
    tenant_id: Id,
    ids: &[Id],
    keys: &[Id],
) -> QueryResult<(Vec<AccountState>, Vec<Id>)> {
    native::lock_with_keys(connection, tenant_id, ids, keys)
}

#[derive(QueryableByName)]
struct CurrencyRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    currency: String,
}

/// The tenant's currency, which nobody changes until the transaction ends.
pub(super) fn hold_currency(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<String> {
    let suffix = dialect::for_share(connection);
    let row: CurrencyRow = diesel::sql_query(format!("SELECT currency FROM tenants WHERE id = $1{suffix}"))
        .bind::<SqlId, _>(tenant_id)
        .get_result(connection)?;
    Ok(row.currency)
}

/// The ids of accounts by their numbers.
pub(super) fn list_ids_of_numbers(
    connection: &mut DbConnection,
    tenant_id: Id,
    numbers: &[String],
) -> QueryResult<Vec<(String, Id)>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    native::list_ids_of_numbers(connection, tenant_id, numbers)
}

/// What is kept under these keys, in no order.
pub(super) fn list_keys(connection: &mut DbConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    if keys.is_empty() {
        Ok(Vec::new())
    } else {
        native::list_keys(connection, tenant_id, keys)
    }
}

/// An entry with its lines.
///
/// # Errors
/// Those of the database.
pub fn find_entry(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<Entry>> {
    Ok(list_entries(connection, tenant_id, &[id])?.pop())
}

/// Entries with their lines, in no order.
pub(super) fn list_entries(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<Entry>> {
    let rows = list_entry_rows(connection, tenant_id, ids)?;
    list_lines_of(connection, tenant_id, rows)
}

pub(super) fn list_entry_rows(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<EntryRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    entries::table
        .filter(entries::tenant_id.eq(tenant_id))
        .filter(entries::id.eq_any(ids.to_vec()))
        .select(EntryRow::as_select())
        .load(connection)
}

/// Puts to each entry its lines.
///
/// # Errors
/// Those of the database.
pub fn list_lines_of(connection: &mut DbConnection, tenant_id: Id, rows: Vec<EntryRow>) -> QueryResult<Vec<Entry>> {
    let with_lines: Vec<_> = rows
        .iter()
        .filter(|row| row.line_count > 0)
        .map(|row| (row.account_id, row.business_date, row.seq))
        .collect();
    let mut lines: HashMap<(Id, i64), Vec<LineRow>> = HashMap::new();
    if !with_lines.is_empty() {
        for line in native::list_lines(connection, tenant_id, &with_lines)? {
            lines.entry((line.account_id, line.entry_seq)).or_default().push(line);
        }
    }
    let with_its_lines = |row: EntryRow| {
        let lines = lines.remove(&(row.account_id, row.seq)).unwrap_or_default();
        Entry { row, lines }
    };
    Ok(rows.into_iter().map(with_its_lines).collect())
}

/// An entry with what has become of it: whether it is reversed, refunded, invoiced.
///
/// # Errors
/// Those of the database.
pub fn find_target(connection: &mut DbConnection, tenant_id: Id, row: EntryRow) -> QueryResult<Option<Target>> {
    Ok(list_targets(connection, tenant_id, vec![row])?.pop())
}

/// Entries with what has become of them: whether they are reversed, refunded, invoiced. The caller holds their accounts.
pub(super) fn list_targets(
    connection: &mut DbConnection,
    tenant_id: Id,
    rows: Vec<EntryRow>,
) -> QueryResult<Vec<Target>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut targets: Vec<Target> = list_lines_of(connection, tenant_id, rows)?
        .iter()
        .map(Target::new)
        .collect();
    let ids: Vec<Id> = targets.iter().map(|target| target.row.id).collect();
    let reversals = list_reversals(connection, tenant_id, &ids)?;
    let refunds = list_standing_refunds(connection, tenant_id, &ids)?;
    let invoices = list_standing_invoices(connection, tenant_id, &ids)?;
    for target in &mut targets {
        target.reversed_by = reversals.get(&target.row.id).copied();
        target.invoice = invoices.get(&target.row.id).cloned();
        let sale_id = Some(target.row.id);
        for refund in refunds.iter().filter(|refund| refund.row.refers_to == sale_id) {
            target.note_refund(&refund.lines.iter().map(Line::from).collect::<Vec<_>>());
        }
    }
    Ok(targets)
}

/// By the id of the reversed entry: the reversal.
pub(super) fn list_reversals(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<HashMap<Id, Id>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Option<Id>, Id)> = entries::table
        .filter(entries::tenant_id.eq(tenant_id))
        .filter(entries::kind.eq(EntryKind::Reversal.literal()))
        .filter(entries::refers_to.eq_any(ids.to_vec()))
        .select((entries::refers_to, entries::id))
        .load(connection)?;
    Ok(found
        .into_iter()
        .filter_map(|(reversed, reversal)| reversed.map(|reversed| (reversed, reversal)))
        .collect())
}

/// The refunds of these sales that are not reversed, with their lines.
pub(super) fn list_standing_refunds(
    connection: &mut DbConnection,
    tenant_id: Id,
    sale_ids: &[Id],
) -> QueryResult<Vec<Entry>> {
    let refunds: Vec<EntryRow> = entries::table
        .filter(entries::tenant_id.eq(tenant_id))
        .filter(entries::kind.eq(EntryKind::Refund.literal()))
        .filter(entries::refers_to.eq_any(sale_ids.to_vec()))
        .select(EntryRow::as_select())
        .load(connection)?;
    let ids: Vec<Id> = refunds.iter().map(|refund| refund.id).collect();
    let reversals = list_reversals(connection, tenant_id, &ids)?;
    let standing = refunds
        .into_iter()
        .filter(|refund| !reversals.contains_key(&refund.id))
        .collect();
    list_lines_of(connection, tenant_id, standing)
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = SqlId)]
    entry_id: Id,
    #[diesel(sql_type = SqlId)]
    id: Id,
    #[diesel(sql_type = Text)]
    number: String,
}

/// By the id of the entry: the invoice that it stands on.
fn list_standing_invoices(
    connection: &mut DbConnection,
    tenant_id: Id,
    ids: &[Id],
) -> QueryResult<HashMap<Id, StandingInvoice>> {
    let look_up = |table, alias, condition| dialect::look_up(connection, table, alias, condition);
    let of_entry = format!(
        "n.tenant_id = e.tenant_id AND n.id = {}",
        covering("invoice_id", "e", "seq")
    );
    let text = format!(
        "SELECT e.id AS entry_id, n.id, n.number FROM chosen {} {}",
        look_up("entries", "e", "e.tenant_id = $2 AND e.id = chosen.id"),
        look_up("invoices", "n", &of_entry),
    );
    let found: Vec<StandingRow> = about_chosen(connection, &text, tenant_id, ids).load(connection)?;
    let invoices = found.into_iter().map(|row| {
        let StandingRow { entry_id, id, number } = row;
        (entry_id, StandingInvoice { id, number })
    });
    Ok(invoices.collect())
}
