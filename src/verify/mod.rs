//! Proves that the books are what they say: every fold, every sum, every link is computed anew from the entries, and each
//! difference is named. It only reads.
//!
//! Almost each check is one statement over a whole tenant, which the database answers with the rows that differ: what is right
//! never leaves it. A check names at most [`DIFFERENCES_MAX`] of them.

mod invoices;
mod keyed_jobs;
mod ledger;
mod lines;
mod links;

use std::fmt;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::db::schema::tenants;
use crate::db::{DbConnection, dialect};
use crate::error::ApiResult;
use crate::id::{Id, SqlId};

/// The most differences that one check names for one tenant.
pub const DIFFERENCES_MAX: usize = 1000;

/// One thing that must hold.
pub struct Check {
    /// Its name, for programs.
    pub code: &'static str,
    /// What is wrong where it does not hold.
    pub says: &'static str,
    find: Find,
}

/// How a check finds what differs.
enum Find {
    /// Selects it, as `subject` (an id), `seq` (or null), `expected` and `found` (or null); `$1` is the tenant.
    Sql(&'static str),
    /// Of a tenant, what no database can compute: the subjects.
    Computed(fn(&mut DbConnection, Id) -> QueryResult<Vec<Id>>),
}

/// Every check, in the order in which they are made.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    ledger::CHECKS
        .iter()
        .chain(lines::CHECKS)
        .chain(links::CHECKS)
        .chain(invoices::CHECKS)
        .chain(keyed_jobs::CHECKS)
}

/// Something that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub code: &'static str,
    pub says: &'static str,
    pub tenant_number: i64,
    /// What it is about: an account, entry, key, invoice or run.
    pub subject: Id,
    /// The entry's number in its account, where it is about one.
    pub seq: Option<i64>,
    pub expected: Option<i64>,
    pub found: Option<i64>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: tenant {}, {}", self.code, self.tenant_number, self.subject)?;
        if let Some(seq) = self.seq {
            write!(f, ", entry {seq}")?;
        }
        write!(f, ": {}", self.says)?;
        if let (Some(expected), Some(found)) = (self.expected, self.found) {
            write!(f, " (expected {expected}, found {found})")?;
        }
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlId)]
    subject: Id,
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    expected: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    found: Option<i64>,
}

impl Row {
    fn about(subject: Id) -> Self {
        Row {
            subject,
            seq: None,
            expected: None,
            found: None,
        }
    }
}

/// A tenant by its id and number.
pub type Tenant = (Id, i64);

/// Every tenant, by number.
///
/// # Errors
/// Those of the database.
pub fn list_tenants(connection: &mut DbConnection) -> ApiResult<Vec<Tenant>> {
    Ok(tenants::table
        .order(tenants::number)
        .select((tenants::id, tenants::number))
        .load(connection)?)
}

/// Makes every check of one tenant, on the snapshot of the caller's transaction, and names each difference.
///
/// # Errors
/// Those of the database.
pub fn verify_tenant(connection: &mut DbConnection, tenant: Tenant) -> ApiResult<Vec<Difference>> {
    dialect::take_all_time(connection)?;
    dialect::join_whole_tables(connection)?;
    let mut differences = Vec::new();
    for check in checks() {
        let rows = find(connection, tenant.0, &check.find)?;
        differences.extend(rows.into_iter().map(|row| Difference {
            code: check.code,
            says: check.says,
            tenant_number: tenant.1,
            subject: row.subject,
            seq: row.seq,
            expected: row.expected,
            found: row.found,
        }));
    }
    Ok(differences)
}

fn find(connection: &mut DbConnection, tenant_id: Id, find: &Find) -> QueryResult<Vec<Row>> {
    match find {
        Find::Sql(sql) => diesel::sql_query(format!("{sql} LIMIT {DIFFERENCES_MAX}"))
            .bind::<SqlId, _>(tenant_id)
            .load(connection),
        Find::Computed(compute) => {
            let subjects = compute(connection, tenant_id)?.into_iter().take(DIFFERENCES_MAX);
            Ok(subjects.map(Row::about).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use diesel::connection::SimpleConnection;
    use diesel::sql_types::{Integer, Text};

    use super::*;
    use crate::db::{DatabaseUrl, Db, migrate};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Integer)]
        id: i32,
        #[diesel(sql_type = Integer)]
        parent: i32,
        #[diesel(sql_type = Text)]
        detail: String,
    }

    /// What reads a whole tenant once for each row of what stands before it: in a join, all but its first step; in a subquery that
    /// depends on the row, every step.
    fn rereads(steps: &[Step]) -> Vec<&str> {
        let mut repeated: HashSet<i32> = HashSet::new();
        let mut found = Vec::new();
        for Step { id, parent, detail } in steps {
            if detail.starts_with("CORRELATED") {
                repeated.insert(*id);
            }
            if !detail.starts_with("SCAN") && !detail.starts_with("SEARCH") {
                continue;
            }
            let is_repeated = !repeated.insert(*parent);
            if is_repeated && reads_whole_tenant(detail) {
                found.push(detail.as_str());
            }
        }
        found
    }

    /// Whether an index, if any, is asked for nothing but the tenant and what many of its rows have in common.
    fn reads_whole_tenant(step: &str) -> bool {
        let asked = step
            .rsplit_once('(')
            .map_or("", |(_, asked)| asked.trim_end_matches(')'));
        let narrow = |term: &str| !["tenant_id=?", "kind=?", "business_date>?", "business_date<?"].contains(&term);
        step.starts_with("SCAN") || step.contains("ANY(") || !asked.split(" AND ").any(narrow)
    }

    #[test]
    fn a_tenant_is_read_whole_where_no_column_of_few_rows_is_asked_for() {
        for whole in [
            "SCAN e",
            "SEARCH e USING INDEX entries_by_refers_to (tenant_id=?)",
            "SEARCH e USING INDEX entries_by_kind (tenant_id=? AND kind=? AND business_date>?)",
            "SEARCH e USING INDEX sqlite_autoindex_entries_1 (ANY(tenant_id) AND ANY(account_id) AND seq=?)",
        ] {
            assert!(reads_whole_tenant(whole), "{whole}");
        }
        let one = "SEARCH e USING INDEX sqlite_autoindex_entries_1 (tenant_id=? AND account_id=? AND seq>?)";
        assert!(!reads_whole_tenant(one));
    }

    fn assert_no_rereads(connection: &mut DbConnection, state: &str) {
        for check in checks() {
            let Find::Sql(sql) = check.find else { continue };
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql} LIMIT {DIFFERENCES_MAX}"))
                .bind::<SqlId, _>(Id::from(uuid::Uuid::nil()))
                .load(connection)
                .unwrap();
            assert!(!steps.is_empty());
            assert_eq!(rereads(&steps), Vec::<&str>::new(), "{} {state}", check.code);
        }
    }

    /// Books of a million sales take minutes then, and of ten million days.
    #[test]
    fn sqlite_reads_no_tenant_once_for_each_row() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl = format!("sqlite:{}", folder.path().join("test.db").display())
            .parse()
            .unwrap();
        migrate(&url).unwrap();
        // statistics are those of a connection that opens after them
        let explain = |state| {
            let db = Db::connect(&url, 1).unwrap();
            db.read_blocking(|connection| {
                assert_no_rereads(connection, state);
                Ok(())
            })
            .unwrap();
        };
        explain("without statistics");
        let from_before_the_first_run = "ANALYZE;
            INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                ('entries', 'sqlite_autoindex_entries_1', '1000000 1000000 100 1'),
                ('entries', 'entries_by_id', '1000000 1000000 1'),
                ('entry_lines', 'entry_lines', '2000000 2000000 200 200 2 1');";
        Db::connect(&url, 1)
            .unwrap()
            .write_blocking(|connection| Ok(connection.batch_execute(from_before_the_first_run)?))
            .unwrap();
        explain("with statistics from before the first run");
    }
}
