//! Sales, refunds and voids: what tills post. The rules are the ledger's; here is their form on the wire.
//!
//! What always holds, and where it is kept:
//! - The lines of a sale add up to its amount: `requests`, before anything is posted.
//! - Sales of a batch are posted in their order, and one that cannot be posted does not touch the others: `batch`.
//! - A till's answer is final: a declined sale stays declined under its key (`request_keys`).

pub mod batch;
pub mod http;
mod model;
mod requests;
mod store;

pub use model::{PostedBy, SaleLine};
pub use requests::{
    BatchSale, Category, NewLine, NewRefund, NewRefundLine, NewRefundWithoutSale, NewSale, NewSaleBatch, NewVoid,
    ProductCode, ProductName, TillText,
};
