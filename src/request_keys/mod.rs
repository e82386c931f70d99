//! Requests that move money or start a run, under the key that their client made: the same key and the same request get the
//! same answer, whatever happens in between.
//!
//! What always holds, and where it is kept:
//! - A key belongs to one request of its tenant: primary key of `request_keys`, and the hash of the request beside it.
//! - A key and what it made are written in the same transaction: whoever writes calls [`insert`] (or, for batches, the
//!   ledger's own statements) in the transaction of the thing itself.
//! - Only what was done and what was declined is kept. A refusal is not: the same key may try again.
//! - Two of the same at the same time: in one process [`InFlight`] lets the second wait; between processes the lock of the
//!   account does, and the primary key is the backstop. Whoever locks no account (runs, reversals of invoices) writes the key
//!   before anything else: the second waits for it, starts anew and finds it.

mod fingerprint;
mod in_flight;
mod model;
mod store;

pub use fingerprint::{RequestKey, portal_id};
pub use in_flight::{InFlight, InFlightGuard};
pub use model::{KeyRow, KeyState};
pub use store::{find, insert, list};
