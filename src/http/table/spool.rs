//! Where a file is written before it goes out: in memory while it is small, then in a temporary file without a name. The
//! database is done with before the first byte leaves, so a slow client holds no connection, and a failure halfway is a
//! problem instead of a file that breaks off.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use actix_web::body::SizedStream;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType, HeaderValue};
use actix_web::{HttpResponse, web};
use futures_util::stream;
use tempfile::{SpooledData, SpooledTempFile};

use crate::db::on_blocking_thread;
use crate::error::{ApiError, ApiResult};
use crate::http::TableFormat;

const MEMORY_BYTES_MAX: usize = 1 << 20;
const CHUNK_BYTES: usize = 64 << 10;

/// A file in the making.
pub struct Spool {
    pub(super) file: SpooledTempFile,
}

impl Spool {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Spool {
            file: SpooledTempFile::new(MEMORY_BYTES_MAX),
        }
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A finished file as an answer.
pub struct Download {
    /// What it holds.
    pub spool: Spool,
    /// Its form.
    pub format: TableFormat,
    /// Its name without extension; what is not a letter, digit, dot or hyphen becomes a hyphen.
    pub name: String,
}

impl Download {
    /// 200 with the file, from memory or in chunks of 64 KB from the disk. CSV and XLSX are to be saved under their name.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be read.
    pub fn respond(self) -> ApiResult<HttpResponse> {
        let mut response = HttpResponse::Ok();
        response
            .insert_header((header::CONTENT_TYPE, content_type(self.format)))
            .insert_header((header::VARY, HeaderValue::from_static("Accept")));
        if let Some(extension) = extension(self.format) {
            let filename = format!("{}.{extension}", safe(&self.name));
            response.insert_header(ContentDisposition {
                disposition: DispositionType::Attachment,
                parameters: vec![DispositionParam::Filename(filename)],
            });
        }
        match self.spool.file.into_inner() {
            SpooledData::InMemory(cursor) => Ok(response.body(cursor.into_inner())),
            SpooledData::OnDisk(mut file) => {
                let bytes = file.stream_position().map_err(ApiError::internal)?;
                file.rewind().map_err(ApiError::internal)?;
                Ok(response.body(SizedStream::new(bytes, stream::try_unfold(file, read_chunk))))
            }
        }
    }
}

/// The next chunk, read only when the client has taken the one before: a slow client holds no thread.
async fn read_chunk(file: File) -> Result<Option<(web::Bytes, File)>, ApiError> {
    on_blocking_thread(move || {
        let mut file = file;
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = file.read(&mut chunk).map_err(ApiError::internal)?;
        chunk.truncate(length);
        Ok((length > 0).then(|| (web::Bytes::from(chunk), file)))
    })
    .await
}

fn content_type(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "text/csv; charset=utf-8; header=present",
        TableFormat::Json | TableFormat::Xlsx => format.media_type(),
    }
}

fn extension(format: TableFormat) -> Option<&'static str> {
    match format {
        TableFormat::Json => None,
        TableFormat::Csv => Some("csv"),
        TableFormat::Xlsx => Some("xlsx"),
    }
}

fn safe(name: &str) -> String {
    let is_safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    name.chars().map(|c| if is_safe(&c) { c } else { '-' }).collect()
}
