//! The workbook's styles, and copies of some with another fill.

use std::collections::BTreeMap;
use std::io::Write;

use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Reader, Writer};

use super::Refusal;

/// Behind wrong cells, and behind doubtful ones.
const FILLS: [&str; 2] = ["FFFFC7CE", "FFFFEB9C"];

/// Which styles there are, and which are made.
pub struct Styles {
    fills: usize,
    formats: Vec<String>,
    made: BTreeMap<(usize, bool), usize>,
}

impl Styles {
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let mut styles = Styles {
            fills: 0,
            formats: Vec::new(),
            made: BTreeMap::new(),
        };
        let mut reader = Reader::from_str(text);
        let mut path: Vec<String> = Vec::new();
        let mut format: Option<Writer<Vec<u8>>> = None;
        loop {
            let event = reader.read_event()?;
            let parent = path.last().map(String::as_str).unwrap_or_default();
            match &event {
                Event::Start(element) => {
                    styles.fills += usize::from(parent == "fills");
                    if parent == "cellXfs" {
                        format = Some(Writer::new(Vec::new()));
                    }
                    path.push(element.local_name().as_ref().to_owned());
                }
                Event::Empty(_) => {
                    styles.fills += usize::from(parent == "fills");
                    if parent == "cellXfs" {
                        format = Some(Writer::new(Vec::new()));
                    }
                }
                Event::End(_) => {
                    path.pop();
                }
                Event::Eof => break,
                _ => {}
            }
            if let Some(writer) = &mut format {
                writer.write_event(event.borrow())?;
                if path.last().is_some_and(|name| name == "cellXfs") {
                    let text = format.take().map(Writer::into_inner).unwrap_or_default();
                    styles.formats.push(String::from_utf8(text)?);
                }
            }
        }
        if styles.fills == 0 || styles.formats.is_empty() {
            return Err("no styles of cells".into());
        }
        Ok(styles)
    }

    /// The style that is as the one of this number, with a marking fill.
    pub fn marked(&mut self, style: usize, is_error: bool) -> Result<usize, Refusal> {
        if style >= self.formats.len() {
            return Err("a cell has a style that is not there".into());
        }
        let next = self.formats.len() + self.made.len();
        Ok(*self.made.entry((style, is_error)).or_insert(next))
    }

    /// The styles with those that were made.
    pub fn write(&self, text: &str) -> Result<Vec<u8>, Refusal> {
        let mut reader = Reader::from_str(text);
        let mut writer = Writer::new(Vec::new());
        loop {
            match reader.read_event()? {
                Event::Start(element) if element.local_name().as_ref() == "fills" => {
                    let count = (self.fills + FILLS.len()).to_string();
                    writer.write_event(Event::Start(with_attribute(&element, "count", &count)?))?;
                }
                Event::Start(element) if element.local_name().as_ref() == "cellXfs" => {
                    let count = (self.formats.len() + self.made.len()).to_string();
                    writer.write_event(Event::Start(with_attribute(&element, "count", &count)?))?;
                }
                Event::End(end) if end.local_name().as_ref() == "fills" => {
                    for colour in FILLS {
                        let fill = format!(
                            r#"<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill></fill>"#
                        );
                        writer.get_mut().write_all(fill.as_bytes())?;
                    }
                    writer.write_event(Event::End(end))?;
                }
                Event::End(end) if end.local_name().as_ref() == "cellXfs" => {
                    self.write_made(&mut writer)?;
                    writer.write_event(Event::End(end))?;
                }
                Event::Eof => return Ok(writer.into_inner()),
                event => writer.write_event(event)?,
            }
        }
    }

    fn write_made(&self, writer: &mut Writer<Vec<u8>>) -> Result<(), Refusal> {
        let mut made: Vec<(&usize, &(usize, bool))> = self.made.iter().map(|(of, number)| (number, of)).collect();
        made.sort_unstable();
        for (_, (style, is_error)) in made {
            let text = self.formats.get(*style).ok_or("a style is missing")?;
            let fill = (self.fills + usize::from(!is_error)).to_string();
            let mut reader = Reader::from_str(text);
            let mut is_first = true;
            loop {
                let event = match reader.read_event()? {
                    Event::Eof => break,
                    Event::Start(element) if is_first => Event::Start(filled(&element, &fill)?),
                    Event::Empty(element) if is_first => Event::Empty(filled(&element, &fill)?),
                    event => event,
                };
                is_first = false;
                writer.write_event(event)?;
            }
        }
        Ok(())
    }
}

fn filled(format: &BytesStart<'_>, fill: &str) -> Result<BytesStart<'static>, Refusal> {
    with_attribute(&with_attribute(format, "fillId", fill)?, "applyFill", "1")
}

/// The element with this attribute in the place of the one of this name.
pub fn with_attribute(element: &BytesStart<'_>, name: &str, value: &str) -> Result<BytesStart<'static>, Refusal> {
    let mut changed = without_attribute(element, name)?;
    changed.push_attribute((name, value));
    Ok(changed)
}

/// The element without the attribute of this name.
pub fn without_attribute(element: &BytesStart<'_>, name: &str) -> Result<BytesStart<'static>, Refusal> {
    let mut changed = BytesStart::new(element.name().as_ref().to_owned());
    for attribute in element.attributes().with_checks(false) {
        let mut attribute = attribute?;
        if attribute.key.as_ref() != name {
            // It may have stood between single quotes.
            attribute.value = attribute.value.replace('"', "&quot;").into();
            changed.push_attribute(attribute);
        }
    }
    Ok(changed)
}

/// The end of an element.
pub fn end_of(element: &BytesStart<'_>) -> BytesEnd<'static> {
    BytesEnd::new(element.name().as_ref().to_owned())
}
