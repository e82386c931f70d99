//! House accounts for tills: buy now, pay by invoice.
//!
//! Read it by feature: each has `mod.rs` (what it is and what always holds), `http.rs` (handlers), `model.rs` (rows and pure
//! rules) and `store.rs` (queries). Data goes one way: route, handler, pure decision, store, database.

pub mod accounts;
pub mod agreement;
pub mod api_keys;
pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod currency;
pub mod customers;
pub mod db;
pub mod decimal;
pub mod demo;
pub mod error;
pub mod http;
pub mod id;
pub mod identifiers;
pub mod imports;
pub mod invitations;
pub mod invoice_runs;
pub mod invoices;
pub mod jobs;
pub mod ledger;
pub mod mail;
pub mod me;
pub mod metrics;
pub mod money;
pub mod mutations;
pub mod own;
pub mod period;
pub mod places;
pub mod quantity;
pub mod request_keys;
pub mod retention;
pub mod sales;
pub mod sessions;
pub mod sharing;
pub mod statements;
pub mod telemetry;
pub mod tenants;
pub mod terminals;
pub mod text;
pub mod till;
pub mod users;
pub mod verify;
