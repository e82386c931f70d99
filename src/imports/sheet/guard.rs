//! What kind of file it is, and whether its zip directory promises to stay within limits.

use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::{FileFault, FileFormat, Unreadable};

/// The most files in a workbook.
const ENTRIES_MAX: usize = 5_000;
/// The most bytes that a workbook may unpack to, all files together.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;
/// The most bytes of the texts that its cells share, which are read whole.
const SHARED_TEXTS_BYTES_MAX: u64 = 256 << 20;
/// The most that one byte may unpack to; text in a sheet that repeats itself comes to some hundreds.
const RATIO_MAX: u64 = 2_000;

const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// The kind of file, and a check of its directory when it is a zip file.
///
/// # Errors
/// When it is no spreadsheet, needs a password, or promises more than is read.
pub fn inspect<R: Read + Seek>(file: &mut R) -> Result<FileFormat, Unreadable> {
    let mut head = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut head)
        .and_then(|_| file.seek(SeekFrom::Start(0)))
        .map_err(Unreadable::damaged)?;
    if head.starts_with(ZIP) || head.starts_with(EMPTY_ZIP) {
        inspect_zip(file)
    } else if head.starts_with(COMPOUND) {
        inspect_compound(file)
    } else if head.is_empty() {
        Err(Unreadable::new(FileFault::Empty, "the file is empty"))
    } else if is_foreign(&head) {
        Err(Unreadable::new(
            FileFault::UnknownFormat,
            "this is a file of another kind, not a spreadsheet",
        ))
    } else {
        Ok(FileFormat::Csv)
    }
}

/// Kinds of files that people take for spreadsheets, and that would pass as text for a while.
fn is_foreign(head: &[u8]) -> bool {
    let starts: [&[u8]; 7] = [b"%PDF", b"\x89PNG", b"GIF8", b"{\\rtf", b"\x1F\x8B", b"Rar!", b"<?xml"];
    starts.iter().any(|start| head.starts_with(start)) || head.starts_with(b"\xFF\xD8\xFF")
}

fn inspect_zip<R: Read + Seek>(file: &mut R) -> Result<FileFormat, Unreadable> {
    let mut archive = ZipArchive::new(&mut *file).map_err(Unreadable::damaged)?;
    let too_large = |detail: String| Err(Unreadable::new(FileFault::TooLarge, detail));
    if archive.len() > ENTRIES_MAX {
        return too_large(format!(
            "the workbook has {} files in it; at most {ENTRIES_MAX} are read",
            archive.len()
        ));
    }
    let (mut total, mut names) = (0_u64, Vec::new());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(Unreadable::damaged)?;
        let (unpacked, packed) = (entry.size(), entry.compressed_size().max(1));
        let name = entry
            .name()
            .map(|name| name.to_ascii_lowercase().replace('\\', "/"))
            .unwrap_or_default();
        total = total.saturating_add(unpacked);
        let is_bomb = unpacked > (64 << 20) && unpacked / packed > RATIO_MAX;
        let is_shared = name.ends_with("sharedstrings.xml") || name.ends_with("sharedstrings.bin");
        if total > UNPACKED_BYTES_MAX || is_bomb || (is_shared && unpacked > SHARED_TEXTS_BYTES_MAX) {
            return too_large("the workbook unpacks to more than is read".to_owned());
        }
        names.push(name);
    }
    drop(archive);
    file.seek(SeekFrom::Start(0)).map_err(Unreadable::damaged)?;
    let has = |name: &str| names.iter().any(|known| known.trim_start_matches('/') == name);
    let ends = |end: &str| names.iter().any(|known| known.ends_with(end));
    if has("encryptedpackage") || has("encryptioninfo") {
        return Err(encrypted());
    }
    if has("xl/workbook.bin") {
        Ok(FileFormat::Xlsb)
    } else if has("content.xml") && (has("mimetype") || has("meta-inf/manifest.xml")) {
        Ok(FileFormat::Ods)
    } else if ends("workbook.xml")
        || ends("workbook2.xml")
        || has("[content_types].xml") && names.iter().any(|name| name.starts_with("xl/"))
    {
        Ok(FileFormat::Xlsx)
    } else {
        Err(Unreadable::new(
            FileFault::UnknownFormat,
            "this zip file holds no workbook",
        ))
    }
}

/// A compound file is an old workbook, or the wrapping of an encrypted new one: the names of its streams stand in it in
/// UTF-16.
fn inspect_compound<R: Read + Seek>(file: &mut R) -> Result<FileFormat, Unreadable> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .and_then(|_| file.seek(SeekFrom::Start(0)))
        .map_err(Unreadable::damaged)?;
    let holds = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(name.len()).any(|window| window == name)
    };
    if holds("EncryptedPackage") || begins_with_password(&bytes) {
        Err(encrypted())
    } else if holds("Workbook") || holds("Book") || holds("WORKBOOK") || holds("BOOK") {
        Ok(FileFormat::Xls)
    } else {
        Err(Unreadable::new(FileFault::UnknownFormat, "this file holds no workbook"))
    }
}

/// Whether a stream of an old workbook begins with what its password is checked by: calamine itself refuses
/// strong encryption only, and takes the rest for damaged ([MS-XLS] 2.4.20 `BOF`, 2.4.349 `WriteProtect`, 2.4.117 `FilePass`).
fn begins_with_password(bytes: &[u8]) -> bool {
    const BEGIN_OF_STREAM: [u8; 2] = [0x09, 0x08];
    const OF_WORKBOOK: [&[u8]; 2] = [&[0x00, 0x06, 0x05, 0x00], &[0x00, 0x05, 0x05, 0x00]];
    const WRITE_PROTECT: [u8; 4] = [0x86, 0x00, 0x00, 0x00];
    const FILE_PASS: [u8; 2] = [0x2F, 0x00];
    let begins = |bytes: &[u8]| {
        let (length, body) = bytes.strip_prefix(&BEGIN_OF_STREAM)?.split_at_checked(2)?;
        let length = u16::from_le_bytes(length.try_into().ok()?);
        let next = body.get(usize::from(length)..)?;
        let next = next.strip_prefix(&WRITE_PROTECT).unwrap_or(next);
        let is_workbook = OF_WORKBOOK.iter().any(|kind| body.starts_with(kind));
        Some(is_workbook && next.starts_with(&FILE_PASS))
    };
    (0..bytes.len()).any(|place| bytes.get(place..).and_then(begins) == Some(true))
}

/// A file with a password.
pub(super) fn encrypted() -> Unreadable {
    Unreadable::new(
        FileFault::Encrypted,
        "the file has a password: save it without one, and send it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zip_of(files: &[(&str, Vec<u8>)]) -> Cursor<Vec<u8>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        let mut file = writer.finish().unwrap();
        file.set_position(0);
        file
    }

    #[test]
    fn the_content_says_what_a_file_is() {
        let of = |bytes: &[u8]| inspect(&mut Cursor::new(bytes.to_vec()));
        assert_eq!(of(b"Naam;Adres\r\n"), Ok(FileFormat::Csv));
        assert_eq!(of(b"%PDF-1.7").unwrap_err().fault, FileFault::UnknownFormat);
        assert_eq!(of(b"").unwrap_err().fault, FileFault::Empty);
        assert_eq!(of(b"PK\x03\x04 cut off").unwrap_err().fault, FileFault::Damaged);
        let mut workbook = zip_of(&[("[Content_Types].xml", Vec::new()), ("xl/workbook.xml", Vec::new())]);
        assert_eq!(inspect(&mut workbook), Ok(FileFormat::Xlsx));
        let mut other = zip_of(&[("readme.txt", Vec::new())]);
        assert_eq!(inspect(&mut other).unwrap_err().fault, FileFault::UnknownFormat);
    }

    #[test]
    fn an_old_workbook_with_a_password_is_known_by_how_it_begins() {
        let begin: [u8; 20] = [
            9, 8, 16, 0, 0, 6, 5, 0, 0x17, 0x19, 0xCD, 7, 0xC9, 0xC0, 0, 0, 6, 4, 0, 0,
        ];
        let old: [u8; 12] = [9, 8, 8, 0, 0, 5, 5, 0, 1, 2, 3, 4];
        let password = [0x2F, 0, 6, 0, 0, 0, 0x4A, 0x51];
        let protected = [0x86, 0, 0, 0];
        assert!(begins_with_password(&[&[1; 7], &begin[..], &password].concat()));
        assert!(begins_with_password(&[&begin[..], &protected, &password].concat()));
        assert!(begins_with_password(&[&old[..], &password].concat()));
        let sheet = [9, 8, 16, 0, 0, 6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for sound in [
            [&begin[..], &[0xE1, 0, 2, 0], &password].concat(),
            [&sheet[..], &password].concat(),
            begin.to_vec(),
            vec![9, 8, 255],
        ] {
            assert!(!begins_with_password(&sound));
        }
    }

    #[test]
    fn a_workbook_of_too_many_files_is_known_by_its_directory() {
        let many: Vec<(String, Vec<u8>)> = (0..=ENTRIES_MAX)
            .map(|number| (format!("xl/{number}.xml"), vec![]))
            .collect();
        let many: Vec<(&str, Vec<u8>)> = many
            .iter()
            .map(|(name, content)| (name.as_str(), content.clone()))
            .collect();
        assert_eq!(inspect(&mut zip_of(&many)).unwrap_err().fault, FileFault::TooLarge);
    }
}
