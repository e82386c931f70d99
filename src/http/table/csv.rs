//! CSV: RFC 4180, UTF-8, with the spellings that spreadsheet programs of some countries want.

use std::borrow::Cow;
use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Cell, Heading, Spool};
use crate::error::{ApiError, ApiResult};

const BUFFER_BYTES: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
pub enum Delimiter {
    /// As RFC 4180 has it.
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// As spreadsheet programs want it where the comma is the decimal mark.
    #[serde(rename = ";")]
    Semicolon,
    /// U+0009.
    #[serde(rename = "tab")]
    Tab,
}

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `12.50`
    #[default]
    Point,
    /// `12,50`
    Comma,
}

/// How a CSV is written; other forms of the same answer take no notice. Excel in Dutch reads `delimiter=;`,
/// `decimal=comma` and `bom=true`.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CsvOptions {
    /// CSV: what stands between two values; a comma when left out.
    #[param(inline, required = false)]
    pub delimiter: Option<Delimiter>,
    /// CSV: what stands before the decimals of a number; a point when left out.
    #[param(inline, required = false)]
    pub decimal: Option<DecimalMark>,
    /// CSV: begin with a byte order mark, by which Excel knows UTF-8.
    #[param(required = false)]
    pub bom: Option<bool>,
}

/// One CSV with one or more tables. Several share one header line with every column of any of them, behind `section`.
pub(super) struct CsvTable {
    writer: Writer<Spool>,
    decimal: DecimalMark,
    sections: Vec<Section>,
}

/// Where the values of a table's row come from, column by column of the file.
struct Section {
    /// Written first when the file has several tables.
    name: Option<&'static str>,
    sources: Vec<Option<usize>>,
}

impl CsvTable {
    pub(super) fn try_new(options: CsvOptions, headings: &[Heading]) -> ApiResult<Self> {
        let mut spool = Spool::new();
        if options.bom == Some(true) {
            spool.write_all(BYTE_ORDER_MARK).map_err(ApiError::internal)?;
        }
        let delimiter = match options.delimiter.unwrap_or_default() {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
        };
        let mut writer = WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(Terminator::CRLF)
            .buffer_capacity(BUFFER_BYTES)
            .from_writer(spool);
        let keys = union_of_keys(headings);
        let is_sectioned = headings.len() > 1;
        let header = is_sectioned
            .then_some("section")
            .into_iter()
            .chain(keys.iter().copied());
        writer.write_record(header).map_err(ApiError::internal)?;
        let sections = headings.iter().map(|heading| {
            let source = |key: &&str| heading.columns.iter().position(|column| column.key == *key);
            Section {
                name: is_sectioned.then_some(heading.name),
                sources: keys.iter().map(source).collect(),
            }
        });
        Ok(CsvTable {
            writer,
            decimal: options.decimal.unwrap_or_default(),
            sections: sections.collect(),
        })
    }

    pub(super) fn row(&mut self, table: usize, cells: &[Cell<'_>]) -> ApiResult<()> {
        let section = self
            .sections
            .get(table)
            .ok_or_else(|| ApiError::internal("no such table"))?;
        if let Some(name) = section.name {
            self.writer.write_field(name).map_err(ApiError::internal)?;
        }
        for source in &section.sources {
            let cell = source.and_then(|index| cells.get(index)).unwrap_or(&Cell::Empty);
            let field = field(cell, self.decimal);
            self.writer.write_field(field.as_bytes()).map_err(ApiError::internal)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(ApiError::internal)
    }

    pub(super) fn finish(self) -> ApiResult<Spool> {
        self.writer
            .into_inner()
            .map_err(|error| ApiError::internal(error.error()))
    }
}

/// Every column of any table, in the order in which they first appear.
fn union_of_keys(headings: &[Heading]) -> Vec<&'static str> {
    let mut keys = Vec::new();
    for column in headings.iter().flat_map(|heading| &heading.columns) {
        if !keys.contains(&column.key) {
            keys.push(column.key);
        }
    }
    keys
}

fn field<'a>(cell: &'a Cell<'_>, decimal: DecimalMark) -> Cow<'a, str> {
    let number = |text: String| match decimal {
        DecimalMark::Point => text,
        DecimalMark::Comma => text.replace('.', ","),
    };
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => harmless(text),
        Cell::Integer(integer) => integer.to_string().into(),
        Cell::Money(money) => number(money.to_string()).into(),
        Cell::Quantity(quantity) => number(quantity.to_string()).into(),
        Cell::Percentage(rate) => number(rate.to_string()).into(),
        Cell::Date(date) => date.to_string().into(),
        Cell::Instant(at) => at.to_string().into(),
    }
}

/// A text that a spreadsheet program would take for a formula gets a quote before it.
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}
