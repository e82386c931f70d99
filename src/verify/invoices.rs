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
                SELECT c.invoice_id, -SUM((SELECT SUM(e.balance_change_minor) FROM entries e WHERE e.tenant_id = c.tenant_id
                    AND e.account_id = c.account_id AND e.seq BETWEEN c.first_seq AND c.last_seq)) AS total
                FROM invoice_stretches c WHERE c.tenant_id = $1 GROUP BY c.invoice_id
            ) c ON c.invoice_id = i.id
            WHERE i.tenant_id = $1 AND i.reverses_id IS NULL AND i.total_minor <> COALESCE(c.total, 0)"),
    },
    Check {
        code: "invoice_entry",
        says: "the invoice is not there, or covers an entry that is not there or cannot be invoiced",
        find: Find::Sql("SELECT invoice_id AS subject, first_seq AS seq, expected, found FROM (
                SELECT c.invoice_id, c.first_seq, c.last_seq - c.first_seq + 1 AS expected, (SELECT COUNT(*) FROM entries e
                    WHERE e.tenant_id = c.tenant_id AND e.account_id = c.account_id
                        AND e.seq BETWEEN c.first_seq AND c.last_seq AND e.kind IN ('sale', 'refund', 'charge')
                        AND i.account_id = c.account_id) AS found
                FROM invoice_stretches c LEFT JOIN invoices i ON i.tenant_id = c.tenant_id AND i.id = c.invoice_id
                WHERE c.tenant_id = $1
            ) c WHERE expected <> found"),
    },
    Check {
        code: "invoice_overlap",
        says: "the invoice covers an entry that another standing invoice covers, too",
        find: Find::Sql("SELECT invoice_id AS subject, first_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM (
                SELECT invoice_id, first_seq, MAX(last_seq) OVER (PARTITION BY account_id ORDER BY first_seq
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_before
                FROM invoice_stretches WHERE tenant_id = $1 AND is_standing
            ) c WHERE first_seq <= last_before"),
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
        find: Find::Sql("SELECT c.invoice_id AS subject, c.first_seq AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM invoice_stretches c JOIN invoices i ON i.tenant_id = c.tenant_id AND i.id = c.invoice_id
            WHERE c.tenant_id = $1 AND c.is_standing <> (i.status = 'standing')"),
    },
    // The reversals first, once: SQLite would else read every one of them for each entry.
    Check {
        code: "invoice_reversed_entry",
        says: "the invoice stands and covers an entry that is reversed",
        find: Find::Sql("WITH reversed AS MATERIALIZED (
                SELECT e.tenant_id, e.account_id, e.seq FROM entries r CROSS JOIN entries e
                WHERE r.tenant_id = $1 AND r.kind = 'reversal' AND e.tenant_id = r.tenant_id AND e.id = r.refers_to)
            SELECT subject, seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found FROM (
                SELECT e.seq, (SELECT CASE WHEN c.last_seq >= e.seq THEN c.invoice_id END FROM invoice_stretches c
                    WHERE c.tenant_id = e.tenant_id AND c.account_id = e.account_id AND c.is_standing AND c.first_seq <= e.seq
                    ORDER BY c.first_seq DESC LIMIT 1) AS subject
                FROM reversed e
            ) e WHERE subject IS NOT NULL"),
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
                SELECT c.invoice_id, -SUM((SELECT SUM(s.balance_change_minor) FROM entries s WHERE s.tenant_id = c.tenant_id
                    AND s.account_id = c.account_id AND s.seq BETWEEN c.first_seq AND c.last_seq)) AS total
                FROM invoice_stretches c WHERE c.tenant_id = $1 AND c.reset_type <> 'none' GROUP BY c.invoice_id
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
                    SELECT c.invoice_id, -SUM((SELECT SUM(s.balance_change_minor) FROM entries s
                        WHERE s.tenant_id = c.tenant_id AND s.account_id = c.account_id
                            AND s.seq BETWEEN c.first_seq AND c.last_seq)) AS total
                    FROM invoice_stretches c
                    WHERE c.tenant_id = $1 AND c.reset_type = 'limit_minus_invoiced' AND c.origin_invoice_id IS NULL
                    GROUP BY c.invoice_id
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
