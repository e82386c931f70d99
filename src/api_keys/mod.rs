//! Opaque keys: of scripts (here) and of terminals (`terminals`, which uses this store).
//!
//! Invariants: a key belongs to one tenant and works in no other; its secret is shown once and only its SHA-256 is kept; it
//! never has a permission that makes or unmakes rights (`auth::Permission::is_for_keys`, checked when it is made and again
//! whenever it is used); a revoked key stays revoked.

pub mod http;
mod model;
pub mod store;

pub use model::{KeyRow, NewKeyRow};
