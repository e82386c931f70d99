//! Workbooks: XLSX and XLSB cell by cell, XLS and ODS whole.

use std::fs::File;
use std::io::BufReader;

use calamine::{
    DataRef, Ods, OdsError, Reader as _, SheetType, SheetVisible, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError,
};

use super::child::{Outlet, Wanted};
use super::guard::encrypted;
use super::{CELLS_MAX, COLUMNS_MAX, FileFault, FileFormat, SHEETS_MAX, SheetCell, SheetRow, Unreadable};

type Source = BufReader<File>;

/// Reads the sheets that are wanted.
pub fn read(format: FileFormat, source: Source, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    match format {
        FileFormat::Xlsx => read_xlsx(source, wanted, outlet),
        FileFormat::Xlsb => read_xlsb(source, wanted, outlet),
        FileFormat::Xls => read_xls(source, wanted, outlet),
        FileFormat::Ods => read_ods(source, wanted, outlet),
        FileFormat::Csv => Ok(()),
    }
}

fn read_xlsx(source: Source, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let fault = |error: XlsxError| match error {
        XlsxError::Password => encrypted(),
        XlsxError::Unrecognized { typ: "sheet:type", .. } => other_kind(),
        other => Unreadable::damaged(other),
    };
    let mut workbook = Xlsx::new(source).map_err(fault)?;
    for (name, is_hidden) in sheets(workbook.sheets_metadata(), wanted)? {
        let mut cells = match workbook.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A sheet of another kind, or one that is not there: the others may be sound.
            Err(_) if wanted.sheet.is_none() => continue,
            Err(error) => return Err(fault(error)),
        };
        outlet.sheet(&name, is_hidden, cells.dimensions().end.0.saturating_add(1))?;
        let mut rows = RowsOfCells::default();
        while rows.is_wanted(wanted) {
            let Some(cell) = cells.next_cell().map_err(fault)? else {
                break;
            };
            rows.cell(cell.get_position(), cell.get_value(), outlet)?;
        }
        rows.end(outlet)?;
    }
    Ok(())
}

fn read_xlsb(source: Source, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let fault = |error: XlsbError| match error {
        XlsbError::Password => encrypted(),
        XlsbError::Unrecognized {
            typ: "BoundSheet8:dt", ..
        } => other_kind(),
        other => Unreadable::damaged(other),
    };
    let mut workbook = Xlsb::new(source).map_err(fault)?;
    for (name, is_hidden) in sheets(workbook.sheets_metadata(), wanted)? {
        let mut cells = match workbook.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            Err(_) if wanted.sheet.is_none() => continue,
            Err(error) => return Err(fault(error)),
        };
        outlet.sheet(&name, is_hidden, cells.dimensions().end.0.saturating_add(1))?;
        let mut rows = RowsOfCells::default();
        while rows.is_wanted(wanted) {
            let Some(cell) = cells.next_cell().map_err(fault)? else {
                break;
            };
            rows.cell(cell.get_position(), cell.get_value(), outlet)?;
        }
        rows.end(outlet)?;
    }
    Ok(())
}

/// A workbook with a sheet that is neither cells nor a chart.
fn other_kind() -> Unreadable {
    Unreadable::new(
        FileFault::UnknownFormat,
        "the workbook has a sheet of a kind that is not read here, such as one of macros: save the sheet with the rows as a \
         workbook of its own, and send that",
    )
}

fn read_xls(source: Source, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let fault = |error: XlsError| match error {
        XlsError::Password => encrypted(),
        other => Unreadable::damaged(other),
    };
    let mut workbook = Xls::new(source).map_err(fault)?;
    for (name, is_hidden) in sheets(workbook.sheets_metadata(), wanted)? {
        let range = workbook.worksheet_range(&name).map_err(fault)?;
        whole(&name, is_hidden, &range, wanted, outlet)?;
    }
    Ok(())
}

fn read_ods(source: Source, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let fault = |error: OdsError| match error {
        OdsError::Password => encrypted(),
        other => Unreadable::damaged(other),
    };
    let mut workbook = Ods::new(source).map_err(fault)?;
    for (name, is_hidden) in sheets(workbook.sheets_metadata(), wanted)? {
        let range = workbook.worksheet_range(&name).map_err(fault)?;
        whole(&name, is_hidden, &range, wanted, outlet)?;
    }
    Ok(())
}

fn whole(
    name: &str,
    is_hidden: bool,
    range: &calamine::Range<calamine::Data>,
    wanted: &Wanted,
    outlet: &mut Outlet,
) -> Result<(), Unreadable> {
    let last = range.end().map_or(0, |(row, _)| row.saturating_add(1));
    outlet.sheet(name, is_hidden, last)?;
    let Some((first_row, first_column)) = range.start() else {
        return Ok(());
    };
    let skipped = usize::try_from(first_column).unwrap_or(COLUMNS_MAX);
    let mut rows = 0;
    for (row, cells) in (first_row..).zip(range.rows()) {
        if wanted.rows_max.is_some_and(|most| rows >= most) {
            break;
        }
        let before = std::iter::repeat_n(SheetCell::Empty, skipped);
        let cells: Vec<SheetCell> = before
            .chain(cells.iter().map(SheetCell::from))
            .take(COLUMNS_MAX)
            .collect();
        if outlet.row(row, cells)? {
            rows += 1;
        }
    }
    Ok(())
}

/// The names of the sheets to be read, and whether they are hidden.
fn sheets(metadata: &[calamine::Sheet], wanted: &Wanted) -> Result<Vec<(String, bool)>, Unreadable> {
    let all: Vec<(String, bool)> = metadata
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible))
        .collect();
    match &wanted.sheet {
        Some(name) => Ok(all.into_iter().filter(|(known, _)| known == name).take(1).collect()),
        None if all.len() > SHEETS_MAX => Err(Unreadable::new(
            FileFault::TooLarge,
            format!("the workbook has {} sheets; at most {SHEETS_MAX} are read", all.len()),
        )),
        None => Ok(all),
    }
}

/// Puts rows together out of cells, which come in their order.
#[derive(Default)]
struct RowsOfCells {
    row: u32,
    cells: Vec<SheetCell>,
    cells_seen: usize,
    rows_written: usize,
}

impl RowsOfCells {
    fn is_wanted(&self, wanted: &Wanted) -> bool {
        wanted.rows_max.is_none_or(|most| self.rows_written < most)
    }

    fn cell(&mut self, (row, column): (u32, u32), value: &DataRef<'_>, outlet: &mut Outlet) -> Result<(), Unreadable> {
        self.cells_seen += 1;
        if self.cells_seen > CELLS_MAX {
            return Err(Unreadable::new(
                FileFault::TooLarge,
                format!("a sheet has more than {CELLS_MAX} cells"),
            ));
        }
        let cell = SheetCell::from(value);
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if cell == SheetCell::Empty || column >= COLUMNS_MAX {
            return Ok(());
        }
        if row != self.row {
            self.end(outlet)?;
            self.row = row;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, SheetCell::Empty);
        }
        if let Some(place) = self.cells.get_mut(column) {
            *place = cell;
        }
        Ok(())
    }

    fn end(&mut self, outlet: &mut Outlet) -> Result<(), Unreadable> {
        if !self.cells.is_empty() && outlet.row(self.row, std::mem::take(&mut self.cells))? {
            self.rows_written += 1;
        }
        Ok(())
    }
}

/// A row of a workbook, where rows are numbered from 0.
pub(super) fn numbered(row: u32, cells: Vec<SheetCell>) -> SheetRow {
    SheetRow {
        row: row.saturating_add(1),
        cells,
    }
}
