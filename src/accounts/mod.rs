//! House accounts: a number, a status, flags, holders, and the cache of the ledger's fold (balance, limit, sequence).
//!
//! Invariants: a number is unique in its tenant (unique constraint) and never changes; a status changes along
//! `status::StatusChange` only, under the lock of the account's row; an account is closed with balance 0 and nothing
//! uninvoiced ([`has_uninvoiced`]); while an account has holders exactly one is billing (`holders::decide_holder`, and a partial
//! unique index against two); `name` and `name_key` are the billing holder's, written in the transaction that changes either;
//! every change of what the account shows raises `settings_version` or `last_seq`, so that its ETag tells. Balance, limit,
//! `last_seq` and `credits_standing` are written by the ledger alone.

mod bulk;
mod changes;
mod holders;
pub mod holders_http;
pub mod http;
mod model;
mod native;
mod numbers;
mod requests;
mod search;
mod status;
pub mod status_http;
mod store;
mod uninvoiced;

pub use crate::ledger::AccountStatus;
pub use bulk::{HeldAccount, open_many};
pub use holders::HolderKind;
pub use model::{Account, AccountNumber, AccountRow, Holder};
pub use search::is_found_by;
pub use store::{find_account, list_holders, rename_holder};
pub use uninvoiced::has_uninvoiced;
