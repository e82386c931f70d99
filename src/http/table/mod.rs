//! Tables that go out as CSV or XLSX. A feature describes its columns once, in a [`Sheet`]; the same description writes
//! both, with typed cells, so that the numbers cannot differ. Rows are written one by one, into a [`Spool`], so that memory
//! does not grow with the table.

mod ahead;
mod contract;
mod csv;
mod json;
mod spool;
mod xlsx;

use std::borrow::Cow;

use chrono::NaiveDate;

pub use ahead::read_ahead;
pub use contract::{CsvFile, XlsxFile};
pub use csv::{CsvOptions, DecimalMark, Delimiter};
pub use json::JsonWriter;
pub use spool::{Download, Spool};

use self::csv::CsvTable;
use self::xlsx::XlsxTable;
use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult};
use crate::http::TableFormat;
use crate::money::Money;
use crate::quantity::{Quantity, VatRate};

/// A value in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Words or a code, never read as a number or a formula.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// An amount; in a workbook a number in the currency's format.
    Money(Money),
    /// A quantity, at most three decimals.
    Quantity(Quantity),
    /// A VAT rate: `21.00` in CSV, 21.00 % in a workbook.
    Percentage(VatRate),
    /// A business date.
    Date(NaiveDate),
    /// An instant, in UTC.
    Instant(Timestamp),
}

impl<'a> Cell<'a> {
    /// A text, borrowed.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Cell::Text(Cow::Borrowed(text))
    }

    /// The cell of a value that may be missing.
    pub fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Cell::Empty, cell)
    }
}

/// A column: its name for programs, its title for people, and how a row's cell is made.
pub struct Column<T> {
    key: &'static str,
    title: &'static str,
    width: u16,
    is_totalled: bool,
    cell: fn(&T) -> Cell<'_>,
}

impl<T> Column<T> {
    /// `key` is the header in CSV, named as the field is in JSON; `title` the header in a workbook, where the column is
    /// `width` characters wide.
    #[must_use]
    pub const fn new(key: &'static str, title: &'static str, width: u16, cell: fn(&T) -> Cell<'_>) -> Self {
        Column {
            key,
            title,
            width,
            is_totalled: false,
            cell,
        }
    }

    /// The same with its sum in the workbook's last row.
    #[must_use]
    pub const fn totalled(key: &'static str, title: &'static str, width: u16, cell: fn(&T) -> Cell<'_>) -> Self {
        Column {
            key,
            title,
            width,
            is_totalled: true,
            cell,
        }
    }
}

/// The description of a table whose rows are made from `T`s.
pub struct Sheet<T: 'static> {
    /// Its name for programs: the `section` in a CSV that holds several.
    pub name: &'static str,
    /// The name of the worksheet, at most 25 characters.
    pub title: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column<T>],
}

impl<T> Sheet<T> {
    /// What the writers need to know of it beforehand.
    #[must_use]
    pub fn heading(&self) -> Heading {
        let columns = self.columns.iter().map(|column| ColumnHeading {
            key: column.key,
            title: column.title,
            width: column.width,
            is_totalled: column.is_totalled,
        });
        Heading {
            name: self.name,
            title: self.title,
            columns: columns.collect(),
        }
    }
}

/// The head of a table, without the type of its rows.
#[derive(Debug, Clone)]
pub struct Heading {
    name: &'static str,
    title: &'static str,
    columns: Vec<ColumnHeading>,
}

#[derive(Debug, Clone, Copy)]
struct ColumnHeading {
    key: &'static str,
    title: &'static str,
    width: u16,
    is_totalled: bool,
}

/// Writes tables into one file: one CSV (in which several tables are told apart by a first column `section`), or one
/// workbook with a worksheet for each.
pub struct TableWriter {
    headings: Vec<Heading>,
    output: Output,
}

enum Output {
    Csv(Box<CsvTable>),
    Xlsx(Box<XlsxTable>),
}

impl TableWriter {
    /// Begins a file with these tables. `options` are of CSV only.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be made, or for JSON, which has a writer of its own.
    pub fn try_new(format: TableFormat, options: CsvOptions, headings: Vec<Heading>) -> ApiResult<Self> {
        let output = match format {
            TableFormat::Csv => Output::Csv(Box::new(CsvTable::try_new(options, &headings)?)),
            TableFormat::Xlsx => Output::Xlsx(Box::new(XlsxTable::try_new(&headings)?)),
            TableFormat::Json => return Err(ApiError::internal("JSON is no table")),
        };
        Ok(TableWriter { headings, output })
    }

    /// Writes a row of one of the tables.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be written, or when the table was not announced.
    pub fn row<T>(&mut self, sheet: &Sheet<T>, row: &T) -> ApiResult<()> {
        let index = self.headings.iter().position(|heading| heading.name == sheet.name);
        let index = index.ok_or_else(|| ApiError::internal(format!("no table {} in this file", sheet.name)))?;
        let cells: Vec<Cell<'_>> = sheet.columns.iter().map(|column| (column.cell)(row)).collect();
        match &mut self.output {
            Output::Csv(table) => table.row(index, &cells),
            Output::Xlsx(table) => table.row(index, &cells),
        }
    }

    /// Writes rows of one of the tables.
    ///
    /// # Errors
    /// As [`TableWriter::row`].
    pub fn rows<'a, T: 'a>(&mut self, sheet: &Sheet<T>, rows: impl IntoIterator<Item = &'a T>) -> ApiResult<()> {
        rows.into_iter().try_for_each(|row| self.row(sheet, row))
    }

    /// Ends the file: totals, and for a workbook everything around the rows.
    ///
    /// # Errors
    /// As [`TableWriter::row`].
    pub fn finish(self) -> ApiResult<Spool> {
        match self.output {
            Output::Csv(table) => table.finish(),
            Output::Xlsx(table) => table.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
