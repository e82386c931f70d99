//! `onaccount parse-sheet`: the child process in which a spreadsheet is read.

use std::path::PathBuf;

use super::CliError;
use crate::imports::sheet::child::{self, Wanted};

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
