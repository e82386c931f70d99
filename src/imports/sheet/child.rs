//! The child's side: limits on itself, then the file, line by line on its standard output.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::delimited::Rows;
use super::{FileFault, FileFormat, Line, ROWS_MAX, SheetCell, Unreadable, encoding, guard, workbook};

/// The most memory that reading a file may take, in bytes. 100 000 customers take a tenth of it.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// The most processor time, in seconds.
const CPU_S_MAX: u64 = 30;
/// What a customer's row takes on a line, several times over.
const BUFFER_BYTES: usize = 256 << 10;

/// Which part of a file is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only the sheet of this name; every sheet when there is none.
    pub sheet: Option<String>,
    /// At most so many rows with anything in them of each sheet.
    pub rows_max: Option<usize>,
}

/// Reads the file and writes what it holds to the standard output. What is wrong with the file is said there too.
///
/// # Errors
/// When the limits cannot be set, or nobody reads the output.
pub fn parse_sheet(path: &Path, wanted: &Wanted) -> io::Result<()> {
    limit_self()?;
    let mut outlet = Outlet {
        out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
        rows: 0,
    };
    let last = match read(path, wanted, &mut outlet) {
        Ok(()) => Line::End,
        Err(unreadable) => Line::Fault(unreadable),
    };
    outlet.line(&last)?;
    outlet.out.flush()
}

/// Beyond these the kernel ends the process; the parent says what that means.
pub(super) fn limit_self() -> io::Result<()> {
    for (resource, most) in [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Cpu, CPU_S_MAX),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}

fn read(path: &Path, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let file = File::open(path).map_err(Unreadable::damaged)?;
    let mut source = BufReader::new(file);
    let format = guard::inspect(&mut source)?;
    outlet.line(&Line::Format(format)).map_err(Unreadable::damaged)?;
    if format == FileFormat::Csv {
        return read_text(source, wanted, outlet);
    }
    workbook::read(format, source, wanted, outlet)
}

fn read_text(mut source: impl Read, wanted: &Wanted, outlet: &mut Outlet) -> Result<(), Unreadable> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(Unreadable::damaged)?;
    let text = encoding::decode(&bytes)?;
    drop(bytes);
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    outlet.sheet("", false, u32::try_from(lines).unwrap_or(u32::MAX))?;
    let most = wanted.rows_max.unwrap_or(usize::MAX);
    for row in Rows::new(&text).take(most) {
        outlet.row(row.row - 1, row.cells)?;
    }
    Ok(())
}

/// Where the lines go.
pub struct Outlet {
    out: BufWriter<io::StdoutLock<'static>>,
    rows: usize,
}

impl Outlet {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    pub(super) fn sheet(&mut self, name: &str, is_hidden: bool, rows: u32) -> Result<(), Unreadable> {
        self.rows = 0;
        let name = name.to_owned();
        let line = Line::Sheet { name, is_hidden, rows };
        self.line(&line).map_err(Unreadable::damaged)
    }

    /// Writes a row, whose number is counted from 0, and says whether it had anything in it.
    pub(super) fn row(&mut self, row: u32, cells: Vec<SheetCell>) -> Result<bool, Unreadable> {
        let mut row = workbook::numbered(row, cells);
        if row.is_blank() {
            return Ok(false);
        }
        let used = row
            .cells
            .iter()
            .rposition(|cell| !cell.is_blank())
            .map_or(0, |last| last + 1);
        row.cells.truncate(used);
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(Unreadable::new(
                FileFault::TooLarge,
                format!("a sheet has more than {ROWS_MAX} rows: divide it"),
            ));
        }
        self.line(&Line::Row(row)).map_err(Unreadable::damaged)?;
        Ok(true)
    }
}
