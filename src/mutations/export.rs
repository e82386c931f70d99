//! The whole mutations report as a file.

use super::model::{MutationFilter, ReportRow, ReportedMutation};
use super::native;
use crate::db::DbConnection;
use crate::error::ApiResult;
use crate::http::TableFormat;
use crate::http::table::{Cell, Column, CsvOptions, Download, Sheet, TableWriter, read_ahead};
use crate::id::Id;
use crate::money::Currency;

/// How many rows are read at a time.
const ROWS_PAGE: i64 = 2000;

static REPORT: Sheet<ReportedMutation> = Sheet {
    name: "mutation",
    title: "Mutations",
    columns: &[
        Column::new("business_date", "Date", 12, |row| {
            Cell::Date(row.mutation.business_date)
        }),
        Column::new("account_number", "Account", 14, |row| Cell::text(&row.account_number)),
        Column::new("account_name", "Name", 28, |row| Cell::text(&row.account_name)),
        Column::new("seq", "Number", 9, |row| Cell::Integer(row.mutation.seq)),
        Column::new("kind", "Kind", 14, |row| Cell::text(row.mutation.kind.as_str())),
        Column::totalled("balance_change", "Balance change", 15, |row| {
            Cell::Money(row.mutation.balance_change)
        }),
        Column::totalled("credit_limit_change", "Limit change", 15, |row| {
            Cell::Money(row.mutation.credit_limit_change)
        }),
        Column::new("balance_after", "Balance after", 15, |row| {
            Cell::optional(row.mutation.balance_after, Cell::Money)
        }),
        Column::new("credit_limit_after", "Limit after", 15, |row| {
            Cell::optional(row.mutation.credit_limit_after, Cell::Money)
        }),
        Column::new("occurred_at", "Occurred", 20, |row| {
            Cell::Instant(row.mutation.occurred_at)
        }),
        Column::new("posted_at", "Posted", 20, |row| Cell::Instant(row.mutation.posted_at)),
        Column::new("posted_by", "Posted by", 20, |row| {
            Cell::text(&row.mutation.posted_by.name)
        }),
        Column::new("reason", "Reason", 28, |row| {
            Cell::optional(row.mutation.reason.as_deref(), Cell::text)
        }),
        Column::new("flags", "Flags", 16, |row| {
            let flags: Vec<&str> = row.mutation.flags.iter().map(|flag| flag.as_str()).collect();
            Cell::Text(flags.join(" ").into())
        }),
        Column::new("receipt_number", "Receipt", 14, |row| {
            Cell::optional(row.mutation.receipt_number.as_deref(), Cell::text)
        }),
        Column::new("operator", "Operator", 14, |row| {
            Cell::optional(row.mutation.operator.as_deref(), Cell::text)
        }),
        Column::new("reference", "Reference", 14, |row| {
            Cell::optional(row.mutation.reference.as_deref(), Cell::text)
        }),
        Column::new("id", "Id", 38, |row| Cell::Text(row.mutation.id.to_string().into())),
        Column::new("refers_to_id", "Refers to", 38, |row| {
            id_cell(row.mutation.refers_to_id)
        }),
        Column::new("run_id", "Run", 38, |row| id_cell(row.mutation.run_id)),
    ],
};

fn id_cell(id: Option<Id>) -> Cell<'static> {
    Cell::optional(id, |id| Cell::Text(id.to_string().into()))
}

/// Every mutation that fits, in the order of the report.
///
/// # Errors
/// Those of the database; 500 when the temporary file cannot be written.
pub fn write(
    connection: &mut DbConnection,
    tenant_id: Id,
    filter: &MutationFilter,
    currency: Currency,
    (format, options): (TableFormat, CsvOptions),
) -> ApiResult<Download> {
    let mut writer = TableWriter::try_new(format, options, vec![REPORT.heading()])?;
    read_ahead(
        |after| Ok(native::list_report(connection, tenant_id, filter, after, ROWS_PAGE)?),
        ReportRow::key,
        |row| writer.row(&REPORT, &row.reported(currency)),
    )?;
    Ok(Download {
        spool: writer.finish()?,
        format,
        name: "mutations".to_owned(),
    })
}
