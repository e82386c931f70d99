//! Sales, refunds and voids: what tills post. The rules are the ledger's; here is their form on the wire.
//!
//! What always holds, and where it is kept:
//! - The lines of a sale add up to its amount: `requests`, before anything is posted.
//! - A till's answer is final: a declined sale stays declined under its key (`request_keys`).

pub mod http;
mod model;
mod requests;
mod store;

pub use model::{PostedBy, SaleLine};
pub use requests::{
    Category, NewLine, NewRefund, NewRefundLine, NewRefundWithoutSale, NewSale, NewVoid, ProductCode, ProductName,
    TillText,
};
