//! The lines of entries.

use super::{Check, Find};

pub const CHECKS: &[Check] = &[
    Check {
        code: "line_sum",
        says: "the lines do not add up to minus the balance change",
        find: Find::Sql(
            "SELECT e.id AS subject, e.seq AS seq, -e.balance_change_minor AS expected,
                CAST(COALESCE(l.total, 0) AS BIGINT) AS found
            FROM entries e LEFT JOIN (
                SELECT account_id, business_date, entry_seq, SUM(amount_minor) AS total FROM entry_lines
                WHERE tenant_id = $1 GROUP BY account_id, business_date, entry_seq
            ) l ON l.account_id = e.account_id AND l.business_date = e.business_date AND l.entry_seq = e.seq
            WHERE e.tenant_id = $1 AND e.kind IN ('sale', 'refund', 'charge')
                AND -e.balance_change_minor <> COALESCE(l.total, 0)",
        ),
    },
    Check {
        code: "line_count",
        says: "the entry has another number of lines than it says",
        find: Find::Sql(
            "SELECT e.id AS subject, e.seq AS seq, CAST(e.line_count AS BIGINT) AS expected,
                CAST(COALESCE(l.total, 0) AS BIGINT) AS found
            FROM entries e LEFT JOIN (
                SELECT account_id, business_date, entry_seq, COUNT(*) AS total FROM entry_lines
                WHERE tenant_id = $1 GROUP BY account_id, business_date, entry_seq
            ) l ON l.account_id = e.account_id AND l.business_date = e.business_date AND l.entry_seq = e.seq
            WHERE e.tenant_id = $1 AND e.line_count <> COALESCE(l.total, 0)",
        ),
    },
    Check {
        code: "line_numbers",
        says: "the numbers of the entry's lines have a gap",
        find: Find::Sql(
            "SELECT e.id AS subject, e.seq AS seq, CAST(e.line_count AS BIGINT) AS expected,
                CAST(l.last AS BIGINT) AS found
            FROM entries e JOIN (
                SELECT account_id, business_date, entry_seq, MAX(line_no) AS last, COUNT(*) AS total FROM entry_lines
                WHERE tenant_id = $1 GROUP BY account_id, business_date, entry_seq
            ) l ON l.account_id = e.account_id AND l.business_date = e.business_date AND l.entry_seq = e.seq
            WHERE e.tenant_id = $1 AND l.last <> l.total",
        ),
    },
    Check {
        code: "line_date",
        says: "a line has another business date than its entry",
        find: Find::Sql(
            "SELECT e.id AS subject, e.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entry_lines l JOIN entries e
                ON e.tenant_id = l.tenant_id AND e.account_id = l.account_id AND e.seq = l.entry_seq
            WHERE l.tenant_id = $1 AND l.business_date <> e.business_date",
        ),
    },
    Check {
        code: "line_entry",
        says: "a line belongs to no entry of this account",
        find: Find::Sql(
            "SELECT l.account_id AS subject, l.entry_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM entry_lines l LEFT JOIN entries e
                ON e.tenant_id = l.tenant_id AND e.account_id = l.account_id AND e.seq = l.entry_seq
            WHERE l.tenant_id = $1 AND e.id IS NULL",
        ),
    },
];
