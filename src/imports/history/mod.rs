//! Sales of the past, from a till's list of transactions: rows without an account and without a number of their own.
//!
//! What always holds, and where it is kept:
//! - a row is posted once, whichever file it stands in: the sale's id follows from what the row says and from which one of equal rows
//!   it is ([`identity`]), and the ledger's table of keys refuses it a second time;
//! - nobody guesses an account: a payment type that is not mapped is an error ([`staging::comparisons`]);
//! - balances are written by the ledger, sale by sale in the order in which they happened, a chunk a transaction so that tills go on
//!   ([`post`]).

pub mod identity;
pub mod judge;
mod messages;
pub mod moment;
pub mod payment_types;
pub mod payment_types_http;
pub mod post;
pub mod staging;
pub mod vat;

pub use identity::Identities;
pub use judge::{SaleDraft, Terms, judge_sale};
pub(super) use messages::MESSAGES;
pub use staging::StagedSale;
