//! Invoices: the exact data for one account's invoice, made by a run, and credit notes that reverse one.
//!
//! Invariants, and where each is enforced:
//! - an invoice is never changed but for its status and what was given back of the limit it took;
//! - no entry stands on two standing invoices: what covers entries is inserted under their account's lock, by a statement that
//!   leaves out what covers one once more and is counted ([`native`]);
//! - numbers have no gaps: they are taken in the transaction that writes the invoices, under the lock of the series'
//!   row ([`numbers`]); a number is unique by two keys of the table;
//! - an invoice is reversed once (`invoices_reversal`, a unique index), and after the later invoices that cover refunds
//!   of its sales ([`reversal`]).

mod export;
pub mod http;
pub mod model;
pub mod native;
pub mod numbers;
pub mod read;
pub mod reversal;
pub mod store;
pub mod stretch;
