//! What a till sees: the accounts it may sell to, and its own totals of a day.

pub mod http;
mod model;
mod store;
