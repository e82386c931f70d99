//! The text in a file of unknown encoding.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{FileFault, Unreadable};

/// So much of the beginning is looked at for the pattern of UTF-16.
const SAMPLE_BYTES: usize = 4096;

/// The text: by its byte order mark; without one as UTF-16 when every second byte of its beginning is mostly zero, as UTF-8 when
/// it is that, and else as windows-1252, which spreadsheet programs of western Europe write.
///
/// # Errors
/// `unknown_format` when it is no text.
pub fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    let (encoding, skipped) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, length),
        None => (guess(bytes), 0),
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes.get(skipped..).unwrap_or_default());
    let control = |character: char| {
        character.is_control()
            && !matches!(
                character,
                '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{1a}' | '\u{80}'..='\u{9f}'
            )
    };
    if text.chars().take(SAMPLE_BYTES).any(control) || text.contains('\0') {
        return Err(Unreadable::new(
            FileFault::UnknownFormat,
            "this is neither a spreadsheet nor a text",
        ));
    }
    Ok(text.into_owned())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let sample = bytes.get(..bytes.len().min(SAMPLE_BYTES)).unwrap_or_default();
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if odd > sample.len() / 4 && even == 0 {
        UTF_16LE
    } else if even > sample.len() / 4 && odd == 0 {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_told_apart() {
        let text = "Café;€ 100\r\n";
        let (windows, _, _) = WINDOWS_1252.encode(text);
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let with = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            with(b"\xEF\xBB\xBF", text.as_bytes()),
            windows.into_owned(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            with(b"\xFF\xFE", &utf16(u16::to_le_bytes)),
            with(b"\xFE\xFF", &utf16(u16::to_be_bytes)),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert!(decode(b"\x00\x01\x02\x03binary").is_err());
    }
}
