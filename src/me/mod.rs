//! Who is asking, as a frontend needs it: name, tenant, roles, permissions. And what people change of themselves.

pub mod http;
mod model;

pub use model::{Me, describe};
