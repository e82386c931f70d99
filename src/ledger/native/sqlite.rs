//! SQLite: single-row statements, prepared once per connection.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::Writes;
use crate::db::schema::{accounts, entries, entry_lines, request_keys};
use crate::id::Id;
use crate::ledger::model::{AccountState, LineRow};
use crate::request_keys::KeyRow;

/// The transaction holds the whole file already. One account, as a till asks for, is looked up by a statement that is kept;
/// many are looked up together.
pub fn lock_accounts(connection: &mut SqliteConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<AccountState>> {
    let of_tenant = accounts::table.filter(accounts::tenant_id.eq(tenant_id));
    match ids {
        [id] => of_tenant
            .filter(accounts::id.eq(id))
            .select(AccountState::as_select())
            .load(connection),
        _ => of_tenant
            .filter(accounts::id.eq_any(ids))
            .order(accounts::id)
            .select(AccountState::as_select())
            .load(connection),
    }
}

pub fn list_keys(connection: &mut SqliteConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    let mut found = Vec::new();
    for key in keys {
        let row = request_keys::table
            .filter(request_keys::tenant_id.eq(tenant_id))
            .filter(request_keys::key.eq(key))
            .select(KeyRow::as_select())
            .first(connection)
            .optional()?;
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

pub fn list_lines(
    connection: &mut SqliteConnection,
    tenant_id: Id,
    entries: &[(Id, i64)],
) -> QueryResult<Vec<LineRow>> {
    let mut found = Vec::new();
    for (account_id, seq) in entries {
        let lines: Vec<LineRow> = entry_lines::table
            .filter(entry_lines::tenant_id.eq(tenant_id))
            .filter(entry_lines::account_id.eq(account_id))
            .filter(entry_lines::entry_seq.eq(seq))
            .order(entry_lines::line_no)
            .select(LineRow::as_select())
            .load(connection)?;
        found.extend(lines);
    }
    Ok(found)
}

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
        diesel::update(accounts::table)
            .filter(accounts::tenant_id.eq(tenant_id))
            .filter(accounts::id.eq(account.id))
            .set((
                accounts::balance_minor.eq(account.balance_minor),
                accounts::credit_limit_minor.eq(account.credit_limit_minor),
                accounts::last_seq.eq(account.last_seq),
                accounts::credits_standing.eq(account.credits_standing),
            ))
            .execute(connection)?;
    }
    Ok(())
}
