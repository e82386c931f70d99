//! The sheet with its marked cells: event by event, everything that is not marked as it was.

use std::io::Write;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

use super::package::attribute;
use super::styles::{Styles, end_of, with_attribute, without_attribute};
use super::{LINKS, Marks, Refusal, SHAPES_ID};
use crate::imports::mapping::{column_index, column_letters};

/// What stands behind the reference to the shapes of comments.
const BEHIND_SHAPES: [&str; 9] = [
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "AlternateContent",
];

struct Marker<'a, W: Write> {
    writer: Writer<W>,
    marks: &'a Marks,
    styles: &'a mut Styles,
    /// From 1.
    row: u32,
    /// The next cell's, when it does not say its own; from 0.
    column: u32,
    /// The columns that are to be marked in this row and have not come yet, the last one first.
    waiting: Vec<u32>,
    placed: Vec<(u32, u32)>,
    has_shapes: bool,
    /// Whether the sheet refers to shapes of an earlier mark, which go.
    has_old: bool,
}

/// Writes the sheet and says which marks found their place.
pub fn write<W: Write>(
    text: &str,
    out: W,
    marks: &Marks,
    styles: &mut Styles,
    has_old: bool,
) -> Result<Vec<(u32, u32)>, Refusal> {
    let mut reader = Reader::from_str(text);
    let mut marker = Marker {
        writer: Writer::new(out),
        marks,
        styles,
        row: 0,
        column: 0,
        waiting: Vec::new(),
        placed: Vec::new(),
        has_shapes: false,
        has_old,
    };
    let mut depth = 0_usize;
    loop {
        match reader.read_event()? {
            Event::Start(element) => {
                if depth == 0 && element.name().prefix().is_some() {
                    return Err("the sheet's elements have a prefix".into());
                }
                if element.local_name().as_ref() == "f" && depth > 3 {
                    reader.read_to_end(element.name())?;
                    continue;
                }
                marker.before(&element, depth)?;
                let element = marker.changed(element, depth)?;
                marker.writer.write_event(Event::Start(element))?;
                depth += 1;
            }
            Event::Empty(element) if element.local_name().as_ref() == "f" && depth > 3 => {}
            Event::Empty(element) => marker.empty(element, depth)?,
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                match (depth, end.local_name().as_ref()) {
                    (0, _) => marker.shapes()?,
                    (2, "row") => marker.cells_up_to(u32::MAX)?,
                    _ => {}
                }
                marker.writer.write_event(Event::End(end))?;
            }
            Event::DocType(_) => return Err("the sheet has a document type".into()),
            Event::Eof => return Ok(marker.placed),
            event => marker.writer.write_event(event)?,
        }
    }
}

impl<W: Write> Marker<'_, W> {
    /// What must stand before an element.
    fn before(&mut self, element: &BytesStart<'_>, depth: usize) -> Result<(), Refusal> {
        if depth == 1 && BEHIND_SHAPES.contains(&element.local_name().as_ref()) {
            self.shapes()?;
        }
        Ok(())
    }

    fn shapes(&mut self) -> Result<(), Refusal> {
        if !self.has_shapes {
            self.has_shapes = true;
            let mut element = BytesStart::new("legacyDrawing");
            element.push_attribute(("xmlns:r", LINKS));
            element.push_attribute(("r:id", SHAPES_ID));
            self.writer.write_event(Event::Empty(element))?;
        }
        Ok(())
    }

    fn empty(&mut self, element: BytesStart<'_>, depth: usize) -> Result<(), Refusal> {
        if self.has_old && depth == 1 && element.local_name().as_ref() == "legacyDrawing" {
            return Ok(());
        }
        self.before(&element, depth)?;
        let is_row = depth == 2 && element.local_name().as_ref() == "row";
        let element = self.changed(element, depth)?;
        if is_row && !self.waiting.is_empty() {
            let end = end_of(&element);
            self.writer.write_event(Event::Start(element))?;
            self.cells_up_to(u32::MAX)?;
            self.writer.write_event(Event::End(end))?;
        } else {
            self.writer.write_event(Event::Empty(element))?;
        }
        Ok(())
    }

    /// The element as it is written: a row, and a cell that is marked, are changed.
    fn changed<'e>(&mut self, element: BytesStart<'e>, depth: usize) -> Result<BytesStart<'e>, Refusal> {
        match (depth, element.local_name().as_ref()) {
            (1, "legacyDrawing") => Err("the sheet has shapes of its own".into()),
            (2, "row") => self.begin_row(&element),
            (3, "c") => self.cell(element),
            _ => Ok(element),
        }
    }

    fn begin_row(&mut self, element: &BytesStart<'_>) -> Result<BytesStart<'static>, Refusal> {
        self.row = match attribute(element, "r")? {
            Some(number) => number.parse()?,
            None => self.row.saturating_add(1),
        };
        self.column = 0;
        let of_row = self.marks.range((self.row, 0)..=(self.row, u32::MAX));
        self.waiting = of_row.map(|((_, column), _)| *column).rev().collect();
        // Cells may be added outside of what it says it spans.
        without_attribute(element, "spans")
    }

    fn cell<'e>(&mut self, element: BytesStart<'e>) -> Result<BytesStart<'e>, Refusal> {
        let column = match attribute(&element, "r")? {
            Some(address) => {
                let letters = address.trim_end_matches(|letter: char| letter.is_ascii_digit());
                u32::try_from(column_index(letters).ok_or("a cell has no address")?)?
            }
            None => self.column,
        };
        self.cells_up_to(column)?;
        self.column = column.saturating_add(1);
        if self.waiting.pop_if(|next| *next == column).is_none() {
            return Ok(element);
        }
        let style = attribute(&element, "s")?.map_or(Ok(0), |style| style.parse())?;
        let style = self.place(column, style)?;
        with_attribute(&element, "s", &style)
    }

    /// Marked cells that are not there, before a column.
    fn cells_up_to(&mut self, column: u32) -> Result<(), Refusal> {
        while let Some(missing) = self.waiting.pop_if(|next| *next < column) {
            let style = self.place(missing, 0)?;
            let mut element = BytesStart::new("c");
            let address = format!("{}{}", column_letters(usize::try_from(missing)?), self.row);
            element.push_attribute(("r", address.as_str()));
            element.push_attribute(("s", style.as_str()));
            self.writer.write_event(Event::Empty(element))?;
        }
        Ok(())
    }

    /// Takes note of a mark's place, and answers its style.
    fn place(&mut self, column: u32, style: usize) -> Result<String, Refusal> {
        let place = (self.row, column);
        let is_error = self.marks.get(&place).is_some_and(|mark| mark.is_error);
        self.placed.push(place);
        Ok(self.styles.marked(style, is_error)?.to_string())
    }
}
