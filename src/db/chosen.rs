//! Statements about a set of ids of one tenant.

use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::Text;

use super::{DbConnection, MultiBackend, dialect};
use crate::id::{Id, SqlId};

/// A statement with a table of its own, `chosen (id)`, which is `$1`. `$2` is the tenant, which its text must name before it names
/// `$3` and what else the caller binds (SQLite numbers them as they appear). What belongs to each id is joined with
/// [`dialect::look_up`].
pub fn about_chosen(
    connection: &DbConnection,
    text: &str,
    tenant_id: Id,
    ids: &[Id],
) -> BoxedSqlQuery<'static, MultiBackend, SqlQuery> {
    let rows = dialect::listed_ids(connection, "$1");
    diesel::sql_query(format!("WITH chosen (id) AS ({rows}) {text}"))
        .into_boxed::<MultiBackend>()
        .bind::<Text, _>(dialect::list_of(ids))
        .bind::<SqlId, _>(tenant_id)
}
