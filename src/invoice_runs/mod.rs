//! Invoice runs: the act of turning uninvoiced sales of many accounts into invoices.
//!
//! Invariants, and where each is enforced:
//! - what an invoice covers, how each covered entry is reset and what that does to balance and limit: [`plan`], pure;
//! - no entry stands on two standing invoices: `invoice_entries_standing`, a unique index;
//! - an account is never half done: a chunk ([`chunk`]) is one transaction, with its numbers.

pub mod chunk;
pub mod figures;
pub mod plan;
