//! HTTP as the contract has it: validated bodies and queries, pages, idempotency keys, ETags, languages and problems.
//! Features use the extractors of this module and never read a request by hand.

pub mod boundary;
mod contract;
mod cursors;
mod etag;
mod examples;
mod failures;
pub mod headers;
mod idempotency;
mod json;
mod language;
mod links;
mod list;
mod negotiation;
pub mod openapi;
mod pace;
mod page;
mod parameters;
mod patch;
mod path;
pub mod problem_pages;
mod query;
mod strict;
pub mod table;
pub mod waiting;

pub use contract::{Contract, check_method, method_not_allowed};
pub use cursors::Cursors;
pub use etag::{IfMatch, IfMatchOptional, etag, respond_versioned};
pub use idempotency::IdempotencyKey;
pub use json::{BODY_BYTES_MAX, ValidJson, parse_valid};
pub use language::{Language, preferred_language};
pub use list::{CommaList, Direction, PageQuery};
pub use negotiation::TableFormat;
pub use page::{Cursor, Page, PageLimit, PageRequest};
pub use patch::{Patch, not_null};
pub use path::path_config;
pub use query::{TableQuery, ValidQuery, period_of};
