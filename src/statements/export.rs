//! Writes a statement, in any of its forms, from one snapshot of the database.

use super::model::{Found, Scope, Statement, StatementLine};
use super::sheets::{self, CHANGES, DAYS, FIGURES, LINES, PRODUCTS, VAT};
use super::store::{self, LinePosition};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::TableFormat;
use crate::http::table::{CsvOptions, Download, JsonWriter, Spool, TableWriter};

/// Products are kept in memory while the statement is written; nobody has more than this in five years.
const PRODUCTS_MAX: usize = 100_000;

/// The statement as a file.
///
/// # Errors
/// 404 for an account that the tenant does not have; 422 for a period with too many products, or sums that do not fit.
pub fn write(
    connection: &mut DbConnection,
    scope: &Scope,
    format: TableFormat,
    options: CsvOptions,
) -> ApiResult<Download> {
    let statement = Statement::try_new(scope, find(connection, scope)?)?;
    let name = statement.file_name();
    let spool = match format {
        TableFormat::Json => write_json(connection, scope, &statement)?,
        TableFormat::Csv | TableFormat::Xlsx => write_table(connection, scope, &statement, format, options)?,
    };
    Ok(Download { spool, format, name })
}

fn find(connection: &mut DbConnection, scope: &Scope) -> ApiResult<Found> {
    let account = store::find_account(connection, scope.tenant_id, scope.account_id)?;
    let rows_max = i64::try_from(PRODUCTS_MAX).unwrap_or(i64::MAX).saturating_add(1);
    let found = Found {
        account: account.ok_or_else(|| ApiError::new(Code::NotFound))?,
        opening_minor: store::balance_before(connection, scope, scope.period.from())?,
        changes: store::list_changes(connection, scope)?,
        days: store::list_days(connection, scope)?,
        products: store::list_products(connection, scope, rows_max)?,
    };
    if found.products.len() > PRODUCTS_MAX {
        let detail = format!("more than {PRODUCTS_MAX} different products; choose a shorter period");
        return Err(ApiError::parameter("to", "too_many_products", detail));
    }
    Ok(found)
}

fn write_json(connection: &mut DbConnection, scope: &Scope, statement: &Statement) -> ApiResult<Spool> {
    let mut writer = JsonWriter::try_new(statement, "lines")?;
    each_line(connection, scope, |line| writer.item(line))?;
    writer.finish()
}

fn write_table(
    connection: &mut DbConnection,
    scope: &Scope,
    statement: &Statement,
    format: TableFormat,
    options: CsvOptions,
) -> ApiResult<Spool> {
    let mut writer = TableWriter::try_new(format, options, sheets::headings())?;
    writer.rows(&FIGURES, &sheets::figures(statement))?;
    writer.rows(&CHANGES, &statement.changes)?;
    writer.rows(&DAYS, &statement.days)?;
    writer.rows(&PRODUCTS, &statement.products)?;
    writer.rows(&VAT, &statement.vat)?;
    each_line(connection, scope, |line| writer.row(&LINES, line))?;
    writer.finish()
}

/// Hands over the lines in order, a page of them in memory at a time.
fn each_line(
    connection: &mut DbConnection,
    scope: &Scope,
    mut take: impl FnMut(&StatementLine) -> ApiResult<()>,
) -> ApiResult<()> {
    let mut position = Some(LinePosition::before(scope.period.from()));
    while let Some(after) = position {
        let page = store::list_lines(connection, scope, &after)?;
        for row in page.lines {
            take(&StatementLine::try_new(row, scope.currency)?)?;
        }
        position = page.next;
    }
    Ok(())
}
