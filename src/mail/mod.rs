//! Outgoing mail. Whoever causes a mail puts it into the outbox in the transaction of its cause ([`enqueue`]), so that neither
//! stands without the other; a [`PostOffice`] sends what is due, and nobody waits for it.
//!
//! Invariants: nothing is ever sent to a fictional address ([`Recipient`] cannot be made of one); a mail is sent at least once, and
//! every copy of it has the same Message-ID and the same text; of two processes that work on a mail only the one with the last
//! claim writes what came of it (fencing token); no transaction is open while a server is spoken to; what a secret link is made
//! of is gone from the database as soon as the mail has ended (a CHECK).

mod model;
mod native;
mod office;
mod postman;
mod store;
mod texts;
mod transport;

pub use model::{Letter, MailKind, MailRow, MailStatus, NewMail, Recipient};
pub use office::PostOffice;
pub use postman::{Postman, Round};
pub use store::{enqueue, void};
pub use transport::{MailTransport, MailUrl, SendError};
