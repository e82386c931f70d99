//! Which standing invoice covers an entry. Invoices cover entries in stretches, from one number to another; no two standing
//! invoices cover the same entry.

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
