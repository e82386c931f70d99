//! What a statement asks of the database: sums by index, never row by row.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Integer, Text};

use super::model::Scope;
use crate::db::DbConnection;
use crate::db::schema::accounts;
use crate::id::{Id, SqlId};
use crate::ledger::{EntryKind, covering};

/// How many lines are read at once.
pub const LINES_PAGE: usize = 2_000;

/// Whose statement it is.
#[derive(Debug, Queryable)]
pub struct AccountRow {
    pub number: String,
    pub name: String,
}

/// All mutations of one kind.
#[derive(Debug, QueryableByName)]
pub struct ChangeRow {
    #[diesel(sql_type = Text)]
    pub kind: EntryKind,
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    #[diesel(sql_type = BigInt)]
    pub balance_change_minor: i64,
}

/// One day's sales.
#[derive(Debug, QueryableByName)]
pub struct DayRow {
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub quantity_milli: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
}

/// One product at one VAT rate.
#[derive(Debug, QueryableByName)]
pub struct ProductRow {
    #[diesel(sql_type = Text)]
    pub product_code: String,
    #[diesel(sql_type = Text)]
    pub product_name: String,
    #[diesel(sql_type = Text)]
    pub category: String,
    #[diesel(sql_type = Integer)]
    pub vat_rate: i32,
    #[diesel(sql_type = BigInt)]
    pub quantity_milli: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
}

/// One product at one VAT rate on one day.
#[derive(Debug, QueryableByName)]
pub struct LineRow {
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    #[diesel(sql_type = Text)]
    pub product_code: String,
    #[diesel(sql_type = Text)]
    pub product_name: String,
    #[diesel(sql_type = Text)]
    pub category: String,
    #[diesel(sql_type = Integer)]
    pub vat_rate: i32,
    #[diesel(sql_type = BigInt)]
    pub quantity_milli: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
}

/// Some lines of a statement.
#[derive(Debug)]
pub struct LinePage {
    pub lines: Vec<LineRow>,
    /// Where the next ones begin, unless these are the last.
    pub next: Option<LinePosition>,
}

/// A place between lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePosition {
    business_date: NaiveDate,
    product_code: String,
    vat_rate: i32,
}

impl LinePosition {
    /// Before the first line of a day: no product code is empty.
    pub fn before(from: NaiveDate) -> Self {
        LinePosition {
            business_date: from,
            product_code: String::new(),
            vat_rate: 0,
        }
    }

    /// At this line.
    pub fn at(line: &LineRow) -> Self {
        LinePosition {
            business_date: line.business_date,
            product_code: line.product_code.clone(),
            vat_rate: line.vat_rate,
        }
    }
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

pub fn find_account(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<AccountRow>> {
    accounts::table
        .find((tenant_id, id))
        .select((accounts::number, accounts::name))
        .first(connection)
        .optional()
}

/// The sum of all changes before a date.
pub fn balance_before(connection: &mut DbConnection, scope: &Scope, date: NaiveDate) -> QueryResult<i64> {
    let sum: Sum = sql_query(
        "SELECT CAST(COALESCE(SUM(balance_change_minor), 0) AS BIGINT) AS minor
         FROM entries WHERE tenant_id = $1 AND account_id = $2 AND business_date < $3",
    )
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(date)
    .get_result(connection)?;
    Ok(sum.minor)
}

/// Everything that happened in the period, by kind.
pub fn list_changes(connection: &mut DbConnection, scope: &Scope) -> QueryResult<Vec<ChangeRow>> {
    sql_query(
        "SELECT kind, COUNT(*) AS count, CAST(SUM(balance_change_minor) AS BIGINT) AS balance_change_minor
         FROM entries WHERE tenant_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $4
         GROUP BY kind ORDER BY kind",
    )
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(scope.period.from())
    .bind::<Date, _>(scope.period.to())
    .load(connection)
}

/// The lines `l` of the statement, of `$1` to `$4`: those of unreversed mutations in the period.
fn standing_lines(invoiced: Option<bool>) -> String {
    let invoice = covering("invoice_id", "l", "entry_seq");
    let filter = match invoiced {
        None => String::new(),
        Some(true) => format!("AND {invoice} IS NOT NULL"),
        Some(false) => format!("AND {invoice} IS NULL"),
    };
    format!(
        "entry_lines l WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.business_date BETWEEN $3 AND $4
         AND l.entry_seq NOT IN (SELECT e.seq FROM entries e JOIN entries r
            ON r.tenant_id = e.tenant_id AND r.account_id = e.account_id AND r.refers_to = e.id AND r.kind = 'reversal'
            WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.business_date BETWEEN $3 AND $4)
         {filter}"
    )
}

/// Name and category of the latest line of a group `g` of one product and rate, by the number of its mutation, of this
/// business date, and its place in it. Looked up group by group: a join would let PostgreSQL read every line of the account
/// for each page.
fn latest_names(business_date: &str) -> String {
    let latest = |column: &str| {
        format!(
            "(SELECT m.{column} FROM entry_lines m WHERE m.tenant_id = $1 AND m.account_id = $2
             AND m.business_date = {business_date} AND m.entry_seq = g.latest_seq AND m.product_code = g.product_code AND m.vat_rate = g.vat_rate
             ORDER BY m.line_no DESC LIMIT 1) AS {column}"
        )
    };
    format!("{}, {}", latest("product_name"), latest("category"))
}

const SUMS: &str = "CAST(SUM(l.quantity_milli) AS BIGINT) AS quantity_milli,
    CAST(SUM(l.amount_minor) AS BIGINT) AS amount_minor";

/// Sales by day.
pub fn list_days(connection: &mut DbConnection, scope: &Scope) -> QueryResult<Vec<DayRow>> {
    let lines = standing_lines(scope.invoiced);
    sql_query(format!(
        "SELECT l.business_date, {SUMS} FROM {lines} GROUP BY l.business_date ORDER BY l.business_date"
    ))
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(scope.period.from())
    .bind::<Date, _>(scope.period.to())
    .load(connection)
}

/// Sales by product and VAT rate, at most `rows_max` of them.
pub fn list_products(connection: &mut DbConnection, scope: &Scope, rows_max: i64) -> QueryResult<Vec<ProductRow>> {
    let lines = standing_lines(scope.invoiced);
    let names = latest_names(
        "(SELECT e.business_date FROM entries e WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.seq = g.latest_seq)",
    );
    sql_query(format!(
        "SELECT g.product_code, {names}, g.vat_rate, g.quantity_milli, g.amount_minor
         FROM (SELECT l.product_code, l.vat_rate, {SUMS}, MAX(l.entry_seq) AS latest_seq FROM {lines}
            GROUP BY l.product_code, l.vat_rate ORDER BY l.product_code, l.vat_rate LIMIT $5) g
         ORDER BY g.product_code, g.vat_rate"
    ))
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(scope.period.from())
    .bind::<Date, _>(scope.period.to())
    .bind::<BigInt, _>(rows_max)
    .load(connection)
}

#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
}

/// The day up to which a page of lines reaches: of the line [`LINES_PAGE`] places on, or the last of the period.
fn last_day(connection: &mut DbConnection, scope: &Scope, from: NaiveDate) -> QueryResult<NaiveDate> {
    let day: Day = sql_query(format!(
        "SELECT COALESCE((SELECT l.business_date FROM entry_lines l
            WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.business_date BETWEEN $3 AND $4
            ORDER BY l.business_date LIMIT 1 OFFSET {LINES_PAGE}), $4) AS business_date"
    ))
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(from)
    .bind::<Date, _>(scope.period.to())
    .get_result(connection)?;
    Ok(day.business_date)
}

/// At most [`LINES_PAGE`] lines, by day, product and VAT rate. A page reads whole days, few where much was bought, so that it
/// costs the same wherever it lies.
pub fn list_lines(connection: &mut DbConnection, scope: &Scope, after: &LinePosition) -> QueryResult<LinePage> {
    let to = last_day(connection, scope, after.business_date)?;
    let (lines, names) = (standing_lines(scope.invoiced), latest_names("g.business_date"));
    let lines: Vec<LineRow> = sql_query(format!(
        "SELECT g.business_date, g.product_code, {names}, g.vat_rate, g.quantity_milli, g.amount_minor
         FROM (SELECT l.business_date, l.product_code, l.vat_rate, {SUMS}, MAX(l.entry_seq) AS latest_seq FROM {lines}
            AND (l.business_date, l.product_code, l.vat_rate) > ($3, $5, $6)
            GROUP BY l.business_date, l.product_code, l.vat_rate
            ORDER BY l.business_date, l.product_code, l.vat_rate LIMIT {LINES_PAGE}) g
         ORDER BY g.business_date, g.product_code, g.vat_rate"
    ))
    .bind::<SqlId, _>(scope.tenant_id)
    .bind::<SqlId, _>(scope.account_id)
    .bind::<Date, _>(after.business_date)
    .bind::<Date, _>(to)
    .bind::<Text, _>(&after.product_code)
    .bind::<Integer, _>(after.vat_rate)
    .load(connection)?;
    let next = if lines.len() == LINES_PAGE {
        lines.last().map(LinePosition::at)
    } else {
        let days_left = to.succ_opt().filter(|day| *day <= scope.period.to());
        days_left.map(LinePosition::before)
    };
    Ok(LinePage { lines, next })
}
