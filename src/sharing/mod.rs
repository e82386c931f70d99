//! A customer's documents for others: the accountant, and whoever gets copies. From the moment it is switched on, each new invoice
//! and credit note of the customer appears among the shared documents of a user who does the books, or is mailed, and the
//! customer's recipients get a copy.
//!
//! Invariants: what is shared is written in the transaction that writes the invoice ([`share`]), for a whole chunk with a few
//! statements, so that none is forgotten and none shared twice (primary key of `shared_documents`); an inbox is that of a user who may
//! read exports in this tenant (`change::Change`), and is read with that permission only; nothing goes to a fictional address
//! (`mail::Recipient`).

mod change;
pub mod documents_http;
pub mod http;
mod model;
pub mod own_http;
mod share;
mod store;

pub use share::share;
