//! A JSON object whose last member is a long list, written item by item.

use std::io::Write;

use serde::Serialize;

use super::Spool;
use crate::error::{ApiError, ApiResult};

/// Writes an object and then the items of its last member.
pub struct JsonWriter {
    spool: Spool,
    has_items: bool,
}

impl JsonWriter {
    /// Writes `head`, which must be an object with members, and begins the list `name` in it.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be written, or `head` is no such object.
    pub fn try_new(head: &impl Serialize, name: &str) -> ApiResult<Self> {
        let head = serde_json::to_string(head).map_err(ApiError::internal)?;
        let members = head.strip_suffix('}').filter(|members| members.len() > 1);
        let members = members.ok_or_else(|| ApiError::internal("not an object with members"))?;
        let mut spool = Spool::new();
        write!(spool, "{members},\"{name}\":[").map_err(ApiError::internal)?;
        Ok(JsonWriter {
            spool,
            has_items: false,
        })
    }

    /// Writes an item of the list.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be written.
    pub fn item(&mut self, item: &impl Serialize) -> ApiResult<()> {
        if self.has_items {
            self.spool.write_all(b",").map_err(ApiError::internal)?;
        }
        self.has_items = true;
        let item = serde_json::to_vec(item).map_err(ApiError::internal)?;
        self.spool.write_all(&item).map_err(ApiError::internal)
    }

    /// Ends list and object.
    ///
    /// # Errors
    /// 500 when the temporary file cannot be written.
    pub fn finish(mut self) -> ApiResult<Spool> {
        self.spool.write_all(b"]}").map_err(ApiError::internal)?;
        Ok(self.spool)
    }
}
