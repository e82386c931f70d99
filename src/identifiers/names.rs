//! Tables of names in many languages (CLDR, `data/cldr`), looked up without regard to case; first as written, then without
//! accents and punctuation.

use std::collections::HashMap;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

use super::is_invisible;
use crate::text::letters_key;

/// Codes by name. The codes of one name are in alphabetical order; more than one means that the name is ambiguous.
#[derive(Debug, Default)]
pub struct Names {
    /// The code itself, and other codes for the same thing.
    codes: HashMap<String, &'static str>,
    exact: HashMap<String, Vec<&'static str>>,
    loose: HashMap<String, Vec<&'static str>>,
}

impl Names {
    /// Reads lines of `code`, tab, other codes with commas between, tab, names with `|` between.
    pub fn read(table: &'static str) -> Self {
        let mut names = Names::default();
        for line in table.lines() {
            let mut columns = line.split('\t');
            let (Some(code), Some(others), Some(list)) = (columns.next(), columns.next(), columns.next()) else {
                continue;
            };
            names.codes.insert(code.to_ascii_lowercase(), code);
            for other in others.split(',').filter(|other| !other.is_empty()) {
                names.codes.insert(other.to_ascii_lowercase(), code);
            }
            for name in list.split('|') {
                names.add(name, code);
            }
        }
        names
    }

    /// Adds a name of a code.
    pub fn add(&mut self, name: &str, code: &'static str) {
        for (index, key) in [(&mut self.exact, exact_key(name)), (&mut self.loose, loose_key(name))] {
            let codes = index.entry(key).or_default();
            if let Err(place) = codes.binary_search(&code) {
                codes.insert(place, code);
            }
        }
    }

    /// Makes a name mean this code and no other.
    pub fn decide(&mut self, name: &str, codes: &[&'static str]) {
        self.exact.insert(exact_key(name), codes.to_vec());
        self.loose.insert(loose_key(name), codes.to_vec());
    }

    /// The code that this is, in any case.
    pub fn code(&self, text: &str) -> Option<&'static str> {
        self.codes.get(&text.to_ascii_lowercase()).copied()
    }

    /// The codes that have this name; none when it is unknown. A name exactly as written counts before one that differs in
    /// accents or punctuation.
    pub fn find(&self, name: &str) -> &[&'static str] {
        let exact = self.exact.get(&exact_key(name));
        let found = exact.or_else(|| self.loose.get(&loose_key(name)));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Unicode case folding and compatibility composition; one blank between words.
fn exact_key(name: &str) -> String {
    let visible: String = name.chars().filter(|character| !is_invisible(*character)).collect();
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(&visible)).into_owned();
    nfkc.normalize(&folded)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['\u{2019}', '\u{02BC}', '\u{00B4}', '`'], "'")
}

/// As [`exact_key`] without accents; dots and apostrophes fall away, other punctuation is a blank; the Turkish ı is an i, as
/// it is when someone writes the name in capitals.
fn loose_key(name: &str) -> String {
    let bare = letters_key(name);
    let letters: String = bare
        .chars()
        .filter(|character| {
            !is_invisible(*character) && !matches!(character, '.' | '\'' | '\u{2019}' | '\u{02BC}' | '`')
        })
        .map(|character| match character {
            'ı' => 'i',
            character if character.is_ascii_punctuation() || matches!(character, '\u{2010}'..='\u{2015}') => ' ',
            character => character,
        })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}
