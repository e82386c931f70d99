//! Long work that goes on after its request was answered: invoice runs and their reversals.
//!
//! A job is a row; a worker of any process that serves the database takes it. Invariants, and where each is enforced:
//! - one worker at a time: a lease with a fencing token that every claim raises; a chunk begins by renewing it and writes
//!   nothing when it is lost ([`store::renew`]); a long one that tells how far it is meanwhile ([`live`]) ends with that instead;
//! - the jobs of a tenant go one after another, in the order in which they were asked for ([`store::find_claimable`]);
//! - a crash loses no work and repeats none: a chunk's writes and the job's progress are one transaction, and the next
//!   chunk is found in the data, so any process goes on where the last one stopped;
//! - cancelling and shutting down take effect between two chunks ([`worker`]).

pub mod http;
pub mod live;
pub mod model;
pub mod store;
mod wait;
pub mod worker;

pub use live::LiveProgress;
pub use model::{Job, JobKind, JobStatus, Lease};
pub use wait::{Bell, PreferWait, wait_until_final};
pub use worker::{Services, Step, Work, Worker, Workers};
