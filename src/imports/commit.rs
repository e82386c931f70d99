//! Making what the rows of a valid import ask for: all of it in one transaction, or nothing.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::commit_customers::{change_customers, make_customers};
use super::history;
use super::model::{ImportKind, ImportRow, ImportStatus};
use super::store;
use crate::accounts::{self, HeldAccount};
use crate::audit;
use crate::auth::{Actor, ActorKind, TenantContext, find_tenant};
use crate::clock::{Clock, Timestamp};
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};
use crate::jobs::live::Teller;
use crate::jobs::model::JobRow;
use crate::jobs::store::{NewJob, Renewal, find_job, insert_job, renew, set_progress};
use crate::jobs::worker::Services;
use crate::jobs::{JobKind, JobStatus, Lease, Step, Work};
use crate::ledger;

/// How many accounts are opened together.
const ACCOUNTS_OF_CHUNK: i64 = 1000;

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

/// Commits an import. Customers and accounts are one step, which tells how far it is: all rows or none. Sales of the past are many
/// steps, so that tills go on.
pub struct CommitWork;

impl Work for CommitWork {
    fn step(&self, services: &Services, lease: &Lease) -> ApiResult<Step> {
        let (tenant_id, import_id) = (lease.tenant_id, lease.subject_id);
        let missing = || ApiError::internal("the import of a job is not there");
        let (import, job) = services.db.read_blocking(|connection| {
            let import = store::find_import(connection, tenant_id, import_id)?.ok_or_else(missing)?;
            let job = find_job(connection, tenant_id, lease.job_id)?.ok_or_else(missing)?;
            Ok((import, job))
        })?;
        if import.kind == ImportKind::SalesHistory {
            return post_sales(services, lease);
        }
        let teller = Teller::new(services, lease, job.progress_total);
        let mut is_lost = false;
        let committed = services.db.write_blocking(|connection| {
            dialect::take_all_time(connection)?;
            let import = store::lock_import(connection, tenant_id, import_id)?.ok_or_else(missing)?;
            let tenant = find_tenant(connection, tenant_id)?.ok_or_else(missing)?;
            if import.status == ImportStatus::Committing {
                commit(connection, &services.clock, &tenant, &import, &job, &teller)?;
            }
            // the job's row comes last: until then the teller writes it, and what is done for a lost lease is undone here
            is_lost = renew(connection, lease, services.clock.now())? == Renewal::Lost;
            if is_lost {
                return Err(ApiError::internal("somebody else has the job by now"));
            }
            Ok(set_progress(connection, lease, job.progress_total, job.progress_total)?)
        });
        match committed {
            Err(_) if is_lost => Ok(Step::LeaseLost),
            Err(error) => {
                teller.tell(0);
                Err(error)
            }
            Ok(()) => Ok(done(import_id)),
        }
    }

    fn end(&self, connection: &mut DbConnection, tenant_id: Id, import_id: Id, status: JobStatus) -> ApiResult<()> {
        if status != JobStatus::Succeeded {
            // Whatever stood in the way: it is seen when the rows are judged again.
            store::let_go(connection, tenant_id, import_id)?;
        }
        Ok(())
    }
}

fn done(import_id: Id) -> Step {
    Step::Done {
        result_path: format!("/v1/imports/{import_id}"),
    }
}

/// Posts some of the sales of the past, in a transaction of their own.
fn post_sales(services: &Services, lease: &Lease) -> ApiResult<Step> {
    services.db.write_blocking(|connection| {
        if renew(connection, lease, services.clock.now())? == Renewal::Lost {
            return Ok(Step::LeaseLost);
        }
        dialect::take_all_time(connection)?;
        let missing = || ApiError::internal("the import of a job is not there");
        let import = store::lock_import(connection, lease.tenant_id, lease.subject_id)?.ok_or_else(missing)?;
        let tenant = find_tenant(connection, lease.tenant_id)?.ok_or_else(missing)?;
        let job = find_job(connection, lease.tenant_id, lease.job_id)?.ok_or_else(missing)?;
        if import.status == ImportStatus::Committing {
            let posted = history::post::post_chunk(connection, &services.clock, &tenant, &import, &job)?;
            if posted > 0 {
                let done = (job.progress_done + posted).min(job.progress_total);
                set_progress(connection, lease, done, job.progress_total)?;
                return Ok(Step::More);
            }
            end(connection, &import, services.clock.now())?;
        }
        set_progress(connection, lease, job.progress_total, job.progress_total)?;
        Ok(done(import.id))
    })
}

fn commit(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    import: &ImportRow,
    job: &JobRow,
    teller: &Teller,
) -> ApiResult<()> {
    let now = clock.now();
    let attempt = (tenant.id, import.id, import.attempt);
    let kind = job.actor_kind.parse::<ActorKind>().unwrap_or(ActorKind::System);
    let trail = audit::Author::new(tenant.id, kind, job.actor_id, &job.actor_name);
    // of an import of accounts, progress is in accounts: its customers are few, and come with them
    let tell_customers = |done: i64| {
        if import.kind == ImportKind::Customers {
            teller.tell(done);
        }
    };
    let made = make_customers(connection, attempt, job, now, &tell_customers)?;
    change_customers(connection, clock, attempt, &trail, now, &|changed| {
        tell_customers(made + changed);
    })?;
    if import.kind == ImportKind::Accounts {
        let poster = ledger::Author {
            kind,
            id: job.actor_id,
            name: job.actor_name.clone(),
        };
        open_accounts(connection, clock, tenant, import, (&trail, &poster), teller)?;
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
    teller: &Teller,
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
        teller.tell(i64::try_from(opened).unwrap_or(0));
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
