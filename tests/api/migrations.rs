//! The two migration directories make the same tables, and `src/db/schema.rs` says what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use onaccount::db::DatabaseUrl;

use crate::harness::TestDatabase;

/// The first words of a migration that has to differ from the other database's.
const DIFFERS: &str = "-- Unlike ";

/// Table by table, the columns in their order: name, SQL type, whether it may be null, place in the primary key (0: not
/// in it).
type Tables = BTreeMap<String, Vec<(String, String, bool, i64)>>;

#[allow(clippy::struct_field_names, reason = "the names are those of information_schema")]
#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    is_nullable: i64,
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

const SQLITE_COLUMNS: &str = r#"
    SELECT m.name AS table_name, c.name AS column_name, upper(c.type) AS kind,
           (c."notnull" = 0) AS is_nullable, c.pk AS key_place
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\_\_diesel%' ESCAPE '\'
    ORDER BY m.name, c.cid"#;

const POSTGRES_COLUMNS: &str = r"
    SELECT t.relname::text AS table_name, c.attname::text AS column_name,
           upper(format_type(c.atttypid, c.atttypmod)) AS kind, (NOT c.attnotnull)::int::bigint AS is_nullable,
           coalesce(array_position((k.indkey::int2[])[0:k.indnkeyatts - 1], c.attnum), 0)::bigint AS key_place
    FROM pg_class t
    JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
    LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\_\_diesel%'
    ORDER BY t.relname, c.attnum";

fn tables(rows: Vec<Column>) -> Tables {
    let mut tables = Tables::new();
    for row in rows {
        let kind = row.kind.replace("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP");
        let column = (row.column_name, kind, row.is_nullable == 1, row.key_place);
        tables.entry(row.table_name).or_default().push(column);
    }
    tables
}

/// The tables that the migrations of this run's database have made.
fn migrated_tables(database: &TestDatabase) -> Tables {
    tables(match &database.url {
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(url).unwrap();
            sql_query(POSTGRES_COLUMNS).load(&mut connection).unwrap()
        }
        DatabaseUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            sql_query(SQLITE_COLUMNS).load(&mut connection).unwrap()
        }
    })
}

/// The tables as `src/db/schema.rs` has them, read from its text.
fn declared_tables() -> Tables {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs")).unwrap();
    let mut tables = Tables::new();
    let (mut table, mut keys) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some((name, rest)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            name.clone_into(&mut table);
            keys = rest.trim_end_matches(") {").split(", ").map(str::to_owned).collect();
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let place = keys.iter().position(|key| key == column).map_or(0, |index| index + 1);
            let described = (
                column.to_owned(),
                sql_type(inner.unwrap_or(kind)).to_owned(),
                inner.is_some(),
                i64::try_from(place).unwrap(),
            );
            tables.entry(table.clone()).or_default().push(described);
        }
    }
    tables
}

fn sql_type(diesel_type: &str) -> &'static str {
    match diesel_type {
        "SqlId" => "UUID",
        "BigInt" => "BIGINT",
        "Integer" => "INTEGER",
        "Text" => "TEXT",
        "Bool" => "BOOLEAN",
        "Date" => "DATE",
        "Timestamp" => "TIMESTAMP",
        "Binary" => "BYTEA",
        other => panic!("src/db/schema.rs has a type that this test does not know: {other}"),
    }
}

#[test]
fn the_migrated_tables_are_those_of_the_schema() {
    let migrated = migrated_tables(&TestDatabase::new());
    let declared = declared_tables();
    assert!(declared.len() > 20, "the schema was not read: {declared:?}");
    assert_eq!(
        migrated.keys().collect::<Vec<_>>(),
        declared.keys().collect::<Vec<_>>(),
        "the tables differ"
    );
    for (table, columns) in &declared {
        assert_eq!(&migrated[table], columns, "{table}: migrated (left), schema.rs (right)");
    }
}

#[test]
fn the_migrations_of_both_databases_are_the_same_text() {
    let folder = |database: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let migrations = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        migrations
            .map(|entry| {
                let text = fs::read_to_string(entry.path().join("up.sql")).unwrap();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect::<BTreeMap<_, _>>()
    };
    let (postgres, sqlite) = (folder("postgres"), folder("sqlite"));
    assert!(postgres.len() >= 4);
    assert_eq!(postgres.keys().collect::<Vec<_>>(), sqlite.keys().collect::<Vec<_>>());
    let versions: BTreeSet<&str> = postgres.keys().filter_map(|name| name.split('_').next()).collect();
    assert_eq!(
        versions.len(),
        postgres.len(),
        "two migrations have the same version, so one is never applied"
    );
    for (name, text) in &postgres {
        let says_why = text.starts_with(DIFFERS) && sqlite[name].starts_with(DIFFERS);
        assert!(
            *text == sqlite[name] || says_why,
            "{name} differs, and its first line does not say why"
        );
    }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A list of names must have one order on both databases, whatever collation the PostgreSQL server was made with.
#[test]
fn text_is_compared_by_bytes() {
    let database = TestDatabase::new();
    let otherwise: Vec<Named> = match &database.url {
        DatabaseUrl::Postgres(url) => sql_query(
            "SELECT (table_name || '.' || column_name)::text AS name FROM information_schema.columns
             WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
        )
        .load(&mut PgConnection::establish(url).unwrap()),
        DatabaseUrl::Sqlite(path) => sql_query("SELECT name FROM sqlite_master WHERE upper(sql) LIKE '%COLLATE%'")
            .load(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap()),
    }
    .unwrap();
    assert_eq!(
        otherwise.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(),
        [""; 0]
    );
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Stretch {
    #[diesel(sql_type = Text)]
    invoice: String,
    #[diesel(sql_type = BigInt)]
    first_seq: i64,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
    #[diesel(sql_type = Text)]
    says: String,
}

/// Before, each covered entry was a row.
const COVERED_ENTRIES: &str = "
    DROP TABLE invoice_stretches;
    CREATE TABLE invoice_entries (tenant_id UUID NOT NULL, invoice_id UUID NOT NULL, account_id UUID NOT NULL,
        entry_seq BIGINT NOT NULL, reset_type TEXT NOT NULL, origin_invoice_id UUID, is_late BOOLEAN NOT NULL,
        is_standing BOOLEAN NOT NULL, PRIMARY KEY (tenant_id, invoice_id, entry_seq));
    WITH covered (invoice_id, entry_seq, reset_type, origin_invoice_id, is_late, is_standing) AS (VALUES
        ('a', 2, 'none', NULL, FALSE, FALSE), ('a', 3, 'none', NULL, FALSE, FALSE),
        ('b', 2, 'none', NULL, FALSE, TRUE), ('b', 3, 'none', NULL, FALSE, TRUE), ('b', 4, 'none', NULL, TRUE, TRUE),
        ('b', 5, 'none', NULL, FALSE, TRUE), ('b', 6, 'none', NULL, FALSE, TRUE), ('b', 8, 'none', NULL, FALSE, TRUE),
        ('b', 9, 'balance_to_zero', 'a', FALSE, TRUE), ('b', 10, 'balance_to_zero', 'a', FALSE, TRUE),
        ('c', 11, 'none', NULL, FALSE, TRUE), ('c', 13, 'none', NULL, FALSE, TRUE))
    INSERT INTO invoice_entries SELECT {t}, {invoice_id}, {t}, entry_seq, reset_type, {origin_invoice_id}, is_late, is_standing
    FROM covered;";

#[test]
fn what_invoices_covered_entry_by_entry_they_cover_in_stretches() {
    let database = TestDatabase::new();
    let select = |id: fn(&str) -> String| {
        format!(
            "SELECT {} AS invoice, first_seq, last_seq, reset_type || CASE WHEN origin_invoice_id IS NULL THEN '' ELSE ' returned' END
                 || CASE WHEN is_late THEN ' late' ELSE '' END || CASE WHEN is_standing THEN '' ELSE ' reversed' END AS says
             FROM invoice_stretches ORDER BY invoice_id, first_seq",
            id("invoice_id")
        )
    };
    let with_ids = |id: fn(&str) -> String| {
        COVERED_ENTRIES
            .replace("{t}", &id("'t'"))
            .replace("{invoice_id}", &id("invoice_id"))
            .replace("{origin_invoice_id}", &id("origin_invoice_id"))
    };
    let found: Vec<Stretch> = match &database.url {
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(url).unwrap();
            let id = |text: &str| format!("CAST(md5({text}) AS uuid)");
            connection.batch_execute(&with_ids(id)).unwrap();
            connection
                .batch_execute(include_str!(
                    "../../migrations/postgres/00000000000057_covered_in_stretches/up.sql"
                ))
                .unwrap();
            let names = |column: &str| {
                format!(
                    "CASE {column} WHEN CAST(md5('a') AS uuid) THEN 'a' WHEN CAST(md5('b') AS uuid) THEN 'b' ELSE 'c' END"
                )
            };
            sql_query(select(names)).load(&mut connection).unwrap()
        }
        DatabaseUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            connection.batch_execute(&with_ids(str::to_owned)).unwrap();
            connection
                .batch_execute(include_str!(
                    "../../migrations/sqlite/00000000000057_covered_in_stretches/up.sql"
                ))
                .unwrap();
            sql_query(select(str::to_owned)).load(&mut connection).unwrap()
        }
    };
    let mut told: Vec<(&str, i64, i64, &str)> = found
        .iter()
        .map(|row| (row.invoice.as_str(), row.first_seq, row.last_seq, row.says.as_str()))
        .collect();
    told.sort_unstable();
    let expected = [
        ("a", 2, 3, "none reversed"),
        ("b", 2, 3, "none"),
        ("b", 4, 4, "none late"),
        ("b", 5, 6, "none"),
        ("b", 8, 8, "none"),
        ("b", 9, 10, "balance_to_zero returned"),
        ("c", 11, 11, "none"),
        ("c", 13, 13, "none"),
    ];
    assert_eq!(told, expected);
}

/// Several processes may be started on one empty database at once.
#[test]
fn those_who_migrate_together_take_turns() {
    let database = TestDatabase::empty();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url.clone();
            std::thread::spawn(move || onaccount::db::migrate(&url).unwrap().len())
        })
        .collect();
    let applied: Vec<usize> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    assert_eq!(migrated_tables(&database), migrated_tables(&TestDatabase::new()));
}
