//! Whether anything of an account waits for an invoice, which closing it asks. What a run takes of it is `invoice_runs`' own.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::DbConnection;
use crate::id::{Id, SqlId};
use crate::ledger::covering;

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Bool)]
    is_any: bool,
}

/// Whether the account has a sale, refund or charge that is not reversed and stands on no standing invoice, of any amount and day.
/// Call it under the account's lock when something depends on it.
///
/// # Errors
/// What the database said.
pub fn has_uninvoiced(connection: &mut DbConnection, tenant_id: Id, account_id: Id) -> QueryResult<bool> {
    let waiting: Waiting = diesel::sql_query(format!(
        "SELECT EXISTS (
             SELECT 1 FROM entries e
             WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.kind IN ('sale', 'refund', 'charge')
                 AND NOT EXISTS (SELECT 1 FROM entries r
                     WHERE r.tenant_id = e.tenant_id AND r.refers_to = e.id AND r.kind = 'reversal')
                 AND {} IS NULL
         ) AS is_any",
        covering("invoice_id", "e", "seq")
    ))
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(account_id)
    .get_result(connection)?;
    Ok(waiting.is_any)
}
