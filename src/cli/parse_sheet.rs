//! `onaccount parse-sheet` and `mark-sheet`: the child process in which a spreadsheet is read, or marked.

use std::path::PathBuf;

use super::CliError;
use crate::imports::sheet::child::{self, Wanted};
use crate::imports::sheet::mark;

/// Which part of which file.
#[derive(Debug, clap::Args)]
pub struct ParseSheetOptions {
    /// The file
    path: PathBuf,
    /// Only the sheet of this name
    #[arg(long)]
    sheet: Option<String>,
    /// At most so many rows of each sheet
    #[arg(long)]
    rows: Option<usize>,
}

/// Reads it.
pub fn parse_sheet(options: ParseSheetOptions) -> Result<(), CliError> {
    let wanted = Wanted {
        sheet: options.sheet,
        rows_max: options.rows,
    };
    Ok(child::parse_sheet(&options.path, &wanted)?)
}

/// Which sheet of which file.
#[derive(Debug, clap::Args)]
pub struct MarkSheetOptions {
    /// The file
    path: PathBuf,
    /// The sheet
    #[arg(long)]
    sheet: String,
}

/// Marks it.
pub fn mark_sheet(options: &MarkSheetOptions) -> Result<(), CliError> {
    mark::mark_sheet(&options.path, &options.sheet)
}
