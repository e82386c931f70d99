//! Invoices and an invoice's lines as files.

use super::model::{InvoiceLine, InvoiceSummary};
use super::{read, store};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::TableFormat;
use crate::http::table::{Cell, Column, CsvOptions, Download, Sheet, TableWriter, read_ahead};
use crate::id::Id;
use crate::money::Currency;

/// How many rows are read at a time.
const ROWS_PAGE: i64 = 2000;

static INVOICES: Sheet<InvoiceSummary> = Sheet {
    name: "invoice",
    title: "Invoices",
    columns: &[
        Column::new("number", "Number", 14, |row| Cell::text(&row.number)),
        Column::new("invoice_date", "Date", 12, |row| Cell::Date(row.invoice_date)),
        Column::new("kind", "Kind", 12, |row| Cell::text(row.kind.as_str())),
        Column::new("status", "Status", 11, |row| Cell::text(row.status.as_str())),
        Column::new("payer_name", "Payer", 28, |row| Cell::text(&row.payer_name)),
        Column::new("account_number", "Account", 14, |row| Cell::text(&row.account_number)),
        Column::new("from", "From", 12, |row| Cell::Date(row.from)),
        Column::new("to", "To", 12, |row| Cell::Date(row.to)),
        Column::totalled("total", "Total", 13, |row| Cell::Money(row.total)),
        Column::new("reset_type", "Reset", 20, |row| Cell::text(row.reset_type.as_str())),
        Column::new("created_at", "Made", 20, |row| Cell::Instant(row.created_at)),
        Column::new("id", "Id", 38, |row| id_cell(Some(row.id))),
        Column::new("run_id", "Run", 38, |row| id_cell(Some(row.run_id))),
        Column::new("account_id", "Account id", 38, |row| id_cell(Some(row.account_id))),
        Column::new("payer_id", "Payer id", 38, |row| id_cell(Some(row.payer_id))),
        Column::new("reverses_id", "Reverses", 38, |row| id_cell(row.reverses_id)),
        Column::new("reversed_by_id", "Reversed by", 38, |row| id_cell(row.reversed_by_id)),
    ],
};

static LINES: Sheet<InvoiceLine> = Sheet {
    name: "line",
    title: "Lines",
    columns: &[
        Column::new("line_no", "Line", 8, |row| Cell::Integer(row.line_no.into())),
        Column::new("business_date", "Date", 12, |row| Cell::Date(row.business_date)),
        Column::new("product_code", "Code", 16, |row| Cell::text(&row.product_code)),
        Column::new("product_name", "Product", 28, |row| Cell::text(&row.product_name)),
        Column::new("category", "Category", 18, |row| Cell::text(&row.category)),
        Column::new("quantity", "Quantity", 11, |row| Cell::Quantity(row.quantity)),
        Column::totalled("amount", "Amount", 13, |row| Cell::Money(row.amount)),
        Column::new("vat_rate", "VAT", 9, |row| Cell::Percentage(row.vat_rate)),
    ],
};

fn id_cell(id: Option<Id>) -> Cell<'static> {
    Cell::optional(id, |id| Cell::Text(id.to_string().into()))
}

/// Every invoice that fits, the newest number first.
///
/// # Errors
/// Those of the database; 500 when the temporary file cannot be written.
pub fn write_invoices(
    connection: &mut DbConnection,
    tenant_id: Id,
    filter: &store::Filter,
    currency: Currency,
    (format, options): (TableFormat, CsvOptions),
) -> ApiResult<Download> {
    let mut writer = TableWriter::try_new(format, options, vec![INVOICES.heading()])?;
    read_ahead(
        |after| Ok(store::list_invoices(connection, tenant_id, filter, after, ROWS_PAGE)?),
        |row| (row.series_year, row.series_value),
        |row| writer.row(&INVOICES, &InvoiceSummary::new(&row, currency)),
    )?;
    Ok(Download {
        spool: writer.finish()?,
        format,
        name: "invoices".to_owned(),
    })
}

/// Every line of an invoice, in its order; the file has the invoice's number for a name.
///
/// # Errors
/// 404; those of the database; 500 when the temporary file cannot be written.
pub fn write_lines(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    currency: Currency,
    (format, options): (TableFormat, CsvOptions),
) -> ApiResult<Download> {
    let invoice = store::find_invoice(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    let mut writer = TableWriter::try_new(format, options, vec![LINES.heading()])?;
    read_ahead(
        |after| Ok(store::list_lines(connection, tenant_id, id, after, ROWS_PAGE)?),
        |row| row.line_no,
        |row| writer.row(&LINES, &read::line_of(row, currency)?),
    )?;
    Ok(Download {
        spool: writer.finish()?,
        format,
        name: format!("invoice-{}", invoice.number),
    })
}
