//! Reading a spreadsheet that somebody else made, which may be broken or hostile.
//!
//! A file is read by a child process (`onaccount parse-sheet`), which knows no database and no secret, and may take only so much
//! memory and processor time: whatever a file does to it, the service goes on. What is known of the file from its directory is
//! checked before anything is unpacked ([`guard`]). The child writes one [`Line`] of JSON for each row with anything in it, and
//! the parent reads them one by one ([`child`]), so that neither holds a whole sheet.

pub mod cell;
pub mod child;
mod delimited;
mod encoding;
pub mod guard;
pub mod mark;
pub mod process;
mod workbook;

use serde::{Deserialize, Serialize};

pub use cell::SheetCell;
pub use process::{Reader, Request};

use crate::text_enum;

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// The most rows with anything in them that one sheet may have.
pub const ROWS_MAX: usize = 200_000;
/// Cells beyond this column are not read: some programs format the whole width.
pub const COLUMNS_MAX: usize = 256;
/// The most sheets of a workbook.
pub const SHEETS_MAX: usize = 100;
/// The most cells of a sheet that are looked at, empty ones included.
pub const CELLS_MAX: usize = 20_000_000;
/// What a spreadsheet cell can hold, in characters.
pub const CELL_CHARS_MAX: usize = 32_767;

text_enum! {
    /// What kind of file it is, by its content; the name does not count.
    pub enum FileFormat {
        /// Excel 2007 and later.
        Xlsx => "xlsx",
        /// Excel's binary form.
        Xlsb => "xlsb",
        /// Excel 97 to 2003.
        Xls => "xls",
        /// OpenDocument.
        Ods => "ods",
        /// Text with separators.
        Csv => "csv",
    }
}

text_enum! {
    /// Why a file cannot be read.
    pub enum FileFault {
        /// It is no spreadsheet that is known here.
        UnknownFormat => "unknown_format",
        /// It needs a password.
        Encrypted => "encrypted",
        /// It breaks off, or breaks the rules of its format.
        Damaged => "damaged",
        /// It holds more than is read: rows, cells, sheets, bytes.
        TooLarge => "too_large",
        /// It has no sheet with anything in it.
        Empty => "empty",
    }
}

/// Why a file cannot be read, in words too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Unreadable {
    /// Which fault.
    pub fault: FileFault,
    /// What is wrong with this file.
    pub detail: String,
}

impl Unreadable {
    /// A fault with its words.
    #[must_use]
    pub fn new(fault: FileFault, detail: impl Into<String>) -> Self {
        Unreadable {
            fault,
            detail: detail.into(),
        }
    }

    fn damaged(detail: impl std::fmt::Display) -> Self {
        Unreadable::new(FileFault::Damaged, format!("the file cannot be read: {detail}"))
    }
}

/// A row with anything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetRow {
    /// Its number as spreadsheet programs show it, from 1.
    pub row: u32,
    /// Its cells from the first column on; those after the last one are empty.
    pub cells: Vec<SheetCell>,
}

impl SheetRow {
    /// The cell in a column, from 0.
    #[must_use]
    pub fn cell(&self, column: usize) -> &SheetCell {
        self.cells.get(column).unwrap_or(&SheetCell::Empty)
    }

    /// Whether no cell says anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(SheetCell::is_blank)
    }
}

/// What the child says, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The kind of file, first of all.
    Format(FileFormat),
    /// A sheet begins.
    Sheet {
        /// Its name; empty for a text file.
        name: String,
        /// Whether its maker hid it.
        is_hidden: bool,
        /// How many rows it says it has, which need not be true: it tells how far a reader is.
        rows: u32,
    },
    /// A row of the sheet.
    Row(SheetRow),
    /// Nothing more can be read.
    Fault(Unreadable),
    /// All is read.
    End,
}
