//! Whether anything of an account waits for an invoice, which closing it asks. What a run takes of it is `invoice_runs`' own.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::{entries, invoice_entries};
use crate::id::Id;
use crate::ledger::EntryKind;

diesel::alias!(entries as reversals: Reversals);

/// Whether the account has a sale, refund or charge that is not reversed and stands on no standing invoice, of any amount and day.
/// Call it under the account's lock when something depends on it.
///
/// # Errors
/// What the database said.
pub fn has_uninvoiced(connection: &mut DbConnection, tenant_id: Id, account_id: Id) -> QueryResult<bool> {
    let reversal = reversals
        .filter(reversals.field(entries::tenant_id).eq(tenant_id))
        .filter(reversals.field(entries::refers_to).eq(entries::id.nullable()))
        .filter(reversals.field(entries::kind).eq(EntryKind::Reversal.literal()));
    let standing = invoice_entries::table
        .filter(invoice_entries::tenant_id.eq(tenant_id))
        .filter(invoice_entries::account_id.eq(account_id))
        .filter(invoice_entries::entry_seq.eq(entries::seq))
        .filter(invoice_entries::is_standing);
    let waiting = entries::table
        .filter(entries::tenant_id.eq(tenant_id))
        .filter(entries::account_id.eq(account_id))
        .filter(entries::kind.eq_any([EntryKind::Sale, EntryKind::Refund, EntryKind::Charge]))
        .filter(not(exists(reversal)))
        .filter(not(exists(standing)));
    diesel::select(exists(waiting)).get_result(connection)
}
