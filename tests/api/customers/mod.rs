//! `/v1/customers`.

mod list;
mod make_and_change;
