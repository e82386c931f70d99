//! Rows on their way: judged, not yet customers, accounts or sales.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::history::StagedSale;
use super::model::FindingRow;
use crate::customers::CustomerKind;
use crate::db::DbConnection;
use crate::db::schema::{import_accounts, import_customers};
use crate::id::{Id, SqlId};
use crate::text_enum;

/// Which attempt at which import: tenant, import, number.
pub type Attempt = (Id, Id, i64);

text_enum! {
    /// What becomes of a staged row.
    pub enum Outcome {
        /// It makes something new.
        Create => "create",
        /// It changes a customer.
        Update => "update",
        /// It names a customer who stays as they are.
        Existing => "existing",
        /// An earlier import made its account or sale.
        Unchanged => "unchanged",
        /// Its account is made, or its sale posted.
        Created => "created",
        /// Its payment type is not on account.
        LeftOut => "left_out",
    }
}

/// A customer that a row describes.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = import_customers, treat_none_as_default_value = false)]
pub struct StagedCustomer {
    pub tenant_id: Id,
    pub import_id: Id,
    pub attempt: i64,
    pub row_no: i64,
    pub customer_id: Id,
    pub audit_id: Id,
    pub outcome: Outcome,
    pub kind: CustomerKind,
    pub first_name: String,
    pub last_name: String,
    pub company_name: String,
    pub name: String,
    pub name_key: String,
    pub customer_number: Option<String>,
    pub email: String,
    pub email_is_fictional: bool,
    pub phone: String,
    pub street: String,
    pub postcode: String,
    pub city: String,
    pub country: String,
    pub vat_number: String,
    pub iban: String,
    pub language: String,
    pub enterprise_number: String,
    pub bic: String,
    pub contact_name: String,
    pub contact_language: String,
    pub recipient_emails: String,
}

/// An account that a row orders.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = import_accounts)]
pub struct StagedAccount {
    pub tenant_id: Id,
    pub import_id: Id,
    pub attempt: i64,
    pub row_no: i64,
    pub ordinal: i32,
    pub account_id: Id,
    pub outcome: Outcome,
    pub name: String,
    pub name_key: String,
    pub limit_minor: i64,
    pub row_identity: String,
}

/// Rows that are judged and not written yet.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub customers: Vec<StagedCustomer>,
    pub accounts: Vec<StagedAccount>,
    pub sales: Vec<StagedSale>,
    pub findings: Vec<FindingRow>,
}

impl Batch {
    /// How many rows it has, of all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len() + self.accounts.len() + self.sales.len() + self.findings.len()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The condition that a row of a staging table is of the attempt in `$1` to `$3`.
pub(super) fn of_attempt(alias: &str) -> String {
    format!("{alias}.tenant_id = $1 AND {alias}.import_id = $2 AND {alias}.attempt = $3")
}

/// How many rows of an attempt have an outcome.
#[derive(QueryableByName)]
pub struct OutcomeCount {
    #[diesel(sql_type = Text)]
    pub outcome: String,
    #[diesel(sql_type = BigInt)]
    pub number: i64,
}

/// How many staged customers (accounts, sales) of an attempt have each outcome, without those in whose row there is an error.
pub fn count_outcomes(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    table: &'static str,
) -> QueryResult<Vec<OutcomeCount>> {
    let sql = format!(
        "SELECT s.outcome, COUNT(*) AS number FROM {table} s WHERE {of} AND NOT EXISTS (
             SELECT 1 FROM import_findings f
             WHERE f.tenant_id = s.tenant_id AND f.import_id = s.import_id AND f.attempt = s.attempt
               AND f.row_no = s.row_no AND f.severity = 'error')
         GROUP BY s.outcome",
        of = of_attempt("s"),
    );
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(attempt)
        .load(connection)
}

/// Forgets what earlier attempts have staged and found.
pub fn forget_earlier(connection: &mut DbConnection, (tenant_id, import_id, attempt): Attempt) -> QueryResult<()> {
    for table in ["import_findings", "import_customers", "import_accounts", "import_sales"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND import_id = $2 AND attempt < $3");
        diesel::sql_query(sql)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(import_id)
            .bind::<BigInt, _>(attempt)
            .execute(connection)?;
    }
    Ok(())
}
