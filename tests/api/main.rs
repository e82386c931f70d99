//! The integration tests: the tree below follows the URLs. Every test has a service and a database of its own, on the
//! database that `ONACCOUNT_TEST_DATABASE` names (`./test` runs them on both).

mod agreement;
mod harness;
mod invoice_runs;
mod model;
mod plumbing;
