//! House accounts for tills: buy now, pay by invoice.

pub mod decimal;
pub mod invoice_runs;
pub mod money;
pub mod period;
pub mod quantity;
