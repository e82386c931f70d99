//! Bulk import of customers, accounts and sales of the past from spreadsheets.
//!
//! A file becomes an import with a mapping ([`create`]); a job judges its rows into staging tables ([`validate_work`], [`validate`],
//! [`judge`], [`staging`], [`compare`]), and another commits them ([`commit`], [`commit_customers`]).
//!
//! Invariants, and where each is enforced:
//! - a file is read in a child process with limits, never in the server ([`sheet`]);
//! - a commit makes all rows or none, and none while there is an error: one transaction, in the status `valid` only
//!   ([`commit::ask_to_commit`], [`commit::CommitWork`]); sales of the past are posted in many transactions, and go on after any
//!   end until all are posted ([`history`]);
//! - of two validations at the same time the later one counts: each has its attempt, and ends only its own
//!   ([`store::end_attempt`]);
//! - what a row says is never changed silently: restored zeros are warnings, doubts are errors ([`judge`]);
//! - equal rows make their accounts once, whichever file they stand in ([`compare::of_accounts`]);
//! - balances and limits are written by the ledger (`accounts::open_many`).

pub mod amounts;
pub mod commit;
pub mod commit_customers;
pub mod compare;
pub mod create;
pub mod export;
pub mod fields;
pub mod files_http;
pub mod history;
pub mod http;
pub mod judge;
pub mod mapping;
pub mod mappings_http;
pub mod marked;
pub mod messages;
pub mod model;
pub mod native;
pub mod read;
pub mod requests;
pub mod results;
pub mod sheet;
pub mod staging;
pub mod store;
pub mod template;
pub mod upload;
pub mod validate;
pub mod validate_work;

pub use commit::CommitWork;
pub use validate_work::ValidateWork;

use crate::error::{ApiError, Code, FieldError};
use sheet::Unreadable;

/// 422 of a file that cannot be read; its field error has the fault's own code.
fn unreadable(fault: &Unreadable) -> ApiError {
    ApiError::new(Code::UnreadableFile)
        .detail(fault.detail.clone())
        .error(FieldError::pointer("/file", fault.fault.as_str(), fault.detail.clone()))
}
