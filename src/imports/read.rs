//! Imports, findings and saved mappings as they are answered.

use std::collections::HashMap;

use super::mapping::{column_letters, missing, unmapped};
use super::messages::{Words, message};
use super::model::{Finding, FindingRow, Import, ImportRow, Mapping, PreviewRow, SavedMapping, SavedMappingRow};
use super::store;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;

/// The imports as they are answered.
///
/// # Errors
/// What the database said.
pub fn imports(connection: &mut DbConnection, tenant_id: Id, rows: Vec<ImportRow>) -> ApiResult<Vec<Import>> {
    let hashes: Vec<&str> = rows.iter().map(|row| row.file_hash.as_str()).collect();
    let mut first: HashMap<_, Id> = HashMap::new();
    for (kind, hash, id) in store::list_of_hashes(connection, tenant_id, &hashes)? {
        first.entry((kind, hash)).or_insert(id);
    }
    rows.into_iter()
        .map(|row| {
            let same = first
                .get(&(row.kind, row.file_hash.clone()))
                .copied()
                .filter(|id| *id < row.id);
            import(row, same)
        })
        .collect()
}

/// One import as it is answered.
///
/// # Errors
/// What the database said.
pub fn one(connection: &mut DbConnection, tenant_id: Id, row: ImportRow) -> ApiResult<Import> {
    let found = imports(connection, tenant_id, vec![row])?.into_iter().next();
    found.ok_or_else(|| ApiError::internal("an import is lost"))
}

fn import(row: ImportRow, same_file_as: Option<Id>) -> ApiResult<Import> {
    let mapping: Mapping = serde_json::from_str(&row.mapping).map_err(ApiError::internal)?;
    let preview: Vec<PreviewRow> = serde_json::from_str(&row.preview).map_err(ApiError::internal)?;
    Ok(Import {
        id: row.id,
        kind: row.kind,
        status: row.status,
        file_name: row.file_name,
        file_format: row.file_format,
        sheet: row.sheet,
        header_row: row.header_row,
        unmapped: unmapped(&mapping),
        missing: missing(row.kind, &mapping),
        mapping,
        preview,
        same_file_as,
        row_count: row.row_count,
        error_count: row.error_count,
        warning_count: row.warning_count,
        created_count: row.created_count,
        updated_count: row.updated_count,
        unchanged_count: row.unchanged_count,
        left_out_count: row.left_out_count,
        job_id: row.job_id,
        created_by: row.actor_name,
        created_at: row.created_at,
        committed_at: row.committed_at,
    })
}

/// The language of findings: the one that was asked for, or else the tenant's.
///
/// # Errors
/// What the database said.
pub fn words(connection: &mut DbConnection, tenant_id: Id, asked: Option<Words>) -> ApiResult<Words> {
    Ok(match asked {
        Some(words) => words,
        None => Words::of_locale(&store::find_locale(connection, tenant_id)?),
    })
}

/// A finding with its address and its words.
#[must_use]
pub fn finding(row: FindingRow, sheet: &str, words: Words) -> Finding {
    let column = usize::try_from(row.column_no).ok().map(column_letters);
    let number = (row.row_no > 0).then_some(row.row_no);
    Finding {
        severity: row.severity,
        sheet: sheet.to_owned(),
        cell: column
            .as_ref()
            .zip(number)
            .map(|(column, row)| format!("{column}{row}")),
        row: number,
        column,
        field: Some(row.field).filter(|field| !field.is_empty()),
        message: message(&row.code, &row.detail, words),
        found: row.found,
        code: row.code,
    }
}

/// A saved mapping as it is answered.
///
/// # Errors
/// 500 when it cannot be read.
pub fn saved(row: SavedMappingRow) -> ApiResult<SavedMapping> {
    Ok(SavedMapping {
        id: row.id,
        kind: row.kind,
        name: row.name,
        mapping: serde_json::from_str(&row.mapping).map_err(ApiError::internal)?,
        created_at: row.created_at,
    })
}
