//! The mutations report, read in each database's own way.

use diesel::dsl::sql;
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Timestamp as SqlTimestamp};
use diesel::sqlite::Sqlite;

use super::model::{MutationFilter, ReportRow};
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{accounts, entries};
use crate::id::{Id, SqlId};
use crate::ledger::EntryRow;
use crate::period::BusinessDate;

/// What the report is sorted by, the newest first.
pub type ReportKey = (BusinessDate, Timestamp, Id);

/// The query, as diesel writes it for a backend.
macro_rules! report {
    ($backend:ty, $tenant_id:expr, $filter:expr, $after:expr, $rows_max:expr) => {{
        let of_account = accounts::tenant_id
            .eq(entries::tenant_id)
            .and(accounts::id.eq(entries::account_id));
        let mut rows = entries::table
            .inner_join(accounts::table.on(of_account))
            .filter(entries::tenant_id.eq($tenant_id))
            .order((
                entries::business_date.desc(),
                entries::posted_at.desc(),
                entries::id.desc(),
            ))
            .select((EntryRow::as_select(), accounts::number, accounts::name))
            .limit($rows_max)
            .into_boxed::<$backend>();
        if let Some(account_id) = $filter.account_id {
            rows = rows.filter(entries::account_id.eq(account_id));
        }
        if let Some(kinds) = &$filter.kinds {
            rows = rows.filter(entries::kind.eq_any(kinds.clone()));
        }
        if let Some(from) = $filter.from {
            rows = rows.filter(entries::business_date.ge(from));
        }
        // an index is entered at one upper bound only, and where the last page ended is the closer one
        if let Some(to) = $filter
            .to
            .filter(|to| $after.is_none_or(|(date, _, _)| date.date() > *to))
        {
            rows = rows.filter(entries::business_date.le(to));
        }
        if let Some(run_id) = $filter.run_id {
            rows = rows.filter(entries::run_id.eq(run_id));
        }
        if let Some((date, posted_at, id)) = $after {
            // as one value, which both databases look up in the index
            let earlier = sql::<Bool>("(entries.business_date, entries.posted_at, entries.id) < (")
                .bind::<Date, _>(date.date())
                .sql(", ")
                .bind::<SqlTimestamp, _>(posted_at)
                .sql(", ")
                .bind::<SqlId, _>(id)
                .sql(")");
            rows = rows.filter(earlier);
        }
        rows
    }};
}

/// One page of the report; `after` is the key of the last row before it. An index on (tenant, business date, posted at,
/// id) finds the place.
pub fn list_report(
    connection: &mut DbConnection,
    tenant_id: Id,
    filter: &MutationFilter,
    after: Option<ReportKey>,
    rows_max: i64,
) -> QueryResult<Vec<ReportRow>> {
    match connection {
        // row by row: one is taken in while the server finds those after it
        DbConnection::Postgres(connection) => report!(Pg, tenant_id, filter, after, rows_max)
            .load_iter::<ReportRow, PgRowByRowLoadingMode>(connection)?
            .collect(),
        DbConnection::Sqlite(connection) => report!(Sqlite, tenant_id, filter, after, rows_max).load(connection),
    }
}
