//! Which standing invoice covers an entry, and which entries none covers. Invoices cover entries in stretches, from one number to
//! another; no two standing invoices cover the same entry.

use crate::db::{DbConnection, dialect};

/// A column of the stretch of a standing invoice that covers an entry, in SQL; NULL when none does. The entry is that of the row
/// `entry`, whose column `seq` has its number. It is the last stretch that does not begin behind it, or none: looked up by one
/// step in the index of standing stretches, however many the account has.
#[must_use]
pub fn covering(column: &str, entry: &str, seq: &str) -> String {
    format!(
        "(SELECT CASE WHEN c.last_seq >= {entry}.{seq} THEN c.{column} END FROM invoice_stretches c
          WHERE c.tenant_id = {entry}.tenant_id AND c.account_id = {entry}.account_id AND c.is_standing
              AND c.first_seq <= {entry}.{seq}
          ORDER BY c.first_seq DESC LIMIT 1)"
    )
}

/// Selects from the open entries `e` of accounts: billable, not reversed, and on no standing invoice. They are looked up between
/// the stretches, so that what was invoiced long ago costs nothing but its stretches. It ends a statement about accounts that were
/// [chosen](crate::db::about_chosen), and a `WHERE` may follow; it had better not be one that another index of `entries` finds, or
/// SQLite would read by that index all of the account for each gap.
///
/// A reversal is looked up entry by entry: as a join or `NOT EXISTS`, PostgreSQL would read all reversals when it takes them for
/// few.
#[must_use]
pub fn select_open(connection: &DbConnection, columns: &str) -> String {
    let look_up = |table, alias, condition| dialect::look_up(connection, table, alias, condition);
    let standing = look_up(
        "invoice_stretches",
        "c",
        "c.tenant_id = $2 AND c.account_id = chosen.id AND c.is_standing",
    );
    let between = look_up(
        "entries",
        "e",
        "e.tenant_id = $2 AND e.account_id = gap.account_id AND e.seq > gap.after_seq AND e.seq < gap.before_seq
             AND e.kind IN ('sale', 'refund', 'charge')
             AND (SELECT r.seq FROM entries r
                 WHERE r.tenant_id = e.tenant_id AND r.refers_to = e.id AND r.kind = 'reversal') IS NULL",
    );
    format!(
        ", gap (account_id, after_seq, before_seq) AS MATERIALIZED (
             SELECT account_id, last_seq, next_seq FROM (
                 SELECT account_id, last_seq,
                     LEAD(first_seq, 1, {last}) OVER (PARTITION BY account_id ORDER BY first_seq) AS next_seq
                 FROM (SELECT id AS account_id, CAST(0 AS BIGINT) AS first_seq, CAST(0 AS BIGINT) AS last_seq FROM chosen
                       UNION ALL
                       SELECT chosen.id, c.first_seq, c.last_seq FROM chosen {standing}) stretches
             ) stretches WHERE next_seq > last_seq + 1)
         SELECT {columns} FROM gap {between}",
        last = i64::MAX
    )
}
