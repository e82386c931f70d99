//! A statement with a text of its own that is kept prepared: diesel's `sql_query`, and its updates, are parsed and planned
//! anew each time. For the native stores.

use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};
use diesel::sqlite::{Sqlite, SqliteConnection};

/// A text with `{}` for each value, and the values.
pub struct Statement<'a, DB> {
    text: &'static str,
    values: Vec<Box<dyn Value<DB> + 'a>>,
}

impl<'a, DB: Backend> Statement<'a, DB> {
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
        T: ToSql<ST, DB> + 'a,
        DB: HasSqlType<ST>,
    {
        self.values.push(Box::new(Typed {
            value,
            sql_type: PhantomData::<ST>,
        }));
        self
    }
}

trait Value<DB: Backend> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

struct Typed<ST, T> {
    value: T,
    sql_type: PhantomData<ST>,
}

impl<ST, T, DB> Value<DB> for Typed<ST, T>
where
    T: ToSql<ST, DB>,
    DB: Backend + HasSqlType<ST>,
{
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_bind_param::<ST, T>(&self.value)
    }
}

impl<DB: Backend> QueryFragment<DB> for Statement<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut pieces = self.text.split("{}");
        out.push_sql(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(&self.values) {
            value.push(&mut out)?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl<DB> QueryId for Statement<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> Query for Statement<'_, DB> {
    type SqlType = Untyped;
}

impl RunQueryDsl<PgConnection> for Statement<'_, Pg> {}
impl RunQueryDsl<SqliteConnection> for Statement<'_, Sqlite> {}
