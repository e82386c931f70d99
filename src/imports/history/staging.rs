//! Sales on their way to the ledger.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::Identities;
use super::judge::SaleDraft;
use crate::clock::Timestamp;
use crate::db::schema::import_sales;
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};
use crate::imports::compare::{Comparison, Found};
use crate::imports::fields::Field;
use crate::imports::model::Mapping;
use crate::imports::staging::{Attempt, Outcome, of_attempt};
use crate::text::sort_key;

/// A sale that a row describes; below zero, a refund.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_sales, treat_none_as_default_value = false)]
pub struct StagedSale {
    pub tenant_id: Id,
    pub import_id: Id,
    pub attempt: i64,
    pub row_no: i64,
    pub sale_id: Id,
    pub request_hash: Vec<u8>,
    pub outcome: Outcome,
    pub payment_type: String,
    pub payment_type_key: String,
    pub account_id: Option<Id>,
    pub occurred_at: Timestamp,
    pub product_code: String,
    pub product_name: String,
    pub quantity_milli: i64,
    pub amount_minor: i64,
    pub vat_rate: i32,
    pub unit_price: Option<i64>,
}

impl StagedSale {
    /// A row as it is kept until all are compared.
    pub fn new((tenant_id, import_id, attempt): Attempt, row_no: i64, draft: SaleDraft, rows: &mut Identities) -> Self {
        let identity = rows.next(&draft);
        StagedSale {
            tenant_id,
            import_id,
            attempt,
            row_no,
            sale_id: identity.sale_id,
            request_hash: identity.hash,
            outcome: Outcome::Create,
            payment_type_key: sort_key(&draft.payment_type),
            payment_type: draft.payment_type,
            account_id: None,
            occurred_at: draft.occurred_at,
            product_code: draft.product_code,
            product_name: draft.product_name,
            quantity_milli: draft.quantity_milli,
            amount_minor: draft.amount_minor,
            vat_rate: draft.vat_rate,
            unit_price: draft.unit_price,
        }
    }
}

/// Finds the account of each row by its payment type, what is posted already, and the payment types that go nowhere.
#[must_use]
pub fn comparisons(mapping: &Mapping) -> Vec<Comparison> {
    let of = of_attempt("s");
    // One for all rows of a payment type, at the first of them.
    let unmapped = Found {
        with: "",
        row_no: "MIN(s.row_no)",
        code: "unmapped_payment_type",
        severity: "'error'",
        shown: "MIN(s.payment_type)",
        detail: "CAST(COUNT(*) AS TEXT)",
        rows: &format!(
            "FROM import_sales s WHERE {of} AND s.outcome = 'create' AND s.account_id IS NULL GROUP BY s.payment_type_key"
        ),
    };
    let not_open = Found {
        with: "",
        row_no: "MIN(s.row_no)",
        code: "account_not_open",
        severity: "'error'",
        shown: "MIN(s.payment_type)",
        detail: "MIN(a.number)",
        rows: &format!(
            "FROM import_sales s CROSS JOIN accounts a
             WHERE {of} AND s.outcome = 'create' AND a.tenant_id = s.tenant_id AND a.id = s.account_id
               AND a.status IN ('inactive', 'closed') GROUP BY s.payment_type_key"
        ),
    };
    vec![
        Comparison::marking(format!(
            "UPDATE import_sales AS s SET account_id = p.account_id FROM payment_types p
             WHERE {of} AND p.tenant_id = s.tenant_id AND p.name_key = s.payment_type_key AND p.account_id IS NOT NULL"
        )),
        Comparison::marking(format!(
            "UPDATE import_sales AS s SET outcome = 'left_out' FROM payment_types p
             WHERE {of} AND p.tenant_id = s.tenant_id AND p.name_key = s.payment_type_key AND p.account_id IS NULL"
        )),
        Comparison::marking(format!(
            "UPDATE import_sales AS s SET outcome = 'unchanged' WHERE {of} AND s.outcome = 'create' AND EXISTS (
                 SELECT 1 FROM request_keys k WHERE k.tenant_id = s.tenant_id AND k.key = s.sale_id)"
        ))
        .looking_up(),
        Comparison::finding(mapping, Field::PaymentType, &unmapped),
        Comparison::finding(mapping, Field::PaymentType, &not_open),
    ]
}

/// The next sales to post, in the order in which they happened.
pub fn list_next(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    rows_max: i64,
) -> QueryResult<Vec<StagedSale>> {
    import_sales::table
        .filter(import_sales::tenant_id.eq(tenant_id))
        .filter(import_sales::import_id.eq(import_id))
        .filter(import_sales::attempt.eq(attempt))
        .filter(import_sales::outcome.eq(Outcome::Create))
        .order((import_sales::occurred_at, import_sales::row_no))
        .limit(rows_max)
        .select(StagedSale::as_select())
        .load(connection)
}

/// Takes note of what became of the sales up to and including `last`: posted now, or by somebody else meanwhile.
pub fn note_posted(
    connection: &mut DbConnection,
    attempt: Attempt,
    last: &StagedSale,
    posted_before: &[Id],
) -> QueryResult<()> {
    if !posted_before.is_empty() {
        let listed = dialect::is_listed(connection, "sale_id", "$6");
        update_up_to(
            connection,
            attempt,
            last,
            "unchanged",
            &format!(" AND {listed}"),
            posted_before,
        )?;
    }
    update_up_to(connection, attempt, last, "created", " AND $6 IS NOT NULL", &[])
}

fn update_up_to(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    last: &StagedSale,
    outcome: &'static str,
    condition: &str,
    ids: &[Id],
) -> QueryResult<()> {
    let sql = format!(
        "UPDATE import_sales SET outcome = '{outcome}'
         WHERE tenant_id = $1 AND import_id = $2 AND attempt = $3 AND outcome = 'create'
           AND (occurred_at, row_no) <= ($4, $5){condition}"
    );
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(attempt)
        .bind::<diesel::sql_types::Timestamp, _>(last.occurred_at)
        .bind::<BigInt, _>(last.row_no)
        .bind::<Text, _>(dialect::list_of(ids))
        .execute(connection)
        .map(drop)
}

/// A payment type as it stands in a file.
#[derive(Debug, Clone, QueryableByName)]
pub struct PaymentTypeUse {
    #[diesel(sql_type = Text)]
    pub name_key: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    pub row_count: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub first_row: i64,
}

/// The payment types of an import's rows that are right in themselves, by name, after `after`.
pub fn list_payment_types(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    after: Option<&str>,
    rows_max: i64,
) -> QueryResult<Vec<PaymentTypeUse>> {
    diesel::sql_query(
        "SELECT s.payment_type_key AS name_key, MIN(s.payment_type) AS name, COUNT(*) AS row_count,
             CAST(SUM(s.amount_minor) AS BIGINT) AS amount_minor, MIN(s.row_no) AS first_row
         FROM import_sales s
         WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.payment_type_key > $4
         GROUP BY s.payment_type_key ORDER BY s.payment_type_key LIMIT $5",
    )
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(import_id)
    .bind::<BigInt, _>(attempt)
    .bind::<Text, _>(after.unwrap_or_default())
    .bind::<BigInt, _>(rows_max)
    .load(connection)
}
