//! What entries and keys refer to.

use super::{Check, Find};

pub const CHECKS: &[Check] = &[
    Check {
        code: "reversal_target",
        says: "the reversal undoes nothing before it in its account that can be undone",
        find: Find::Sql("SELECT r.id AS subject, r.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries r LEFT JOIN entries e ON e.tenant_id = r.tenant_id AND e.id = r.refers_to
            WHERE r.tenant_id = $1 AND r.kind = 'reversal'
                AND (e.id IS NULL OR e.account_id <> r.account_id OR e.seq >= r.seq OR e.kind = 'reversal')"),
    },
    Check {
        code: "reversal_balance",
        says: "the reversal is not the opposite of what it undoes",
        find: Find::Sql(
            "SELECT r.id AS subject, r.seq AS seq, -e.balance_change_minor AS expected, r.balance_change_minor AS found
            FROM entries r JOIN entries e ON e.tenant_id = r.tenant_id AND e.id = r.refers_to
            WHERE r.tenant_id = $1 AND r.kind = 'reversal' AND r.balance_change_minor <> -e.balance_change_minor"),
    },
    Check {
        code: "reversal_limit",
        says: "the reversal's limit change is not the opposite of what it undoes",
        find: Find::Sql("SELECT r.id AS subject, r.seq AS seq, -e.limit_change_minor AS expected, r.limit_change_minor AS found
            FROM entries r JOIN entries e ON e.tenant_id = r.tenant_id AND e.id = r.refers_to
            WHERE r.tenant_id = $1 AND r.kind = 'reversal' AND r.limit_change_minor <> -e.limit_change_minor"),
    },
    Check {
        code: "refund_sale",
        says: "the refund is of no sale before it in its account",
        find: Find::Sql("SELECT r.id AS subject, r.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries r LEFT JOIN entries e ON e.tenant_id = r.tenant_id AND e.id = r.refers_to
            WHERE r.tenant_id = $1 AND r.kind = 'refund' AND r.refers_to IS NOT NULL AND (e.id IS NULL
                OR e.account_id <> r.account_id OR e.seq >= r.seq OR e.kind <> 'sale'
                OR r.business_date < e.business_date OR r.occurred_at < e.occurred_at)"),
    },
    Check {
        code: "refund_amount",
        says: "the standing refunds of the sale exceed it",
        find: Find::Sql(
            "SELECT s.id AS subject, s.seq AS seq, -s.balance_change_minor AS expected, CAST(f.total AS BIGINT) AS found
            FROM entries s JOIN (
                SELECT r.refers_to, SUM(r.balance_change_minor) AS total FROM entries r
                LEFT JOIN entries u ON u.tenant_id = r.tenant_id AND u.refers_to = r.id AND u.kind = 'reversal'
                WHERE r.tenant_id = $1 AND r.kind = 'refund' AND r.refers_to IS NOT NULL AND u.id IS NULL
                GROUP BY r.refers_to
            ) f ON f.refers_to = s.id
            WHERE s.tenant_id = $1 AND f.total > -s.balance_change_minor"),
    },
    Check {
        code: "refund_quantity",
        says: "more of a line of the sale was refunded than it sold",
        find: Find::Sql("SELECT s.id AS subject, s.seq AS seq, sold.quantity_milli AS expected, CAST(f.total AS BIGINT) AS found
            FROM entries s JOIN (
                SELECT r.refers_to, l.sale_line_no, SUM(-l.quantity_milli) AS total FROM entries r
                JOIN entry_lines l ON l.tenant_id = r.tenant_id AND l.account_id = r.account_id
                    AND l.business_date = r.business_date AND l.entry_seq = r.seq
                LEFT JOIN entries u ON u.tenant_id = r.tenant_id AND u.refers_to = r.id AND u.kind = 'reversal'
                WHERE r.tenant_id = $1 AND r.kind = 'refund' AND r.refers_to IS NOT NULL AND u.id IS NULL
                GROUP BY r.refers_to, l.sale_line_no
            ) f ON f.refers_to = s.id
            LEFT JOIN entry_lines sold ON sold.tenant_id = s.tenant_id AND sold.account_id = s.account_id
                AND sold.business_date = s.business_date AND sold.entry_seq = s.seq AND sold.line_no = f.sale_line_no
            WHERE s.tenant_id = $1 AND (sold.line_no IS NULL OR f.total > sold.quantity_milli)"),
    },
    Check {
        code: "refund_of_reversed",
        says: "the sale is reversed and has refunds that stand",
        find: Find::Sql("SELECT s.id AS subject, s.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries r
            JOIN entries s ON s.tenant_id = r.tenant_id AND s.id = r.refers_to
            JOIN entries v ON v.tenant_id = s.tenant_id AND v.refers_to = s.id AND v.kind = 'reversal'
            LEFT JOIN entries u ON u.tenant_id = r.tenant_id AND u.refers_to = r.id AND u.kind = 'reversal'
            WHERE r.tenant_id = $1 AND r.kind = 'refund' AND u.id IS NULL"),
    },
    Check {
        code: "reset_invoice",
        says: "the reset belongs to no invoice of its account and run",
        find: Find::Sql("SELECT e.id AS subject, e.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries e LEFT JOIN invoices i ON i.tenant_id = e.tenant_id AND i.id = e.refers_to
                AND i.account_id = e.account_id AND i.reset_entry_id = e.id AND i.run_id = e.run_id
            WHERE e.tenant_id = $1 AND e.kind = 'invoice_reset' AND i.id IS NULL"),
    },
    Check {
        code: "key_entry",
        says: "the key made no entry, or one of another kind or account",
        find: Find::Sql("SELECT k.key AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM request_keys k LEFT JOIN entries e ON e.tenant_id = k.tenant_id AND e.id = k.key
                AND e.account_id = k.account_id AND e.kind = k.result_kind
            WHERE k.tenant_id = $1 AND k.state = 'posted' AND e.id IS NULL
                AND k.result_kind IN ('sale', 'refund', 'limit_change', 'credit', 'reversal', 'charge', 'payment')"),
    },
    Check {
        code: "key_declined",
        says: "the key was declined, and yet there is an entry",
        find: Find::Sql("SELECT k.key AS subject, e.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM request_keys k JOIN entries e ON e.tenant_id = k.tenant_id AND e.id = k.key
            WHERE k.tenant_id = $1 AND k.state <> 'posted'"),
    },
    Check {
        code: "key_run",
        says: "the key made no invoice run",
        find: Find::Sql("SELECT k.key AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM request_keys k LEFT JOIN invoice_runs r ON r.tenant_id = k.tenant_id AND r.id = k.key
            WHERE k.tenant_id = $1 AND k.state = 'posted' AND k.result_kind = 'invoice_run' AND r.id IS NULL"),
    },
    Check {
        code: "key_invoice",
        says: "the key made no credit note",
        find: Find::Sql("SELECT k.key AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM request_keys k LEFT JOIN invoices i ON i.tenant_id = k.tenant_id AND i.id = k.key
                AND i.reverses_id IS NOT NULL
            WHERE k.tenant_id = $1 AND k.state = 'posted' AND k.result_kind = 'invoice' AND i.id IS NULL"),
    },
    Check {
        code: "entry_key",
        says: "no key stands for the entry, so the same request would be posted again",
        find: Find::Sql("SELECT e.id AS subject, e.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries e LEFT JOIN request_keys k ON k.tenant_id = e.tenant_id AND k.key = e.id
            WHERE e.tenant_id = $1 AND e.run_id IS NULL AND k.key IS NULL"),
    },
];
