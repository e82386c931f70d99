//! What can only be known of all rows of an import together: rows that are the same, and customers and accounts that are there
//! already. Each comparison is one statement about staged rows and has a transaction of its own, so that tills sell in between.
//!
//! SQLite keeps the order of a CROSS JOIN and looks up what comes second; PostgreSQL compares whole tables by their values, of
//! what a tenant has as well ([`Comparison::looking_up`] excepted).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::fields::Field;
use super::model::{Mapping, UpdateKey};
use super::staging::{Attempt, of_attempt};
use crate::db::{DbConnection, dialect};
use crate::id::SqlId;

/// A statement about the rows `s` of an attempt: it marks what becomes of them, or tells what is to say about them.
pub struct Comparison {
    sql: String,
    /// The column and the field that the findings are about.
    place: Option<(i32, Field)>,
    looks_up: bool,
}

impl Comparison {
    /// Changes rows. `$1` to `$3` are the attempt.
    #[must_use]
    pub fn marking(sql: String) -> Self {
        Comparison {
            sql,
            place: None,
            looks_up: false,
        }
    }

    /// The same, but looks up each row by a whole key in a table that may be far larger than the import.
    #[must_use]
    pub fn looking_up(self) -> Self {
        Comparison { looks_up: true, ..self }
    }

    /// Tells findings about a field.
    #[must_use]
    pub fn finding(mapping: &Mapping, field: Field, found: &Found<'_>) -> Self {
        let Found {
            with,
            row_no,
            code,
            severity,
            shown,
            detail,
            rows,
        } = found;
        let sql = format!(
            "{with} INSERT INTO import_findings
                (tenant_id, import_id, attempt, row_no, column_no, code, severity, field, found, detail)
             SELECT $1, $2, $3, {row_no}, $4, '{code}', {severity}, $5, {shown}, {detail} {rows}"
        );
        let column = mapping.column_of(field).and_then(|column| i32::try_from(column).ok());
        Comparison {
            sql,
            place: Some((column.unwrap_or(-1), field)),
            looks_up: false,
        }
    }

    /// Does it, in a transaction.
    ///
    /// # Errors
    /// What the database said.
    pub fn run(&self, connection: &mut DbConnection, attempt: Attempt) -> QueryResult<()> {
        dialect::take_all_time(connection)?;
        if !self.looks_up {
            dialect::join_whole_tables(connection)?;
        }
        let (tenant_id, import_id, number) = attempt;
        let statement = diesel::sql_query(&self.sql)
            .bind::<SqlId, _>(tenant_id)
            .bind::<SqlId, _>(import_id)
            .bind::<BigInt, _>(number);
        let done = match self.place {
            None => statement.execute(connection),
            Some((column_no, field)) => statement
                .bind::<Integer, _>(column_no)
                .bind::<Text, _>(field.as_str())
                .execute(connection),
        };
        done.map(drop)
    }
}

/// What a comparison tells, in SQL: about the rows of a FROM clause and what follows it, with a table of its own before it or none.
pub struct Found<'a> {
    pub with: &'a str,
    pub row_no: &'a str,
    pub code: &'a str,
    pub severity: &'a str,
    pub shown: &'a str,
    pub detail: &'a str,
    pub rows: &'a str,
}

/// What is compared to find the same customer twice.
struct Same {
    field: Field,
    /// What two rows have in common.
    columns: &'static [&'static str],
    /// Which rows have it.
    has: &'static str,
}

impl Same {
    /// The column that says to people what is the same.
    fn shown(&self) -> String {
        match self.columns.first() {
            Some(&"name_key") | None => "s.name".to_owned(),
            Some(column) => format!("s.{column}"),
        }
    }

    /// The condition that a row and another one are the same.
    fn equal(&self, other: &str) -> String {
        equal(self.columns, other)
    }
}

const SAME: &[Same] = &[
    Same {
        field: Field::CustomerNumber,
        columns: &["customer_number"],
        has: "s.customer_number IS NOT NULL",
    },
    Same {
        field: Field::VatNumber,
        columns: &["vat_number"],
        has: "s.vat_number <> ''",
    },
    Same {
        field: Field::EnterpriseNumber,
        columns: &["enterprise_number", "country"],
        has: "s.enterprise_number <> '' AND s.vat_number = ''",
    },
    Same {
        field: Field::Name,
        columns: &["name_key", "postcode", "street"],
        has: "s.name_key <> '' AND s.customer_number IS NULL AND s.vat_number = '' AND s.enterprise_number = ''",
    },
];

fn equal(columns: &[&str], other: &str) -> String {
    let pairs = columns.iter().map(|column| format!("{other}.{column} = s.{column}"));
    pairs.collect::<Vec<_>>().join(" AND ")
}

/// The customers of the tenant, to look up by a column: what comes before the statement, and the table `c` in it.
fn customers_by(column: &str) -> (String, &'static str) {
    if matches!(column, "customer_number" | "vat_number" | "name_key") {
        return (String::new(), "customers");
    }
    // No index has it. Of a table of its own SQLite makes one for the statement.
    let with = format!(
        "WITH there AS MATERIALIZED (
             SELECT tenant_id, id, name, country, {column} FROM customers WHERE tenant_id = $1 AND {column} <> '')"
    );
    (with, "there")
}

const DOUBTFUL_WITH_NUMBER: &str = "CASE WHEN s.customer_number IS NULL THEN 'error' ELSE 'warning' END";

/// Finds the rows that change a customer, and all that say the same as another row or as a customer who is there.
#[must_use]
pub fn of_customers(mapping: &Mapping) -> Vec<Comparison> {
    let mut comparisons = mapping.update_by.map_or_else(Vec::new, |key| updates(mapping, key));
    for same in SAME {
        let is_key = mapping.update_by.is_some_and(|key| key.as_str() == same.field.as_str());
        // Under numbers of its own a venue may know one company twice.
        let is_certain = is_key || same.field == Field::CustomerNumber;
        let severity = if is_certain { "'error'" } else { DOUBTFUL_WITH_NUMBER };
        comparisons.push(same_in_file(mapping, same, severity));
        comparisons.push(same_customers(mapping, same, severity));
    }
    comparisons
}

/// Rows whose key a customer has change that customer.
fn updates(mapping: &Mapping, key: UpdateKey) -> Vec<Comparison> {
    let column = match key {
        UpdateKey::CustomerNumber => "customer_number",
        UpdateKey::VatNumber => "vat_number",
        UpdateKey::EnterpriseNumber => "enterprise_number",
        UpdateKey::ContactEmail => "email",
    };
    let field: Field = key.as_str().parse().unwrap_or(Field::Name);
    let (with, there) = customers_by(column);
    let of = of_attempt("s");
    let found = format!(
        "FROM import_customers s CROSS JOIN {there} c
         WHERE {of} AND c.tenant_id = s.tenant_id AND c.{column} = s.{column} AND c.{column} <> ''"
    );
    let shown = format!("MIN(s.{column})");
    vec![
        Comparison::marking(format!(
            "{with} UPDATE import_customers AS s SET outcome = 'update', customer_id = f.id
             FROM (SELECT s.row_no, c.id {found}) f WHERE {of} AND s.row_no = f.row_no"
        )),
        Comparison::finding(
            mapping,
            field,
            &Found {
                with: &with,
                row_no: "s.row_no",
                code: "ambiguous_customer",
                severity: "'error'",
                shown: &shown,
                detail: "CAST(COUNT(*) AS TEXT)",
                rows: &format!("{found} AND s.outcome = 'update' GROUP BY s.row_no HAVING COUNT(*) > 1"),
            },
        ),
        Comparison::finding(
            mapping,
            Field::Name,
            &Found {
                with: "",
                row_no: "s.row_no",
                code: "kind_of_customer",
                severity: "'error'",
                shown: "s.name",
                detail: "c.name",
                rows: &format!(
                    "FROM import_customers s CROSS JOIN customers c WHERE {of} AND s.outcome = 'update'
                       AND c.tenant_id = s.tenant_id AND c.id = s.customer_id AND c.kind <> s.kind"
                ),
            },
        ),
    ]
}

/// The first of several rows with the same stays; every later one names it.
fn same_in_file(mapping: &Mapping, same: &Same, severity: &str) -> Comparison {
    let (of, has, columns) = (of_attempt("s"), same.has, same.columns.join(", "));
    let rows = format!(
        "FROM import_customers s CROSS JOIN (
             SELECT {columns}, MIN(s.row_no) AS first_row FROM import_customers s
             WHERE {of} AND {has} GROUP BY {columns} HAVING COUNT(*) > 1) f
         WHERE {of} AND {has} AND {equal} AND s.row_no > f.first_row",
        equal = same.equal("f"),
    );
    let found = Found {
        with: "",
        row_no: "s.row_no",
        code: "duplicate_in_file",
        severity,
        shown: &same.shown(),
        detail: "CAST(f.first_row AS TEXT)",
        rows: &rows,
    };
    Comparison::finding(mapping, same.field, &found)
}

/// Rows that make a customer who is there already, or give one a number that another has.
fn same_customers(mapping: &Mapping, same: &Same, severity: &str) -> Comparison {
    let column = same.columns.first().copied().unwrap_or("name_key");
    let (with, there) = customers_by(column);
    let rows = format!(
        "FROM import_customers s CROSS JOIN {there} c
         WHERE {of} AND {has} AND c.tenant_id = s.tenant_id AND {equal} AND c.{column} <> ''
           AND (s.outcome = 'create' OR c.id <> s.customer_id) GROUP BY s.row_no",
        of = of_attempt("s"),
        has = same.has,
        equal = same.equal("c"),
    );
    let found = Found {
        with: &with,
        row_no: "s.row_no",
        code: "duplicate_customer",
        severity: &severity.replace("s.customer_number", "MIN(s.customer_number)"),
        shown: &format!("MIN({})", same.shown()),
        detail: "MIN(c.name)",
        rows: &rows,
    };
    Comparison::finding(mapping, same.field, &found)
}

/// Finds the customers of an import of accounts by their names, and the accounts that an earlier import has made.
#[must_use]
pub fn of_accounts(mapping: &Mapping) -> Vec<Comparison> {
    let of = of_attempt("s");
    let told = Found {
        with: "",
        row_no: "s.row_no",
        code: "already_imported",
        severity: "'warning'",
        shown: "MIN(s.name)",
        detail: "''",
        rows: &format!("FROM import_accounts s WHERE {of} AND s.outcome = 'unchanged' GROUP BY s.row_no"),
    };
    let several = Found {
        with: "",
        row_no: "s.row_no",
        code: "ambiguous_customer",
        severity: "'error'",
        shown: "MIN(s.name)",
        detail: "CAST(MIN(k.number) AS TEXT)",
        rows: &format!(
            "FROM import_accounts s CROSS JOIN (
                 SELECT c.name_key, COUNT(*) AS number FROM customers c WHERE c.tenant_id = $1
                 GROUP BY c.name_key HAVING COUNT(*) > 1) k
             WHERE {of} AND s.outcome = 'create' AND k.name_key = s.name_key GROUP BY s.row_no"
        ),
    };
    vec![
        Comparison::marking(format!(
            "UPDATE import_accounts AS s SET outcome = 'unchanged', account_id = f.account_id
             FROM (SELECT s.row_no, s.ordinal, o.account_id FROM import_accounts s CROSS JOIN import_accounts o
                   WHERE {of} AND o.tenant_id = s.tenant_id AND o.row_identity = s.row_identity AND o.outcome = 'created') f
             WHERE {of} AND s.row_no = f.row_no AND s.ordinal = f.ordinal"
        )),
        Comparison::marking(format!(
            "UPDATE import_customers AS s SET outcome = 'existing', customer_id = f.id
             FROM (SELECT s.row_no, c.id FROM import_customers s CROSS JOIN customers c
                   WHERE {of} AND c.tenant_id = s.tenant_id AND c.name_key = s.name_key) f
             WHERE {of} AND s.row_no = f.row_no"
        )),
        Comparison::marking(format!(
            "UPDATE import_customers AS s SET outcome = 'existing' WHERE {of} AND s.name_key NOT IN (
                 SELECT a.name_key FROM import_accounts a WHERE {of_account} AND a.outcome = 'create')",
            of_account = of_attempt("a")
        )),
        Comparison::finding(mapping, Field::Name, &told),
        Comparison::finding(mapping, Field::Name, &several),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_no_index_is_looked_up_in_a_table_of_its_own() {
        assert_eq!(customers_by("vat_number"), (String::new(), "customers"));
        let (with, there) = customers_by("email");
        assert!(with.contains("email <> ''"), "{with}");
        assert_eq!(there, "there");
    }
}
