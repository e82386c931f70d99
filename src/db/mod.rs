//! The database: SQLite or PostgreSQL behind one connection type, and the only two ways to open a transaction,
//! [`Db::read`] and [`Db::write`].
//!
//! Invariants kept here: a write on SQLite takes the write lock before it reads (`BEGIN IMMEDIATE`); a read sees one
//! snapshot; a lost connection is never handed out twice; what may be retried is retried a bounded number of times.

mod checkpoint;
mod chosen;
mod connection;
pub mod dialect;
pub(crate) mod keyset;
mod migrations;
mod pool;
pub mod schema;
mod statement;
mod url;

pub(crate) use chosen::about_chosen;
pub use connection::{DbConnection, MultiBackend, MultiField, MultiRawValue, MultiRow};
pub use migrations::{migrate, pending_migrations};
pub use pool::{ANSWER_WAIT_MAX, Db, Retry, on_blocking_thread};
pub(crate) use statement::statement_text;
pub use statement::{Statement, StatementText};
pub use url::{DatabaseUrl, DatabaseUrlError};
