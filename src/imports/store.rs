//! Imports, their findings and saved mappings in the database.

use diesel::prelude::*;

use super::model::{FindingRow, ImportKind, ImportRow, ImportStatus, SavedMappingRow, Severity};
use crate::clock::Timestamp;
use crate::db::schema::{import_files, import_findings, import_mappings, imports, tenants};
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::{Id, SqlId};

pub fn insert_import(connection: &mut DbConnection, row: &ImportRow, content: &[u8]) -> QueryResult<()> {
    diesel::insert_into(imports::table).values(row).execute(connection)?;
    diesel::insert_into(import_files::table)
        .values((
            import_files::tenant_id.eq(row.tenant_id),
            import_files::import_id.eq(row.id),
            import_files::content.eq(content),
        ))
        .execute(connection)
        .map(drop)
}

pub fn find_import(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<ImportRow>> {
    imports::table
        .find((tenant_id, id))
        .select(ImportRow::as_select())
        .first(connection)
        .optional()
}

/// As [`find_import`], and nobody else changes it until the transaction ends.
pub fn lock_import(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<ImportRow>> {
    dialect::lock_row(connection, "imports", tenant_id, id)?;
    find_import(connection, tenant_id, id)
}

/// The uploaded file.
///
/// # Errors
/// 404 when it is deleted by now.
pub fn get_content(connection: &mut DbConnection, tenant_id: Id, id: Id) -> ApiResult<Vec<u8>> {
    let content = import_files::table
        .find((tenant_id, id))
        .select(import_files::content)
        .first(connection)
        .optional()?;
    let deleted = "uploaded files are kept for a time only, and this one is deleted: send it again for another import";
    content.ok_or_else(|| ApiError::new(Code::NotFound).detail(deleted))
}

/// The newest first; `after` is the last one of the page before.
pub fn list_imports(
    connection: &mut DbConnection,
    tenant_id: Id,
    kind: Option<ImportKind>,
    after: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<ImportRow>> {
    let mut query = imports::table
        .filter(imports::tenant_id.eq(tenant_id))
        .select(ImportRow::as_select())
        .order(imports::id.desc())
        .limit(rows_max)
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(imports::kind.eq(kind));
    }
    if let Some(after) = after {
        query = query.filter(imports::id.lt(after));
    }
    query.load(connection)
}

/// Earlier imports of the same kind from the same file, of these imports: (hash, id), the oldest first.
pub fn list_of_hashes(
    connection: &mut DbConnection,
    tenant_id: Id,
    hashes: &[&str],
) -> QueryResult<Vec<(ImportKind, String, Id)>> {
    imports::table
        .filter(imports::tenant_id.eq(tenant_id))
        .filter(imports::file_hash.eq_any(hashes))
        .order(imports::id)
        .select((imports::kind, imports::file_hash, imports::id))
        .load(connection)
}

pub fn update_mapping(connection: &mut DbConnection, tenant_id: Id, id: Id, mapping: &str) -> QueryResult<()> {
    diesel::update(imports::table.find((tenant_id, id)))
        .set((imports::mapping.eq(mapping), imports::status.eq(ImportStatus::Uploaded)))
        .execute(connection)
        .map(drop)
}

/// Begins another attempt at judging the rows; nobody sees the findings of the one before any more.
pub fn begin_attempt(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<i64> {
    diesel::update(imports::table.find((tenant_id, id)))
        .set(imports::attempt.eq(imports::attempt + 1))
        .execute(connection)?;
    imports::table
        .find((tenant_id, id))
        .select(imports::attempt)
        .first(connection)
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub rows: i64,
    pub errors: i64,
    pub warnings: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub left_out: i64,
}

/// Ends an attempt; false when another one has begun since.
pub fn end_attempt(
    connection: &mut DbConnection,
    (tenant_id, id, attempt): (Id, Id, i64),
    counts: Counts,
) -> QueryResult<bool> {
    let status = if counts.errors == 0 {
        ImportStatus::Valid
    } else {
        ImportStatus::Invalid
    };
    let of_attempt = imports::table
        .find((tenant_id, id))
        .filter(imports::attempt.eq(attempt))
        .filter(imports::status.eq(ImportStatus::Validating));
    let ended = diesel::update(of_attempt)
        .set((
            imports::status.eq(status),
            imports::row_count.eq(counts.rows),
            imports::error_count.eq(counts.errors),
            imports::warning_count.eq(counts.warnings),
            imports::created_count.eq(counts.created),
            imports::updated_count.eq(counts.updated),
            imports::unchanged_count.eq(counts.unchanged),
            imports::left_out_count.eq(counts.left_out),
        ))
        .execute(connection)?;
    Ok(ended == 1)
}

/// Sales that were to be made, and that somebody else has made meanwhile.
pub fn count_as_unchanged(connection: &mut DbConnection, tenant_id: Id, id: Id, count: i64) -> QueryResult<()> {
    if count == 0 {
        return Ok(());
    }
    diesel::update(imports::table.find((tenant_id, id)))
        .set((
            imports::created_count.eq(imports::created_count - count),
            imports::unchanged_count.eq(imports::unchanged_count + count),
        ))
        .execute(connection)
        .map(drop)
}

pub fn set_status(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    status: ImportStatus,
    job_id: Option<Id>,
    committed_at: Option<Timestamp>,
) -> QueryResult<()> {
    diesel::update(imports::table.find((tenant_id, id)))
        .set((
            imports::status.eq(status),
            imports::job_id.eq(job_id),
            imports::committed_at.eq(committed_at),
        ))
        .execute(connection)
        .map(drop)
}

/// Lets go of an import whose job has ended without what it was for; another job may have it already.
pub fn let_go(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<()> {
    diesel::sql_query(
        "UPDATE imports SET status = 'uploaded'
         WHERE tenant_id = $1 AND id = $2 AND status IN ('validating', 'committing') AND EXISTS (
             SELECT 1 FROM jobs j WHERE j.id = imports.job_id AND j.status NOT IN ('queued', 'running'))",
    )
    .bind::<SqlId, _>(tenant_id)
    .bind::<SqlId, _>(id)
    .execute(connection)
    .map(drop)
}

/// How many findings of each severity an attempt has.
pub fn count_findings(connection: &mut DbConnection, attempt: (Id, Id, i64), severity: Severity) -> QueryResult<i64> {
    of_attempt(attempt)
        .filter(import_findings::severity.eq(severity))
        .count()
        .get_result(connection)
}

/// A place among the findings: row, column, code.
pub type FindingKey = (i64, i32, String);

/// Findings in the order of rows, columns and codes, after `after`.
pub fn list_findings(
    connection: &mut DbConnection,
    attempt: (Id, Id, i64),
    severity: Option<Severity>,
    after: Option<FindingKey>,
    rows_max: i64,
) -> QueryResult<Vec<FindingRow>> {
    use import_findings::{code, column_no, row_no};
    let mut query = of_attempt(attempt)
        .select(FindingRow::as_select())
        .order((row_no, column_no, code))
        .limit(rows_max)
        .into_boxed();
    if let Some(severity) = severity {
        query = query.filter(import_findings::severity.eq(severity));
    }
    if let Some((row, column, last)) = after {
        query = query.filter(row_no.ge(row)).filter(
            row_no
                .gt(row)
                .or(column_no.gt(column))
                .or(column_no.eq(column).and(code.gt(last))),
        );
    }
    query.load(connection)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_attempt(attempt: (Id, Id, i64)) -> _ {
    let tenant_id: Id = attempt.0;
    let import_id: Id = attempt.1;
    let number: i64 = attempt.2;
    import_findings::table.filter(
        import_findings::tenant_id
            .eq(tenant_id)
            .and(import_findings::import_id.eq(import_id))
            .and(import_findings::attempt.eq(number)),
    )
}

pub fn find_saved(
    connection: &mut DbConnection,
    tenant_id: Id,
    kind: ImportKind,
    signature: &str,
) -> QueryResult<Option<SavedMappingRow>> {
    import_mappings::table
        .filter(import_mappings::tenant_id.eq(tenant_id))
        .filter(import_mappings::kind.eq(kind))
        .filter(import_mappings::header_signature.eq(signature))
        .select(SavedMappingRow::as_select())
        .first(connection)
        .optional()
}

/// Keeps a mapping for files with these headings, in the place of the one before.
pub fn save_mapping(connection: &mut DbConnection, row: &SavedMappingRow) -> QueryResult<()> {
    let changed = diesel::update(
        import_mappings::table
            .filter(import_mappings::tenant_id.eq(row.tenant_id))
            .filter(import_mappings::kind.eq(row.kind))
            .filter(import_mappings::header_signature.eq(&row.header_signature)),
    )
    .set((
        import_mappings::name.eq(&row.name),
        import_mappings::mapping.eq(&row.mapping),
    ))
    .execute(connection)?;
    if changed == 0 {
        diesel::insert_into(import_mappings::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}

pub fn list_saved(
    connection: &mut DbConnection,
    tenant_id: Id,
    after: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<SavedMappingRow>> {
    let mut query = import_mappings::table
        .filter(import_mappings::tenant_id.eq(tenant_id))
        .select(SavedMappingRow::as_select())
        .order(import_mappings::id)
        .limit(rows_max)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(import_mappings::id.gt(after));
    }
    query.load(connection)
}

pub fn rename_saved(
    connection: &mut DbConnection,
    tenant_id: Id,
    id: Id,
    name: &str,
) -> QueryResult<Option<SavedMappingRow>> {
    diesel::update(import_mappings::table.find((tenant_id, id)))
        .set(import_mappings::name.eq(name))
        .execute(connection)?;
    import_mappings::table
        .find((tenant_id, id))
        .select(SavedMappingRow::as_select())
        .first(connection)
        .optional()
}

pub fn delete_saved(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<bool> {
    let deleted = diesel::delete(import_mappings::table.find((tenant_id, id))).execute(connection)?;
    Ok(deleted == 1)
}

/// The tenant's locale, which decides the language of findings.
pub fn find_locale(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<String> {
    tenants::table.find(tenant_id).select(tenants::locale).first(connection)
}
