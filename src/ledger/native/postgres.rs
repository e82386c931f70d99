//! PostgreSQL: one statement writes all, whatever the size of the batch.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamp};

use super::{EntryKey, Writes};
use crate::db::schema::{accounts, entry_lines, request_keys};
use crate::db::{Statement, statement_text};
use crate::id::{Id, SqlId};
use crate::ledger::model::{AccountState, EntryRow, LineRow};
use crate::request_keys::KeyRow;

pub fn lock_accounts(connection: &mut PgConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<AccountState>> {
    accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::id.eq_any(ids))
        .order(accounts::id)
        .for_update()
        .select(AccountState::as_select())
        .load(connection)
}

statement_text!(
    /// One round trip; the keys are few, and mostly none is known.
    LockWithKeys,
    "
    WITH locked AS (
        SELECT id, number, status, on_account_allowed, balance_minor, credit_limit_minor, last_seq, credits_standing
        FROM accounts WHERE tenant_id = {} AND id = ANY({}) ORDER BY id FOR UPDATE
    )
    SELECT locked.*, ARRAY(SELECT key FROM request_keys WHERE tenant_id = {} AND key = ANY({})) AS known_keys
    FROM locked"
);

#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(embed)]
    account: AccountState,
    /// The same for each account.
    #[diesel(sql_type = Array<SqlId>)]
    known_keys: Vec<Id>,
}

pub fn lock_with_keys(
    connection: &mut PgConnection,
    tenant_id: Id,
    ids: &[Id],
    keys: &[Id],
) -> QueryResult<(Vec<AccountState>, Vec<Id>)> {
    let rows: Vec<LockedRow> = Statement::new(LockWithKeys)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(ids)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(keys)
        .load(connection)?;
    // without an account there is no row to say it
    let known_keys = rows.first().map_or_else(|| keys.to_vec(), |row| row.known_keys.clone());
    Ok((rows.into_iter().map(|row| row.account).collect(), known_keys))
}

pub fn list_keys(connection: &mut PgConnection, tenant_id: Id, keys: &[Id]) -> QueryResult<Vec<KeyRow>> {
    request_keys::table
        .filter(request_keys::tenant_id.eq(tenant_id))
        .filter(request_keys::key.eq_any(keys))
        .select(KeyRow::as_select())
        .load(connection)
}

pub fn list_ids_of_numbers(
    connection: &mut PgConnection,
    tenant_id: Id,
    numbers: &[String],
) -> QueryResult<Vec<(String, Id)>> {
    accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::number.eq_any(numbers))
        .select((accounts::number, accounts::id))
        .load(connection)
}

pub fn list_lines(connection: &mut PgConnection, tenant_id: Id, entries: &[EntryKey]) -> QueryResult<Vec<LineRow>> {
    use diesel::dsl::sql;
    let keys = "(account_id, business_date, entry_seq) IN (SELECT * FROM unnest(";
    entry_lines::table
        .filter(entry_lines::tenant_id.eq(tenant_id))
        .filter(
            sql::<Bool>(keys)
                .bind::<Array<SqlId>, _>(column(entries, |(account_id, _, _)| *account_id))
                .sql(", ")
                .bind::<Array<Date>, _>(column(entries, |(_, business_date, _)| *business_date))
                .sql(", ")
                .bind::<Array<BigInt>, _>(column(entries, |(_, _, seq)| *seq))
                .sql("))"),
        )
        .order((entry_lines::account_id, entry_lines::entry_seq, entry_lines::line_no))
        .select(LineRow::as_select())
        .load(connection)
}

statement_text!(
    /// Everything a batch writes, in one statement: a round trip costs more than the rows. The tables take no notice of each
    /// other's order, for none of them refers to another.
    Write,
    "
    WITH new_keys AS (
        INSERT INTO request_keys (tenant_id, key, operation, hash_version, request_hash, state, account_id, result_kind,
            decline_code, amount_minor, available_minor, credit_limit_minor, actor_id, occurred_at, recorded_at, refers_to)
        SELECT {}, * FROM unnest({}::uuid[], {}::text[], {}::integer[], {}::bytea[], {}::text[], {}::uuid[], {}::text[],
            {}::text[], {}::bigint[], {}::bigint[], {}::bigint[], {}::uuid[], {}::timestamp[], {}::timestamp[],
            {}::uuid[])
    ), new_entries AS (
        INSERT INTO entries (tenant_id, account_id, seq, id, kind, balance_change_minor, limit_change_minor,
            balance_after_minor, limit_after_minor, business_date, occurred_at, posted_at, actor_kind, actor_id,
            actor_name, refers_to, run_id, reason, flags, is_offline, receipt_number, operator, reference, line_count)
        SELECT {}, * FROM unnest({}::uuid[], {}::bigint[], {}::uuid[], {}::text[], {}::bigint[], {}::bigint[],
            {}::bigint[], {}::bigint[], {}::date[], {}::timestamp[], {}::timestamp[], {}::text[], {}::uuid[],
            {}::text[], {}::uuid[], {}::uuid[], {}::text[], {}::text[], {}::boolean[], {}::text[], {}::text[],
            {}::text[], {}::integer[])
    ), new_lines AS (
        INSERT INTO entry_lines (tenant_id, account_id, entry_seq, line_no, business_date, product_code, product_name,
            category, quantity_milli, amount_minor, vat_rate, unit_price, sale_line_no)
        SELECT {}, * FROM unnest({}::uuid[], {}::bigint[], {}::integer[], {}::date[], {}::text[], {}::text[],
            {}::text[], {}::bigint[], {}::bigint[], {}::integer[], {}::bigint[], {}::integer[])
    )
    UPDATE accounts SET balance_minor = new.balance_minor, credit_limit_minor = new.credit_limit_minor,
        last_seq = new.last_seq, credits_standing = new.credits_standing
    FROM unnest({}::uuid[], {}::bigint[], {}::bigint[], {}::bigint[], {}::integer[])
        AS new (id, balance_minor, credit_limit_minor, last_seq, credits_standing)
    WHERE accounts.tenant_id = {} AND accounts.id = new.id"
);

pub fn write(connection: &mut PgConnection, tenant_id: Id, writes: &Writes) -> QueryResult<()> {
    if writes.keys.is_empty() && writes.entries.is_empty() {
        return Ok(());
    }
    let lines: Vec<&LineRow> = writes.entries.iter().flat_map(|entry| &entry.lines).collect();
    let entries: Vec<&EntryRow> = writes.entries.iter().map(|entry| &entry.row).collect();
    let statement = bind_keys(Statement::new(Write), tenant_id, &writes.keys);
    let statement = bind_entries(statement, tenant_id, &entries);
    let statement = bind_lines(statement, tenant_id, &lines);
    let statement = bind_accounts(statement, tenant_id, &writes.accounts);
    statement.execute(connection).map(drop)
}

fn bind_keys<'a>(statement: Statement<'a, Pg, Write>, tenant_id: Id, keys: &'a [KeyRow]) -> Statement<'a, Pg, Write> {
    statement
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(column(keys, |key| key.key))
        .bind::<Array<Text>, _>(column(keys, |key| key.operation.as_str()))
        .bind::<Array<Integer>, _>(column(keys, |key| key.hash_version))
        .bind::<Array<Binary>, _>(column(keys, |key| key.request_hash.as_slice()))
        .bind::<Array<Text>, _>(column(keys, |key| key.state))
        .bind::<Array<Nullable<SqlId>>, _>(column(keys, |key| key.account_id))
        .bind::<Array<Text>, _>(column(keys, |key| key.result_kind.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(keys, |key| key.decline_code.as_deref()))
        .bind::<Array<Nullable<BigInt>>, _>(column(keys, |key| key.amount_minor))
        .bind::<Array<Nullable<BigInt>>, _>(column(keys, |key| key.available_minor))
        .bind::<Array<Nullable<BigInt>>, _>(column(keys, |key| key.credit_limit_minor))
        .bind::<Array<SqlId>, _>(column(keys, |key| key.actor_id))
        .bind::<Array<Nullable<Timestamp>>, _>(column(keys, |key| key.occurred_at))
        .bind::<Array<Timestamp>, _>(column(keys, |key| key.recorded_at))
        .bind::<Array<Nullable<SqlId>>, _>(column(keys, |key| key.refers_to))
}

fn bind_entries<'a>(
    statement: Statement<'a, Pg, Write>,
    tenant_id: Id,
    entries: &[&'a EntryRow],
) -> Statement<'a, Pg, Write> {
    statement
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(column(entries, |row| row.account_id))
        .bind::<Array<BigInt>, _>(column(entries, |row| row.seq))
        .bind::<Array<SqlId>, _>(column(entries, |row| row.id))
        .bind::<Array<Text>, _>(column(entries, |row| row.kind))
        .bind::<Array<BigInt>, _>(column(entries, |row| row.balance_change_minor))
        .bind::<Array<BigInt>, _>(column(entries, |row| row.limit_change_minor))
        .bind::<Array<BigInt>, _>(column(entries, |row| row.balance_after_minor))
        .bind::<Array<BigInt>, _>(column(entries, |row| row.limit_after_minor))
        .bind::<Array<Date>, _>(column(entries, |row| row.business_date))
        .bind::<Array<Timestamp>, _>(column(entries, |row| row.occurred_at))
        .bind::<Array<Timestamp>, _>(column(entries, |row| row.posted_at))
        .bind::<Array<Text>, _>(column(entries, |row| row.actor_kind))
        .bind::<Array<SqlId>, _>(column(entries, |row| row.actor_id))
        .bind::<Array<Text>, _>(column(entries, |row| row.actor_name.as_str()))
        .bind::<Array<Nullable<SqlId>>, _>(column(entries, |row| row.refers_to))
        .bind::<Array<Nullable<SqlId>>, _>(column(entries, |row| row.run_id))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |row| row.reason.as_deref()))
        .bind::<Array<Text>, _>(column(entries, |row| row.flags.as_str()))
        .bind::<Array<Bool>, _>(column(entries, |row| row.is_offline))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |row| row.receipt_number.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |row| row.operator.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(entries, |row| row.reference.as_deref()))
        .bind::<Array<Integer>, _>(column(entries, |row| row.line_count))
}

fn bind_lines<'a>(
    statement: Statement<'a, Pg, Write>,
    tenant_id: Id,
    lines: &[&'a LineRow],
) -> Statement<'a, Pg, Write> {
    statement
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(column(lines, |line| line.account_id))
        .bind::<Array<BigInt>, _>(column(lines, |line| line.entry_seq))
        .bind::<Array<Integer>, _>(column(lines, |line| line.line_no))
        .bind::<Array<Date>, _>(column(lines, |line| line.business_date))
        .bind::<Array<Text>, _>(column(lines, |line| line.product_code.as_str()))
        .bind::<Array<Text>, _>(column(lines, |line| line.product_name.as_str()))
        .bind::<Array<Text>, _>(column(lines, |line| line.category.as_str()))
        .bind::<Array<BigInt>, _>(column(lines, |line| line.quantity_milli))
        .bind::<Array<BigInt>, _>(column(lines, |line| line.amount_minor))
        .bind::<Array<Integer>, _>(column(lines, |line| line.vat_rate))
        .bind::<Array<Nullable<BigInt>>, _>(column(lines, |line| line.unit_price))
        .bind::<Array<Nullable<Integer>>, _>(column(lines, |line| line.sale_line_no))
}

fn bind_accounts<'a>(
    statement: Statement<'a, Pg, Write>,
    tenant_id: Id,
    accounts: &'a [AccountState],
) -> Statement<'a, Pg, Write> {
    statement
        .bind::<Array<SqlId>, _>(column(accounts, |account| account.id))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.balance_minor))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.credit_limit_minor))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.last_seq))
        .bind::<Array<Integer>, _>(column(accounts, |account| account.credits_standing))
        .bind::<SqlId, _>(tenant_id)
}

/// One column of the rows, for an array.
fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
