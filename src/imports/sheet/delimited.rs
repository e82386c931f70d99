//! Text with separators: CSV, TSV and the like. It has a parser of its own, because rows must be numbered as spreadsheet
//! programs number them, blank lines included, and a stray quote must not swallow the rest of the file.

use super::{COLUMNS_MAX, SheetCell, SheetRow};

const DELIMITERS: [char; 4] = [';', ',', '\t', '|'];
/// So many rows decide which separator it is.
const SAMPLE_ROWS: usize = 50;

/// The rows of a text, with their numbers; those without anything in them are left out.
pub struct Rows<'a> {
    rest: &'a str,
    delimiter: char,
    row: u32,
}

impl<'a> Rows<'a> {
    /// Finds the separator: the one that a first line `sep=` names, or the one that divides most rows into equally many fields.
    pub fn new(text: &'a str) -> Self {
        let first = text.lines().next().unwrap_or_default().trim_matches('"');
        let named = first.get(..4).filter(|start| start.eq_ignore_ascii_case("sep="));
        let named = named.and_then(|_| first.chars().nth(4));
        if let Some(delimiter) = named.or((first.eq_ignore_ascii_case("sep=")).then_some('\t')) {
            let rest = text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default();
            return Rows {
                rest,
                delimiter,
                row: 1,
            };
        }
        Rows {
            rest: text,
            delimiter: best_delimiter(text),
            row: 0,
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = SheetRow;

    fn next(&mut self) -> Option<SheetRow> {
        while !self.rest.is_empty() {
            let (fields, rest) = record(self.rest, self.delimiter);
            self.rest = rest;
            self.row = self.row.saturating_add(1);
            let cells: Vec<SheetCell> = fields
                .iter()
                .take(COLUMNS_MAX)
                .map(|field| SheetCell::text(field))
                .collect();
            let row = SheetRow { row: self.row, cells };
            if !row.is_blank() {
                return Some(row);
            }
        }
        None
    }
}

/// Rows that are alike count most, then how many fields they have.
fn best_delimiter(text: &str) -> char {
    let score = |delimiter: char| {
        let mut counts: Vec<usize> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() && counts.len() < SAMPLE_ROWS {
            let (fields, after) = record(rest, delimiter);
            rest = after;
            if fields.iter().any(|field| !field.trim().is_empty()) {
                counts.push(fields.len());
            }
        }
        let alike = |count: usize| counts.iter().filter(|other| **other == count).count();
        let best = counts
            .iter()
            .copied()
            .filter(|count| *count > 1)
            .map(|count| (alike(count), count));
        best.max().unwrap_or((0, 0))
    };
    // Of equals the first: `max_by_key` takes the last.
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter))
        .unwrap_or(';')
}

/// The fields of the first record and what comes after it. A quote counts at the beginning of a field only.
fn record(text: &str, delimiter: char) -> (Vec<String>, &str) {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut characters = text.char_indices().peekable();
    let (mut is_quoted, mut is_start) = (false, true);
    while let Some((place, character)) = characters.next() {
        if is_quoted {
            if character != '"' {
                field.push(character);
            } else if characters.next_if(|(_, next)| *next == '"').is_some() {
                field.push('"');
            } else {
                is_quoted = false;
            }
        } else if character == '"' && is_start && closes(text.get(place + 1..).unwrap_or_default(), delimiter) {
            (is_quoted, is_start) = (true, false);
        } else if character == delimiter {
            fields.push(std::mem::take(&mut field));
            is_start = true;
        } else if character == '\n' || character == '\r' {
            if character == '\r' {
                characters.next_if(|(_, next)| *next == '\n');
            }
            fields.push(field);
            let rest = characters.peek().and_then(|(place, _)| text.get(*place..));
            return (fields, rest.unwrap_or_default());
        } else {
            field.push(character);
            is_start = false;
        }
    }
    fields.push(field);
    (fields, "")
}

/// Whether a quote closes the field that one has opened: it stands before a separator or the end of a line.
fn closes(text: &str, delimiter: char) -> bool {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '"' && characters.next_if_eq(&'"').is_none() {
            return matches!(characters.peek(), None | Some('\n' | '\r')) || characters.peek() == Some(&delimiter);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        let shown = |row: SheetRow| (row.row, row.cells.iter().map(SheetCell::shown).collect());
        Rows::new(text).map(shown).collect()
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn the_separator_is_found() {
        for delimiter in DELIMITERS {
            let text = "name;note\r\na;\"x;y\"\r\nb;1,5\r\n".replace(';', &delimiter.to_string());
            let quoted = format!("x{delimiter}y").replace('\t', " ");
            let last = if delimiter == ',' {
                row(3, &["b", "1", "5"])
            } else {
                row(3, &["b", "1,5"])
            };
            assert_eq!(rows(&text), [row(1, &["name", "note"]), row(2, &["a", &quoted]), last]);
        }
        assert_eq!(rows("sep=;\na;b,c\n"), [row(2, &["a", "b,c"])]);
        assert_eq!(
            rows("Bedrijf;Limiet\nA;100,00\nB;1.250,50"),
            [
                row(1, &["Bedrijf", "Limiet"]),
                row(2, &["A", "100,00"]),
                row(3, &["B", "1.250,50"])
            ]
        );
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        let text = "a,b\n\n \"x\",1\n\"two\nlines\",2\r\"q \"\"q\"\"\",3\n";
        assert_eq!(
            rows(text),
            [
                row(1, &["a", "b"]),
                row(3, &["\"x\"", "1"]),
                row(4, &["two lines", "2"]),
                row(5, &["q \"q\"", "3"])
            ]
        );
    }

    #[test]
    fn a_stray_quote_swallows_nothing() {
        assert_eq!(
            rows("a;b\n\"De Bal;1\nc;2\n"),
            [row(1, &["a", "b"]), row(2, &["\"De Bal", "1"]), row(3, &["c", "2"])]
        );
    }
}
