//! Statements: what happened on one account in one period, as JSON, CSV or XLSX.
//!
//! Invariants, and where each is kept:
//! - opening balance + every change of the period = closing balance: [`model::Statement::try_new`] adds it up, reversed
//!   mutations and reversals included;
//! - `sales_total`, days, products, VAT and lines speak of the same unreversed sales, refunds and charges: one condition in
//!   `store`, in one snapshot of the database;
//! - the three forms say the same: all are written from one [`model::Statement`] and the same lines (`export`);
//! - memory does not grow with the period: lines are read in pages, and a period with too many products is refused.

mod export;
pub mod http;
mod model;
mod sheets;
mod store;

pub use export::write as write_statement;
pub use model::{Scope, Statement, StatementQuery};
