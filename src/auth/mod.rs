//! Who is asking, and what they may do.
//!
//! A request carries a JWT (a user's session) or an opaque key (a terminal's or a script's). [`authenticate`] finds the
//! actor once, at the edge; a handler then demands a permission by its signature: `actor: Allowed<can::LimitsChange>`.
//! Which operation needs what stands in one table, [`operations::OPERATIONS`], which a test compares with the contract
//! and with how the server behaves.

mod actor;
mod cache;
mod extract;
mod keys;
mod link_tokens;
mod lookup;
pub mod operations;
mod passwords;
mod permissions;
mod store;
mod throttle;
mod tokens;

pub use actor::{Actor, ActorKind, AgreementState, TenantContext};
pub use cache::ActorCache;
pub use extract::{Allowed, Anyone, SignedIn, SignedInUser, authenticate};
pub use keys::{NewKey, key_hash};
pub use link_tokens::LinkTokens;
pub use lookup::actor_of_session;
pub use passwords::{Password, Passwords};
pub use permissions::{Demand, Permission, PermissionSet, Role, TERMINAL, can};
pub use store::{ActorRow, find_tenant, find_user_actor_parts, permissions_of};
pub use throttle::{Attempt, Throttle};
pub use tokens::{ACCESS_TOKEN_LIFE_S, AccessClaims, RefreshClaims, Tokens};
