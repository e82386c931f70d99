//! Users: people who sign in. A user is known in the whole portal by one e-mail address and has roles per tenant.
//!
//! Invariants: an e-mail address (in lower case) has one user (unique constraint); a tenant keeps an active director
//! (`http::set_user_roles`, under the tenant's lock); who a user is (name, language) is changed by a tenant's director only
//! while the user belongs to that tenant alone and does not manage the portal, and a password is changed by nobody but its
//! owner (or at the command line). A user who exists is granted roles in another tenant by a portal administrator only: a director may have chosen
//! the first password of a user of theirs, and must not get into another tenant with it. Portal administrators are made at
//! the command line.

pub mod http;
mod model;
pub mod store;

pub use model::{Membership, NewUserRow, UserLanguage, UserRow, email_key, role_words};
