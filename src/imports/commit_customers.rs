//! Making and changing the customers that the rows of an import describe, in the transaction of its commit.

use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp as SqlTimestamp};

use super::staging::Attempt;
use crate::audit;
use crate::clock::{Clock, Timestamp};
use crate::customers::{self, Customer};
use crate::db::{DbConnection, MultiBackend};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};
use crate::jobs::model::JobRow;

/// How many customers are made together.
const CUSTOMERS_OF_CHUNK: i64 = 5000;
/// How many customers are changed together.
const CHANGES_OF_CHUNK: i64 = 500;

const NEW_CUSTOMERS: &str = "
    INSERT INTO customers (tenant_id, id, kind, first_name, last_name, company_name, name, name_key, customer_number, email,
        email_is_fictional, phone, street, postcode, city, country, vat_number, iban, language, enterprise_number, bic,
        contact_name, contact_language, recipient_emails, version, created_at, updated_at)
    SELECT s.tenant_id, s.customer_id, s.kind, s.first_name, s.last_name, s.company_name, s.name, s.name_key,
        s.customer_number, s.email, s.email_is_fictional, s.phone, s.street, s.postcode, s.city, s.country, s.vat_number,
        s.iban, s.language, s.enterprise_number, s.bic, s.contact_name, s.contact_language, s.recipient_emails, 1, $1, $1
    FROM import_customers s
    WHERE s.tenant_id = $2 AND s.import_id = $3 AND s.attempt = $4 AND s.outcome = 'create'
      AND s.row_no > $5 AND s.row_no <= $6";

/// The columns in which an empty text of a row leaves what stands.
const KEPT_WHEN_EMPTY: [&str; 18] = [
    "first_name",
    "last_name",
    "company_name",
    "name",
    "name_key",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "vat_number",
    "iban",
    "language",
    "enterprise_number",
    "bic",
    "contact_name",
    "contact_language",
];

fn changed_customers() -> String {
    let kept = KEPT_WHEN_EMPTY
        .map(|column| format!("{column} = CASE WHEN s.{column} <> '' THEN s.{column} ELSE c.{column} END"));
    format!(
        "UPDATE customers AS c SET {},
            recipient_emails = CASE WHEN s.recipient_emails <> '' THEN s.recipient_emails ELSE c.recipient_emails END,
            customer_number = COALESCE(s.customer_number, c.customer_number),
            email_is_fictional = CASE WHEN s.email <> '' THEN s.email_is_fictional ELSE c.email_is_fictional END,
            access = CASE WHEN s.email <> '' AND lower(s.email) <> lower(c.email) AND c.access IN ('invited', 'bounced')
                THEN 'not_invited' ELSE c.access END,
            version = c.version + 1, updated_at = $1
         FROM import_customers s
         WHERE s.tenant_id = $2 AND s.import_id = $3 AND s.attempt = $4 AND s.outcome = 'update'
           AND c.tenant_id = s.tenant_id AND c.id = s.customer_id AND s.row_no > $5 AND s.row_no <= $6",
        kept.join(", ")
    )
}

/// Accounts carry the name of who pays for them.
const RENAMED_ACCOUNTS: &str = "
    WITH paid AS MATERIALIZED (
        SELECT h.tenant_id, h.account_id, s.name, s.name_key FROM import_customers s CROSS JOIN account_holders h
        WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.outcome = 'update'
          AND h.tenant_id = s.tenant_id AND h.customer_id = s.customer_id AND h.kind = 'billing')
    UPDATE accounts AS a SET name = p.name, name_key = p.name_key, settings_version = a.settings_version + 1
    FROM paid p WHERE a.tenant_id = p.tenant_id AND a.id = p.account_id AND a.name <> p.name";

const TRAIL: &str = "
    INSERT INTO audit_entries
        (tenant_id, id, subject_kind, subject_id, actor_kind, actor_id, actor_name, recorded_at, field, old_value, new_value)
    SELECT s.tenant_id, s.audit_id, 'customer', s.customer_id, $1, $2, $3, $4, 'name', NULL, s.name
    FROM import_customers s
    WHERE s.tenant_id = $5 AND s.import_id = $6 AND s.attempt = $7 AND s.outcome = 'create'
      AND s.row_no > $8 AND s.row_no <= $9";

/// The last row before which so many customers are to be made, after another row.
const LAST_OF_CHUNK: &str = "
    SELECT MAX(row_no) AS row_no FROM (
        SELECT s.row_no FROM import_customers s
        WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.outcome = 'create' AND s.row_no > $4
        ORDER BY s.row_no LIMIT $5) AS chunk";

/// A statement that is still handed values.
type Statement<'a> = BoxedSqlQuery<'a, MultiBackend, SqlQuery>;

/// Hands a statement its last values: whose rows it is about, after which row, and until which or how many.
fn of_rows(statement: Statement<'_>, attempt: Attempt, after: i64, until: i64) -> Statement<'_> {
    let (tenant_id, import_id, number) = attempt;
    statement
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(number)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(until)
}

#[derive(QueryableByName)]
struct LastRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    row_no: Option<i64>,
}

/// Makes customers, some thousand together, and tells after each time how many it has made; answers how many in all.
///
/// # Errors
/// 409 `import_outdated` when somebody else has made one of them meanwhile.
pub fn make_customers(
    connection: &mut DbConnection,
    attempt: Attempt,
    job: &JobRow,
    now: Timestamp,
    tell: &dyn Fn(i64),
) -> ApiResult<i64> {
    let (mut after, mut made) = (0, 0);
    loop {
        let chunk = diesel::sql_query(LAST_OF_CHUNK).into_boxed();
        let chunk: LastRow = of_rows(chunk, attempt, after, CUSTOMERS_OF_CHUNK).get_result(connection)?;
        let Some(last) = chunk.row_no else { return Ok(made) };
        let customers = diesel::sql_query(NEW_CUSTOMERS).into_boxed();
        let inserted = of_rows(customers.bind::<SqlTimestamp, _>(now), attempt, after, last)
            .execute(connection)
            .map_err(|error| ApiError::taken(error, Code::ImportOutdated))?;
        let trail = diesel::sql_query(TRAIL)
            .into_boxed()
            .bind::<Text, _>(&job.actor_kind)
            .bind::<SqlId, _>(job.actor_id)
            .bind::<Text, _>(&job.actor_name)
            .bind::<SqlTimestamp, _>(now);
        of_rows(trail, attempt, after, last).execute(connection)?;
        made += i64::try_from(inserted).unwrap_or(0);
        after = last;
        tell(made);
    }
}

/// A row that changes a customer.
#[derive(QueryableByName)]
struct Change {
    #[diesel(sql_type = BigInt)]
    row_no: i64,
    #[diesel(sql_type = SqlId)]
    customer_id: Id,
}

const CHANGES: &str = "
    SELECT s.row_no, s.customer_id FROM import_customers s
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.outcome = 'update' AND s.row_no > $4
    ORDER BY s.row_no LIMIT $5";

/// Changes customers, some together, and tells after each time how many: the trail has each field that changed, from what to what.
///
/// # Errors
/// 409 `import_outdated` when a customer has a number by now that a row wants.
pub fn change_customers(
    connection: &mut DbConnection,
    clock: &Clock,
    attempt: Attempt,
    trail: &audit::Author,
    now: Timestamp,
    tell: &dyn Fn(i64),
) -> ApiResult<()> {
    let (tenant_id, import_id, number) = attempt;
    let change = changed_customers();
    let (mut after, mut done) = (0, 0);
    loop {
        let page = diesel::sql_query(CHANGES).into_boxed();
        let page: Vec<Change> = of_rows(page, attempt, after, CHANGES_OF_CHUNK).load(connection)?;
        let Some(last) = page.last().map(|change| change.row_no) else {
            break;
        };
        let ids: Vec<Id> = page.iter().map(|change| change.customer_id).collect();
        let before = customers::list_by_ids(connection, tenant_id, &ids)?;
        let change = diesel::sql_query(&change).into_boxed().bind::<SqlTimestamp, _>(now);
        of_rows(change, attempt, after, last)
            .execute(connection)
            .map_err(|error| ApiError::taken(error, Code::ImportOutdated))?;
        let changed = customers::list_by_ids(connection, tenant_id, &ids)?;
        let subject = |customer: &Customer| audit::Subject::new(audit::SubjectKind::Customer, customer.id);
        let pairs = before.iter().zip(&changed);
        let changes: Vec<_> = pairs.map(|(old, new)| (subject(new), old.changes(new))).collect();
        audit::record_all(connection, clock, trail, &changes)?;
        after = last;
        done += i64::try_from(changes.len()).unwrap_or(0);
        tell(done);
    }
    if done == 0 {
        return Ok(());
    }
    diesel::sql_query(RENAMED_ACCOUNTS)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(number)
        .execute(connection)?;
    Ok(())
}
