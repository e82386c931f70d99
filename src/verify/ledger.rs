//! Accounts are the folds of their entries.

use super::{Check, Find};

pub const CHECKS: &[Check] = &[
    Check {
        code: "account_balance",
        says: "the account's balance is not the sum of its entries",
        find: Find::Sql("SELECT a.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(COALESCE(f.total, 0) AS BIGINT) AS expected,
                a.balance_minor AS found
            FROM accounts a LEFT JOIN (
                SELECT account_id, SUM(balance_change_minor) AS total FROM entries WHERE tenant_id = $1 GROUP BY account_id
            ) f ON f.account_id = a.id
            WHERE a.tenant_id = $1 AND a.balance_minor <> COALESCE(f.total, 0)"),
    },
    Check {
        code: "account_limit",
        says: "the account's credit limit is not the sum of its entries",
        find: Find::Sql("SELECT a.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(COALESCE(f.total, 0) AS BIGINT) AS expected,
                a.credit_limit_minor AS found
            FROM accounts a LEFT JOIN (
                SELECT account_id, SUM(limit_change_minor) AS total FROM entries WHERE tenant_id = $1 GROUP BY account_id
            ) f ON f.account_id = a.id
            WHERE a.tenant_id = $1 AND a.credit_limit_minor <> COALESCE(f.total, 0)"),
    },
    Check {
        code: "account_last_seq",
        says: "the account's last number is not the number of its entries",
        find: Find::Sql("SELECT a.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(COALESCE(f.total, 0) AS BIGINT) AS expected,
                a.last_seq AS found
            FROM accounts a LEFT JOIN (
                SELECT account_id, COUNT(*) AS total FROM entries WHERE tenant_id = $1 GROUP BY account_id
            ) f ON f.account_id = a.id
            WHERE a.tenant_id = $1 AND a.last_seq <> COALESCE(f.total, 0)"),
    },
    Check {
        code: "account_credits",
        says: "the account's count of standing credits is wrong",
        find: Find::Sql("SELECT a.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(COALESCE(f.total, 0) AS BIGINT) AS expected,
                CAST(a.credits_standing AS BIGINT) AS found
            FROM accounts a LEFT JOIN (
                SELECT c.account_id, COUNT(*) AS total FROM entries c
                LEFT JOIN entries r ON r.tenant_id = c.tenant_id AND r.refers_to = c.id AND r.kind = 'reversal'
                WHERE c.tenant_id = $1 AND c.kind = 'credit' AND r.id IS NULL GROUP BY c.account_id
            ) f ON f.account_id = a.id
            WHERE a.tenant_id = $1 AND a.credits_standing <> COALESCE(f.total, 0)"),
    },
    Check {
        code: "account_name",
        says: "the account's name is not that of its billing holder",
        find: Find::Sql("SELECT a.id AS subject, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS expected,
                CAST(NULL AS BIGINT) AS found
            FROM accounts a
            LEFT JOIN account_holders h ON h.tenant_id = a.tenant_id AND h.account_id = a.id AND h.kind = 'billing'
            LEFT JOIN customers c ON c.tenant_id = h.tenant_id AND c.id = h.customer_id
            WHERE a.tenant_id = $1 AND (a.name <> COALESCE(c.name, '') OR a.name_key <> COALESCE(c.name_key, ''))"),
    },
    Check {
        code: "entry_account",
        says: "the entry's account does not exist",
        find: Find::Sql("SELECT e.id AS subject, e.seq AS seq, CAST(NULL AS BIGINT) AS expected, CAST(NULL AS BIGINT) AS found
            FROM entries e LEFT JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            WHERE e.tenant_id = $1 AND a.id IS NULL"),
    },
    Check {
        code: "entry_seq",
        says: "the account's numbers have a gap before this entry",
        find: Find::Sql("SELECT id AS subject, seq, place AS expected, seq AS found FROM (
                SELECT id, seq, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY seq) AS place
                FROM entries WHERE tenant_id = $1
            ) e WHERE seq <> place"),
    },
    Check {
        code: "entry_balance_after",
        says: "the balance after the entry is not the sum up to it",
        find: Find::Sql("SELECT id AS subject, seq, CAST(total AS BIGINT) AS expected, balance_after_minor AS found FROM (
                SELECT id, seq, balance_after_minor,
                    SUM(balance_change_minor) OVER (PARTITION BY account_id ORDER BY seq) AS total
                FROM entries WHERE tenant_id = $1
            ) e WHERE balance_after_minor <> total"),
    },
    Check {
        code: "sale_over_limit",
        says: "the sale was made online and passed the limit",
        find: Find::Sql("SELECT id AS subject, seq, CAST(0 AS BIGINT) AS expected,
                limit_after_minor + balance_after_minor AS found
            FROM entries WHERE tenant_id = $1 AND kind = 'sale' AND NOT is_offline
                AND limit_after_minor + balance_after_minor < 0"),
    },
    Check {
        code: "entry_limit_after",
        says: "the limit after the entry is not the sum up to it",
        find: Find::Sql("SELECT id AS subject, seq, CAST(total AS BIGINT) AS expected, limit_after_minor AS found FROM (
                SELECT id, seq, limit_after_minor,
                    SUM(limit_change_minor) OVER (PARTITION BY account_id ORDER BY seq) AS total
                FROM entries WHERE tenant_id = $1
            ) e WHERE limit_after_minor <> total"),
    },
];
