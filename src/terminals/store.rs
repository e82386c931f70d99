//! Terminals in the database.

use diesel::prelude::*;

use super::model::TerminalRow;
use crate::db::DbConnection;
use crate::db::schema::terminals;
use crate::id::Id;

pub fn find_terminal(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<TerminalRow>> {
    terminals::table
        .find((tenant_id, id))
        .select(TerminalRow::as_select())
        .first(connection)
        .optional()
}

/// Terminals in the order in which they were made, from after this id.
pub fn list_terminals(
    connection: &mut DbConnection,
    tenant_id: Id,
    after: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<TerminalRow>> {
    terminals::table
        .filter(terminals::tenant_id.eq(tenant_id))
        .filter(terminals::id.gt(after.unwrap_or(Id::NIL)))
        .order(terminals::id)
        .limit(rows_max)
        .select(TerminalRow::as_select())
        .load(connection)
}

pub fn insert_terminal(connection: &mut DbConnection, terminal: &TerminalRow) -> QueryResult<usize> {
    diesel::insert_into(terminals::table)
        .values(terminal)
        .execute(connection)
}

/// Writes name, activity and version; answers 0 when someone else changed the terminal since it was read.
pub fn update_terminal(connection: &mut DbConnection, old: &TerminalRow, new: &TerminalRow) -> QueryResult<usize> {
    let row = terminals::table.find((old.tenant_id, old.id));
    diesel::update(row.filter(terminals::version.eq(old.version)))
        .set((
            terminals::name.eq(&new.name),
            terminals::is_active.eq(new.is_active),
            terminals::version.eq(new.version),
        ))
        .execute(connection)
}
