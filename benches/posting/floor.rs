//! What the database alone can do with the same rows, columns, keys and indexes: the floor that the service is held against.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use onaccount::db::schema::{accounts, entries, entry_lines, request_keys};
use onaccount::id::Id;
use uuid::Uuid;

use crate::load::Keys;
use crate::venue::Venue;

/// One statement a sale: it checks the limit under the account's lock, and writes key, entry, two lines and balance.
/// `{size}` sales of as many accounts in one statement and commit, for the floor of batches.
const SALES: &str = "
\\set first random(1, {accounts} - {size} + 1)
WITH sold AS (
    UPDATE accounts SET balance_minor = balance_minor - 760, last_seq = last_seq + 1
    WHERE tenant_id = '{tenant}' AND number = ANY(ARRAY(
        SELECT (7190000000 + :first + step)::text FROM generate_series(0, {size} - 1) AS step))
        AND status = 'active' AND on_account_allowed AND balance_minor + credit_limit_minor >= 760
    RETURNING tenant_id, id AS account_id, last_seq, balance_minor, credit_limit_minor, {key} AS key
), new_keys AS (
    INSERT INTO request_keys (tenant_id, key, operation, hash_version, request_hash, state, account_id, result_kind,
        actor_id, occurred_at, recorded_at)
    SELECT tenant_id, key, 'post_sale', 1, sha256(key::text::bytea), 'posted', account_id, 'sale', '{terminal}', now(), now()
    FROM sold
), new_entries AS (
    INSERT INTO entries (tenant_id, account_id, seq, id, kind, balance_change_minor, limit_change_minor,
        balance_after_minor, limit_after_minor, business_date, occurred_at, posted_at, actor_kind, actor_id, actor_name,
        receipt_number, line_count)
    SELECT tenant_id, account_id, last_seq, key, 'sale', -760, 0, balance_minor, credit_limit_minor, current_date, now(),
        now(), 'terminal', '{terminal}', 'Bar 1', '1-20417', 2
    FROM sold
)
INSERT INTO entry_lines (tenant_id, account_id, entry_seq, line_no, business_date, product_code, product_name, category,
    quantity_milli, amount_minor, vat_rate, unit_price)
SELECT tenant_id, account_id, last_seq, line.*
FROM sold, (VALUES (1, current_date, 'BEER-25', 'Beer 25 cl', 'Drinks', 2000, 640, 2100, 32000),
    (2, current_date, 'NUTS', 'Nuts', '', 1000, 120, 900, NULL)) AS line;
";

/// A key of version 7: a random one that begins with the milliseconds since 1970.
const KEY_IN_ORDER_OF_TIME: &str = "encode(set_byte(overlay(uuid_send(gen_random_uuid()) PLACING
        substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 6, 112), 'hex')::uuid";

/// Sales a second by pgbench with so many clients, `size` sales a commit, and how many it stored. Numbers are those of a
/// venue that is numbered 71900.
pub fn postgres(
    pgbench: &Path,
    url: &str,
    (venue, count): (&Venue, usize),
    keys: Keys,
    (clients, size): (usize, usize),
    time: Duration,
) -> f64 {
    let key = match keys {
        Keys::Random => "gen_random_uuid()",
        Keys::InOrderOfTime => KEY_IN_ORDER_OF_TIME,
    };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("sales.sql");
    let text = SALES
        .replace("{accounts}", &count.to_string())
        .replace("{size}", &size.to_string())
        .replace("{key}", key)
        .replace("{tenant}", &venue.tenant_id.to_string())
        .replace("{terminal}", &venue.terminal_id.to_string());
    fs::write(&script, text).unwrap();
    let output = Command::new(pgbench)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", time.as_secs().max(1)))
        .arg(format!("--file={}", script.display()))
        .arg(url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = said.lines().find_map(|line| line.strip_prefix("tps = ")).unwrap();
    line.split(' ').next().unwrap().parse::<f64>().unwrap() * size as f64
}

/// Sales a second on SQLite with one commit each, by one connection: there is one writer.
pub fn sqlite(path: &Path, (venue, count): (&Venue, usize), keys: Keys, time: Duration) -> f64 {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    connection
        .batch_execute("PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;")
        .unwrap();
    let began = Instant::now();
    let mut sales = 0;
    while began.elapsed() < time {
        let account_id = venue.accounts[sales * 7_919 % count];
        connection
            .immediate_transaction(|connection| sell(connection, venue, account_id, keys.make()))
            .unwrap();
        sales += 1;
    }
    sales as f64 / began.elapsed().as_secs_f64()
}

fn sell(connection: &mut SqliteConnection, venue: &Venue, account_id: Id, key: Uuid) -> QueryResult<()> {
    let (tenant_id, key) = (venue.tenant_id, Id::from(key));
    let now: NaiveDateTime = chrono::Utc::now().naive_utc();
    let today: NaiveDate = now.date();
    let (seq, balance_minor, limit_minor): (i64, i64, i64) = accounts::table
        .find((tenant_id, account_id))
        .select((
            accounts::last_seq,
            accounts::balance_minor,
            accounts::credit_limit_minor,
        ))
        .first(connection)?;
    assert!(balance_minor + limit_minor >= 760);
    diesel::insert_into(request_keys::table)
        .values((
            request_keys::tenant_id.eq(tenant_id),
            request_keys::key.eq(key),
            request_keys::operation.eq("post_sale"),
            request_keys::hash_version.eq(1),
            request_keys::request_hash.eq(vec![7_u8; 32]),
            request_keys::state.eq("posted"),
            request_keys::account_id.eq(account_id),
            request_keys::result_kind.eq("sale"),
            request_keys::actor_id.eq(venue.terminal_id),
            request_keys::occurred_at.eq(now),
            request_keys::recorded_at.eq(now),
        ))
        .execute(connection)?;
    insert_entry(
        connection,
        venue,
        (account_id, seq + 1, key),
        (balance_minor - 760, limit_minor),
        now,
    )?;
    insert_lines(connection, venue, (account_id, seq + 1), today)?;
    diesel::update(accounts::table.find((tenant_id, account_id)))
        .set((
            accounts::balance_minor.eq(balance_minor - 760),
            accounts::last_seq.eq(seq + 1),
        ))
        .execute(connection)
        .map(drop)
}

fn insert_entry(
    connection: &mut SqliteConnection,
    venue: &Venue,
    (account_id, seq, key): (Id, i64, Id),
    (balance_minor, limit_minor): (i64, i64),
    now: NaiveDateTime,
) -> QueryResult<()> {
    diesel::insert_into(entries::table)
        .values((
            (
                entries::tenant_id.eq(venue.tenant_id),
                entries::account_id.eq(account_id),
                entries::seq.eq(seq),
                entries::id.eq(key),
                entries::kind.eq("sale"),
                entries::balance_change_minor.eq(-760_i64),
                entries::limit_change_minor.eq(0_i64),
                entries::balance_after_minor.eq(balance_minor),
                entries::limit_after_minor.eq(limit_minor),
            ),
            (
                entries::business_date.eq(now.date()),
                entries::occurred_at.eq(now),
                entries::posted_at.eq(now),
                entries::actor_kind.eq("terminal"),
                entries::actor_id.eq(venue.terminal_id),
                entries::actor_name.eq("Bar 1"),
                entries::receipt_number.eq("1-20417"),
                entries::line_count.eq(2),
            ),
        ))
        .execute(connection)
        .map(drop)
}

fn insert_lines(
    connection: &mut SqliteConnection,
    venue: &Venue,
    (account_id, seq): (Id, i64),
    today: NaiveDate,
) -> QueryResult<()> {
    for (line_no, code, name, category, quantity_milli, amount_minor, vat_rate, unit_price) in [
        (
            1,
            "BEER-25",
            "Beer 25 cl",
            "Drinks",
            2_000_i64,
            640_i64,
            2_100,
            Some(32_000_i64),
        ),
        (2, "NUTS", "Nuts", "", 1_000, 120, 900, None),
    ] {
        diesel::insert_into(entry_lines::table)
            .values((
                entry_lines::tenant_id.eq(venue.tenant_id),
                entry_lines::account_id.eq(account_id),
                entry_lines::entry_seq.eq(seq),
                entry_lines::line_no.eq(line_no),
                entry_lines::business_date.eq(today),
                entry_lines::product_code.eq(code),
                entry_lines::product_name.eq(name),
                entry_lines::category.eq(category),
                entry_lines::quantity_milli.eq(quantity_milli),
                entry_lines::amount_minor.eq(amount_minor),
                entry_lines::vat_rate.eq(vat_rate),
                entry_lines::unit_price.eq(unit_price),
            ))
            .execute(connection)?;
    }
    Ok(())
}
