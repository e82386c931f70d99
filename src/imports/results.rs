//! What became of the rows of an import.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::model::{ImportKind, ImportResult, ImportRow};
use crate::db::DbConnection;
use crate::id::{Id, SqlId};

/// A row's place: its number, and which of its accounts.
pub type ResultKey = (i64, i32);

/// A row of the list.
#[derive(QueryableByName)]
pub struct ResultRow {
    #[diesel(sql_type = BigInt)]
    row_no: i64,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<SqlId>)]
    customer_id: Option<Id>,
    #[diesel(sql_type = Nullable<SqlId>)]
    account_id: Option<Id>,
    #[diesel(sql_type = Nullable<Text>)]
    account_number: Option<String>,
    #[diesel(sql_type = Nullable<SqlId>)]
    mutation_id: Option<Id>,
}

impl ResultRow {
    /// Where the row stands.
    #[must_use]
    pub fn key(&self) -> ResultKey {
        (self.row_no, self.ordinal)
    }
}

impl From<ResultRow> for ImportResult {
    fn from(row: ResultRow) -> Self {
        let outcome = match row.outcome.as_str() {
            "create" => "created",
            "update" => "updated",
            "existing" => "unchanged",
            other => other,
        };
        ImportResult {
            row: row.row_no,
            outcome: outcome.to_owned(),
            name: row.name,
            customer_id: row.customer_id,
            account_id: row.account_id,
            account_number: row.account_number,
            mutation_id: row.mutation_id,
        }
    }
}

// NULL has no type of its own there, and PostgreSQL wants one: `{id}` becomes an id that is not there.
const CUSTOMERS: &str = "
    SELECT s.row_no, 0 AS ordinal, s.outcome, s.name, s.customer_id, {id} AS account_id,
        CAST(NULL AS TEXT) AS account_number, {id} AS mutation_id
    FROM import_customers s
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.row_no > $4 AND $5 >= 0
    ORDER BY s.row_no LIMIT $6";

const ACCOUNTS: &str = "
    SELECT s.row_no, s.ordinal, s.outcome, s.name, {id} AS customer_id, a.id AS account_id, a.number AS account_number,
        {id} AS mutation_id
    FROM import_accounts s LEFT JOIN accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3
      AND (s.row_no > $4 OR (s.row_no = $4 AND s.ordinal > $5))
    ORDER BY s.row_no, s.ordinal LIMIT $6";

const SALES: &str = "
    SELECT s.row_no, 0 AS ordinal, s.outcome, s.product_name AS name, {id} AS customer_id, e.account_id,
        a.number AS account_number, e.id AS mutation_id
    FROM import_sales s LEFT JOIN entries e ON e.tenant_id = s.tenant_id AND e.id = s.sale_id
        LEFT JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.row_no > $4 AND $5 >= 0
    ORDER BY s.row_no LIMIT $6";

/// The rows of a committed import, in their order, after `after`.
///
/// # Errors
/// What the database said.
pub fn list_results(
    connection: &mut DbConnection,
    import: &ImportRow,
    after: Option<ResultKey>,
    rows_max: i64,
) -> QueryResult<Vec<ResultRow>> {
    let (row_no, ordinal) = after.unwrap_or_default();
    let sql = match import.kind {
        ImportKind::Customers => CUSTOMERS,
        ImportKind::Accounts => ACCOUNTS,
        ImportKind::SalesHistory => SALES,
    };
    let sql = sql.replace("{id}", "(SELECT a.id FROM accounts a WHERE 1 = 0)");
    diesel::sql_query(sql)
        .bind::<SqlId, _>(import.tenant_id)
        .bind::<SqlId, _>(import.id)
        .bind::<BigInt, _>(import.attempt)
        .bind::<BigInt, _>(row_no)
        .bind::<Integer, _>(ordinal)
        .bind::<BigInt, _>(rows_max)
        .load(connection)
}
