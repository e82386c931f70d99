//! The parent's side: starts the child, reads its lines, and turns its death into an answer.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, OnceLock};

use super::mark::Mark;
use super::{FileFault, Line, Unreadable};
use crate::error::{ApiError, ApiResult};
use crate::http::table::Spool;

/// The program that reads spreadsheets: this one, started anew for each file. Clones share what is named.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    program: Arc<OnceLock<PathBuf>>,
}

/// Which part of which file to read.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The file.
    pub path: &'a Path,
    /// Only the sheet of this name; every sheet when there is none.
    pub sheet: Option<&'a str>,
    /// At most so many rows of each sheet.
    pub rows_max: Option<usize>,
}

/// The program that runs, which may have another file by now: an upgrade puts a new one in its place before the restart.
fn this_program() -> ApiResult<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(ApiError::internal)
}

impl Reader {
    /// Names another program, for those who link this library into one of their own. Has an effect before the first file only.
    pub fn use_program(&self, program: PathBuf) {
        self.program.get_or_init(|| program);
    }

    /// Starts reading.
    ///
    /// # Errors
    /// 500 when the program cannot be started.
    pub fn read(&self, request: Request<'_>) -> ApiResult<Lines> {
        let mut command = self.command()?;
        command.arg("parse-sheet").arg(request.path);
        if let Some(sheet) = request.sheet {
            command.arg(format!("--sheet={sheet}"));
        }
        if let Some(rows_max) = request.rows_max {
            command.arg(format!("--rows={rows_max}"));
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(ApiError::internal)?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| ApiError::internal("the child has no output"))?;
        Ok(Lines {
            child: Running(child),
            stdout: BufReader::with_capacity(256 << 10, stdout),
            buffer: String::new(),
            is_over: false,
        })
    }
}

impl Reader {
    fn command(&self) -> ApiResult<Command> {
        let program = match self.program.get() {
            Some(program) => program.clone(),
            None => this_program()?,
        };
        let mut command = Command::new(program);
        command.env_clear();
        // The allocator takes a gigabyte of addresses at a time, which are all that the child may have.
        command.env("MIMALLOC_ARENA_RESERVE", "32MiB");
        Ok(command)
    }

    /// Marks cells of a sheet in the workbook as it is; nothing when this workbook cannot be marked so.
    ///
    /// # Errors
    /// Those of the marks; 500 when the program cannot be started.
    pub fn mark(
        &self,
        path: &Path,
        sheet: &str,
        marks: impl Iterator<Item = ApiResult<Mark>>,
    ) -> ApiResult<Option<Spool>> {
        let mut command = self.command()?;
        command.arg("mark-sheet").arg(path).arg(format!("--sheet={sheet}"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Running(command.spawn().map_err(ApiError::internal)?);
        let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());
        let (stdin, mut stdout) = stdin
            .zip(stdout)
            .ok_or_else(|| ApiError::internal("the child has no pipes"))?;
        let mut lines = BufWriter::new(stdin);
        for mark in marks {
            let line = serde_json::to_string(&mark?).map_err(ApiError::internal)?;
            if writeln!(lines, "{line}").is_err() {
                // The child has refused already.
                break;
            }
        }
        drop(lines.into_inner());
        let mut spool = Spool::new();
        io::copy(&mut stdout, &mut spool).map_err(ApiError::internal)?;
        let status = child.0.wait().map_err(ApiError::internal)?;
        Ok(status.success().then_some(spool))
    }
}

/// A child that does not outlive who asked for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the child has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What the child says, until it has said all. Dropping it ends the child.
pub struct Lines {
    child: Running,
    stdout: BufReader<ChildStdout>,
    buffer: String,
    is_over: bool,
}

impl Iterator for Lines {
    type Item = Result<Line, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.buffer.clear();
        let line = match self.stdout.read_line(&mut self.buffer) {
            Ok(length) if length > 0 => serde_json::from_str(&self.buffer).ok(),
            _ => None,
        };
        match line {
            Some(Line::End) => {
                self.is_over = true;
                None
            }
            Some(Line::Fault(unreadable)) => {
                self.is_over = true;
                Some(Err(unreadable))
            }
            Some(line) => Some(Ok(line)),
            None => {
                self.is_over = true;
                Some(Err(self.died()))
            }
        }
    }
}

impl Lines {
    /// The child ended before it said so: the kernel ended it at a limit, or the file broke the parser.
    fn died(&mut self) -> Unreadable {
        let code = self.child.0.wait().ok().and_then(|status| status.code());
        match code {
            Some(_) => Unreadable::new(FileFault::Damaged, "the file breaks the rules of its format"),
            None => Unreadable::new(
                FileFault::TooLarge,
                "the file takes more memory or time to read than is given to one",
            ),
        }
    }
}
