//! PostgreSQL: one statement for each table, whatever the size of the batch.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamp};

use super::Writes;
use crate::db::Statement;
use crate::db::schema::{accounts, entry_lines};
use crate::id::{Id, SqlId};
use crate::ledger::model::{AccountState, Entry, EntryRow, LineRow};
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

pub fn list_lines(connection: &mut PgConnection, tenant_id: Id, entries: &[(Id, i64)]) -> QueryResult<Vec<LineRow>> {
    use diesel::dsl::sql;
    let pairs = "(account_id, entry_seq) IN (SELECT * FROM unnest(";
    entry_lines::table
        .filter(entry_lines::tenant_id.eq(tenant_id))
        .filter(
            sql::<diesel::sql_types::Bool>(pairs)
                .bind::<Array<SqlId>, _>(entries.iter().map(|(account_id, _)| *account_id).collect::<Vec<_>>())
                .sql(", ")
                .bind::<Array<BigInt>, _>(entries.iter().map(|(_, seq)| *seq).collect::<Vec<_>>())
                .sql("))"),
        )
        .order((entry_lines::account_id, entry_lines::entry_seq, entry_lines::line_no))
        .select(LineRow::as_select())
        .load(connection)
}

pub fn write(connection: &mut PgConnection, tenant_id: Id, writes: &Writes) -> QueryResult<()> {
    if !writes.keys.is_empty() {
        insert_keys(connection, tenant_id, &writes.keys)?;
    }
    if !writes.entries.is_empty() {
        insert_entries(connection, tenant_id, &writes.entries)?;
        update_accounts(connection, tenant_id, &writes.accounts)?;
    }
    let lines: Vec<&LineRow> = writes.entries.iter().flat_map(|entry| &entry.lines).collect();
    if !lines.is_empty() {
        insert_lines(connection, tenant_id, &lines)?;
    }
    Ok(())
}

const INSERT_KEYS: &str = "
    INSERT INTO request_keys (tenant_id, key, operation, hash_version, request_hash, state, account_id, result_kind,
        decline_code, amount_minor, available_minor, credit_limit_minor, actor_id, occurred_at, recorded_at)
    SELECT {}, * FROM unnest({}::uuid[], {}::text[], {}::integer[], {}::bytea[], {}::text[], {}::uuid[], {}::text[],
        {}::text[], {}::bigint[], {}::bigint[], {}::bigint[], {}::uuid[], {}::timestamp[], {}::timestamp[])";

fn insert_keys(connection: &mut PgConnection, tenant_id: Id, keys: &[KeyRow]) -> QueryResult<()> {
    let statement = Statement::new(INSERT_KEYS)
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
        .bind::<Array<Timestamp>, _>(column(keys, |key| key.recorded_at));
    statement.execute(connection).map(drop)
}

const INSERT_ENTRIES: &str = "
    INSERT INTO entries (tenant_id, account_id, seq, id, kind, balance_change_minor, limit_change_minor,
        balance_after_minor, limit_after_minor, business_date, occurred_at, posted_at, actor_kind, actor_id, actor_name,
        refers_to, run_id, reason, flags, is_offline, receipt_number, operator, reference, line_count)
    SELECT {}, * FROM unnest({}::uuid[], {}::bigint[], {}::uuid[], {}::text[], {}::bigint[], {}::bigint[],
        {}::bigint[], {}::bigint[], {}::date[], {}::timestamp[], {}::timestamp[], {}::text[], {}::uuid[], {}::text[],
        {}::uuid[], {}::uuid[], {}::text[], {}::text[], {}::boolean[], {}::text[], {}::text[], {}::text[], {}::integer[])";

fn insert_entries(connection: &mut PgConnection, tenant_id: Id, entries: &[Entry]) -> QueryResult<()> {
    let rows: Vec<&EntryRow> = entries.iter().map(|entry| &entry.row).collect();
    let statement = Statement::new(INSERT_ENTRIES)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(column(&rows, |row| row.account_id))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.seq))
        .bind::<Array<SqlId>, _>(column(&rows, |row| row.id))
        .bind::<Array<Text>, _>(column(&rows, |row| row.kind))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.balance_change_minor))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.limit_change_minor))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.balance_after_minor))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.limit_after_minor))
        .bind::<Array<Date>, _>(column(&rows, |row| row.business_date))
        .bind::<Array<Timestamp>, _>(column(&rows, |row| row.occurred_at))
        .bind::<Array<Timestamp>, _>(column(&rows, |row| row.posted_at))
        .bind::<Array<Text>, _>(column(&rows, |row| row.actor_kind))
        .bind::<Array<SqlId>, _>(column(&rows, |row| row.actor_id))
        .bind::<Array<Text>, _>(column(&rows, |row| row.actor_name.as_str()))
        .bind::<Array<Nullable<SqlId>>, _>(column(&rows, |row| row.refers_to))
        .bind::<Array<Nullable<SqlId>>, _>(column(&rows, |row| row.run_id))
        .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.reason.as_deref()))
        .bind::<Array<Text>, _>(column(&rows, |row| row.flags.as_str()))
        .bind::<Array<Bool>, _>(column(&rows, |row| row.is_offline))
        .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.receipt_number.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.operator.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.reference.as_deref()))
        .bind::<Array<Integer>, _>(column(&rows, |row| row.line_count));
    statement.execute(connection).map(drop)
}

const INSERT_LINES: &str = "
    INSERT INTO entry_lines (tenant_id, account_id, entry_seq, line_no, business_date, product_code, product_name,
        category, quantity_milli, amount_minor, vat_rate, unit_price, sale_line_no)
    SELECT {}, * FROM unnest({}::uuid[], {}::bigint[], {}::integer[], {}::date[], {}::text[], {}::text[], {}::text[],
        {}::bigint[], {}::bigint[], {}::integer[], {}::bigint[], {}::integer[])";

fn insert_lines(connection: &mut PgConnection, tenant_id: Id, lines: &[&LineRow]) -> QueryResult<()> {
    let statement = Statement::new(INSERT_LINES)
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
        .bind::<Array<Nullable<Integer>>, _>(column(lines, |line| line.sale_line_no));
    statement.execute(connection).map(drop)
}

/// Planned anew each time (`sql_query`): a plan that was made while the table was small would read all of it for ever.
const UPDATE_ACCOUNTS: &str = "
    UPDATE accounts SET balance_minor = new.balance_minor, credit_limit_minor = new.credit_limit_minor,
        last_seq = new.last_seq, credits_standing = new.credits_standing
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[])
        AS new (id, balance_minor, credit_limit_minor, last_seq, credits_standing)
    WHERE accounts.tenant_id = $1 AND accounts.id = new.id";

fn update_accounts(connection: &mut PgConnection, tenant_id: Id, accounts: &[AccountState]) -> QueryResult<()> {
    diesel::sql_query(UPDATE_ACCOUNTS)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Array<SqlId>, _>(column(accounts, |account| account.id))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.balance_minor))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.credit_limit_minor))
        .bind::<Array<BigInt>, _>(column(accounts, |account| account.last_seq))
        .bind::<Array<Integer>, _>(column(accounts, |account| account.credits_standing))
        .execute(connection)
        .map(drop)
}

/// One column of the rows, for an array.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
