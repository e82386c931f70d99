//! Mutations: the ledger's entries as people see them, and what people post: limit changes, credits, reversals. The rules are
//! the ledger's.

mod export;
pub mod http;
mod model;
mod native;
mod store;

pub use http::{accepted, created, mutation_created};
pub use model::Mutation;
