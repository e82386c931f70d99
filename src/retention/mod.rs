//! What goes by itself when nobody needs it any more: declines, jobs of imports, uploaded files, mails that have ended.
//!
//! Invariants, and where each is enforced:
//! - a decline, and the claim of a void on a sale that never came, stays until its sale could no longer be accepted, and some
//!   time more, and a decline of what has no time of its own for ever: a late retry is never posted ([`rules::passed_before`],
//!   [`store::delete_passed_keys`]);
//! - what was posted, with its key, and what a key made (runs, the jobs of runs and of their reversals) stays for ever: no
//!   statement here names it ([`store`]);
//! - an import that is being committed is left alone, and of one that is half deleted nothing can be committed
//!   ([`store::delete_of_abandoned_import`]);
//! - one process at a time: whoever moves the date of the chore does it ([`store::take_chore`]);
//! - a link that works goes with neither its mail nor its invitation ([`store::delete_ended_mails`]);
//! - tills go on selling: each step is one short transaction about one tenant, and a rest follows ([`sweep`]).

pub mod rules;
pub mod store;
pub mod sweep;

pub use rules::Retention;
pub use sweep::Sweeper;
