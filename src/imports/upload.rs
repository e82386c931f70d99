//! A spreadsheet as it arrives: `multipart/form-data` with the kind, the file, and perhaps where its headings stand.

use std::pin::Pin;

use actix_multipart::{Field as Part, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::ImportKind;
use super::sheet::FILE_BYTES_MAX;
use crate::error::{ApiError, ApiResult, Code};

/// A field that is no file has at most so many bytes.
const FIELD_BYTES_MAX: usize = 1000;
/// How much of the file's name is kept, in characters.
const NAME_CHARS_MAX: usize = 200;

/// How the contract spells [`Upload`].
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it is the contract's description of a form")]
pub struct NewImport {
    /// What the rows are.
    kind: ImportKind,
    /// XLSX, XLSB, XLS, ODS, or text with separators; at most 32 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The sheet to read; found by its headings when left out.
    #[schema(required = false, nullable = false)]
    sheet: Option<String>,
    /// The row of the headings; found when left out.
    #[schema(required = false, nullable = false, minimum = 1)]
    header_row: Option<u32>,
}

/// A spreadsheet, and what is to be made of it.
#[derive(Debug, Clone)]
pub struct Upload {
    pub kind: ImportKind,
    pub file_name: String,
    pub content: Vec<u8>,
    pub sheet: Option<String>,
    pub header_row: Option<u32>,
}

impl FromRequest for Upload {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request.content_type().eq_ignore_ascii_case("multipart/form-data");
        let found = request.content_type().to_owned();
        let form = is_form.then(|| Multipart::new(request.headers(), payload.take()));
        Box::pin(async move {
            let expected = || format!("expected Content-Type: multipart/form-data, found {found:?}");
            let form = form.ok_or_else(|| ApiError::new(Code::UnsupportedMediaType).detail(expected()))?;
            read_form(form).await
        })
    }
}

async fn read_form(mut form: Multipart) -> ApiResult<Upload> {
    let (mut kind, mut file, mut sheet, mut header_row) = (None, None, None, None);
    while let Some(part) = form.next().await {
        let mut part = part.map_err(broken)?;
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if file.is_none() => file = Some(read_file(&mut part).await?),
            "kind" if kind.is_none() => kind = Some(parse::<ImportKind>("/kind", &read_text(&mut part).await?)?),
            "sheet" if sheet.is_none() => sheet = Some(read_text(&mut part).await?),
            "header_row" if header_row.is_none() => {
                let row = read_text(&mut part).await?.parse::<u32>().ok().filter(|row| *row > 0);
                let expected =
                    || ApiError::field("/header_row", "invalid_value", "expected the number of a row, from 1");
                header_row = Some(row.ok_or_else(expected)?);
            }
            "file" | "kind" | "sheet" | "header_row" => {
                return Err(ApiError::field(format!("/{name}"), "repeated", "given more than once"));
            }
            _ => {
                let detail = "unknown; the fields are kind, file, sheet, header_row";
                return Err(ApiError::field(format!("/{name}"), "unknown_field", detail));
            }
        }
    }
    let missing = |name: &str| ApiError::field(format!("/{name}"), "missing_field", "this field is required");
    let kind = kind.ok_or_else(|| missing("kind"))?;
    let (file_name, content) = file.ok_or_else(|| missing("file"))?;
    Ok(Upload {
        kind,
        file_name,
        content,
        sheet: sheet.filter(|sheet| !sheet.is_empty()),
        header_row,
    })
}

fn parse<T: std::str::FromStr<Err = String>>(pointer: &str, text: &str) -> ApiResult<T> {
    text.parse()
        .map_err(|expected: String| ApiError::field(pointer, "invalid_value", expected))
}

fn broken(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::BadRequest).detail(format!("the form cannot be read: {error}"))
}

async fn read_text(part: &mut Part) -> ApiResult<String> {
    let bytes = read_bytes(part, FIELD_BYTES_MAX).await?;
    String::from_utf8(bytes).map_err(broken)
}

async fn read_file(part: &mut Part) -> ApiResult<(String, Vec<u8>)> {
    let name = part
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .unwrap_or("file");
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name: String = base
        .chars()
        .filter(|character| !character.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    Ok((name, read_bytes(part, FILE_BYTES_MAX).await?))
}

async fn read_bytes(part: &mut Part, bytes_max: usize) -> ApiResult<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(broken)?;
        if bytes.len().saturating_add(chunk.len()) > bytes_max {
            let detail = format!("this field may have at most {bytes_max} bytes");
            return Err(ApiError::new(Code::PayloadTooLarge).detail(detail));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
