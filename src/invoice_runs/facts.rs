//! Reads what decides what a run does to some accounts. Set-based: the number of queries does not depend on the number of
//! accounts.
//!
//! The texts are raw SQL, so that the planner sees the words of the partial indexes (`kind = 'reversal'`, `is_standing`)
//! and not parameters.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
use serde::Serialize;

use super::chunk::{CHUNK_LINES_MAX, accounts_in_chunk};
use super::plan::{AccountFacts, BillableKind, Late, OpenEntry, Origin, OriginInvoice, ResetType, RunTerms};
use crate::db::schema::{account_holders, accounts, customers};
use crate::db::{DbConnection, about_chosen, dialect};
use crate::error::{ApiError, ApiResult};
use crate::id::{Id, SqlId};
use crate::invoices::model::Payer;
use crate::ledger::{EntryKind, covering, select_open};

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
    open.retain(|id, _| account_ids.contains(id));
    let origins = read_origins(connection, tenant_id, &open)?;
    account_ids
        .iter()
        .map(|id| {
            let head = heads
                .remove(id)
                .ok_or_else(|| ApiError::internal(format!("account {id} is not there")))?;
            let payer = payers.remove(id);
            let entries = open.remove(id).unwrap_or_default();
            Ok(AccountReading {
                facts: facts(&head, payer.is_some(), entries, &origins),
                head,
                payer,
            })
        })
        .collect()
}

fn facts(
    head: &AccountHead,
    has_billing_holder: bool,
    mut open: Vec<OpenEntry>,
    origins: &HashMap<Id, OriginRow>,
) -> AccountFacts {
    let mut invoices = BTreeMap::new();
    for entry in &mut open {
        let Some(row) = entry.refund_of.and_then(|sale_id| origins.get(&sale_id)) else {
            continue;
        };
        entry.origin = Some(Origin {
            invoice_id: row.invoice_id,
            reset_type: row.reset_type,
        });
        let taken = OriginInvoice {
            limit_taken_minor: row.limit_taken_minor,
            limit_returned_minor: row.limit_returned_minor,
        };
        invoices.insert(row.invoice_id, taken);
    }
    AccountFacts {
        last_seq: head.last_seq,
        credit_limit_minor: head.credit_limit_minor,
        credits_standing: i64::from(head.credits_standing),
        has_billing_holder,
        open,
        origins: invoices,
    }
}

/// What is late is read only when it can be taken.
fn first_date(terms: &RunTerms) -> NaiveDate {
    match terms.late {
        Late::Include => NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN),
        Late::Exclude => terms.from,
    }
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
        let rows: Vec<OpenRow> = about_chosen(connection, &open_text(connection, rows_max), tenant_id, ids)
            .bind::<Date, _>(first_date(terms))
            .bind::<Date, _>(terms.to)
            .load(connection)?;
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

/// The day is an expression, which no index finds: see [`select_open`].
fn open_text(connection: &DbConnection, rows_max: i64) -> String {
    let columns =
        "e.account_id, e.seq, e.id, e.kind, e.balance_change_minor, e.business_date, e.refers_to, e.line_count";
    format!(
        "{} WHERE COALESCE(e.business_date, $3) BETWEEN $3 AND $4 ORDER BY e.account_id, e.seq LIMIT {rows_max}",
        select_open(connection, columns)
    )
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

/// Who pays for each account, if anybody does.
///
/// # Errors
/// When the database fails.
pub fn read_payers(
    connection: &mut DbConnection,
    tenant_id: Id,
    account_ids: &[Id],
) -> QueryResult<HashMap<Id, Payer>> {
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

/// Where a sale stands.
#[derive(QueryableByName)]
struct OriginRow {
    #[diesel(sql_type = SqlId)]
    sale_id: Id,
    #[diesel(sql_type = SqlId)]
    invoice_id: Id,
    #[diesel(sql_type = Text)]
    reset_type: ResetType,
    #[diesel(sql_type = BigInt)]
    limit_taken_minor: i64,
    #[diesel(sql_type = BigInt)]
    limit_returned_minor: i64,
}

/// By sale: where the sales of these refunds stand, if anywhere.
fn read_origins(
    connection: &mut DbConnection,
    tenant_id: Id,
    open: &HashMap<Id, Vec<OpenEntry>>,
) -> QueryResult<HashMap<Id, OriginRow>> {
    let sale_ids: Vec<Id> = open.values().flatten().filter_map(|entry| entry.refund_of).collect();
    if sale_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let look_up = |table, alias, condition| dialect::look_up(connection, table, alias, condition);
    let text = format!(
        "SELECT s.id AS sale_id, n.id AS invoice_id, {} AS reset_type, n.limit_taken_minor, n.limit_returned_minor
         FROM chosen {} {}",
        covering("reset_type", "s", "seq"),
        look_up("entries", "s", "s.tenant_id = $2 AND s.id = chosen.id"),
        look_up(
            "invoices",
            "n",
            &format!(
                "n.tenant_id = s.tenant_id AND n.id = {}",
                covering("invoice_id", "s", "seq")
            )
        ),
    );
    let rows: Vec<OriginRow> = about_chosen(connection, &text, tenant_id, &sale_ids).load(connection)?;
    Ok(rows.into_iter().map(|row| (row.sale_id, row)).collect())
}

/// An account, and the number of its last entry that was seen.
#[derive(Serialize)]
struct Seen {
    account_id: Id,
    last_seq: i64,
}

#[derive(QueryableByName)]
struct ChangedRow {
    #[diesel(sql_type = SqlId)]
    account_id: Id,
}

/// Of accounts, each with the number of its last entry that was seen: those to which something else than sales happened after it.
pub fn list_with_more_than_sales(
    connection: &mut DbConnection,
    tenant_id: Id,
    seen: &[(Id, i64)],
) -> ApiResult<Vec<Id>> {
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let rows = dialect::listed_rows(connection, "$1", &[("account_id", "uuid"), ("last_seq", "bigint")]);
    let seen = seen.iter().map(|&(account_id, last_seq)| Seen { account_id, last_seq });
    let list = serde_json::to_string(&seen.collect::<Vec<_>>()).map_err(ApiError::internal)?;
    let found: Vec<ChangedRow> = diesel::sql_query(format!(
        "WITH seen (account_id, last_seq) AS MATERIALIZED ({rows}) SELECT account_id FROM seen
         WHERE (SELECT e.seq FROM entries e
             WHERE e.tenant_id = $2 AND e.account_id = seen.account_id AND e.seq > seen.last_seq AND e.kind <> 'sale'
             ORDER BY e.seq LIMIT 1) IS NOT NULL"
    ))
    .bind::<Text, _>(list)
    .bind::<SqlId, _>(tenant_id)
    .load(connection)?;
    Ok(found.into_iter().map(|row| row.account_id).collect())
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::db::{DatabaseUrl, Db, migrate};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    fn plan_of_open(url: &DatabaseUrl) -> String {
        let steps: Vec<Step> = Db::connect(url, 1)
            .unwrap()
            .read_blocking(|connection| {
                let open = open_text(connection, 1);
                let (nobody, day) = (Id::from(uuid::Uuid::nil()), NaiveDate::default());
                let explain = format!("EXPLAIN QUERY PLAN WITH chosen (id) AS (SELECT $1) {open}");
                Ok(diesel::sql_query(explain)
                    .bind::<SqlId, _>(nobody)
                    .bind::<SqlId, _>(nobody)
                    .bind::<Date, _>(day)
                    .bind::<Date, _>(day)
                    .load(connection)?)
            })
            .unwrap();
        let found = steps.into_iter().find(|step| step.detail.starts_with("SEARCH e "));
        found.unwrap().detail
    }

    /// By any other index SQLite would read all of an account for each gap.
    #[test]
    fn sqlite_finds_open_entries_by_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl = format!("sqlite:{}", folder.path().join("test.db").display())
            .parse()
            .unwrap();
        migrate(&url).unwrap();
        // statistics are those of a connection that opens after them; from a sample, they differ from index to index
        for statistics in ["", STATISTICS_FOR_DAYS] {
            Db::connect(&url, 1)
                .unwrap()
                .write_blocking(|connection| Ok(connection.batch_execute(statistics)?))
                .unwrap();
            let plan = plan_of_open(&url);
            assert!(plan.contains("account_id=? AND seq>? AND seq<?"), "{plan}");
        }
    }

    const STATISTICS_FOR_DAYS: &str = "ANALYZE;
        INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
            ('entries', 'sqlite_autoindex_entries_1', '1000000 1000000 1000 1'),
            ('entries', 'entries_by_date', '1000000 1000000 500 10 1');";
}
