//! A statement with a text of its own that is kept prepared: diesel's `sql_query`, and its updates, are parsed and planned
//! anew each time. For the native stores.
//!
//! Its prepared form is found by the type of its text. By the text itself, diesel would compose it, and list the types of its
//! values, each time only to look it up.

use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};
use diesel::sqlite::{Sqlite, SqliteConnection};

/// The text of a statement, made by [`statement_text!`]. Its values are bound in one place, always of the same types.
pub trait StatementText: Copy + 'static {
    /// With `{}` for each value.
    const TEXT: &'static str;
}

/// Names the text of a statement: `statement_text!(CountRows, "SELECT count(*) FROM rows WHERE tenant_id = {}");`
macro_rules! statement_text {
    ($(#[$attribute:meta])* $name:ident, $text:literal) => {
        $(#[$attribute])*
        #[derive(Clone, Copy)]
        struct $name;

        impl $crate::db::StatementText for $name {
            const TEXT: &'static str = $text;
        }
    };
}
pub(crate) use statement_text;

/// A text, and its values.
pub struct Statement<'a, DB, T> {
    text: PhantomData<T>,
    values: Vec<Box<dyn Value<DB> + 'a>>,
}

impl<'a, DB: Backend, T: StatementText> Statement<'a, DB, T> {
    /// A statement whose values are still to come.
    #[must_use]
    pub fn new(_text: T) -> Self {
        Statement {
            text: PhantomData,
            values: Vec::new(),
        }
    }

    /// Adds the value for the next `{}`, as the SQL type `ST`.
    #[must_use]
    pub fn bind<ST, V>(mut self, value: V) -> Self
    where
        ST: 'a,
        V: ToSql<ST, DB> + 'a,
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

impl<DB: Backend, T: StatementText> QueryFragment<DB> for Statement<'_, DB, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // the text is kept as the first to use it composed it
        debug_assert_eq!(T::TEXT.matches("{}").count(), self.values.len(), "{}", T::TEXT);
        let mut pieces = T::TEXT.split("{}");
        out.push_sql(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(&self.values) {
            value.push(&mut out)?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl<DB, T: StatementText> QueryId for Statement<'_, DB, T> {
    type QueryId = T;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB, T> Query for Statement<'_, DB, T> {
    type SqlType = Untyped;
}

impl<T> RunQueryDsl<PgConnection> for Statement<'_, Pg, T> {}
impl<T> RunQueryDsl<SqliteConnection> for Statement<'_, Sqlite, T> {}
