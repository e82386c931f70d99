//! Signing in and out. A session is what a person gets for a password: it has an access token of 15 minutes, a refresh
//! token that gives the next pair, and the tenant that was chosen. It ends after 30 days, at sign-out, or when it is revoked.
//!
//! Invariants: a refresh token is used once (`store::rotate` compares and replaces in one statement); using one again
//! revokes the session, because someone else may hold it, except within [`REPEAT_WAIT`] of its use and before its
//! successor was used: then the answer was lost, and it is given again, the very same one. Only hashes of refresh tokens
//! are kept. Guessing is slowed down (`auth::Throttle`), and an unknown user takes as long as a wrong password.

pub mod http;
mod model;
mod opening;
pub mod store;

use chrono::TimeDelta;

pub use model::{Session, SessionTokens};
pub use opening::Opening;

/// How long a session lives.
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(30);
/// How long after its use a refresh token may be sent again by a client whose answer was lost.
pub const REPEAT_WAIT: TimeDelta = TimeDelta::seconds(10);
