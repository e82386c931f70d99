//! The trail of what is not money: who changed which field of what, when, from what to what.
//!
//! Invariants: entries are only ever inserted (this module has no other statement); they are written in the transaction
//! of the change itself, so that neither stands without the other; an entry belongs to one tenant, or to the portal as a
//! whole ([`PORTAL`]).
//!
//! ```text
//! let changes = Changes::new().field("name", &old.name, &new.name).field("is_active", old.is_active, new.is_active);
//! audit::record(connection, &clock, &Author::of(&actor), Subject::new(SubjectKind::Terminal, id), &changes)?;
//! ```

mod model;
mod native;
mod store;

pub use model::{AuditEntry, Author, Change, Changes, PORTAL, Subject, SubjectKind};
pub use store::{list, record, record_all};
