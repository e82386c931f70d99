//! SQLite: statements that are prepared once per connection. What is looked up goes in one, as a list in JSON; what is
//! written goes row by row, which costs no round trip here.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::sqlite::SqliteConnection;

use super::{EntryKey, Writes};
use crate::db::schema::{accounts, entries, entry_lines, request_keys};
use crate::db::{Statement, dialect, statement_text};
use crate::id::{Id, SqlId};
use crate::ledger::model::{AccountState, LineRow};
use crate::request_keys::KeyRow;

statement_text!(
    Accounts,
    "
    SELECT a.id, a.number, a.status, a.on_account_allowed, a.balance_minor, a.credit_limit_minor, a.last_seq,
        a.credits_standing
    FROM json_each({}) AS listed CROSS JOIN accounts a ON a.tenant_id = {} AND a.id = unhex(listed.value)
    ORDER BY a.id"
);

/// The transaction holds the whole file already.
pub fn lock_accounts(connection: &mut SqliteConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<AccountState>> {
    Statement::new(Accounts)
        .bind::<Text, _>(dialect::list_of(ids))
        .bind::<SqlId, _>(tenant_id)
        .load(connection)
}

#[derive(QueryableByName)]
struct KnownRow {
    #[diesel(sql_type = SqlId)]
    key: Id,
}

statement_text!(
    KnownKeys,
    "
    SELECT k.key
    FROM json_each({}) AS listed CROSS JOIN request_keys k ON k.tenant_id = {} AND k.key = unhex(listed.value)"
);

/// Those of these keys under which something is kept.
pub fn list_known(connection: &mut SqliteConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<Id>> {
    let rows: Vec<KnownRow> = Statement::new(KnownKeys)
        .bind::<Text, _>(dialect::list_of(keys))
        .bind::<SqlId, _>(tenant_id)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}

pub fn list_keys(connection: &mut SqliteConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    let mut found = Vec::new();
    for key in keys {
        // not `first`: its LIMIT has the statement compiled anew for each value
        let row: Vec<KeyRow> = request_keys::table
            .find((tenant_id, key))
            .select(KeyRow::as_select())
            .load(connection)?;
        found.extend(row);
    }
    Ok(found)
}

pub fn list_ids_of_numbers(
    connection: &mut SqliteConnection,
    tenant_id: Id,
    numbers: &[String],
) -> QueryResult<Vec<(String, Id)>> {
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let account = accounts::table
            .filter(accounts::tenant_id.eq(tenant_id))
            .filter(accounts::number.eq(number))
            .select((accounts::number, accounts::id))
            .first(connection)
            .optional()?;
        found.extend(account);
    }
    Ok(found)
}

pub fn list_lines(connection: &mut SqliteConnection, tenant_id: Id, entries: &[EntryKey]) -> QueryResult<Vec<LineRow>> {
    let mut found = Vec::new();
    for (account_id, business_date, seq) in entries {
        let lines: Vec<LineRow> = entry_lines::table
            .filter(entry_lines::tenant_id.eq(tenant_id))
            .filter(entry_lines::account_id.eq(account_id))
            .filter(entry_lines::business_date.eq(business_date))
            .filter(entry_lines::entry_seq.eq(seq))
            .order(entry_lines::line_no)
            .select(LineRow::as_select())
            .load(connection)?;
        found.extend(lines);
    }
    Ok(found)
}

statement_text!(
    UpdateAccount,
    "
    UPDATE accounts SET balance_minor = {}, credit_limit_minor = {}, last_seq = {}, credits_standing = {}
    WHERE tenant_id = {} AND id = {}"
);

pub fn write(connection: &mut SqliteConnection, tenant_id: Id, writes: &Writes) -> QueryResult<()> {
    for key in &writes.keys {
        diesel::insert_into(request_keys::table)
            .values(key)
            .execute(connection)?;
    }
    for entry in &writes.entries {
        diesel::insert_into(entries::table)
            .values(&entry.row)
            .execute(connection)?;
        for line in &entry.lines {
            diesel::insert_into(entry_lines::table)
                .values(line)
                .execute(connection)?;
        }
    }
    for account in &writes.accounts {
        Statement::new(UpdateAccount)
            .bind::<BigInt, _>(account.balance_minor)
            .bind::<BigInt, _>(account.credit_limit_minor)
            .bind::<BigInt, _>(account.last_seq)
            .bind::<Integer, _>(account.credits_standing)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(account.id)
            .execute(connection)?;
    }
    Ok(())
}
