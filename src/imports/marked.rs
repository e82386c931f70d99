//! The user's own table back, with the wrong cells marked and a comment on each.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Color, Format, Note, Workbook, Worksheet, XlsxError};
use tempfile::NamedTempFile;

use super::messages::{Words, message};
use super::model::{FindingRow, ImportRow, Severity};
use super::sheet::mark::Mark;
use super::sheet::{FileFormat, Line, Reader, Request, SheetCell, SheetRow};
use super::{store, unreadable, validate};
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use crate::http::TableFormat;
use crate::http::table::{Download, Spool};

/// Spreadsheet programs become slow with more comments; cells beyond are marked without one.
const COMMENTS_MAX: usize = 20_000;
/// The largest workbook that is marked as it is, in bytes.
const ORIGINAL_BYTES_MAX: i64 = 5 << 20;
/// How many findings are read together.
const FINDINGS_PAGE: i64 = 5_000;

/// A table with its wrong cells marked.
pub struct Marked {
    pub download: Download,
    /// Whether it is the workbook that was sent, with all that is in it; else the sheet was written anew.
    pub is_original: bool,
}

/// Marks the workbook that was sent, or else writes its sheet anew.
///
/// # Errors
/// 404 when the file is deleted; 422 when the file cannot be read any more.
pub fn write(db: &Db, sheets: &Reader, import: &ImportRow, words: Words) -> ApiResult<Marked> {
    let content = db.read_blocking(|connection| store::get_content(connection, import.tenant_id, import.id))?;
    let file = validate::spool(&content)?;
    drop(content);
    let marked = |spool, is_original| Marked {
        download: Download {
            spool,
            format: TableFormat::Xlsx,
            name: format!("marked-{}", import.id),
        },
        is_original,
    };
    if import.file_format == FileFormat::Xlsx && import.file_bytes <= ORIGINAL_BYTES_MAX {
        let marks = Findings::new(db, import).marks(words);
        if let Some(spool) = sheets.mark(file.path(), &import.sheet, marks)? {
            return Ok(marked(spool, true));
        }
    }
    write_anew(db, sheets, import, words, &file).map(|spool| marked(spool, false))
}

/// The same values in the same places.
fn write_anew(db: &Db, sheets: &Reader, import: &ImportRow, words: Words, file: &NamedTempFile) -> ApiResult<Spool> {
    let lines = sheets.read(Request {
        path: file.path(),
        sheet: Some(import.sheet.as_str()).filter(|sheet| !sheet.is_empty()),
        rows_max: None,
    })?;
    let mut workbook = Workbook::new();
    let worksheet = workbook.add_worksheet_with_low_memory().map_err(ApiError::internal)?;
    if !import.sheet.is_empty() {
        worksheet.set_name(&import.sheet).map_err(ApiError::internal)?;
    }
    let mut marker = Marker::new(import, words);
    let mut findings = Findings::new(db, import);
    marker
        .mark_file(worksheet, findings.of_row(0)?)
        .map_err(ApiError::internal)?;
    for line in lines {
        if let Line::Row(row) = line.map_err(|fault| unreadable(&fault))? {
            let found = findings.of_row(i64::from(row.row))?;
            marker.write_row(worksheet, &row, &found).map_err(ApiError::internal)?;
        }
    }
    let mut spool = Spool::new();
    workbook.save_to_writer(&mut spool).map_err(ApiError::internal)?;
    Ok(spool)
}

/// Findings in the order of rows, a page at a time.
struct Findings<'a> {
    db: &'a Db,
    import: &'a ImportRow,
    page: std::vec::IntoIter<FindingRow>,
    waiting: Option<FindingRow>,
    after: Option<store::FindingKey>,
    is_over: bool,
}

impl<'a> Findings<'a> {
    fn new(db: &'a Db, import: &'a ImportRow) -> Self {
        Findings {
            db,
            import,
            page: Vec::new().into_iter(),
            waiting: None,
            after: None,
            is_over: false,
        }
    }

    /// Those of a row, and none of the rows before it, which are over.
    fn of_row(&mut self, row_no: i64) -> ApiResult<Vec<FindingRow>> {
        let mut found = Vec::new();
        while let Some(finding) = self.next()? {
            if finding.row_no > row_no {
                self.waiting = Some(finding);
                break;
            }
            if finding.row_no == row_no {
                found.push(finding);
            }
        }
        Ok(found)
    }

    /// One mark for each finding; those of one cell become one.
    fn marks(mut self, words: Words) -> impl Iterator<Item = ApiResult<Mark>> + use<'a> {
        let header_row = u32::try_from(self.import.header_row).unwrap_or(1);
        let mut comments = 0;
        std::iter::from_fn(move || {
            let finding = match self.next() {
                Ok(finding) => finding?,
                Err(error) => return Some(Err(error)),
            };
            comments += 1;
            let text = message(&finding.code, &finding.detail, words);
            let is_of_file = finding.row_no == 0;
            Some(Ok(Mark {
                row: if is_of_file {
                    header_row
                } else {
                    u32::try_from(finding.row_no).unwrap_or(0)
                },
                column: u32::try_from(finding.column_no).unwrap_or(0),
                is_error: finding.severity == Severity::Error,
                text: if comments > COMMENTS_MAX {
                    String::new()
                } else if is_of_file {
                    format!("{}: {text}", finding.field)
                } else {
                    text
                },
            }))
        })
    }

    fn next(&mut self) -> ApiResult<Option<FindingRow>> {
        if let Some(finding) = self.waiting.take().or_else(|| self.page.next()) {
            return Ok(Some(finding));
        }
        if self.is_over {
            return Ok(None);
        }
        let attempt = (self.import.tenant_id, self.import.id, self.import.attempt);
        let after = self.after.clone();
        let page = self.db.read_blocking(|connection| {
            Ok(store::list_findings(
                connection,
                attempt,
                None,
                after.clone(),
                FINDINGS_PAGE,
            )?)
        })?;
        self.after = page.last().map(|last| (last.row_no, last.column_no, last.code.clone()));
        self.is_over = page.is_empty();
        self.page = page.into_iter();
        Ok(self.page.next())
    }
}

struct Marker {
    words: Words,
    error: Format,
    warning: Format,
    heading: Format,
    header_row: u32,
    comments: usize,
}

impl Marker {
    fn new(import: &ImportRow, words: Words) -> Self {
        Marker {
            words,
            error: Format::new()
                .set_background_color(Color::RGB(0xFF_C7_CE))
                .set_font_color(Color::RGB(0x9C_00_06)),
            warning: Format::new().set_background_color(Color::RGB(0xFF_EB_9C)),
            heading: Format::new().set_bold(),
            header_row: u32::try_from(import.header_row).unwrap_or(1),
            comments: 0,
        }
    }

    /// What is wrong with the file as a whole stands as a comment at the first heading.
    fn mark_file(&mut self, worksheet: &mut Worksheet, found: Vec<FindingRow>) -> Result<(), XlsxError> {
        let texts: Vec<String> = found
            .iter()
            .map(|finding| {
                format!(
                    "{}: {}",
                    finding.field,
                    message(&finding.code, &finding.detail, self.words)
                )
            })
            .collect();
        if !texts.is_empty() {
            self.comment(worksheet, self.header_row.saturating_sub(1), 0, &texts.join("\n"))?;
        }
        Ok(())
    }

    fn write_row(&mut self, worksheet: &mut Worksheet, row: &SheetRow, found: &[FindingRow]) -> Result<(), XlsxError> {
        let mut by_column: BTreeMap<u16, Vec<&FindingRow>> = BTreeMap::new();
        for finding in found {
            // What is wrong with the row as a whole stands in its first cell.
            let column = u16::try_from(finding.column_no).unwrap_or(0);
            by_column.entry(column).or_default().push(finding);
        }
        let place = row.row.saturating_sub(1);
        let last = by_column
            .keys()
            .next_back()
            .map_or(0, |column| usize::from(*column) + 1);
        for (index, column) in (0..row.cells.len().max(last)).zip(0_u16..) {
            let found = by_column.get(&column).map(Vec::as_slice).unwrap_or_default();
            let format = self.format(row.row, found).cloned();
            write_cell(worksheet, place, column, row.cell(index), format.as_ref())?;
            if !found.is_empty() {
                let texts: Vec<String> = found
                    .iter()
                    .map(|finding| message(&finding.code, &finding.detail, self.words))
                    .collect();
                self.comment(worksheet, place, column, &texts.join("\n"))?;
            }
        }
        Ok(())
    }

    fn format(&self, row: u32, found: &[&FindingRow]) -> Option<&Format> {
        if found.iter().any(|finding| finding.severity == Severity::Error) {
            Some(&self.error)
        } else if !found.is_empty() {
            Some(&self.warning)
        } else {
            (row == self.header_row).then_some(&self.heading)
        }
    }

    fn comment(&mut self, worksheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
        if self.comments < COMMENTS_MAX {
            self.comments += 1;
            worksheet.insert_note(
                row,
                column,
                &Note::new(text).set_author("onaccount").add_author_prefix(false),
            )?;
        }
        Ok(())
    }
}

/// Texts are written as texts: nothing in them becomes a formula.
fn write_cell(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &SheetCell,
    format: Option<&Format>,
) -> Result<(), XlsxError> {
    let plain = Format::new();
    let format = format.unwrap_or(&plain);
    match cell {
        SheetCell::Empty => {
            worksheet.write_blank(row, column, format)?;
        }
        SheetCell::Number(digits) if digits.len() <= 15 => {
            let number: f64 = digits.parse().unwrap_or_default();
            worksheet.write_number_with_format(row, column, number, format)?;
        }
        SheetCell::Bool(value) => {
            worksheet.write_boolean_with_format(row, column, *value, format)?;
        }
        SheetCell::Text(text) | SheetCell::Number(text) | SheetCell::Date(text) | SheetCell::Error(text) => {
            worksheet.write_string_with_format(row, column, text, format)?;
        }
    }
    Ok(())
}
