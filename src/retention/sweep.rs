//! The chore: every hour, tenant by tenant, one thing after another, in short transactions between which the worker rests and
//! looks for jobs.

use std::time::{Duration, Instant};

use super::rules::{Retention, days_ago, passed_before};
use super::store;
use crate::auth::find_tenant;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::error::{ApiResult, Code};
use crate::id::Id;
use crate::jobs::Services;
use crate::ledger::TenantRules;

/// A process that starts has other things to do.
const FIRST_LOOK_AFTER: Duration = Duration::from_secs(10);
/// How often a process looks whether the chore is due.
const LOOK_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// Between two transactions that deleted something: tills go first.
const REST: Duration = Duration::from_secs(1);

/// What goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    PassedKeys,
    EndedJobs,
    CommittedFiles,
    AbandonedImports,
    EndedMails,
}

const THINGS: [Thing; 5] = [
    Thing::PassedKeys,
    Thing::EndedJobs,
    Thing::CommittedFiles,
    Thing::AbandonedImports,
    Thing::EndedMails,
];

/// Deletes what is no longer needed, a step at a time.
pub struct Sweeper {
    retention: Retention,
    /// Nothing is done before.
    rests_until: Instant,
    /// What is left of the sweep that goes on.
    left: Vec<(Id, Thing)>,
    rows_gone: usize,
}

impl Sweeper {
    /// Looks for the first time after a while.
    #[must_use]
    pub fn new(retention: Retention) -> Self {
        Sweeper {
            retention,
            rests_until: Instant::now() + FIRST_LOOK_AFTER,
            left: Vec::new(),
            rows_gone: 0,
        }
    }

    /// Does the next step, if there is one now; false when there is none, or none yet.
    ///
    /// # Errors
    /// When the database fails: the thing that failed waits for the next sweep, and all others when the database is away.
    pub fn step(&mut self, services: &Services) -> ApiResult<bool> {
        let now = Instant::now();
        if now < self.rests_until {
            return Ok(false);
        }
        if self.left.is_empty() {
            self.rests_until = now + LOOK_AGAIN_AFTER;
            let has_begun = self.begin(services)?;
            if has_begun {
                self.rests_until = now;
            }
            return Ok(has_begun);
        }
        let gone = self.go_on(services)?;
        if gone > 0 {
            self.rests_until = Instant::now() + REST;
        }
        Ok(gone == 0)
    }

    /// A whole sweep without a rest, if it is due; answers how many rows went.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sweep(&mut self, services: &Services) -> ApiResult<usize> {
        if self.begin(services)? {
            while !self.left.is_empty() {
                self.go_on(services)?;
            }
        }
        Ok(std::mem::take(&mut self.rows_gone))
    }

    /// Lists what is to be looked at, when it is this process's turn.
    fn begin(&mut self, services: &Services) -> ApiResult<bool> {
        let (db, now) = (&services.db, services.clock.now());
        if !db.write_blocking(|connection| Ok(store::take_chore(connection, now)?))? {
            return Ok(false);
        }
        let tenants = db.read_blocking(|connection| Ok(store::list_tenants(connection)?))?;
        let of_tenant = |id: Id| THINGS.map(|thing| (id, thing));
        self.left = tenants.into_iter().flat_map(of_tenant).collect();
        self.rows_gone = 0;
        Ok(true)
    }

    /// One transaction; answers how many rows went in it.
    fn go_on(&mut self, services: &Services) -> ApiResult<usize> {
        let Some(&(tenant_id, thing)) = self.left.last() else {
            return Ok(0);
        };
        let (now, retention) = (services.clock.now(), self.retention);
        let done = services
            .db
            .write_blocking(|connection| delete_some(connection, retention, tenant_id, thing, now));
        let (gone, may_be_more) = done.inspect_err(|error| {
            if error.code() == Code::ServiceUnavailable {
                self.left.clear();
            }
            self.left.pop();
        })?;
        self.rows_gone = self.rows_gone.saturating_add(gone);
        if !may_be_more {
            self.left.pop();
            if self.left.is_empty() {
                tracing::info!(rows = self.rows_gone, "deleted what is no longer needed");
            }
        }
        Ok(gone)
    }
}

/// How many rows went, and whether there may be more of them.
fn delete_some(
    connection: &mut DbConnection,
    retention: Retention,
    tenant_id: Id,
    thing: Thing,
    now: Timestamp,
) -> ApiResult<(usize, bool)> {
    let Some(tenant) = find_tenant(connection, tenant_id)? else {
        return Ok((0, false));
    };
    let imports_before = days_ago(now, retention.keep_imports_days);
    let (gone, most) = match thing {
        Thing::PassedKeys => {
            let before = passed_before(&TenantRules::from(&tenant), now, retention.keep_declines_days);
            let gone = store::delete_passed_keys(connection, tenant_id, before)?;
            (gone, store::ROWS_MAX)
        }
        Thing::EndedJobs => {
            let before = days_ago(now, retention.keep_jobs_days);
            let gone = store::delete_ended_jobs(connection, tenant_id, before)?;
            (gone, store::ROWS_MAX)
        }
        Thing::CommittedFiles => {
            let gone = store::delete_files_of_committed(connection, tenant_id, imports_before)?;
            (gone, store::FILES_MAX)
        }
        Thing::AbandonedImports => {
            let gone = store::delete_of_abandoned_import(connection, tenant_id, imports_before)?;
            (gone, 1)
        }
        Thing::EndedMails => {
            let before = days_ago(now, retention.keep_mails_days);
            let gone = store::delete_ended_mails(connection, tenant_id, before, now)?;
            (gone, store::ROWS_MAX)
        }
    };
    Ok((gone, gone >= usize::from(most)))
}
