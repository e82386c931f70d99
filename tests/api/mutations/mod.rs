//! `/v1/mutations`, and what is posted to an account: limit changes, credits, reversals.

mod post;
mod report;
mod reversal;
