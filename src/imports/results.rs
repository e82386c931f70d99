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
        }
    }
}

const CUSTOMERS: &str = "
    SELECT s.row_no, 0 AS ordinal, s.outcome, s.name, s.customer_id, NULL AS account_id, NULL AS account_number
    FROM import_customers s
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.row_no > $4 AND $5 >= 0
    ORDER BY s.row_no LIMIT $6";

const ACCOUNTS: &str = "
    SELECT s.row_no, s.ordinal, s.outcome, s.name, NULL AS customer_id, a.id AS account_id, a.number AS account_number
    FROM import_accounts s LEFT JOIN accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3
      AND (s.row_no > $4 OR (s.row_no = $4 AND s.ordinal > $5))
    ORDER BY s.row_no, s.ordinal LIMIT $6";

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
        // NULL has no type of its own there, and PostgreSQL wants one.
        ImportKind::Customers => CUSTOMERS
            .replace(
                "NULL AS account_id",
                "(SELECT a.id FROM accounts a WHERE 1 = 0) AS account_id",
            )
            .replace("NULL AS account_number", "CAST(NULL AS TEXT) AS account_number"),
        ImportKind::Accounts => ACCOUNTS.replace(
            "NULL AS customer_id",
            "(SELECT c.id FROM customers c WHERE 1 = 0) AS customer_id",
        ),
    };
    diesel::sql_query(sql)
        .bind::<SqlId, _>(import.tenant_id)
        .bind::<SqlId, _>(import.id)
        .bind::<BigInt, _>(import.attempt)
        .bind::<BigInt, _>(row_no)
        .bind::<Integer, _>(ordinal)
        .bind::<BigInt, _>(rows_max)
        .load(connection)
}
