//! Tests of the service from the outside, in the tree of its URLs.

mod invoice_runs;
mod model;
