//! `/v1/sales` and `/v1/refunds`.

mod idempotency;
mod offline;
mod post;
mod refunds;
mod void;
