//! A PostgreSQL statement with a text of its own whose plan is kept: diesel's `sql_query` is parsed and planned anew each
//! time. For the native stores.

use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

/// A text with `{}` for each value, and the values.
pub struct Statement<'a> {
    text: &'static str,
    values: Vec<Box<dyn Value + 'a>>,
}

impl<'a> Statement<'a> {
    /// A statement whose values are still to come. Its text is a constant: there is one plan for each.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Statement {
            text,
            values: Vec::new(),
        }
    }

    /// Adds the value for the next `{}`, as the SQL type `ST`.
    #[must_use]
    pub fn bind<ST, T>(mut self, value: T) -> Self
    where
        ST: 'a,
        T: ToSql<ST, Pg> + 'a,
        Pg: HasSqlType<ST>,
    {
        self.values.push(Box::new(Typed {
            value,
            sql_type: PhantomData::<ST>,
        }));
        self
    }
}

trait Value {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

struct Typed<ST, T> {
    value: T,
    sql_type: PhantomData<ST>,
}

impl<ST, T> Value for Typed<ST, T>
where
    T: ToSql<ST, Pg>,
    Pg: HasSqlType<ST>,
{
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<ST, T>(&self.value)
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut pieces = self.text.split("{}");
        out.push_sql(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(&self.values) {
            value.push(&mut out)?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}
