//! `/v1/sales` and `/v1/refunds`.

mod batch;
mod early_void;
mod idempotency;
mod offline;
mod post;
mod refunds;
mod void;
