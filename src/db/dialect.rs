//! What the two databases spell differently, both spellings side by side. A feature that needs more than a spelling
//! (the ledger's batch, runs, streaming exports) has a `native` store of its own.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::DbConnection;
use crate::id::{Id, SqlId};

/// Asks the database for a sign of life.
///
/// # Errors
/// What it said instead.
pub fn ping(connection: &mut DbConnection) -> QueryResult<()> {
    connection.batch_execute("SELECT 1")
}

/// The end of a SELECT that must hold its rows until the transaction ends. SQLite has one writer, who holds everything.
#[must_use]
pub fn for_update(connection: &DbConnection) -> &'static str {
    match connection {
        DbConnection::Postgres(_) => " FOR UPDATE",
        DbConnection::Sqlite(_) => "",
    }
}

/// The end of a SELECT that holds its rows until the transaction ends, without those that somebody else holds. SQLite has one
/// writer, who holds everything.
#[must_use]
pub fn for_update_of_free(connection: &DbConnection) -> &'static str {
    match connection {
        DbConnection::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        DbConnection::Sqlite(_) => "",
    }
}

/// The end of a SELECT that holds its rows like [`for_update`], but from nobody who writes rows that refer to them.
#[must_use]
pub fn for_update_beside_references(connection: &DbConnection) -> &'static str {
    match connection {
        DbConnection::Postgres(_) => " FOR NO KEY UPDATE",
        DbConnection::Sqlite(_) => "",
    }
}

/// The end of a SELECT whose rows nobody may change until the transaction ends. SQLite has one writer, who holds everything.
#[must_use]
pub fn for_share(connection: &DbConnection) -> &'static str {
    match connection {
        DbConnection::Postgres(_) => " FOR SHARE",
        DbConnection::Sqlite(_) => "",
    }
}

/// Holds one row of a tenant's table until the transaction ends, when there is one with this id.
///
/// # Errors
/// What the database said.
pub fn lock_row(connection: &mut DbConnection, table: &'static str, tenant_id: Id, id: Id) -> QueryResult<()> {
    if matches!(connection, DbConnection::Sqlite(_)) {
        return Ok(());
    }
    diesel::sql_query(format!(
        "SELECT id FROM {table} WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
    ))
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(id)
    .execute(connection)?;
    Ok(())
}

/// Makes a series of numbers when it is new (its next value is 1), and holds it until the transaction ends, so that its
/// numbers are taken one after another.
///
/// # Errors
/// What the database said.
pub fn start_series(connection: &mut DbConnection, tenant_id: Id, series: &str) -> QueryResult<()> {
    // The update that changes nothing is what takes the row's lock.
    let sql = "INSERT INTO number_series (tenant_id, series, next_value) VALUES ($1, $2, 1) \
               ON CONFLICT (tenant_id, series) DO UPDATE SET next_value = number_series.next_value";
    diesel::sql_query(sql)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(series)
        .execute(connection)?;
    Ok(())
}

/// Whether the id in a column stands in a [`list_of`] ids. The list is one value of the statement, however long it is: a
/// statement has at most 32 766 values on SQLite, and 65 535 on PostgreSQL.
#[must_use]
pub fn is_listed(connection: &DbConnection, column: &str, place: &str) -> String {
    format!("{column} IN ({})", listed_ids(connection, place))
}

/// Selects the ids of a [`list_of`] ids.
#[must_use]
pub fn listed_ids(connection: &DbConnection, place: &str) -> String {
    match connection {
        DbConnection::Postgres(_) => {
            format!("SELECT id::uuid FROM json_array_elements_text({place}::json) AS listed (id)")
        }
        // turned into what columns hold, so that their indexes are used
        DbConnection::Sqlite(_) => format!("SELECT unhex(value) AS id FROM json_each({place})"),
    }
}

/// Selects the rows of a JSON array of objects; the columns are members of those, each with its type.
#[must_use]
pub fn listed_rows(connection: &DbConnection, place: &str, columns: &[(&str, &str)]) -> String {
    let texts: Vec<String> = match connection {
        DbConnection::Postgres(_) => columns
            .iter()
            .map(|(name, of_type)| format!("{name} {of_type}"))
            .collect(),
        // turned into what columns hold, so that their indexes are used; JSON's true and false are 1 and 0
        DbConnection::Sqlite(_) => columns
            .iter()
            .map(|column| match column {
                (name, "uuid") => format!("unhex(value ->> '{name}', '-')"),
                (name, _) => format!("value ->> '{name}'"),
            })
            .collect(),
    };
    let texts = texts.join(", ");
    match connection {
        DbConnection::Postgres(_) => format!("SELECT * FROM json_to_recordset({place}::json) AS listed ({texts})"),
        DbConnection::Sqlite(_) => format!("SELECT {texts} FROM json_each({place})"),
    }
}

/// Columns of the last row of each group, see [`of_last`].
pub struct OfLast {
    /// What a query with GROUP BY selects.
    pub grouped: String,
    /// The columns, for a query that selects from that one under the name `g`.
    pub columns: Vec<String>,
}

/// Of the row with the greatest `place` in its group, a number from 0 to 8 * 10^18: texts that are never NULL. The query may
/// select no other MAX or MIN: SQLite takes a bare column from the row that has it. PostgreSQL compares arrays that begin with
/// the place, in as many digits for all.
#[must_use]
pub fn of_last(connection: &DbConnection, place: &str, row: &str, columns: &[&str]) -> OfLast {
    let texts: Vec<String> = columns.iter().map(|column| format!("{row}.{column}")).collect();
    let texts = texts.join(", ");
    match connection {
        DbConnection::Postgres(_) => OfLast {
            grouped: format!("MAX(ARRAY[(1000000000000000000 + {place})::text COLLATE \"C\", {texts}]) AS last"),
            columns: (2..)
                .zip(columns)
                .map(|(index, column)| format!("g.last[{index}] AS {column}"))
                .collect(),
        },
        DbConnection::Sqlite(_) => OfLast {
            grouped: format!("MAX({place}) AS last, {texts}"),
            columns: columns.iter().map(|column| format!("g.{column}")).collect(),
        },
    }
}

/// Ids as one value, for [`is_listed`] and [`listed_ids`].
#[must_use]
pub fn list_of(ids: &[Id]) -> String {
    let digits: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.uuid().simple())).collect();
    format!("[{}]", digits.join(","))
}

/// Lifts the limit on how long a statement may take, until the transaction ends. For work that reads everything.
///
/// # Errors
/// What the database said.
pub fn take_all_time(connection: &mut DbConnection) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => connection.batch_execute("SET LOCAL statement_timeout = 0"),
        DbConnection::Sqlite(_) => Ok(()),
    }
}

/// Until the transaction ends, tables are joined whole. For checks that read everything: where statistics are old, as after
/// a restore or of rows just written, PostgreSQL would look up each row among all the others. It may take 64 MB for a join: of a
/// list that does not fit it would read all for each row, too.
///
/// # Errors
/// What the database said.
pub fn join_whole_tables(connection: &mut DbConnection) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            connection.batch_execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        }
        DbConnection::Sqlite(_) => Ok(()),
    }
}

/// Joins to each row before it the rows of a table that a condition finds: looked up by index, row by row. PostgreSQL would
/// rather read all of a table that it takes for small, and of tables that grow while a job goes on its statistics are
/// those of before; it cannot look into a subquery with an OFFSET.
#[must_use]
pub fn look_up(connection: &DbConnection, table: &str, alias: &str, condition: &str) -> String {
    match connection {
        DbConnection::Postgres(_) => {
            format!("CROSS JOIN LATERAL (SELECT {alias}.* FROM {table} {alias} WHERE {condition} OFFSET 0) {alias}")
        }
        // the order of a CROSS JOIN is kept
        DbConnection::Sqlite(_) => format!("CROSS JOIN {table} {alias} ON {condition}"),
    }
}
