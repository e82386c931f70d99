//! Everything that was found, as a file.

use super::messages::Words;
use super::model::{Finding, ImportRow, Severity};
use super::{read, store};
use crate::db::DbConnection;
use crate::error::ApiResult;
use crate::http::TableFormat;
use crate::http::table::{Cell, Column, CsvOptions, Download, Sheet, TableWriter, read_ahead};

/// How many findings are read at a time.
const ROWS_PAGE: i64 = 2000;

static FINDINGS: Sheet<Finding> = Sheet {
    name: "finding",
    title: "Findings",
    columns: &[
        Column::new("severity", "Severity", 10, |finding| {
            Cell::text(finding.severity.as_str())
        }),
        Column::new("sheet", "Sheet", 16, |finding| Cell::text(&finding.sheet)),
        Column::new("row", "Row", 8, |finding| Cell::optional(finding.row, Cell::Integer)),
        Column::new("column", "Column", 8, |finding| {
            Cell::optional(finding.column.as_deref(), Cell::text)
        }),
        Column::new("cell", "Cell", 8, |finding| {
            Cell::optional(finding.cell.as_deref(), Cell::text)
        }),
        Column::new("field", "Field", 18, |finding| {
            Cell::optional(finding.field.as_deref(), Cell::text)
        }),
        Column::new("found", "Found", 28, |finding| Cell::text(&finding.found)),
        Column::new("code", "Code", 20, |finding| Cell::text(&finding.code)),
        Column::new("message", "Message", 60, |finding| Cell::text(&finding.message)),
    ],
};

/// Writes the findings of an import.
///
/// # Errors
/// What the database said.
pub fn write(
    connection: &mut DbConnection,
    import: &ImportRow,
    severity: Option<Severity>,
    words: Words,
    (format, options): (TableFormat, CsvOptions),
) -> ApiResult<Download> {
    let mut table = TableWriter::try_new(format, options, vec![FINDINGS.heading()])?;
    let attempt = (import.tenant_id, import.id, import.attempt);
    read_ahead(
        |after| Ok(store::list_findings(connection, attempt, severity, after, ROWS_PAGE)?),
        |row| (row.row_no, row.column_no, row.code.clone()),
        |row| table.row(&FINDINGS, &read::finding(row, &import.sheet, words)),
    )?;
    Ok(Download {
        spool: table.finish()?,
        format,
        name: format!("findings-{}", import.id),
    })
}
