//! Tenants: the venues of the portal, each with a number, a currency, a time zone and settings.
//!
//! Invariants: a number has one tenant (unique constraint); the currency stays from the first mutation on
//! (`http::apply`); a change names the version it was made from, and a change of another version is refused; every change
//! stands in the trail.

pub mod http;
mod model;
pub mod store;
mod texts;

pub use model::{NewTenant, TenantRow};
pub use texts::TimeZone;
