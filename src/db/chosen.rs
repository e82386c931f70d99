//! Statements about a set of ids of one tenant.

use diesel::query_builder::{BoxedSqlQuery, SqlQuery};

use super::MultiBackend;
use crate::id::{Id, SqlId};

/// A statement with a table of its own, `chosen (id)`. In its text `{tenant}` stands for the tenant, `{1}` and `{2}` for values
/// that the caller binds after it. What belongs to each id is joined with [`super::dialect::look_up`].
pub fn about_chosen(text: &str, tenant_id: Id, ids: &[Id]) -> BoxedSqlQuery<'static, MultiBackend, SqlQuery> {
    let place = |number: usize| format!("${number}");
    let values: Vec<String> = (1..).take(ids.len()).map(|number| format!("(${number})")).collect();
    let rows = match values.len() {
        // no value to find the type by
        0 => "SELECT id FROM tenants WHERE FALSE".to_owned(),
        _ => format!("VALUES {}", values.join(", ")),
    };
    let tenant = ids.len().saturating_add(1);
    let text = text
        .replace("{tenant}", &place(tenant))
        .replace("{1}", &place(tenant.saturating_add(1)))
        .replace("{2}", &place(tenant.saturating_add(2)));
    let statement = diesel::sql_query(format!("WITH chosen (id) AS ({rows}) {text}")).into_boxed::<MultiBackend>();
    let statement = ids
        .iter()
        .fold(statement, |statement, id| statement.bind::<SqlId, _>(*id));
    statement.bind::<SqlId, _>(tenant_id)
}
