//! The ledger: the only writer of balances and limits. Everything that changes money goes through [`post_batch`].
//!
//! What always holds, and where it is kept:
//! - An account's balance and limit are the sums of its entries' changes; entries are numbered 1, 2, 3, .. without gaps and
//!   never change: [`decide`] makes each entry from the state before it, the primary key of `entries` refuses a second one with
//!   the same number, and the account's row is written in the same transaction, under its lock.
//! - An online sale never passes the limit: [`decide`], on the state that was read under the account's lock.
//! - An entry is reversed at most once: `decide`, and the unique index `entries_reversal`.
//! - Refunds never exceed their sale: `refunds`, on facts that were read under the account's lock.
//! - The limit is never below 0: `decide`, and a CHECK on entries and accounts.
//! - The lines of an entry add up to minus its balance change: postings are made so; `onaccount verify` proves it.

mod batch;
mod covered;
mod decide;
mod draft;
mod model;
mod native;
mod post;
mod posting;
mod queue;
mod refunds;
mod rejection;
mod store;
#[cfg(test)]
mod tests;
mod workbench;

pub use batch::{BatchItem, Outcome, decline_of, post_batch};
pub use covered::{covering, select_open};
pub use decide::{Scene, decide};
pub use model::{AccountState, AccountStatus, Author, Entry, EntryKind, EntryRow, Flag, Line, LineRow, flags_of};
pub use post::{Posted, Voided, decline_error, item, may_see_available, post, void};
pub use posting::{
    AccountRef, Action, LineChoice, Posting, Refund, RefundChoice, Sale, SoldLine, StandingInvoice, Target,
    TenantRules, TillDetails,
};
pub use queue::{Answer, PostingQueue, Way};
pub use rejection::{Decline, DeclineCode, Rejection};
pub use store::{find_entry, find_target, list_lines_of, lock_accounts};
