//! A customer's way to their own access: an invitation by mail, whose link works once.
//!
//! Invariants: a customer has at most one open invitation (a partial unique index), and an invitation ends as accepted or void; of a
//! link only its SHA-256 is kept; a link works until it expires, and only while the customer still has the e-mail address that it was
//! sent to (`store::find_open`); a customer has at most one user (primary key of `customer_users`), customers with one e-mail
//! address share theirs; a user with linked customers has the role `customer`, in the same transactions; `customers.access`
//! tells how far a customer is, and every change of it raises the customer's version.

mod accept;
pub mod http;
mod invite;
mod model;
mod native;
mod store;

pub use model::{CustomerAccess, InvitationToken};
pub use store::{list_customers_of, mail_ended, withdraw_user};
