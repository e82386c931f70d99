//! The trail in the database.

use diesel::prelude::*;

use super::model::{AuditEntry, Author, Changes, Subject};
use super::native;
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::db::schema::audit_entries;
use crate::id::Id;

/// Writes one entry for each field that changed. Call it in the transaction of the change.
///
/// # Errors
/// What the database said.
pub fn record(
    connection: &mut DbConnection,
    clock: &Clock,
    author: &Author,
    subject: Subject,
    changes: &Changes,
) -> QueryResult<()> {
    for entry in entries_of(clock, author, subject, changes) {
        diesel::insert_into(audit_entries::table)
            .values(&entry)
            .execute(connection)?;
    }
    Ok(())
}

/// As [`record`], for many things at once.
///
/// # Errors
/// What the database said.
pub fn record_all(
    connection: &mut DbConnection,
    clock: &Clock,
    author: &Author,
    changed: &[(Subject, Changes)],
) -> QueryResult<()> {
    let entries: Vec<AuditEntry> = changed
        .iter()
        .flat_map(|(subject, changes)| entries_of(clock, author, *subject, changes))
        .collect();
    native::insert(connection, &entries)
}

fn entries_of<'a>(
    clock: &'a Clock,
    author: &'a Author,
    subject: Subject,
    changes: &'a Changes,
) -> impl Iterator<Item = AuditEntry> + 'a {
    let recorded_at = clock.now();
    changes.iter().map(move |change| AuditEntry {
        tenant_id: author.tenant_id,
        id: clock.new_id(),
        subject_kind: subject.kind,
        subject_id: subject.id,
        actor_kind: author.kind,
        actor_id: author.id,
        actor_name: author.name.clone(),
        recorded_at,
        field: change.field.clone(),
        old_value: change.old.clone(),
        new_value: change.new.clone(),
    })
}

/// What happened to one thing, the latest first. `before` is the id of the last entry of the page before.
///
/// # Errors
/// What the database said.
pub fn list(
    connection: &mut DbConnection,
    tenant_id: Id,
    subject: Subject,
    before: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<AuditEntry>> {
    let mut query = audit_entries::table
        .filter(audit_entries::tenant_id.eq(tenant_id))
        .filter(audit_entries::subject_kind.eq(subject.kind))
        .filter(audit_entries::subject_id.eq(subject.id))
        .order(audit_entries::id.desc())
        .limit(rows_max)
        .select(AuditEntry::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(audit_entries::id.lt(before));
    }
    query.load(connection)
}
