//! What always holds in the database, said in SQL and independent of the service.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use onaccount::id::{Id, SqlId};

use crate::harness::Service;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Each statement counts what must not be there; `$1` is the tenant.
const DAMAGE: [(&str, &str); 9] = [
    (
        "an account is not the fold of its entries",
        "SELECT COUNT(*) AS count FROM accounts a WHERE a.tenant_id = $1 AND
         (a.balance_minor <> (SELECT COALESCE(SUM(e.balance_change_minor), 0) FROM entries e
              WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id)
          OR a.credit_limit_minor <> (SELECT COALESCE(SUM(e.limit_change_minor), 0) FROM entries e
              WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id)
          OR a.last_seq <> (SELECT COUNT(*) FROM entries e WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id))",
    ),
    (
        "the lines of an invoice do not add up to its total",
        "SELECT COUNT(*) AS count FROM invoices i WHERE i.tenant_id = $1 AND i.total_minor <>
         (SELECT COALESCE(SUM(l.amount_minor), 0) FROM invoice_lines l WHERE l.tenant_id = i.tenant_id AND l.invoice_id = i.id)",
    ),
    (
        "the VAT of an invoice does not add up to its total",
        "SELECT COUNT(*) AS count FROM invoices i WHERE i.tenant_id = $1 AND i.total_minor <>
         (SELECT COALESCE(SUM(v.gross_minor), 0) FROM invoice_vat v WHERE v.tenant_id = i.tenant_id AND v.invoice_id = i.id)",
    ),
    (
        "what an invoice covers does not add up to its total",
        "SELECT COUNT(*) AS count FROM invoices i WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND i.total_minor <>
         (SELECT -COALESCE(SUM(e.balance_change_minor), 0) FROM invoice_entries c
              JOIN entries e ON e.tenant_id = c.tenant_id AND e.account_id = c.account_id AND e.seq = c.entry_seq
              WHERE c.tenant_id = i.tenant_id AND c.invoice_id = i.id)",
    ),
    (
        "an entry stands on an invoice that does not",
        "SELECT COUNT(*) AS count FROM invoice_entries c JOIN invoices i ON i.tenant_id = c.tenant_id AND i.id = c.invoice_id
         WHERE c.tenant_id = $1 AND c.is_standing <> (i.status = 'standing')",
    ),
    (
        "a reversed entry stands on an invoice",
        "SELECT COUNT(*) AS count FROM invoice_entries c
         JOIN entries e ON e.tenant_id = c.tenant_id AND e.account_id = c.account_id AND e.seq = c.entry_seq
         JOIN entries r ON r.tenant_id = e.tenant_id AND r.refers_to = e.id AND r.kind = 'reversal'
         WHERE c.tenant_id = $1 AND c.is_standing",
    ),
    (
        "an invoice has no reset, or another account's",
        "SELECT COUNT(*) AS count FROM invoices i LEFT JOIN entries e ON e.tenant_id = i.tenant_id AND e.id = i.reset_entry_id
         WHERE i.tenant_id = $1 AND (e.account_id IS NULL OR e.account_id <> i.account_id
              OR e.kind <> (CASE WHEN i.reverses_id IS NULL THEN 'invoice_reset' ELSE 'reversal' END))",
    ),
    (
        "numbers of a year have gaps",
        "SELECT COUNT(*) AS count FROM (SELECT series_year FROM invoices WHERE tenant_id = $1 GROUP BY series_year
         HAVING MAX(series_value) <> COUNT(*) OR MIN(series_value) <> 1) g",
    ),
    (
        "what was given back of a limit is not what later invoices say",
        "SELECT COUNT(*) AS count FROM invoices i WHERE i.tenant_id = $1 AND i.limit_returned_minor <>
         (SELECT COALESCE(SUM(r.amount_minor), 0) FROM invoice_limit_returns r
              JOIN invoices n ON n.tenant_id = r.tenant_id AND n.id = r.invoice_id
              WHERE r.tenant_id = i.tenant_id AND r.origin_invoice_id = i.id AND n.status = 'standing')",
    ),
];

#[track_caller]
pub fn assert_sound(service: &Service, tenant_id: Id) {
    for (name, sql) in DAMAGE {
        let found: Count = service.write(|connection| {
            diesel::sql_query(sql)
                .bind::<SqlId, _>(tenant_id)
                .get_result(connection)
        });
        assert_eq!(found.count, 0, "{name}");
    }
}
