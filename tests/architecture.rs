//! The walls of the house, kept by text search: which room may know which framework, who may write money, how long a
//! file may be. How long a function may be is clippy's `too_many_lines` (clippy.toml). Each wall is a pure function of a
//! file's path and text, and has a test that it finds what it is there to find.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 450;

/// A list is as long as what it lists.
const LISTS: [&str; 1] = ["src/db/schema.rs"];

/// A text file of the repository: its path from the root, with `/`, and what it says.
struct Source {
    path: String,
    text: String,
}

/// A wall looks at one file and names every line that breaks it.
type Wall = fn(&Source) -> Vec<String>;

fn repository_files(folders: &[&str], extensions: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(&root.join(folder), extensions, &mut found);
    }
    found
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"),
        })
        .collect()
}

fn collect(path: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut children: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|child| child.unwrap().path()).collect();
        children.sort();
        for child in children {
            collect(&child, extensions, found);
        }
    } else if path.is_file()
        && extensions
            .iter()
            .any(|extension| path.extension() == Some(extension.as_ref()))
    {
        found.push(path.to_path_buf());
    }
}

/// Numbered lines of code; comments say what they like.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every line of code that holds one of the words, as `path:line: text`.
fn lines_with(source: &Source, words: &[&str]) -> Vec<String> {
    code_lines(&source.text)
        .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
        .collect()
}

/// Whether the file is the room `name` of a feature: `accounts/store.rs`, or a file of `accounts/store/`.
fn is_room(source: &Source, name: &str) -> bool {
    source.path.ends_with(&format!("/{name}.rs")) || source.path.contains(&format!("/{name}/"))
}

fn is_native_store(source: &Source) -> bool {
    source
        .path
        .rsplit('/')
        .next()
        .is_some_and(|file| file.starts_with("native"))
        || source.path.contains("/native/")
}

fn stores_and_models_know_no_framework(source: &Source) -> Vec<String> {
    if is_room(source, "store") || is_room(source, "model") {
        lines_with(source, &["actix"])
    } else {
        Vec::new()
    }
}

fn handlers_know_no_database(source: &Source) -> Vec<String> {
    if is_room(source, "http") {
        lines_with(source, &["diesel::", "diesel_", "use diesel"])
    } else {
        Vec::new()
    }
}

fn only_db_and_native_stores_tell_the_databases_apart(source: &Source) -> Vec<String> {
    if source.path.starts_with("src/db/") || is_native_store(source) {
        return Vec::new();
    }
    lines_with(
        source,
        &["Connection::Pg", "Connection::Postgres", "Connection::Sqlite"],
    )
}

/// The columns that are a fold over the entries.
const FOLDED: [&str; 4] = ["balance_minor", "credit_limit_minor", "last_seq", "credits_standing"];

fn only_the_ledger_writes_money(source: &Source) -> Vec<String> {
    if source.path.starts_with("src/ledger/") {
        return Vec::new();
    }
    let assigned = FOLDED.map(|column| format!("{column}.eq("));
    let mut words: Vec<&str> = assigned.iter().map(String::as_str).collect();
    words.extend([
        "insert_into(entries",
        "insert_into(entry_lines",
        "update(entries",
        "delete(entries",
    ]);
    let mut found = lines_with(source, &words);
    found.extend(raw_money_statements(source));
    found
}

/// Raw SQL that updates a folded column of accounts or touches the entries: a statement may span lines, so the text is
/// read as one, in lower case.
fn raw_money_statements(source: &Source) -> Vec<String> {
    let code: String = code_lines(&source.text)
        .map(|(_, line)| line.trim().to_lowercase() + " ")
        .collect();
    let mut found: Vec<String> = [
        "insert into entries",
        "insert into entry_lines",
        "update entries",
        "delete from entries",
    ]
    .iter()
    .filter(|statement| code.contains(*statement))
    .map(|statement| format!("{}: {statement}", source.path))
    .collect();
    for statement in code.split("update accounts").skip(1) {
        let assignments = statement.split(" where ").next().unwrap_or(statement);
        for column in FOLDED
            .iter()
            .filter(|column| assignments.contains(&format!("{column} =")))
        {
            found.push(format!("{}: update accounts set {column}", source.path));
        }
    }
    found
}

fn files_are_short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX && !LISTS.contains(&source.path.as_str()) {
        vec![format!(
            "{}: {lines} lines, at most {FILE_LINES_MAX}: it holds two things, split it",
            source.path
        )]
    } else {
        Vec::new()
    }
}

fn no_test_is_skipped(source: &Source) -> Vec<String> {
    lines_with(source, &["#[ignore"])
}

/// Texts, and the comments of code, speak of the product to those who have the repository and nothing else.
fn texts_need_nothing_else(source: &Source) -> Vec<String> {
    let is_code = [".rs", ".ts"].iter().any(|extension| source.path.ends_with(extension));
    let is_read = |line: &str| !is_code || line.trim_start().starts_with("//");
    let foreign = |line: &str| {
        let line = line.to_lowercase().replace("user-agent", "");
        let mut issues = line.split("issue ").skip(1);
        issues.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '#'))
            || ["/work/", "../shared", "this session", "agent"]
                .iter()
                .any(|word| line.contains(word))
    };
    let lines = source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| is_read(line) && foreign(line));
    lines
        .map(|(index, line)| format!("{}:{}: {}", source.path, index + 1, line.trim()))
        .collect()
}

/// SQLite numbers `$n` by where each first stands in a text and not by its number: `$2` before `$1` binds the wrong value, and
/// nothing says so. Texts that are put together are looked at when they run (`tests/api/harness/statements.rs`).
fn parameters_rise(source: &Source) -> Vec<String> {
    let code: String = code_lines(&source.text)
        .map(|(_, line)| line.replace("\\\"", "").replace("'\"'", "") + "\n")
        .collect();
    // every second piece between quotes is a text
    let texts = code.split('"').skip(1).step_by(2);
    texts
        .filter(|text| !numbers_first_seen(text).is_sorted())
        .map(|text| format!("{}: {}", source.path, text.trim()))
        .collect()
}

/// The numbers of a text's parameters, each where it first stands.
fn numbers_first_seen(text: &str) -> Vec<u32> {
    let mut seen = Vec::new();
    for piece in text.split('$').skip(1) {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        if let Ok(number) = piece.split_at(end).0.parse()
            && !seen.contains(&number)
        {
            seen.push(number);
        }
    }
    seen
}

/// A planner uses a partial index without further ado when the statement says in its own text what the index says; of a
/// parameter it has to see the value each time.
fn partial_indexes_are_named_in_words(source: &Source) -> Vec<String> {
    let bound = [
        "kind.eq(EntryKind::Reversal)",
        "kind).eq(EntryKind::Reversal)",
        "kind.eq(EntryKind::Refund)",
        "kind).eq(EntryKind::Refund)",
        "is_standing.eq(true)",
    ];
    lines_with(source, &bound)
}

fn assert_standing(wall: Wall, files: &[Source]) {
    assert!(
        files.len() > 3,
        "the search found hardly any file, so it proves nothing"
    );
    let broken: Vec<String> = files.iter().flat_map(wall).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn finds(wall: Wall, path: &str, text: &str) -> bool {
    !wall(&Source {
        path: path.to_owned(),
        text: text.to_owned(),
    })
    .is_empty()
}

#[test]
fn stores_and_models_stand_without_actix() {
    assert!(finds(
        stores_and_models_know_no_framework,
        "src/sales/store.rs",
        "use actix_web::web;"
    ));
    assert!(finds(
        stores_and_models_know_no_framework,
        "src/sales/store/late.rs",
        "use actix_web::web;"
    ));
    assert!(!finds(
        stores_and_models_know_no_framework,
        "src/sales/http.rs",
        "use actix_web::web;"
    ));
    assert_standing(
        stores_and_models_know_no_framework,
        &repository_files(&["src"], &["rs"]),
    );
}

#[test]
fn handlers_stand_without_diesel() {
    assert!(finds(
        handlers_know_no_database,
        "src/sales/http.rs",
        "use diesel::prelude::*;"
    ));
    assert!(!finds(
        handlers_know_no_database,
        "src/sales/http.rs",
        "// diesel::prelude is for stores"
    ));
    assert!(!finds(
        handlers_know_no_database,
        "src/sales/store.rs",
        "use diesel::prelude::*;"
    ));
    assert_standing(handlers_know_no_database, &repository_files(&["src"], &["rs"]));
}

#[test]
fn the_two_databases_are_told_apart_in_few_places() {
    let branch = "match conn { DbConnection::Pg(conn) => (), DbConnection::Sqlite(conn) => () }";
    assert!(finds(
        only_db_and_native_stores_tell_the_databases_apart,
        "src/sales/store.rs",
        branch
    ));
    assert!(!finds(
        only_db_and_native_stores_tell_the_databases_apart,
        "src/db/dialect.rs",
        branch
    ));
    assert!(!finds(
        only_db_and_native_stores_tell_the_databases_apart,
        "src/ledger/native_postgres.rs",
        branch
    ));
    assert_standing(
        only_db_and_native_stores_tell_the_databases_apart,
        &repository_files(&["src"], &["rs"]),
    );
}

#[test]
fn only_the_ledger_writes_balances_limits_and_entries() {
    for text in [
        ".set(accounts::balance_minor.eq(0))",
        "insert_into(entries::table)",
        "sql_query(\"UPDATE accounts SET\n    credit_limit_minor = $1\n    WHERE id = $2\")",
        "INSERT INTO entries (tenant_id) VALUES ($1)",
    ] {
        assert!(
            finds(only_the_ledger_writes_money, "src/accounts/store.rs", text),
            "{text}"
        );
        assert!(
            !finds(only_the_ledger_writes_money, "src/ledger/store.rs", text),
            "{text}"
        );
    }
    let harmless = "UPDATE accounts SET status = $1 WHERE balance_minor = 0";
    assert!(!finds(only_the_ledger_writes_money, "src/accounts/store.rs", harmless));
    assert_standing(only_the_ledger_writes_money, &repository_files(&["src"], &["rs"]));
}

#[test]
fn parameters_stand_in_the_order_of_their_numbers() {
    for text in [
        "sql_query(\"SELECT 1 WHERE a = $2 AND b = $1\")",
        "let sql = \"UPDATE t SET a = $2\n    WHERE id = $1\";",
        "x.push('\"'); sql_query(\"a = $1 AND b = $3 AND c = $2\")",
    ] {
        assert!(finds(parameters_rise, "src/sales/store.rs", text), "{text}");
    }
    for text in [
        "sql_query(\"SELECT 1 WHERE a = $1 AND b = $2 AND c = $1 AND d = $10\")",
        "let (later, first) = (\"a = $2\", \"b = $1\");",
        "// \"$2 before $1\"",
    ] {
        assert!(!finds(parameters_rise, "src/sales/store.rs", text), "{text}");
    }
    assert_standing(parameters_rise, &repository_files(&["src", "benches"], &["rs"]));
}

#[test]
fn partial_indexes_can_be_used() {
    assert!(finds(
        partial_indexes_are_named_in_words,
        "src/ledger/store.rs",
        ".filter(entries::kind.eq(EntryKind::Reversal))"
    ));
    assert!(!finds(
        partial_indexes_are_named_in_words,
        "src/ledger/store.rs",
        ".filter(entries::kind.eq(EntryKind::Reversal.literal()))"
    ));
    assert_standing(partial_indexes_are_named_in_words, &repository_files(&["src"], &["rs"]));
}

#[test]
fn files_stay_short() {
    assert!(finds(files_are_short, "src/a.rs", &"\n".repeat(FILE_LINES_MAX + 1)));
    assert!(!finds(files_are_short, "src/a.rs", &"\n".repeat(FILE_LINES_MAX)));
    assert_standing(
        files_are_short,
        &repository_files(&["src", "tests", "examples", "benches"], &["rs"]),
    );
}

#[test]
fn every_test_runs() {
    assert!(finds(
        no_test_is_skipped,
        "tests/api/main.rs",
        concat!("#[", "ignore = \"slow\"]")
    ));
    let files: Vec<Source> = repository_files(&["src", "tests"], &["rs"]);
    let others: Vec<Source> = files
        .into_iter()
        .filter(|source| source.path != "tests/architecture.rs")
        .collect();
    assert_standing(no_test_is_skipped, &others);
}

#[test]
fn texts_speak_of_the_product() {
    for text in ["see issue 12", "in /work/main", "../shared/data", "written by an Agent"] {
        assert!(finds(texts_need_nothing_else, "README.md", text), "{text}");
    }
    assert!(!finds(
        texts_need_nothing_else,
        "README.md",
        "the User-Agent header of a session, an issue of numbers"
    ));
    let texts = repository_files(
        &["README.md", "docs", "examples", "src", "migrations", "contract/client"],
        &["md", "sh", "rs", "sql", "ts"],
    );
    assert_standing(texts_need_nothing_else, &texts);
}

#[test]
fn an_image_is_built_from_all_that_the_code_includes() {
    let text = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (dockerfile, dockerignore) = (text("Dockerfile"), text(".dockerignore"));
    for name in ["Cargo.toml", "Cargo.lock", "data", "migrations", "src"] {
        let mut copies = dockerfile.lines().filter(|line| line.starts_with("COPY "));
        let is_copied = copies.any(|line| line.split_whitespace().any(|word| word == name));
        let is_admitted = dockerignore.lines().any(|line| line.strip_prefix('!') == Some(name));
        assert!(is_copied && is_admitted, "{name}");
    }
    let outside = |source: &Source| lines_with(source, &["include_str!(\"../../", "include_bytes!(\"../../"]);
    let included: Vec<String> = repository_files(&["src"], &["rs"]).iter().flat_map(outside).collect();
    assert!(
        included.iter().all(|line| line.contains("(\"../../data/")),
        "{included:?}"
    );
}
