//! Marks cells in a workbook as it is: everything else stays byte for byte, whatever it is. Runs in the child process, for the file is a
//! stranger's.
//!
//! A part of the package is changed where a mark needs it: the sheet (styles of cells, a reference to the comments), the styles (two
//! fills), the content types and links; comments and their shapes are new parts. Formulas of the sheet become their values, as in all
//! that goes out. What this does not understand it refuses, and the caller writes the table anew.

mod package;
mod sheet;
mod styles;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Cursor, Write};
use std::path::Path;

use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use package::{Package, Relationship, relationships_of};
use styles::Styles;

use super::child;
use crate::imports::mapping::column_letters;

/// Why a workbook is not marked as it is.
type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// A cell to be marked, and what its comment says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// From 1.
    pub row: u32,
    /// From 0.
    pub column: u32,
    pub is_error: bool,
    /// Empty: no comment.
    pub text: String,
}

/// By row (from 1) and column (from 0).
type Marks = BTreeMap<(u32, u32), Mark>;

const COMMENTS: &str = "xl/onaccount-comments.xml";
const SHAPES: &str = "xl/onaccount-comments.vml";
const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// The id of the shapes among the sheet's links.
const SHAPES_ID: &str = "rIdOnaccountShapes";

/// Reads marks from the standard input, a line of JSON each, and writes the marked workbook to the standard output.
///
/// # Errors
/// Why it is not marked.
pub fn mark_sheet(path: &Path, sheet: &str) -> Result<(), Refusal> {
    child::limit_self()?;
    let marks = read_marks(io::stdin().lock())?;
    let bytes = mark(path, sheet, &marks)?;
    io::stdout().lock().write_all(&bytes)?;
    Ok(())
}

fn read_marks(lines: impl BufRead) -> Result<Marks, Refusal> {
    let mut marks = Marks::new();
    for line in lines.lines() {
        let mark: Mark = serde_json::from_str(&line?)?;
        match marks.get_mut(&(mark.row, mark.column)) {
            Some(known) => {
                known.is_error |= mark.is_error;
                known.text = format!("{}\n{}", known.text, mark.text);
            }
            None => {
                marks.insert((mark.row, mark.column), mark);
            }
        }
    }
    Ok(marks)
}

fn mark(path: &Path, name: &str, marks: &Marks) -> Result<Vec<u8>, Refusal> {
    let mut package = Package::open(path)?;
    let book = package.find_book(name)?;
    let old = old_comments(&mut package, &book.sheet)?;
    let styles_text = package.text(&book.styles)?;
    let mut styles = Styles::read(&styles_text)?;
    let mut marked = Vec::new();
    let placed = sheet::write(
        &package.text(&book.sheet)?,
        &mut marked,
        marks,
        &mut styles,
        !old.is_empty(),
    )?;
    let commented: Vec<&Mark> = placed
        .iter()
        .filter_map(|place| marks.get(place))
        .filter(|mark| !mark.text.is_empty())
        .collect();
    let chain: Vec<Relationship> = book
        .links
        .iter()
        .filter(|link| link.kind == "calcChain")
        .cloned()
        .collect();
    let dropped: Vec<&str> = old.iter().chain(&chain).map(|link| link.target.as_str()).collect();
    let parts = BTreeMap::from([
        (
            package::CONTENT_TYPES.to_owned(),
            package.content_types(&dropped, &content_types())?,
        ),
        (relationships_of(&book.part), package.links(&book.part, &chain, "")?),
        (
            relationships_of(&book.sheet),
            package.links(&book.sheet, &old, &links_to_comments())?,
        ),
        (book.styles.clone(), styles.write(&styles_text)?),
        (book.sheet.clone(), marked),
        (COMMENTS.to_owned(), comments(&commented)),
        (SHAPES.to_owned(), shapes(&commented)),
    ]);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (part, content) in &parts {
        writer.start_file(part.as_str(), SimpleFileOptions::default())?;
        writer.write_all(content)?;
    }
    package.copy_others(&mut writer, &|name| parts.contains_key(name) || dropped.contains(&name))?;
    Ok(writer.finish()?.into_inner())
}

fn content_types() -> String {
    format!(
        r#"<Override PartName="/{COMMENTS}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"/><Override PartName="/{SHAPES}" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>"#
    )
}

fn links_to_comments() -> String {
    format!(
        r#"<Relationship Id="rIdOnaccountComments" Type="{LINKS}/comments" Target="/{COMMENTS}"/><Relationship Id="{SHAPES_ID}" Type="{LINKS}/vmlDrawing" Target="/{SHAPES}"/>"#
    )
}

/// The comments that an earlier mark has left, which go. Those of a person stay, and are a reason to refuse.
fn old_comments(package: &mut Package, sheet: &str) -> Result<Vec<Relationship>, Refusal> {
    let mut old = Vec::new();
    for link in package.relationships(sheet)? {
        let is_ours = match link.kind.as_str() {
            "comments" => {
                let text = package.text(&link.target)?;
                text.matches("<author>").count() == text.matches("<author>onaccount</author>").count()
            }
            "vmlDrawing" => {
                let text = package.text(&link.target)?;
                let notes = text.matches("ObjectType=\"Note\"").count();
                if text.matches("ObjectType=").count() == 0 {
                    // a picture of the page's head
                    continue;
                }
                notes == text.matches("ObjectType=").count()
            }
            "threadedComment" => false,
            _ => continue,
        };
        if !is_ours {
            return Err("the sheet has comments of its own".into());
        }
        old.push(link);
    }
    Ok(old)
}

fn comments(marks: &[&Mark]) -> Vec<u8> {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors><author>onaccount</author></authors><commentList>"#,
    );
    for mark in marks {
        let visible: String = mark
            .text
            .chars()
            .filter(|character| *character == '\n' || !character.is_control())
            .collect();
        let address = format!(
            "{}{}",
            column_letters(usize::try_from(mark.column).unwrap_or(0)),
            mark.row
        );
        // Writing to a String does not fail.
        let _infallible = write!(
            text,
            r#"<comment ref="{address}" authorId="0"><text><t xml:space="preserve">{}</t></text></comment>"#,
            escape(visible.as_str())
        );
    }
    text.push_str("</commentList></comments>");
    text.into_bytes()
}

/// Spreadsheet programs show a comment in a shape, which older ones cannot do without.
fn shapes(marks: &[&Mark]) -> Vec<u8> {
    let mut text = String::from(
        r#"<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>"#,
    );
    for (number, mark) in (1_025..).zip(marks) {
        let (row, column) = (mark.row.saturating_sub(1), mark.column);
        let (left, right, bottom) = (column + 1, column + 4, row + 5);
        let _infallible = write!(
            text,
            r##"<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/><v:textbox/><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {row}, 10, {right}, 15, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"##
        );
    }
    text.push_str("</xml>");
    text.into_bytes()
}
