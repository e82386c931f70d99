//! Terminals: the tills of a tenant, each with keys of its own.
//!
//! Invariants: a name has one terminal in a tenant (unique constraint); a terminal's key has the till's permissions and no
//! others; a terminal that is not active, or a key that is revoked, opens nothing (`auth::store::find_key`).

pub mod http;
mod model;
mod store;
