//! `onaccount verify`: finds nothing in sound books, and every kind of damage in others.

use std::collections::BTreeSet;
use std::process::Command;

use diesel::prelude::*;
use onaccount::db::{DatabaseUrl, DbConnection};
use onaccount::error::{ApiError, Code};
use onaccount::id::SqlId;
use onaccount::ledger::{AccountRef, Action};
use onaccount::verify::{Difference, checks, verify_tenant};

use crate::cli::onaccount;
use crate::imports::{commit, validated};
use crate::invoice_runs::books::{Books, beer, of_account, pie};

/// Books with everything in them: sales, refunds, reversals, a void, credits, a decline, runs of every reset type, a refund of
/// an earlier run's sale, a reversed invoice and a reversed run.
fn books() -> Books {
    let books = Books::open();
    let (bar, kitchen, office) = (books.account(10_000), books.account(20_000), books.account(5_000));
    let sale = books.sell(bar, 1, 3_000);
    books.invoice(bar, 1, 1, "limit_minus_invoiced");
    books.refund(sale, 1_000).unwrap();
    books.invoice(bar, 1, 1, "balance_to_zero");
    books
        .sell_items(kitchen, 1, &[beer(2, 700), pie(1, 450)], false)
        .unwrap();
    let partly = books.sell(kitchen, 1, 900);
    books.refund(partly, 300).unwrap();
    let taken_back = books.refund(partly, 200).unwrap();
    books.reverse(taken_back).unwrap();
    let voided = books.sell(kitchen, 1, 800);
    let void = Action::Void {
        sale_id: voided,
        account: AccountRef::Id(kitchen),
    };
    books.post(void).unwrap();
    books.refund_without_sale(kitchen, 100).unwrap();
    let credit = books.credit(kitchen, 2_500);
    books.reverse(credit).unwrap();
    books.credit(office, 700);
    books.change_limit(office, -1_000).unwrap();
    let declined = books.sell_items(office, 1, &[beer(1, 999_999)], false);
    assert_eq!(declined.unwrap_err(), "limit_exceeded");
    let invoice = books.invoice(kitchen, 1, 1, "none");
    books.reverse_invoice(&invoice).expect(201);
    books.invoice(kitchen, 1, 1, "balance_to_zero");
    let terrace = books.account(5_000);
    books.sell(terrace, 1, 600);
    let run = books.run(of_account(terrace, 1, 1, "none"));
    books.reverse_run(&run["id"]).expect(200);
    books
}

/// A check, and what makes it find something; `$1` is the tenant.
const DAMAGE: &[(&str, &str)] = &[
    ("account_balance", "UPDATE accounts SET balance_minor = balance_minor - 1 WHERE tenant_id = $1"),
    ("account_limit", "UPDATE accounts SET credit_limit_minor = credit_limit_minor + 1 WHERE tenant_id = $1"),
    ("account_last_seq", "UPDATE accounts SET last_seq = last_seq + 1 WHERE tenant_id = $1"),
    ("account_credits", "UPDATE accounts SET credits_standing = credits_standing + 1 WHERE tenant_id = $1"),
    ("account_name", "UPDATE customers SET name = 'Someone Else' WHERE tenant_id = $1"),
    ("entry_account", "UPDATE entries SET account_id = id WHERE tenant_id = $1 AND kind = 'limit_change'"),
    ("entry_seq", "UPDATE entries SET seq = seq + 100 WHERE tenant_id = $1 AND kind = 'credit'"),
    ("entry_balance_after", "UPDATE entries SET balance_after_minor = balance_after_minor + 1 WHERE tenant_id = $1"),
    ("entry_limit_after", "UPDATE entries SET limit_after_minor = limit_after_minor + 1 WHERE tenant_id = $1"),
    (
        "sale_over_limit",
        "UPDATE entries SET balance_after_minor = -limit_after_minor - 1 WHERE tenant_id = $1 AND kind = 'sale'",
    ),
    ("line_sum", "UPDATE entry_lines SET amount_minor = amount_minor + 1 WHERE tenant_id = $1"),
    ("line_count", "UPDATE entries SET line_count = line_count + 1 WHERE tenant_id = $1 AND kind = 'credit'"),
    ("line_numbers", "UPDATE entry_lines SET line_no = line_no + 10 WHERE tenant_id = $1"),
    ("line_date", "UPDATE entry_lines SET business_date = '2020-01-01' WHERE tenant_id = $1"),
    ("line_entry", "UPDATE entry_lines SET entry_seq = entry_seq + 1000 WHERE tenant_id = $1"),
    ("reversal_target", "UPDATE entries SET refers_to = id WHERE tenant_id = $1 AND kind = 'reversal'"),
    (
        "reversal_balance",
        "UPDATE entries SET balance_change_minor = balance_change_minor + 1 WHERE tenant_id = $1 AND kind = 'reversal'",
    ),
    (
        "reversal_limit",
        "UPDATE entries SET limit_change_minor = limit_change_minor + 1 WHERE tenant_id = $1 AND kind = 'reversal'",
    ),
    ("refund_sale", "UPDATE entries SET refers_to = id WHERE tenant_id = $1 AND kind = 'refund' AND refers_to IS NOT NULL"),
    (
        "refund_amount",
        "UPDATE entries SET balance_change_minor = balance_change_minor + 10000 WHERE tenant_id = $1 AND kind = 'refund'",
    ),
    (
        "refund_quantity",
        "UPDATE entry_lines SET quantity_milli = quantity_milli * 1000 WHERE tenant_id = $1 AND sale_line_no IS NOT NULL",
    ),
    (
        "refund_of_reversed",
        "UPDATE entries SET refers_to = (SELECT r.refers_to FROM entries r WHERE r.tenant_id = $1 AND r.kind = 'refund' AND r.refers_to IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM entries u WHERE u.tenant_id = $1 AND u.refers_to = r.id) ORDER BY r.refers_to LIMIT 1)
        WHERE tenant_id = $1 AND id = (SELECT v.id FROM entries v WHERE v.tenant_id = $1 AND v.kind = 'reversal'
            AND v.run_id IS NOT NULL ORDER BY v.id LIMIT 1)",
    ),
    ("reset_invoice", "UPDATE entries SET refers_to = id WHERE tenant_id = $1 AND kind = 'invoice_reset'"),
    ("key_entry", "UPDATE request_keys SET result_kind = 'credit' WHERE tenant_id = $1 AND result_kind = 'sale'"),
    (
        "key_declined",
        "UPDATE request_keys SET state = 'declined', decline_code = 'limit_exceeded' WHERE tenant_id = $1",
    ),
    (
        "key_run",
        "UPDATE request_keys SET result_kind = 'invoice_run' WHERE tenant_id = $1 AND result_kind = 'sale' AND state = 'posted'",
    ),
    (
        "key_invoice",
        "UPDATE request_keys SET result_kind = 'invoice' WHERE tenant_id = $1 AND result_kind = 'sale' AND state = 'posted'",
    ),
    (
        "key_job",
        "UPDATE request_keys SET result_kind = 'job' WHERE tenant_id = $1 AND result_kind = 'sale' AND state = 'posted'",
    ),
    ("key_job", "UPDATE jobs SET kind = 'invoice_run' WHERE tenant_id = $1 AND kind = 'invoice_run_reversal'"),
    ("job_key", "DELETE FROM request_keys WHERE tenant_id = $1 AND result_kind = 'job'"),
    ("entry_key", "DELETE FROM request_keys WHERE tenant_id = $1"),
    ("invoice_lines", "UPDATE invoice_lines SET amount_minor = amount_minor + 1 WHERE tenant_id = $1"),
    ("invoice_vat", "UPDATE invoice_vat SET net_minor = net_minor + 1, gross_minor = gross_minor + 1 WHERE tenant_id = $1"),
    ("invoice_vat_gross", "UPDATE invoice_lines SET vat_rate = 600 WHERE tenant_id = $1 AND vat_rate = 2100"),
    ("invoice_vat_amount", "UPDATE invoice_vat SET net_minor = net_minor - 1, vat_minor = vat_minor + 1 WHERE tenant_id = $1"),
    (
        "invoice_reset_balance",
        "UPDATE entries SET balance_change_minor = balance_change_minor + 1 WHERE tenant_id = $1 AND kind = 'invoice_reset'",
    ),
    (
        "invoice_reset_limit",
        "UPDATE entries SET limit_change_minor = limit_change_minor - 1, limit_after_minor = limit_after_minor - 1
        WHERE tenant_id = $1 AND kind = 'invoice_reset' AND limit_change_minor < 0",
    ),
    ("invoice_covers", "DELETE FROM invoice_stretches WHERE tenant_id = $1 AND is_standing"),
    ("invoice_entry", "UPDATE invoice_stretches SET first_seq = first_seq + 1000, last_seq = last_seq + 1000 WHERE tenant_id = $1"),
    ("invoice_entry", "UPDATE invoice_stretches SET invoice_id = account_id WHERE tenant_id = $1 AND is_standing"),
    ("invoice_overlap", "UPDATE invoice_stretches SET last_seq = last_seq + 1000 WHERE tenant_id = $1"),
    (
        "invoice_missing",
        "UPDATE invoice_lines SET invoice_id = tenant_id WHERE tenant_id = $1 AND invoice_id =
            (SELECT id FROM invoices WHERE tenant_id = $1 AND status = 'reversed' ORDER BY id LIMIT 1)",
    ),
    (
        "invoice_missing",
        "UPDATE invoice_vat SET invoice_id = tenant_id WHERE tenant_id = $1 AND invoice_id =
            (SELECT id FROM invoices WHERE tenant_id = $1 AND status = 'reversed' ORDER BY id LIMIT 1)",
    ),
    ("invoice_standing", "UPDATE invoice_stretches SET is_standing = FALSE WHERE tenant_id = $1"),
    (
        "invoice_reversed_entry",
        "UPDATE entries SET refers_to = (SELECT e.id FROM entries e JOIN invoice_stretches c ON c.tenant_id = e.tenant_id
            AND c.account_id = e.account_id AND e.seq BETWEEN c.first_seq AND c.last_seq WHERE e.tenant_id = $1 AND c.is_standing
            ORDER BY e.id LIMIT 1)
        WHERE tenant_id = $1 AND id = (SELECT v.id FROM entries v WHERE v.tenant_id = $1 AND v.kind = 'reversal'
            AND v.run_id IS NOT NULL ORDER BY v.id LIMIT 1)",
    ),
    ("invoice_reset", "UPDATE invoices SET reset_entry_id = id WHERE tenant_id = $1"),
    (
        "invoice_reset_standing",
        "UPDATE entries SET refers_to = id WHERE tenant_id = $1 AND kind = 'reversal' AND run_id IS NOT NULL",
    ),
    ("invoice_credit_note", "UPDATE invoices SET reverses_id = NULL WHERE tenant_id = $1 AND reverses_id IS NOT NULL"),
    ("invoice_limit_taken", "UPDATE invoices SET limit_taken_minor = limit_taken_minor + 1 WHERE tenant_id = $1"),
    (
        "invoice_limit_returned",
        "UPDATE invoices SET limit_returned_minor = limit_returned_minor - 1 WHERE tenant_id = $1 AND limit_returned_minor > 0",
    ),
    ("invoice_numbers", "UPDATE invoices SET series_value = series_value + 1000 WHERE tenant_id = $1"),
    ("run_invoice", "UPDATE invoice_run_accounts SET invoice_id = run_id WHERE tenant_id = $1 AND invoice_id IS NOT NULL"),
];

/// What verify finds after the damage, which is undone again.
fn find_after(books: &Books, damage: &str) -> Vec<Difference> {
    let (tenant_id, mut found) = (books.venue.tenant_id, Vec::new());
    let undone = books
        .venue
        .service
        .state
        .db
        .write_blocking(|connection: &mut DbConnection| {
            let rows = diesel::sql_query(damage)
                .bind::<SqlId, _>(tenant_id)
                .execute(connection)?;
            assert!(rows > 0, "no damage: {damage}");
            found = verify_tenant(connection, (tenant_id, 719))?;
            Err::<(), _>(ApiError::new(Code::InProgress))
        });
    assert_eq!(undone.unwrap_err().code(), Code::InProgress, "{damage}");
    found
}

#[test]
fn every_kind_of_damage_is_found_in_books_that_were_sound() {
    let books = books();
    books.assert_sound();
    for (code, damage) in DAMAGE {
        let found: BTreeSet<&str> = find_after(&books, damage)
            .iter()
            .map(|difference| difference.code)
            .collect();
        assert!(found.contains(code), "{code} was not found, but {found:?}");
    }
    books.assert_sound();
    let planted: BTreeSet<&str> = DAMAGE.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        planted,
        checks().map(|check| check.code).collect(),
        "a check without damage"
    );
}

/// The codes of what verify finds after the damage.
fn codes_after(books: &Books, damage: &str) -> Vec<&'static str> {
    find_after(books, damage).iter().map(|found| found.code).collect()
}

#[test]
fn the_limits_of_imported_accounts_stand_under_keys_like_any_entry() {
    let books = Books::open();
    books.sell(books.account(10_000), 1, 3_000);
    let file = "Name,Limit,Number of accounts\nClub,100.00,2\nBar,250.00,1\nNone,0,1\n";
    let superuser = &books.venue.superuser;
    commit(superuser, &validated(superuser, "accounts", file.as_bytes()));
    books.assert_sound();
    let without_keys = |kind: &str| format!("DELETE FROM request_keys WHERE tenant_id = $1 AND result_kind = '{kind}'");
    assert_eq!(codes_after(&books, &without_keys("sale")), ["entry_key"]);
    assert_eq!(codes_after(&books, &without_keys("limit_change")), ["entry_key"; 4]);
}

#[test]
fn a_difference_says_what_was_expected_and_what_was_found() {
    let books = books();
    let damage = "UPDATE accounts SET balance_minor = balance_minor - 1 WHERE tenant_id = $1 AND balance_minor = 700";
    let found = find_after(&books, damage);
    assert_eq!(found.len(), 1);
    let expected = format!(
        "account_balance: tenant 719, {}: the account's balance is not the sum of its entries (expected 700, found 699)",
        found[0].subject
    );
    assert_eq!(found[0].to_string(), expected);
}

#[test]
fn a_database_that_is_not_there_or_not_ours_is_said_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("venue.db");
    let url = format!("sqlite:{}", path.display());
    let complaint = |arguments: &[&str]| {
        let output = onaccount()
            .args(arguments)
            .args(["--database-url", &url])
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let commands: [&[&str]; 3] = [
        &["verify"],
        &["user", "disable", "--email", "vera@example.com"],
        &["user", "set-password", "--email", "vera@example.com"],
    ];
    for command in commands {
        let said = complaint(command);
        assert!(
            said.contains("there is no database") && said.contains("--database-url"),
            "{said}"
        );
        assert!(!path.exists(), "{command:?} makes no database");
    }
    std::fs::write(&path, "").unwrap();
    let said = complaint(&["verify"]);
    assert!(
        said.contains("no such table") && said.contains("onaccount migrate"),
        "{said}"
    );
}

#[test]
fn the_command_names_each_difference_and_exits_with_1() {
    let books = books();
    let url = match &books.venue.service.database.url {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    let verify = || {
        let output = Command::new(env!("CARGO_BIN_EXE_onaccount"))
            .args(["verify", "--database-url", &url])
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, said, _) = verify();
    assert_eq!(
        (code, said.as_str()),
        (
            Some(0),
            format!("1 tenant, {} checks: the books are sound.\n", checks().count()).as_str()
        )
    );
    let tenant_id = books.venue.tenant_id;
    books.venue.service.write(|connection| {
        diesel::sql_query("UPDATE accounts SET last_seq = last_seq + 1 WHERE tenant_id = $1 AND balance_minor = 700")
            .bind::<SqlId, _>(tenant_id)
            .execute(connection)
    });
    let (code, said, complained) = verify();
    assert_eq!(code, Some(1));
    assert!(said.starts_with("account_last_seq: tenant 719, "), "{said}");
    assert!(complained.contains("1 difference"), "{complained}");
}
