//! `onaccount demo`: the whole story, told over HTTP on a fresh embedded database.
//!
//! It asks the service what any client could ask, and checks each answer against what the rules say: the demo fails when
//! the service does.

mod narrator;
mod story;
mod trade;

pub use narrator::Narrator;
pub use story::{Cast, Ending, Error, tell};
