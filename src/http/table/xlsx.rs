//! XLSX: a workbook whose rows go to disk as they come.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatBorder, Workbook, Worksheet, XlsxError};

use super::{Cell, ColumnHeading, Heading, Spool};
use crate::decimal;
use crate::error::{ApiError, ApiResult};
use crate::money::{Currency, Money};
use crate::quantity::Quantity;

/// What a worksheet holds at most, a totals row included.
const ROWS_MAX: u32 = 1_048_575;

/// One workbook with a worksheet for each table; one that grows too long goes on in another worksheet.
pub(super) struct XlsxTable {
    workbook: Workbook,
    sheets: Vec<SheetState>,
    formats: HashMap<(Style, bool), Format>,
}

struct SheetState {
    title: &'static str,
    columns: Vec<ColumnHeading>,
    /// Which worksheet of the workbook is being written, and how many this table has had.
    worksheet: usize,
    parts: u32,
    next_row: u32,
    /// The sums so far, in the columns that have one.
    totals: Vec<Option<Cell<'static>>>,
}

/// What a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Style {
    Plain,
    Integer,
    Money(Currency),
    Percentage,
    Date,
    Instant,
}

impl XlsxTable {
    pub(super) fn try_new(headings: &[Heading]) -> ApiResult<Self> {
        let mut table = XlsxTable {
            workbook: Workbook::new(),
            sheets: Vec::new(),
            formats: HashMap::new(),
        };
        for heading in headings {
            let mut state = SheetState {
                title: heading.title,
                columns: heading.columns.clone(),
                worksheet: 0,
                parts: 0,
                next_row: 0,
                totals: vec![None; heading.columns.len()],
            };
            begin_worksheet(&mut table.workbook, &mut state).map_err(ApiError::internal)?;
            table.sheets.push(state);
        }
        Ok(table)
    }

    pub(super) fn row(&mut self, sheet: usize, cells: &[Cell<'_>]) -> ApiResult<()> {
        let state = self
            .sheets
            .get_mut(sheet)
            .ok_or_else(|| ApiError::internal("no such table"))?;
        if state.next_row >= ROWS_MAX {
            begin_worksheet(&mut self.workbook, state).map_err(ApiError::internal)?;
        }
        for ((column, total), cell) in state.columns.iter().zip(&mut state.totals).zip(cells) {
            if column.is_totalled {
                let so_far = total.take().unwrap_or(Cell::Empty);
                *total = Some(sum(so_far, cell).ok_or_else(|| ApiError::internal("a total is too large"))?);
            }
        }
        write_row(&mut self.workbook, &mut self.formats, state, cells, false).map_err(ApiError::internal)
    }

    pub(super) fn finish(mut self) -> ApiResult<Spool> {
        for state in &mut self.sheets {
            if let Some(cells) = totals_row(state) {
                write_row(&mut self.workbook, &mut self.formats, state, &cells, true).map_err(ApiError::internal)?;
            }
        }
        let mut spool = Spool::new();
        self.workbook.save_to_writer(&mut spool).map_err(ApiError::internal)?;
        Ok(spool)
    }
}

fn begin_worksheet(workbook: &mut Workbook, state: &mut SheetState) -> Result<(), XlsxError> {
    state.worksheet = workbook.worksheets().len();
    state.parts += 1;
    state.next_row = 1;
    let name = match state.parts {
        1 => state.title.to_owned(),
        part => format!("{} {part}", state.title),
    };
    let header = Format::new().set_bold();
    let worksheet = workbook.add_worksheet_with_constant_memory()?;
    worksheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, heading) in (0_u16..).zip(&state.columns) {
        worksheet
            .set_column_width(column, f64::from(heading.width))?
            .write_string_with_format(0, column, heading.title, &header)?;
    }
    Ok(())
}

fn write_row(
    workbook: &mut Workbook,
    formats: &mut HashMap<(Style, bool), Format>,
    state: &mut SheetState,
    cells: &[Cell<'_>],
    is_total: bool,
) -> Result<(), XlsxError> {
    let worksheet = workbook.worksheet_from_index(state.worksheet)?;
    for (column, cell) in (0_u16..).zip(cells) {
        let key = (style(cell), is_total);
        let format = formats.entry(key).or_insert_with(|| format_of(key.0, is_total));
        write_cell(worksheet, state.next_row, column, cell, format)?;
    }
    state.next_row += 1;
    Ok(())
}

/// `Total` and the sums, when there is a sum to show.
fn totals_row(state: &SheetState) -> Option<Vec<Cell<'static>>> {
    state.totals.iter().find(|total| total.is_some())?;
    let cells = state.totals.iter().enumerate().map(|(index, total)| match total {
        Some(total) => total.clone(),
        None if index == 0 => Cell::text("Total"),
        None => Cell::Empty,
    });
    Some(cells.collect())
}

/// Adds a cell to a total of the same kind; `None` when it does not fit.
fn sum(total: Cell<'static>, cell: &Cell<'_>) -> Option<Cell<'static>> {
    Some(match (total, cell) {
        (Cell::Empty, Cell::Integer(integer)) => Cell::Integer(*integer),
        (Cell::Empty, Cell::Money(money)) => Cell::Money(*money),
        (Cell::Empty, Cell::Quantity(quantity)) => Cell::Quantity(*quantity),
        (Cell::Integer(total), Cell::Integer(integer)) => Cell::Integer(total.checked_add(*integer)?),
        (Cell::Money(total), Cell::Money(money)) => {
            Cell::Money(Money::new(total.minor().checked_add(money.minor())?, total.currency()))
        }
        (Cell::Quantity(total), Cell::Quantity(quantity)) => {
            Cell::Quantity(Quantity::from_milli(total.milli().checked_add(quantity.milli())?))
        }
        (total, _) => total,
    })
}

fn style(cell: &Cell<'_>) -> Style {
    match cell {
        Cell::Empty | Cell::Text(_) | Cell::Quantity(_) => Style::Plain,
        Cell::Integer(_) => Style::Integer,
        Cell::Money(money) => Style::Money(money.currency()),
        Cell::Percentage(_) => Style::Percentage,
        Cell::Date(_) => Style::Date,
        Cell::Instant(_) => Style::Instant,
    }
}

fn format_of(style: Style, is_total: bool) -> Format {
    let format = match style {
        Style::Plain => Format::new(),
        Style::Integer => Format::new().set_num_format("0"),
        Style::Money(currency) => Format::new().set_num_format(money_format(currency)),
        Style::Percentage => Format::new().set_num_format("0.00%"),
        Style::Date => Format::new().set_num_format("yyyy-mm-dd"),
        Style::Instant => Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
    };
    if is_total {
        format.set_bold().set_border_top(FormatBorder::Thin)
    } else {
        format
    }
}

/// The currency's sign (the euro) or code, its decimals, and the minus before the number: `€ -12,50`.
pub(super) fn money_format(currency: Currency) -> String {
    let sign = if currency == Currency::EUR {
        "[$€-2]".to_owned()
    } else {
        format!("[${}]", currency.code())
    };
    let decimals = match currency.digits() {
        0 => "",
        2 => ".00",
        _ => ".000",
    };
    format!(r"{sign}\ #,##0{decimals};{sign}\ \-#,##0{decimals}")
}

fn write_cell(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell<'_>,
    format: &Format,
) -> Result<(), XlsxError> {
    let mut number = |scaled, decimals| {
        let number = nearest_float(scaled, decimals);
        worksheet
            .write_number_with_format(row, column, number, format)
            .map(|_| ())
    };
    match cell {
        Cell::Integer(integer) => number(*integer, 0),
        Cell::Money(money) => number(money.minor(), money.currency().digits()),
        Cell::Quantity(quantity) => number(quantity.milli(), 3),
        // The cell holds the part, which its format shows as a percentage.
        Cell::Percentage(rate) => number(i64::from(rate.hundredths()), 4),
        Cell::Empty => worksheet.write_blank(row, column, format).map(|_| ()),
        Cell::Text(text) => worksheet
            .write_string_with_format(row, column, text.as_ref(), format)
            .map(|_| ()),
        Cell::Date(date) => match excel_date(*date) {
            Some(value) => worksheet
                .write_datetime_with_format(row, column, value, format)
                .map(|_| ()),
            None => worksheet.write_string(row, column, date.to_string()).map(|_| ()),
        },
        Cell::Instant(at) => match excel_instant(at.naive_utc()) {
            Some(value) => worksheet
                .write_datetime_with_format(row, column, value, format)
                .map(|_| ()),
            None => worksheet.write_string(row, column, at.to_string()).map(|_| ()),
        },
    }
}

/// The number that a spreadsheet keeps for a decimal: read from its digits, never calculated.
fn nearest_float(scaled: i64, decimals: u32) -> f64 {
    let mut digits = String::new();
    match decimal::write_scaled(&mut digits, scaled, decimals) {
        Ok(()) => digits.parse().unwrap_or_default(),
        Err(_) => 0.0,
    }
}

/// Nothing before 1900, where the calendar of spreadsheets begins.
fn excel_date(date: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(date.year()).ok()?;
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    ExcelDateTime::from_ymd(year, month, day).ok()
}

fn excel_instant(at: NaiveDateTime) -> Option<ExcelDateTime> {
    let hour = u16::try_from(at.hour()).ok()?;
    let minute = u8::try_from(at.minute()).ok()?;
    excel_date(at.date())?
        .and_hms(hour, minute, f64::from(at.second()))
        .ok()
}
