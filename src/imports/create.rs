//! Making an import of an uploaded file: where its headings are, and what they mean.

use sha2::{Digest, Sha256};

use super::mapping::{self, HEAD_ROWS, Headings, SheetHead};
use super::model::{ImportRow, ImportStatus, Mapping};
use super::sheet::{FileFault, FileFormat, Line, Reader, Request, Unreadable};
use super::upload::Upload;
use super::{store, unreadable, validate};
use crate::auth::Actor;
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;

/// A file of which the beginning is known.
pub struct Seen {
    format: FileFormat,
    headings: Headings,
    heads: Vec<SheetHead>,
    file_hash: String,
}

/// Reads the beginning of every sheet, and finds the headings.
///
/// # Errors
/// 422 `unreadable_file`; 422 when there is no such sheet or row.
pub fn look(sheets: &Reader, upload: &Upload) -> ApiResult<Seen> {
    let file = validate::spool(&upload.content)?;
    let lines = sheets.read(Request {
        path: file.path(),
        sheet: None,
        rows_max: Some(HEAD_ROWS),
    })?;
    let (mut format, mut heads) = (FileFormat::Csv, Vec::<SheetHead>::new());
    for line in lines {
        match line.map_err(|fault| unreadable(&fault))? {
            Line::Format(found) => format = found,
            Line::Sheet { name, is_hidden, .. } => heads.push(SheetHead {
                name,
                is_hidden,
                rows: Vec::new(),
            }),
            Line::Row(row) => {
                if let Some(head) = heads.last_mut() {
                    head.rows.push(row);
                }
            }
            Line::Fault(_) | Line::End => {}
        }
    }
    if let Some(wanted) = &upload.sheet {
        heads.retain(|head| head.name == *wanted);
        if heads.is_empty() {
            return Err(ApiError::field(
                "/sheet",
                "unknown_sheet",
                "the file has no sheet of this name",
            ));
        }
    }
    let headings = mapping::find_headings(upload.kind, &heads, upload.header_row);
    let headings = headings.ok_or_else(|| match upload.header_row {
        Some(_) => ApiError::field("/header_row", "unknown_row", "there is nothing in this row"),
        None => unreadable(&Unreadable::new(
            FileFault::Empty,
            "the file has no row with anything in it",
        )),
    })?;
    Ok(Seen {
        format,
        headings,
        heads,
        file_hash: mapping::hex(&Sha256::digest(&upload.content)),
    })
}

/// Makes the import, with the mapping that was saved for these headings, or else the one that they surely mean.
///
/// # Errors
/// What the database said.
pub fn create_import(
    connection: &mut DbConnection,
    clock: &Clock,
    actor: &Actor,
    tenant_id: Id,
    upload: &Upload,
    seen: &Seen,
) -> ApiResult<ImportRow> {
    let signature = mapping::signature(upload.kind, &seen.headings.texts);
    let saved = store::find_saved(connection, tenant_id, upload.kind, &signature)?;
    let saved: Option<Mapping> = saved.and_then(|row| serde_json::from_str(&row.mapping).ok());
    let mapping = saved.unwrap_or_else(|| mapping::propose(upload.kind, &seen.headings.texts));
    let json = |value: serde_json::Result<String>| value.map_err(ApiError::internal);
    let row = ImportRow {
        tenant_id,
        id: clock.new_id(),
        kind: upload.kind,
        status: ImportStatus::Uploaded,
        file_name: upload.file_name.clone(),
        file_hash: seen.file_hash.clone(),
        file_bytes: i64::try_from(upload.content.len()).map_err(ApiError::internal)?,
        file_format: seen.format,
        sheet: seen.headings.sheet.clone(),
        header_row: i64::from(seen.headings.row),
        header_signature: signature,
        headings: json(serde_json::to_string(&seen.headings.texts))?,
        mapping: json(serde_json::to_string(&mapping))?,
        preview: json(serde_json::to_string(&mapping::preview(&seen.heads, &seen.headings)))?,
        attempt: 0,
        row_count: 0,
        error_count: 0,
        warning_count: 0,
        created_count: 0,
        updated_count: 0,
        unchanged_count: 0,
        left_out_count: 0,
        job_id: None,
        actor_name: actor.name.clone(),
        created_at: clock.now(),
        committed_at: None,
    };
    store::insert_import(connection, &row, &upload.content)?;
    Ok(row)
}
