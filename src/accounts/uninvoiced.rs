//! Whether anything of an account waits for an invoice, which closing it asks. What a run takes of it is `invoice_runs`' own.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::db::{DbConnection, about_chosen};
use crate::id::Id;
use crate::ledger::select_open;

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt, column_name = "seq")]
    _seq: i64,
}

/// Whether the account has a sale, refund or charge that is not reversed and stands on no standing invoice, of any amount and day.
/// Call it under the account's lock when something depends on it.
///
/// # Errors
/// What the database said.
pub fn has_uninvoiced(connection: &mut DbConnection, tenant_id: Id, account_id: Id) -> QueryResult<bool> {
    let open = format!("{} LIMIT 1", select_open(connection, "e.seq"));
    let found: Option<Waiting> = about_chosen(connection, &open, tenant_id, &[account_id])
        .get_result(connection)
        .optional()?;
    Ok(found.is_some())
}
