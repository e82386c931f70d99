//! A workbook's package: its parts, and the links between them.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::{ZipArchive, ZipWriter};

use super::Refusal;
use crate::imports::sheet::{FileFormat, guard};

pub const CONTENT_TYPES: &str = "[Content_Types].xml";
/// No part that is looked into is larger.
const PART_BYTES_MAX: u64 = 256 << 20;

pub struct Package {
    archive: ZipArchive<BufReader<File>>,
}

/// A link from one part to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    pub id: String,
    /// The last word of its type.
    pub kind: String,
    /// The name of the part.
    pub target: String,
}

/// The parts that a mark touches.
pub struct Book {
    pub part: String,
    pub links: Vec<Relationship>,
    pub sheet: String,
    pub styles: String,
}

impl Package {
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let mut source = BufReader::new(File::open(path)?);
        if guard::inspect(&mut source)? != FileFormat::Xlsx {
            return Err("not an XLSX".into());
        }
        Ok(Package {
            archive: ZipArchive::new(source)?,
        })
    }

    /// A part as text.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        let mut text = String::new();
        self.archive
            .by_name(name)?
            .take(PART_BYTES_MAX)
            .read_to_string(&mut text)?;
        Ok(text)
    }

    fn text_if_there(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.archive.index_for_name(name) {
            Some(_) => self.text(name).map(Some),
            None => Ok(None),
        }
    }

    /// What a part links to.
    pub fn relationships(&mut self, part: &str) -> Result<Vec<Relationship>, Refusal> {
        let Some(text) = self.text_if_there(&relationships_of(part))? else {
            return Ok(Vec::new());
        };
        let mut links = Vec::new();
        for_each_element(&text, |element| {
            if element.local_name().as_ref() == "Relationship"
                && attribute(element, "TargetMode")?.as_deref() != Some("External")
            {
                let kind = attribute(element, "Type")?.unwrap_or_default();
                links.push(Relationship {
                    id: attribute(element, "Id")?.unwrap_or_default(),
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: resolve(part, &attribute(element, "Target")?.unwrap_or_default()),
                });
            }
            Ok(())
        })?;
        Ok(links)
    }

    /// The workbook, the sheet of this name, and the styles.
    pub fn find_book(&mut self, sheet: &str) -> Result<Book, Refusal> {
        let of_kind = |links: &[Relationship], kind: &str| {
            links
                .iter()
                .find(|link| link.kind == kind)
                .map(|link| link.target.clone())
        };
        let part = of_kind(&self.relationships("")?, "officeDocument").ok_or("no workbook")?;
        let links = self.relationships(&part)?;
        let mut id = None;
        for_each_element(&self.text(&part)?, |element| {
            if element.local_name().as_ref() == "sheet" && attribute(element, "name")?.as_deref() == Some(sheet) {
                for link in element.attributes().with_checks(false) {
                    let link = link?;
                    if link.key.local_name().as_ref() == "id" {
                        id = Some(link.value.into_owned());
                    }
                }
            }
            Ok(())
        })?;
        let of_id = |link: &&Relationship| Some(&link.id) == id.as_ref() && link.kind == "worksheet";
        Ok(Book {
            sheet: links
                .iter()
                .find(of_id)
                .map(|link| link.target.clone())
                .ok_or("no such sheet")?,
            styles: of_kind(&links, "styles").ok_or("no styles")?,
            part,
            links,
        })
    }

    /// The links of a part without some, and with these.
    pub fn links(&mut self, part: &str, dropped: &[Relationship], more: &str) -> Result<Vec<u8>, Refusal> {
        let text = self.text_if_there(&relationships_of(part))?.unwrap_or_else(|| {
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>"#
                .to_owned()
        });
        let text = without_elements(&text, |element| {
            let id = attribute(element, "Id")?;
            Ok(dropped.iter().any(|link| Some(&link.id) == id.as_ref()))
        })?;
        insert_before(&text, "</Relationships>", more)
    }

    /// The content types without those of dropped parts, and with these.
    pub fn content_types(&mut self, dropped: &[&str], more: &str) -> Result<Vec<u8>, Refusal> {
        let text = self.text(CONTENT_TYPES)?;
        let text = without_elements(&text, |element| {
            let name = attribute(element, "PartName")?;
            Ok(name.is_some_and(|name| dropped.contains(&name.trim_start_matches('/'))))
        })?;
        insert_before(&text, "</Types>", more)
    }

    /// All other parts as they are.
    pub fn copy_others(
        &mut self,
        writer: &mut ZipWriter<Cursor<Vec<u8>>>,
        is_written: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index_raw(index)?;
            if !is_written(&entry.name()?) {
                writer.raw_copy_file(entry)?;
            }
        }
        Ok(())
    }
}

/// The part that has the links of a part.
pub fn relationships_of(part: &str) -> String {
    let (folder, file) = part
        .rsplit_once('/')
        .map_or(("", part), |(folder, file)| (folder, file));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{file}.rels")
}

/// The name of the part that a link of `from` names.
fn resolve(from: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for step in target.split('/') {
        match step {
            "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

/// An attribute's value as it is meant.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(found) = element.try_get_attribute(name)? else {
        return Ok(None);
    };
    Ok(Some(found.normalized_value(XmlVersion::Explicit1_0)?.into_owned()))
}

fn for_each_element(text: &str, mut look: impl FnMut(&BytesStart<'_>) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event()? {
            Event::Start(element) | Event::Empty(element) => look(&element)?,
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn insert_before(text: &str, end: &str, more: &str) -> Result<Vec<u8>, Refusal> {
    let (before, after) = text.rsplit_once(end).ok_or("an end is missing")?;
    let mut bytes = Vec::with_capacity(text.len() + more.len());
    for part in [before, more, end, after] {
        bytes.write_all(part.as_bytes())?;
    }
    Ok(bytes)
}

/// Leaves out the empty elements that are meant.
fn without_elements(
    text: &str,
    is_meant: impl Fn(&BytesStart<'_>) -> Result<bool, Refusal>,
) -> Result<String, Refusal> {
    let mut reader = Reader::from_str(text);
    let mut writer = quick_xml::Writer::new(Vec::new());
    loop {
        match reader.read_event()? {
            Event::Empty(element) if is_meant(&element)? => {}
            Event::Eof => return Ok(String::from_utf8(writer.into_inner())?),
            event => writer.write_event(event)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_to_their_part() {
        assert_eq!(
            resolve("xl/workbook.xml", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(
            resolve("xl/worksheets/sheet1.xml", "../comments1.xml"),
            "xl/comments1.xml"
        );
        assert_eq!(resolve("xl/workbook.xml", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("", "xl/workbook.xml"), "xl/workbook.xml");
        assert_eq!(relationships_of("xl/workbook.xml"), "xl/_rels/workbook.xml.rels");
        assert_eq!(relationships_of(""), "_rels/.rels");
    }
}
