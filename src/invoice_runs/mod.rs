//! Invoice runs: the act of turning uninvoiced sales of many accounts into invoices.
//!
//! Invariants, and where each is enforced:
//! - what an invoice covers, how each covered entry is reset and what that does to balance and limit: [`plan`], pure;
//! - a preview and a run come to the same: both are drafted by [`draft`], on one snapshot;
//! - what happened between drafting and writing is seen: [`commit`] looks again under the accounts' locks;
//! - no entry stands on two standing invoices: see [`crate::invoices`];
//! - an account is never half done: a chunk ([`chunk`]) is one transaction, with its numbers and the job's progress;
//! - a reversal of a run changes nothing unless every invoice of it can be reversed: [`reversal`] looks at all first;
//! - invoice dates rise with the numbers, whatever waits: [`dates`] refuses what would come before its turn.

pub mod chunk;
pub mod commit;
pub mod create;
pub mod dates;
pub mod draft;
pub mod facts;
pub mod figures;
pub mod http;
pub mod lines;
pub mod model;
pub mod native;
pub mod plan;
pub mod preview;
pub mod read;
pub mod reversal;
pub mod selection;
pub mod store;
pub mod work;

pub use reversal::ReversalWork;
pub use work::RunWork;
