//! The integration tests: the tree below follows the URLs. Every test has a service and a database of its own, on the
//! database that `ONACCOUNT_TEST_DATABASE` names (`./test` runs them on both).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads its environment"
)]

mod accounts;
mod agreement;
mod alike;
mod cli;
mod contract;
mod customers;
mod harness;
mod imports;
mod invitations;
mod invoice_runs;
mod keys;
mod ledger;
mod load_sales;
mod mail;
mod me;
mod migrations;
mod model;
mod mutations;
mod own;
mod plumbing;
mod retention;
mod sales;
mod sessions;
mod sharing;
mod statements;
mod tenants;
mod till;
mod users;
mod verify;
