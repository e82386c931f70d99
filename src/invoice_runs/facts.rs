//! Reads what decides what a run does to some accounts. Set-based: the number of queries does not depend on the number of
//! accounts.
//!
//! The texts are raw SQL, so that the planner sees the words of the partial indexes (`kind = 'reversal'`, `is_standing`)
//! and not parameters.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};

use super::chunk::{CHUNK_LINES_MAX, accounts_in_chunk};
use super::figures::NetLine;
use super::plan::{AccountFacts, BillableKind, Late, OpenEntry, Origin, OriginInvoice, ResetType, RunTerms};
use crate::db::schema::{account_holders, accounts, customers};
use crate::db::{DbConnection, MultiBackend, dialect};
use crate::error::{ApiError, ApiResult};
use crate::id::{Id, SqlId};
use crate::invoices::model::Payer;
use crate::ledger::EntryKind;

/// The place of an entry's line as one number, so that SQL can find the latest: an entry has at most 500 lines.
const LINES_PER_ENTRY: i64 = 1_000;

/// What every query about open entries has in common: `$1` tenant, `$2` and `$3` first and last business date, then the
/// accounts. An entry is open that is billable, not reversed, and on no standing invoice.
const OPEN: &str = "e.tenant_id = $1 AND e.business_date >= $2 AND e.business_date <= $3
    AND e.kind IN ('sale', 'refund', 'charge')
    AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.tenant_id = e.tenant_id AND r.refers_to = e.id AND r.kind = 'reversal')
    AND NOT EXISTS (SELECT 1 FROM invoice_entries i WHERE i.tenant_id = e.tenant_id AND i.account_id = e.account_id
        AND i.entry_seq = e.seq AND i.is_standing)";

/// An account as a run sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct AccountHead {
    pub id: Id,
    pub number: String,
    pub name: String,
    pub balance_minor: i64,
    pub credit_limit_minor: i64,
    pub last_seq: i64,
    pub credits_standing: i32,
}

/// An account with all that decides what a run does to it, and who pays.
#[derive(Debug, Clone)]
pub struct AccountReading {
    pub head: AccountHead,
    pub payer: Option<Payer>,
    pub facts: AccountFacts,
}

/// Reads the first of these accounts that make up one chunk, in their order; at least one when there is any.
///
/// # Errors
/// When the database fails, or an account is not there.
pub fn read_chunk(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
) -> ApiResult<Vec<AccountReading>> {
    let mut open = read_open(connection, tenant_id, terms, account_ids)?;
    let lines_of = |id: &Id| {
        open.get(id)
            .map_or(0, |entries| entries.iter().map(|entry| entry.line_count).sum())
    };
    let count = accounts_in_chunk(account_ids.iter().take_while(|id| open.contains_key(id)).map(lines_of));
    let account_ids = account_ids.get(..count).unwrap_or_default();
    let mut heads = read_heads(connection, tenant_id, account_ids)?;
    let mut payers = read_payers(connection, tenant_id, account_ids)?;
    let mut origins = read_origins(connection, tenant_id, terms, account_ids, &open)?;
    account_ids
        .iter()
        .map(|id| {
            let head = heads
                .remove(id)
                .ok_or_else(|| ApiError::internal(format!("account {id} is not there")))?;
            let mut entries = open.remove(id).unwrap_or_default();
            let origins = origins.remove(id).unwrap_or_default();
            for entry in &mut entries {
                entry.origin = origins.by_refund.get(&entry.seq).copied();
            }
            let payer = payers.remove(id);
            Ok(AccountReading {
                facts: facts(&head, payer.is_some(), entries, origins.invoices),
                head,
                payer,
            })
        })
        .collect()
}

fn facts(
    head: &AccountHead,
    has_billing_holder: bool,
    open: Vec<OpenEntry>,
    origins: BTreeMap<Id, OriginInvoice>,
) -> AccountFacts {
    AccountFacts {
        last_seq: head.last_seq,
        credit_limit_minor: head.credit_limit_minor,
        credits_standing: i64::from(head.credits_standing),
        has_billing_holder,
        open,
        origins,
    }
}

/// What is late is read only when it can be taken.
fn first_date(terms: &RunTerms) -> NaiveDate {
    match terms.late {
        Late::Include => NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN),
        Late::Exclude => terms.from,
    }
}

/// `$4, $5, ..`: as many as there are accounts.
fn placeholders(first: usize, count: usize) -> String {
    (first..first.saturating_add(count))
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ")
}

type Query<'a> = diesel::query_builder::BoxedSqlQuery<'a, MultiBackend, diesel::query_builder::SqlQuery>;

/// Binds what [`OPEN`] and a list of accounts after it ask for.
fn query<'a>(text: String, tenant_id: Id, terms: &RunTerms, account_ids: &[Id]) -> Query<'a> {
    let query = diesel::sql_query(text)
        .into_boxed::<MultiBackend>()
        .bind::<SqlId, _>(tenant_id)
        .bind::<Date, _>(first_date(terms))
        .bind::<Date, _>(terms.to);
    account_ids.iter().fold(query, |query, id| query.bind::<SqlId, _>(*id))
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = SqlId)]
    account_id: Id,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = SqlId)]
    id: Id,
    #[diesel(sql_type = Text)]
    kind: EntryKind,
    #[diesel(sql_type = BigInt)]
    balance_change_minor: i64,
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = Nullable<SqlId>)]
    refers_to: Option<Id>,
    #[diesel(sql_type = Integer)]
    line_count: i32,
}

impl From<OpenRow> for OpenEntry {
    fn from(row: OpenRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            kind: match row.kind {
                EntryKind::Refund => BillableKind::Refund,
                EntryKind::Charge => BillableKind::Charge,
                _ => BillableKind::Sale,
            },
            balance_change_minor: row.balance_change_minor,
            business_date: row.business_date,
            refund_of: row.refers_to,
            origin: None,
            line_count: i64::from(row.line_count),
        }
    }
}

/// The open entries of as many of the first accounts as fit in a chunk (every entry has a line). Memory stays bounded:
/// when there are too many, half of the accounts are asked again, down to a single one, which is read whole.
fn read_open(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
) -> QueryResult<HashMap<Id, Vec<OpenEntry>>> {
    let mut ids = account_ids;
    loop {
        let rows_max = if ids.len() > 1 {
            CHUNK_LINES_MAX.saturating_add(1)
        } else {
            i64::MAX
        };
        let text = format!(
            "SELECT e.account_id, e.seq, e.id, e.kind, e.balance_change_minor, e.business_date, e.refers_to, e.line_count
             FROM entries e WHERE {OPEN} AND e.account_id IN ({}) ORDER BY e.account_id, e.seq LIMIT {rows_max}",
            placeholders(4, ids.len())
        );
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<OpenRow> = query(text, tenant_id, terms, ids).load(connection)?;
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < rows_max {
            let mut open: HashMap<Id, Vec<OpenEntry>> = ids.iter().map(|id| (*id, Vec::new())).collect();
            for row in rows {
                open.entry(row.account_id).or_default().push(row.into());
            }
            return Ok(open);
        }
        ids = ids.get(..ids.len().div_ceil(2)).unwrap_or_default();
    }
}

fn read_heads(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_ids: &[Id],
) -> QueryResult<HashMap<Id, AccountHead>> {
    let heads: Vec<AccountHead> = accounts::table
        .filter(
            accounts::tenant_id
                .eq(tenant_id)
                .and(accounts::id.eq_any(account_ids.to_vec())),
        )
        .select(AccountHead::as_select())
        .load(connection)?;
    Ok(heads.into_iter().map(|head| (head.id, head)).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
struct PayerRow {
    id: Id,
    name: String,
    customer_number: Option<String>,
    email: String,
    street: String,
    postcode: String,
    city: String,
    country: String,
    vat_number: String,
    iban: String,
    language: String,
}

impl From<PayerRow> for Payer {
    fn from(row: PayerRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            customer_number: row.customer_number,
            email: row.email,
            street: row.street,
            postcode: row.postcode,
            city: row.city,
            country: row.country,
            vat_number: row.vat_number,
            iban: row.iban,
            language: row.language,
        }
    }
}

fn read_payers(connection: &mut DbConnection, tenant_id: Id, account_ids: &[Id]) -> QueryResult<HashMap<Id, Payer>> {
    let linked = customers::tenant_id
        .eq(account_holders::tenant_id)
        .and(customers::id.eq(account_holders::customer_id));
    let rows: Vec<(Id, PayerRow)> = account_holders::table
        .inner_join(customers::table.on(linked))
        .filter(
            account_holders::tenant_id
                .eq(tenant_id)
                .and(account_holders::account_id.eq_any(account_ids.to_vec())),
        )
        .filter(account_holders::kind.eq("billing"))
        .select((account_holders::account_id, PayerRow::as_select()))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(account_id, row)| (account_id, row.into()))
        .collect())
}

/// Of one account: where the sales of its open refunds stand.
#[derive(Default)]
struct Origins {
    by_refund: HashMap<i64, Origin>,
    invoices: BTreeMap<Id, OriginInvoice>,
}

#[derive(QueryableByName)]
struct OriginRow {
    #[diesel(sql_type = SqlId)]
    account_id: Id,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = SqlId)]
    invoice_id: Id,
    #[diesel(sql_type = Text)]
    reset_type: ResetType,
    #[diesel(sql_type = BigInt)]
    limit_taken_minor: i64,
    #[diesel(sql_type = BigInt)]
    limit_returned_minor: i64,
}

fn read_origins(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
    open: &HashMap<Id, Vec<OpenEntry>>,
) -> QueryResult<HashMap<Id, Origins>> {
    let has_refunds = |id: &Id| {
        open.get(id)
            .is_some_and(|entries| entries.iter().any(|entry| entry.refund_of.is_some()))
    };
    let ids: Vec<Id> = account_ids.iter().copied().filter(has_refunds).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT e.account_id, e.seq, c.invoice_id, c.reset_type, n.limit_taken_minor, n.limit_returned_minor
         FROM entries e
         JOIN entries s ON s.tenant_id = e.tenant_id AND s.id = e.refers_to
         JOIN invoice_entries c ON c.tenant_id = s.tenant_id AND c.account_id = s.account_id AND c.entry_seq = s.seq
             AND c.is_standing
         JOIN invoices n ON n.tenant_id = c.tenant_id AND n.id = c.invoice_id
         WHERE {OPEN} AND e.kind = 'refund' AND e.account_id IN ({})",
        placeholders(4, ids.len())
    );
    let rows: Vec<OriginRow> = query(text, tenant_id, terms, &ids).load(connection)?;
    let mut origins: HashMap<Id, Origins> = HashMap::new();
    for row in rows {
        let of_account = origins.entry(row.account_id).or_default();
        of_account.by_refund.insert(
            row.seq,
            Origin {
                invoice_id: row.invoice_id,
                reset_type: row.reset_type,
            },
        );
        let taken = OriginInvoice {
            limit_taken_minor: row.limit_taken_minor,
            limit_returned_minor: row.limit_returned_minor,
        };
        of_account.invoices.insert(row.invoice_id, taken);
    }
    Ok(origins)
}

#[derive(QueryableByName)]
struct NetLineRow {
    #[diesel(sql_type = SqlId)]
    account_id: Id,
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = Text)]
    product_code: String,
    #[diesel(sql_type = Integer)]
    vat_rate: i32,
    #[diesel(sql_type = Text)]
    product_name: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = BigInt)]
    quantity_milli: i64,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
}

/// The lines of the open entries of these accounts but for `waiting`, netted and in the order of an invoice. Must read
/// the same snapshot as [`read_chunk`], or run under the accounts' lock.
///
/// # Errors
/// When the database fails.
pub fn read_net_lines(
    connection: &mut DbConnection,
    tenant_id: Id,
    terms: &RunTerms,
    account_ids: &[Id],
    waiting: &[Id],
) -> QueryResult<HashMap<Id, Vec<NetLine>>> {
    if account_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let after_accounts = format!("${}", account_ids.len().saturating_add(4));
    let but_waiting = format!("AND NOT {}", dialect::is_listed(connection, "e.id", &after_accounts));
    let text = format!(
        "SELECT g.account_id, g.business_date, g.product_code, g.vat_rate, g.quantity_milli, g.amount_minor,
                l.product_name, l.category
         FROM (SELECT e.tenant_id, e.account_id, l.business_date, l.product_code, l.vat_rate,
                      CAST(SUM(l.quantity_milli) AS BIGINT) AS quantity_milli,
                      CAST(SUM(l.amount_minor) AS BIGINT) AS amount_minor,
                      MAX(l.entry_seq * {LINES_PER_ENTRY} + l.line_no) AS latest
               FROM entries e
               JOIN entry_lines l ON l.tenant_id = e.tenant_id AND l.account_id = e.account_id AND l.entry_seq = e.seq
               WHERE {OPEN} AND e.account_id IN ({}) {but_waiting}
               GROUP BY e.tenant_id, e.account_id, l.business_date, l.product_code, l.vat_rate) g
         JOIN entry_lines l ON l.tenant_id = g.tenant_id AND l.account_id = g.account_id
             AND l.entry_seq = g.latest / {LINES_PER_ENTRY} AND l.line_no = g.latest % {LINES_PER_ENTRY}",
        placeholders(4, account_ids.len())
    );
    let bound = query(text, tenant_id, terms, account_ids).bind::<Text, _>(dialect::list_of(waiting));
    let mut lines: HashMap<Id, Vec<NetLine>> = HashMap::new();
    for row in bound.load::<NetLineRow>(connection)? {
        lines.entry(row.account_id).or_default().push(NetLine {
            business_date: row.business_date,
            product_code: row.product_code,
            vat_rate: row.vat_rate,
            product_name: row.product_name,
            category: row.category,
            quantity_milli: row.quantity_milli,
            amount_minor: row.amount_minor,
        });
    }
    // sorted here and not by the database: byte by byte, whatever its collation
    for lines in lines.values_mut() {
        lines.sort_by(|a, b| a.place().cmp(&b.place()));
    }
    Ok(lines)
}
