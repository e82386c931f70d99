//! Rows on their way: judged, not yet customers or accounts. What can only be known of all rows together is found here with a few
//! set-based statements: rows that are the same, and customers that are there already.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::fields::Field;
use super::history::StagedSale;
use super::model::{FindingRow, Mapping, UpdateKey};
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

/// What is compared to find the same customer twice.
struct Same {
    field: Field,
    /// What two rows, `s` and `f`, have in common.
    columns: &'static [&'static str],
    /// Which rows have it.
    has: &'static str,
}

impl Same {
    /// The column that says to people what is the same.
    fn shown(&self) -> &'static str {
        match self.columns.first() {
            Some(&"name_key") | None => "name",
            Some(column) => column,
        }
    }
}

const SAME: &[Same] = &[
    Same {
        field: Field::CustomerNumber,
        columns: &["customer_number"],
        has: "s.customer_number IS NOT NULL",
    },
    Same {
        field: Field::VatNumber,
        columns: &["vat_number"],
        has: "s.vat_number <> ''",
    },
    Same {
        field: Field::EnterpriseNumber,
        columns: &["enterprise_number", "country"],
        has: "s.enterprise_number <> '' AND s.vat_number = ''",
    },
    Same {
        field: Field::Name,
        columns: &["name_key", "postcode", "street"],
        has: "s.name_key <> '' AND s.customer_number IS NULL AND s.vat_number = '' AND s.enterprise_number = ''",
    },
];

const DOUBTFUL_WITH_NUMBER: &str = "CASE WHEN s.customer_number IS NULL THEN 'error' ELSE 'warning' END";

/// Finds, among the rows of an attempt, those that change a customer, and all that say the same as another row or as a customer
/// who is there.
pub fn compare_customers(connection: &mut DbConnection, attempt: Attempt, mapping: &Mapping) -> QueryResult<()> {
    if let Some(key) = mapping.update_by {
        mark_updates(connection, attempt, key, mapping)?;
    }
    for same in SAME {
        let is_key = mapping.update_by.is_some_and(|key| key.as_str() == same.field.as_str());
        // Under numbers of its own a venue may know one company twice.
        let is_certain = is_key || same.field == Field::CustomerNumber;
        let severity = if is_certain { "'error'" } else { DOUBTFUL_WITH_NUMBER };
        let place = (same, severity, column_no(mapping, same.field));
        find_same_in_file(connection, attempt, place)?;
        find_same_customers(connection, attempt, place)?;
    }
    Ok(())
}

pub(super) fn column_no(mapping: &Mapping, field: Field) -> i32 {
    mapping
        .column_of(field)
        .and_then(|column| i32::try_from(column).ok())
        .unwrap_or(-1)
}

pub(super) fn of_attempt(alias: &str) -> String {
    format!("{alias}.tenant_id = $1 AND {alias}.import_id = $2 AND {alias}.attempt = $3")
}

/// Rows whose key a customer has change that customer.
fn mark_updates(connection: &mut DbConnection, attempt: Attempt, key: UpdateKey, mapping: &Mapping) -> QueryResult<()> {
    let column = match key {
        UpdateKey::CustomerNumber => "customer_number",
        UpdateKey::VatNumber => "vat_number",
        UpdateKey::EnterpriseNumber => "enterprise_number",
        UpdateKey::ContactEmail => "email",
    };
    let field: Field = key.as_str().parse().unwrap_or(Field::Name);
    let update = format!(
        "UPDATE import_customers AS s SET outcome = 'update', customer_id = c.id FROM customers c
         WHERE {} AND c.tenant_id = s.tenant_id AND c.{column} = s.{column} AND s.{column} <> ''",
        of_attempt("s")
    );
    execute(connection, attempt, &update)?;
    let several = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'ambiguous_customer', 'error', $5, MIN(s.{column}), CAST(COUNT(*) AS TEXT)
         FROM import_customers s JOIN customers c ON c.tenant_id = s.tenant_id AND c.{column} = s.{column}
         WHERE {} AND s.outcome = 'update' GROUP BY s.row_no HAVING COUNT(*) > 1",
        of_attempt("s")
    );
    insert_findings_by(connection, attempt, &several, column_no(mapping, field), field)?;
    let kinds = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'kind_of_customer', 'error', $5, s.name, c.name
         FROM import_customers s JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
         WHERE {} AND s.outcome = 'update' AND c.kind <> s.kind",
        of_attempt("s")
    );
    insert_findings_by(
        connection,
        attempt,
        &kinds,
        column_no(mapping, Field::Name),
        Field::Name,
    )
}

/// What is compared, the SQL of how bad it is to be the same, and the column to name.
type Place<'a> = (&'a Same, &'static str, i32);

/// The first of several rows with the same stays; every later one names it.
fn find_same_in_file(connection: &mut DbConnection, attempt: Attempt, place: Place<'_>) -> QueryResult<()> {
    let (same, severity, column_no) = place;
    let columns = same.columns.join(", ");
    let equal = equal(same, "f");
    let sql = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'duplicate_in_file', {severity}, $5, s.{shown}, CAST(f.first_row AS TEXT)
         FROM import_customers s JOIN (
             SELECT {columns}, MIN(s.row_no) AS first_row FROM import_customers s
             WHERE {of} AND {has} GROUP BY {columns} HAVING COUNT(*) > 1) f ON {equal}
         WHERE {of} AND {has} AND s.row_no > f.first_row",
        shown = same.shown(),
        of = of_attempt("s"),
        has = same.has,
    );
    insert_findings_by(connection, attempt, &sql, column_no, same.field)
}

/// Rows that make a customer who is there already, or give one a number that another has.
fn find_same_customers(connection: &mut DbConnection, attempt: Attempt, place: Place<'_>) -> QueryResult<()> {
    let (same, severity, column_no) = place;
    let sql = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'duplicate_customer', {grouped}, $5, MIN(s.{shown}), MIN(c.name)
         FROM import_customers s JOIN customers c ON c.tenant_id = s.tenant_id AND {equal}
         WHERE {of} AND {has} AND (s.outcome = 'create' OR c.id <> s.customer_id) GROUP BY s.row_no",
        shown = same.shown(),
        equal = equal(same, "c"),
        grouped = severity.replace("s.customer_number", "MIN(s.customer_number)"),
        of = of_attempt("s"),
        has = same.has,
    );
    insert_findings_by(connection, attempt, &sql, column_no, same.field)
}

fn equal(same: &Same, other: &str) -> String {
    let pairs = same
        .columns
        .iter()
        .map(|column| format!("{other}.{column} = s.{column}"));
    pairs.collect::<Vec<_>>().join(" AND ")
}

/// Finds the customers of an import of accounts by their names, and the accounts that an earlier import has made.
pub fn compare_accounts(connection: &mut DbConnection, attempt: Attempt, mapping: &Mapping) -> QueryResult<()> {
    let of = of_attempt("s");
    let unchanged = format!(
        "UPDATE import_accounts AS s SET outcome = 'unchanged' WHERE {of} AND EXISTS (
             SELECT 1 FROM import_accounts o
             WHERE o.tenant_id = s.tenant_id AND o.row_identity = s.row_identity AND o.outcome = 'created')"
    );
    execute(connection, attempt, &unchanged)?;
    let existing = format!(
        "UPDATE import_customers AS s SET outcome = 'existing', customer_id = c.id FROM customers c
         WHERE {of} AND c.tenant_id = s.tenant_id AND c.name_key = s.name_key"
    );
    execute(connection, attempt, &existing)?;
    let needless = format!(
        "UPDATE import_customers AS s SET outcome = 'existing' WHERE {of} AND NOT EXISTS (
             SELECT 1 FROM import_accounts a
             WHERE a.tenant_id = s.tenant_id AND a.import_id = s.import_id AND a.attempt = s.attempt
               AND a.name_key = s.name_key AND a.outcome = 'create')"
    );
    execute(connection, attempt, &needless)?;
    let name = column_no(mapping, Field::Name);
    let told = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'already_imported', 'warning', $5, MIN(s.name), ''
         FROM import_accounts s WHERE {of} AND s.outcome = 'unchanged' GROUP BY s.row_no"
    );
    insert_findings_by(connection, attempt, &told, name, Field::Name)?;
    let several = format!(
        "INSERT INTO import_findings
            (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
         SELECT $1, $2, $3, s.row_no, $4, 'ambiguous_customer', 'error', $5, MIN(s.name), CAST(MIN(k.number) AS TEXT)
         FROM import_accounts s JOIN (
             SELECT c.name_key, COUNT(*) AS number FROM customers c WHERE c.tenant_id = $1
             GROUP BY c.name_key HAVING COUNT(*) > 1) k ON k.name_key = s.name_key
         WHERE {of} AND s.outcome = 'create' GROUP BY s.row_no"
    );
    insert_findings_by(connection, attempt, &several, name, Field::Name)
}

pub(super) fn execute(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    sql: &str,
) -> QueryResult<()> {
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(attempt)
        .execute(connection)
        .map(drop)
}

pub(super) fn insert_findings_by(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    sql: &str,
    column_no: i32,
    field: Field,
) -> QueryResult<()> {
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(attempt)
        .bind::<Integer, _>(column_no)
        .bind::<Text, _>(field.as_str())
        .execute(connection)
        .map(drop)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How many staged customers (accounts, sales) of an attempt have this outcome.
pub fn count(
    connection: &mut DbConnection,
    (tenant_id, import_id, attempt): Attempt,
    table: &'static str,
    outcome: Outcome,
) -> QueryResult<i64> {
    let sql = format!(
        "SELECT COUNT(*) AS number FROM {table} s WHERE {} AND s.outcome = $4",
        of_attempt("s")
    );
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(attempt)
        .bind::<Text, _>(outcome.as_str())
        .get_result::<Number>(connection)
        .map(|row| row.number)
}

/// Forgets what earlier attempts have staged and found.
pub fn forget_earlier(connection: &mut DbConnection, (tenant_id, import_id, attempt): Attempt) -> QueryResult<()> {
    for table in ["import_findings", "import_customers", "import_accounts", "import_sales"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND import_id = $2 AND attempt < $3");
        execute(connection, (tenant_id, import_id, attempt), &sql)?;
    }
    Ok(())
}
