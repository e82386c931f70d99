//! Making what the rows of a valid import ask for: all of it in one transaction, or nothing.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Timestamp as SqlTimestamp};

use super::history;
use super::model::{ImportKind, ImportRow, ImportStatus};
use super::staging::Attempt;
use super::store;
use crate::accounts::{self, HeldAccount};
use crate::audit;
use crate::auth::{Actor, ActorKind, TenantContext, find_tenant};
use crate::clock::{Clock, Timestamp};
use crate::customers::{self, Customer};
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};
use crate::jobs::model::JobRow;
use crate::jobs::store::{NewJob, Renewal, find_job, insert_job, renew, set_progress};
use crate::jobs::worker::Services;
use crate::jobs::{JobKind, JobStatus, Lease, Step, Work};
use crate::ledger;

/// How many accounts are opened together.
const ACCOUNTS_OF_CHUNK: i64 = 1000;
/// How many customers are changed together.
const CHANGES_OF_CHUNK: i64 = 500;

/// Makes the job that commits an import; the one that is there, when somebody has asked before; none, when that was so long ago
/// that the job is deleted.
///
/// # Errors
/// 404; 409 `import_not_valid`.
pub fn ask_to_commit(
    connection: &mut DbConnection,
    clock: &Clock,
    actor: &Actor,
    tenant_id: Id,
    id: Id,
) -> ApiResult<Option<Id>> {
    let row = store::lock_import(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    match (row.status, row.job_id) {
        (ImportStatus::Committing | ImportStatus::Committed, job_id) => Ok(job_id),
        (ImportStatus::Valid, _) => {
            let job_id = clock.new_id();
            let job = NewJob {
                id: job_id,
                tenant_id,
                kind: JobKind::ImportCommit,
                subject_id: id,
                progress_total: row.created_count + row.updated_count,
                actor_kind: actor.kind.as_str(),
                actor_id: actor.id,
                actor_name: actor.name.clone(),
                created_at: clock.now(),
            };
            insert_job(connection, job)?;
            store::set_status(connection, tenant_id, id, ImportStatus::Committing, Some(job_id), None)?;
            Ok(Some(job_id))
        }
        _ => Err(ApiError::new(Code::ImportNotValid)),
    }
}

/// Commits an import. Customers and accounts are one step: all rows or none. Sales of the past are many, so that tills go on.
pub struct CommitWork;

impl Work for CommitWork {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        services.db.write_blocking(|connection| {
            if renew(connection, lease, services.clock.now())? == Renewal::Lost {
                return Ok(Step::LeaseLost);
            }
            dialect::take_all_time(connection)?;
            let missing = || ApiError::internal("the import of a job is not there");
            let import = store::lock_import(connection, lease.tenant_id, lease.subject_id)?.ok_or_else(missing)?;
            let tenant = find_tenant(connection, lease.tenant_id)?.ok_or_else(missing)?;
            let job = find_job(connection, lease.tenant_id, lease.job_id)?.ok_or_else(missing)?;
            if import.status == ImportStatus::Committing && import.kind == ImportKind::SalesHistory {
                let posted = history::post::post_chunk(connection, &services.clock, &tenant, &import, &job)?;
                if posted > 0 {
                    let done = (job.progress_done + posted).min(job.progress_total);
                    set_progress(connection, lease, done, job.progress_total)?;
                    return Ok(Step::More);
                }
                end(connection, &import, services.clock.now())?;
            } else if import.status == ImportStatus::Committing {
                commit(connection, &services.clock, &tenant, &import, &job)?;
            }
            set_progress(connection, lease, job.progress_total, job.progress_total)?;
            Ok(Step::Done {
                result_path: format!("/v1/imports/{}", import.id),
            })
        })
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, import_id: Id, status: JobStatus) -> ApiResult<()> {
        if status != JobStatus::Succeeded {
            // Whatever stood in the way: it is seen when the rows are judged again.
            store::let_go(connection, tenant_id, import_id)?;
        }
        Ok(())
    }
}

fn commit(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    import: &ImportRow,
    job: &JobRow,
) -> ApiResult<()> {
    let now = clock.now();
    let attempt = (tenant.id, import.id, import.attempt);
    let kind = job.actor_kind.parse::<ActorKind>().unwrap_or(ActorKind::System);
    let trail = audit::Author::new(tenant.id, kind, job.actor_id, &job.actor_name);
    make_customers(connection, attempt, job, now)?;
    change_customers(connection, clock, attempt, &trail, now)?;
    if import.kind == ImportKind::Accounts {
        let poster = ledger::Author {
            kind,
            id: job.actor_id,
            name: job.actor_name.clone(),
        };
        open_accounts(connection, clock, tenant, import, (&trail, &poster))?;
    }
    end(connection, import, now)
}

fn end(connection: &mut DbConnection, import: &ImportRow, now: Timestamp) -> ApiResult<()> {
    let (status, at) = (ImportStatus::Committed, Some(now));
    Ok(store::set_status(
        connection,
        import.tenant_id,
        import.id,
        status,
        import.job_id,
        at,
    )?)
}

const NEW_CUSTOMERS: &str = "
    INSERT INTO customers (tenant_id, id, kind, first_name, last_name, company_name, name, name_key, customer_number, email,
        email_is_fictional, phone, street, postcode, city, country, vat_number, iban, language, enterprise_number, bic,
        contact_name, contact_language, recipient_emails, version, created_at, updated_at)
    SELECT s.tenant_id, s.customer_id, s.kind, s.first_name, s.last_name, s.company_name, s.name, s.name_key,
        s.customer_number, s.email, s.email_is_fictional, s.phone, s.street, s.postcode, s.city, s.country, s.vat_number,
        s.iban, s.language, s.enterprise_number, s.bic, s.contact_name, s.contact_language, s.recipient_emails, 1, $1, $1
    FROM import_customers s
    WHERE s.tenant_id = $2 AND s.import_id = $3 AND s.attempt = $4 AND s.outcome = 'create'";

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
    UPDATE accounts AS a SET name = s.name, name_key = s.name_key, settings_version = a.settings_version + 1
    FROM import_customers s, account_holders h
    WHERE s.tenant_id = $1 AND s.import_id = $2 AND s.attempt = $3 AND s.outcome = 'update'
      AND h.tenant_id = s.tenant_id AND h.customer_id = s.customer_id AND h.kind = 'billing'
      AND a.tenant_id = h.tenant_id AND a.id = h.account_id AND a.name <> s.name";

const TRAIL: &str = "
    INSERT INTO audit_entries
        (tenant_id, id, subject_kind, subject_id, actor_kind, actor_id, actor_name, recorded_at, field, old_value, new_value)
    SELECT s.tenant_id, s.audit_id, 'customer', s.customer_id, $1, $2, $3, $4, 'name', NULL, s.name
    FROM import_customers s
    WHERE s.tenant_id = $5 AND s.import_id = $6 AND s.attempt = $7 AND s.outcome = 'create'";

fn make_customers(connection: &mut DbConnection, attempt: Attempt, job: &JobRow, now: Timestamp) -> ApiResult<()> {
    let (tenant_id, import_id, number) = attempt;
    diesel::sql_query(NEW_CUSTOMERS)
        .bind::<SqlTimestamp, _>(now)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(number)
        .execute(connection)
        .map_err(|error| ApiError::taken(error, Code::ImportOutdated))?;
    diesel::sql_query(TRAIL)
        .bind::<Text, _>(&job.actor_kind)
        .bind::<SqlId, _>(job.actor_id)
        .bind::<Text, _>(&job.actor_name)
        .bind::<SqlTimestamp, _>(now)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(number)
        .execute(connection)?;
    Ok(())
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

/// Changes customers, some together: the trail has each field that changed, from what to what.
fn change_customers(
    connection: &mut DbConnection,
    clock: &Clock,
    attempt: Attempt,
    trail: &audit::Author,
    now: Timestamp,
) -> ApiResult<()> {
    let (tenant_id, import_id, number) = attempt;
    let change = changed_customers();
    let mut after = 0;
    loop {
        let page: Vec<Change> = diesel::sql_query(CHANGES)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(import_id)
            .bind::<BigInt, _>(number)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(CHANGES_OF_CHUNK)
            .load(connection)?;
        let Some(last) = page.last().map(|change| change.row_no) else {
            break;
        };
        let ids: Vec<Id> = page.iter().map(|change| change.customer_id).collect();
        let before = customers::list_by_ids(connection, tenant_id, &ids)?;
        diesel::sql_query(&change)
            .bind::<SqlTimestamp, _>(now)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(import_id)
            .bind::<BigInt, _>(number)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(last)
            .execute(connection)
            .map_err(|error| ApiError::taken(error, Code::ImportOutdated))?;
        let changed = customers::list_by_ids(connection, tenant_id, &ids)?;
        let subject = |customer: &Customer| audit::Subject::new(audit::SubjectKind::Customer, customer.id);
        let pairs = before.iter().zip(&changed);
        let changes: Vec<_> = pairs.map(|(old, new)| (subject(new), old.changes(new))).collect();
        audit::record_all(connection, clock, trail, &changes)?;
        after = last;
    }
    diesel::sql_query(RENAMED_ACCOUNTS)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(import_id)
        .bind::<BigInt, _>(number)
        .execute(connection)?;
    Ok(())
}

/// An account to be opened, and its place among the others.
#[derive(QueryableByName)]
struct Order {
    #[diesel(sql_type = BigInt)]
    row_no: i64,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = SqlId)]
    account_id: Id,
    #[diesel(sql_type = BigInt)]
    limit_minor: i64,
    #[diesel(sql_type = SqlId)]
    customer_id: Id,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    name_key: String,
}

const ORDERS: &str = "
    SELECT a.row_no, a.ordinal, a.account_id, a.limit_minor, c.id AS customer_id, c.name, c.name_key
    FROM import_accounts a
    JOIN import_customers s ON s.tenant_id = a.tenant_id AND s.import_id = a.import_id AND s.attempt = a.attempt
        AND s.name_key = a.name_key
    JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
    WHERE a.tenant_id = $1 AND a.import_id = $2 AND a.attempt = $3 AND a.outcome = 'create'
      AND (a.row_no > $4 OR (a.row_no = $4 AND a.ordinal > $5))
    ORDER BY a.row_no, a.ordinal LIMIT $6";

fn open_accounts(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    import: &ImportRow,
    authors: (&audit::Author, &ledger::Author),
) -> ApiResult<()> {
    let reason = format!("import of {}", import.file_name);
    let reason: String = reason.chars().take(200).collect();
    let (mut row_no, mut ordinal, mut opened) = (0, 0, 0);
    loop {
        let orders: Vec<Order> = diesel::sql_query(ORDERS)
            .bind::<SqlId, _>(tenant.id)
            .bind::<SqlId, _>(import.id)
            .bind::<BigInt, _>(import.attempt)
            .bind::<BigInt, _>(row_no)
            .bind::<Integer, _>(ordinal)
            .bind::<BigInt, _>(ACCOUNTS_OF_CHUNK)
            .load(connection)?;
        let Some(last) = orders.last() else { break };
        (row_no, ordinal) = (last.row_no, last.ordinal);
        opened += orders.len();
        let asked: Vec<HeldAccount> = orders.into_iter().map(HeldAccount::from).collect();
        accounts::open_many(connection, clock, tenant, authors, &reason, &asked)?;
    }
    if i64::try_from(opened).ok() != Some(import.created_count) {
        // A customer was renamed since: an account has lost the one who pays for it.
        return Err(ApiError::new(Code::ImportOutdated));
    }
    let made = "UPDATE import_accounts SET outcome = 'created'
        WHERE tenant_id = $1 AND import_id = $2 AND attempt = $3 AND outcome = 'create'";
    diesel::sql_query(made)
        .bind::<SqlId, _>(tenant.id)
        .bind::<SqlId, _>(import.id)
        .bind::<BigInt, _>(import.attempt)
        .execute(connection)?;
    Ok(())
}

impl From<Order> for HeldAccount {
    fn from(order: Order) -> Self {
        HeldAccount {
            id: order.account_id,
            customer_id: order.customer_id,
            name: order.name,
            name_key: order.name_key,
            limit_minor: order.limit_minor,
        }
    }
}
