//! Who buys on account: a person or a company, who gets the invoice.
//!
//! Invariants: a person has a first and a last name, a company a company name, never both (`model::Customer::check_names` and
//! a CHECK); `name` and `name_key` follow those names (`model::Customer::named`); a customer number is unique in its tenant
//! (unique index); accounts carry the name of their billing holder, so a rename reaches them in the same transaction
//! (`accounts::rename_holder`); a customer is never deleted.

pub mod http;
mod model;
mod requests;
mod store;
mod texts;

pub use model::{Customer, CustomerKind};
pub use store::{find_customer, list_by_ids, lock_customer};
pub use texts::{CustomerNumber, Phone, is_fictional};
