//! The data processing agreement: named versions, compiled in, and an append-only record of who accepted which.
//!
//! Invariants: a version is accepted once for a tenant (unique constraint); a record is never changed; until some version
//! is accepted nothing in a tenant works, and a new version asks people again without stopping the tills
//! (`auth::Actor::check`).

pub mod http;
mod model;
mod store;

pub use model::{Agreement, CURRENT};
