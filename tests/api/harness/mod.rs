//! A running service with a venue in it, and actors who can ask it things: `venue.clerk.get("/v1/customers")`.

mod builders;
mod client;
mod database;
pub mod money;
mod statements;
mod venue;

pub use builders::{TestAccount, walk};
pub use client::{Actor, Answer};
pub use database::{Away, TestDatabase};
pub use venue::{Service, Venue};

use chrono::{DateTime, Utc};
use onaccount::clock::Timestamp;

/// A Thursday noon in Amsterdam: where every test's clock stands unless the test moves it.
pub const NOON: &str = "2026-10-15T10:00:00Z";

/// An instant by its RFC 3339 form.
pub fn at(text: &str) -> Timestamp {
    Timestamp::new(text.parse::<DateTime<Utc>>().unwrap())
}

/// A fresh key for a request that moves money.
pub fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}
