//! What a customer sees of their own: accounts, statements, documents, and nothing else. Who asks is a user whose customers were
//! linked by invitations, or somebody of the tenant who looks at it as one customer (`viewing`): such a session only reads, lasts as
//! long as one access token, and stands in the customer's trail.
//!
//! Invariants: everything here needs the permission `own.read`, which only the role `customer` has, and is looked for among what
//! belongs to [`customers_of`] who asks; anything else does not exist (404).

pub mod http;
mod model;
mod store;
pub mod viewing;

pub use model::CustomerLinks;
pub use store::customers_of;
