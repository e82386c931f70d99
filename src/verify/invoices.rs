//! Invoices, what they cover, and what they did to their accounts.

use super::{Check, Find};

pub const CHECKS: &[Check] = &[
    Check {
        code: "invoice_lines",
        says: "the lines of the invoice do not add up to its total",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, i.total_minor AS expected,
                CAST(COALESCE(l.total, 0) AS BIGINT) AS found
            FROM invoices i LEFT JOIN (
                SELECT invoice_id, SUM(amount_minor) AS total FROM invoice_lines WHERE tenant_id = $1 GROUP BY invoice_id
            ) l ON l.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.total_minor <> COALESCE(l.total, 0)"),
    },
    Check {
        code: "invoice_vat",
        says: "net and VAT of the invoice do not add up to its total",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, i.total_minor AS expected,
                CAST(COALESCE(v.total, 0) AS BIGINT) AS found
            FROM invoices i LEFT JOIN (
                SELECT invoice_id, SUM(net_minor + vat_minor) AS total FROM invoice_vat WHERE tenant_id = $1
                GROUP BY invoice_id
            ) v ON v.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.total_minor <> COALESCE(v.total, 0)"),
    },
    Check {
        code: "invoice_vat_gross",
        says: "the gross of a VAT rate is not the sum of the invoice's lines of that rate",
        find: Find::Sql("SELECT invoice_id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(SUM(of_lines) AS BIGINT) AS expected,
                CAST(SUM(of_rate) AS BIGINT) AS found
            FROM (
                SELECT invoice_id, vat_rate, amount_minor AS of_lines, CAST(0 AS BIGINT) AS of_rate
                FROM invoice_lines WHERE tenant_id = $1
                UNION ALL
                SELECT invoice_id, vat_rate, CAST(0 AS BIGINT) AS of_lines, gross_minor AS of_rate
                FROM invoice_vat WHERE tenant_id = $1
            ) g GROUP BY invoice_id, vat_rate HAVING SUM(of_lines) <> SUM(of_rate)"),
    },
    // Half away from zero: both databases cut a quotient off towards zero. In two parts, which fit whatever the gross is.
    Check {
        code: "invoice_vat_amount",
        says: "the VAT of a rate is not what its gross holds, rounded once",
        find: Find::Sql("SELECT invoice_id AS subject, CAST(NULL AS BIGINT) AS seq, exact AS expected, vat_minor AS found FROM (
                SELECT invoice_id, vat_minor, gross_minor / whole * vat_rate
                    + (2 * (gross_minor % whole) * vat_rate + (CASE WHEN gross_minor < 0 THEN -whole ELSE whole END))
                        / (2 * whole) AS exact
                FROM (SELECT invoice_id, vat_rate, gross_minor, vat_minor, 10000 + vat_rate AS whole
                    FROM invoice_vat WHERE tenant_id = $1) r
            ) v WHERE vat_minor <> exact"),
    },
    Check {
        code: "invoice_covers",
        says: "what the invoice covers does not add up to its total",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, i.total_minor AS expected,
                CAST(COALESCE(c.total, 0) AS BIGINT) AS found
            FROM invoices i LEFT JOIN (
                SELECT ie.invoice_id, -SUM(e.balance_change_minor) AS total FROM invoice_entries ie
                JOIN entries e ON e.tenant_id = ie.tenant_id AND e.account_id = ie.account_id AND e.seq = ie.entry_seq
                WHERE ie.tenant_id = $1 GROUP BY ie.invoice_id
            ) c ON c.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND i.total_minor <> COALESCE(c.total, 0)"),
    },
    Check {
        code: "invoice_entry",
        says: "the invoice is not there, or covers an entry that is not there or cannot be invoiced",
        find: Find::Sql("SELECT ie.invoice_id AS subject, ie.entry_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoice_entries ie
            LEFT JOIN invoices i ON i.tenant_id = ie.tenant_id AND i.id = ie.invoice_id
            LEFT JOIN entries e ON e.tenant_id = ie.tenant_id AND e.account_id = ie.account_id AND e.seq = ie.entry_seq
            WHERE ie.tenant_id = $1
                AND (e.id IS NULL OR e.kind NOT IN ('sale', 'refund', 'charge')
                    OR i.id IS NULL OR ie.account_id <> i.account_id)"),
    },
    Check {
        code: "invoice_missing",
        says: "there are lines or VAT of an invoice that is not there",
        find: Find::Sql("SELECT d.invoice_id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM (SELECT tenant_id, invoice_id FROM invoice_lines WHERE tenant_id = $1
                UNION SELECT tenant_id, invoice_id FROM invoice_vat WHERE tenant_id = $1) d
            LEFT JOIN invoices i ON i.tenant_id = d.tenant_id AND i.id = d.invoice_id
            WHERE i.id IS NULL"),
    },
    Check {
        code: "invoice_standing",
        says: "an entry stands on the invoice while the invoice does not stand, or the other way round",
        find: Find::Sql("SELECT ie.invoice_id AS subject, ie.entry_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoice_entries ie JOIN invoices i ON i.tenant_id = ie.tenant_id AND i.id = ie.invoice_id
            WHERE ie.tenant_id = $1 AND ie.is_standing <> (i.status = 'standing')"),
    },
    // The order of a CROSS JOIN is kept on SQLite, which would else read every reversal for each entry.
    Check {
        code: "invoice_reversed_entry",
        says: "the invoice stands and covers an entry that is reversed",
        find: Find::Sql("SELECT ie.invoice_id AS subject, ie.entry_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM entries r CROSS JOIN entries e CROSS JOIN invoice_entries ie
            WHERE r.tenant_id = $1 AND r.kind = 'reversal' AND e.tenant_id = r.tenant_id AND e.id = r.refers_to
                AND ie.tenant_id = e.tenant_id AND ie.account_id = e.account_id AND ie.entry_seq = e.seq AND ie.is_standing"),
    },
    Check {
        code: "invoice_reset",
        says: "the invoice has no entry for what it did to its account",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoices i LEFT JOIN entries e ON e.tenant_id = i.tenant_id AND e.id = i.reset_entry_id
                AND e.account_id = i.account_id
            WHERE i.tenant_id = $1 AND (e.id IS NULL
                OR e.kind <> (CASE WHEN i.reverses_id IS NULL THEN 'invoice_reset' ELSE 'reversal' END))"),
    },
    Check {
        code: "invoice_reset_standing",
        says: "the invoice is reversed and its reset is not, or the other way round",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoices i LEFT JOIN entries r
                ON r.tenant_id = i.tenant_id AND r.refers_to = i.reset_entry_id AND r.kind = 'reversal'
            WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND (i.status = 'reversed') <> (r.id IS NOT NULL)"),
    },
    Check {
        code: "invoice_credit_note",
        says: "the invoice is reversed without a credit note of the opposite total",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, -i.total_minor AS expected, n.total_minor AS found
            FROM invoices i LEFT JOIN invoices n ON n.tenant_id = i.tenant_id AND n.id = i.reversed_by_id
            WHERE i.tenant_id = $1 AND i.status = 'reversed'
                AND (n.id IS NULL OR n.reverses_id IS NULL OR n.reverses_id <> i.id OR n.total_minor <> -i.total_minor)"),
    },
    Check {
        code: "invoice_reset_balance",
        says: "the reset is not minus what the invoice covers and resets",
        find: Find::Sql("SELECT i.id AS subject, e.seq AS seq, CAST(COALESCE(c.total, 0) AS BIGINT) AS expected,
                e.balance_change_minor AS found
            FROM invoices i JOIN entries e ON e.tenant_id = i.tenant_id AND e.id = i.reset_entry_id
            LEFT JOIN (
                SELECT ie.invoice_id, -SUM(s.balance_change_minor) AS total FROM invoice_entries ie
                JOIN entries s ON s.tenant_id = ie.tenant_id AND s.account_id = ie.account_id AND s.seq = ie.entry_seq
                WHERE ie.tenant_id = $1 AND ie.reset_type <> 'none' GROUP BY ie.invoice_id
            ) c ON c.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND e.balance_change_minor <> COALESCE(c.total, 0)"),
    },
    // Takes what was invoiced from the limit as far as there is any, and gives back what refunds of earlier invoices' sales return.
    Check {
        code: "invoice_reset_limit",
        says: "the reset's limit change is not what its entries and their earlier invoices ask",
        find: Find::Sql("SELECT id AS subject, seq, CAST(asked AS BIGINT) AS expected, limit_change_minor AS found FROM (
                SELECT i.id, e.seq, e.limit_change_minor, COALESCE(b.total, 0) - (CASE
                    WHEN COALESCE(t.total, 0) > e.limit_after_minor - e.limit_change_minor
                    THEN e.limit_after_minor - e.limit_change_minor ELSE COALESCE(t.total, 0) END) AS asked
                FROM invoices i JOIN entries e ON e.tenant_id = i.tenant_id AND e.id = i.reset_entry_id
                LEFT JOIN (
                    SELECT ie.invoice_id, -SUM(s.balance_change_minor) AS total FROM invoice_entries ie
                    JOIN entries s ON s.tenant_id = ie.tenant_id AND s.account_id = ie.account_id AND s.seq = ie.entry_seq
                    WHERE ie.tenant_id = $1 AND ie.reset_type = 'limit_minus_invoiced' AND ie.origin_invoice_id IS NULL
                    GROUP BY ie.invoice_id
                ) t ON t.invoice_id = i.id
                LEFT JOIN (
                    SELECT invoice_id, SUM(amount_minor) AS total FROM invoice_limit_returns WHERE tenant_id = $1
                    GROUP BY invoice_id
                ) b ON b.invoice_id = i.id
                WHERE i.tenant_id = $1 AND i.reverses_id IS NULL
            ) r WHERE limit_change_minor <> asked"),
    },
    Check {
        code: "invoice_limit_taken",
        says: "what the invoice took from the limit is not what its reset did",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq,
                CAST(CASE WHEN COALESCE(b.total, 0) > e.limit_change_minor THEN COALESCE(b.total, 0) - e.limit_change_minor
                    ELSE 0 END AS BIGINT) AS expected,
                i.limit_taken_minor AS found
            FROM invoices i
            JOIN entries e ON e.tenant_id = i.tenant_id AND e.id = i.reset_entry_id
            LEFT JOIN (
                SELECT invoice_id, SUM(amount_minor) AS total FROM invoice_limit_returns WHERE tenant_id = $1
                GROUP BY invoice_id
            ) b ON b.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND i.limit_taken_minor <>
                (CASE WHEN COALESCE(b.total, 0) > e.limit_change_minor THEN COALESCE(b.total, 0) - e.limit_change_minor
                    ELSE 0 END)"),
    },
    Check {
        code: "invoice_limit_returned",
        says: "what was given back of the limit is not what standing invoices gave back",
        find: Find::Sql("SELECT i.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(COALESCE(b.total, 0) AS BIGINT) AS expected,
                i.limit_returned_minor AS found
            FROM invoices i LEFT JOIN (
                SELECT g.origin_invoice_id, SUM(g.amount_minor) AS total FROM invoice_limit_returns g
                JOIN invoices n ON n.tenant_id = g.tenant_id AND n.id = g.invoice_id
                WHERE g.tenant_id = $1 AND n.status = 'standing' GROUP BY g.origin_invoice_id
            ) b ON b.origin_invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.limit_returned_minor <> COALESCE(b.total, 0)"),
    },
    Check {
        code: "invoice_numbers",
        says: "the numbers of the year have a gap before this invoice",
        find: Find::Sql("SELECT id AS subject, CAST(NULL AS BIGINT) AS seq, place AS expected, series_value AS found FROM (
                SELECT id, series_value, ROW_NUMBER() OVER (PARTITION BY series_year ORDER BY series_value) AS place
                FROM invoices WHERE tenant_id = $1
            ) i WHERE series_value <> place"),
    },
    Check {
        code: "run_invoice",
        says: "the run names an invoice that is not there, or another run's or account's",
        find: Find::Sql("SELECT a.run_id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoice_run_accounts a LEFT JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
                AND i.run_id = a.run_id AND i.account_id = a.account_id
            WHERE a.tenant_id = $1 AND a.invoice_id IS NOT NULL AND i.id IS NULL"),
    },
];
