//! Cursors of lists, sealed: whoever has one can go on with the list that it came from, and nothing else can be made of it.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cursor, PageLimit, PageRequest};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

/// HMAC-SHA-256.
const SEAL_BYTES: usize = 32;

/// Seals cursors, with a key that follows from the portal's secret: every process opens what another one sealed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cursors {
    key: hmac::Key,
}

impl Cursors {
    /// From the portal's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let of_portal = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let key = hmac::sign(&of_portal, b"onaccount cursors\n");
        Cursors {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()),
        }
    }

    /// Reads limit and cursor of a request for a page. `filters` is everything else that chooses the list; `K` is what the list
    /// is sorted by.
    ///
    /// # Errors
    /// 400 `bad_cursor`, also for one of another list, other filters or another tenant.
    pub fn page<K: Serialize + DeserializeOwned>(
        &self,
        tenant_id: Id,
        list: &str,
        filters: &impl Serialize,
        limit: Option<PageLimit>,
        cursor: Option<&Cursor>,
    ) -> ApiResult<PageRequest<K>> {
        let filters = serde_json::to_string(filters).map_err(ApiError::internal)?;
        let scope = Scope {
            cursors: self.clone(),
            of: format!("{tenant_id}\n{list}\n{filters}\n"),
        };
        let after = cursor.map(|cursor| scope.open(cursor)).transpose()?;
        Ok(PageRequest::new(scope, after, limit))
    }
}

/// What a cursor belongs to: a list of a tenant with its filters.
#[derive(Debug, Clone)]
pub struct Scope {
    cursors: Cursors,
    of: String,
}

impl Scope {
    /// The cursor that goes on after this key: its seal, and the key as JSON.
    pub(super) fn seal(&self, after: &impl Serialize) -> ApiResult<String> {
        let json = serde_json::to_string(after).map_err(ApiError::internal)?;
        let seal = hmac::sign(&self.cursors.key, &self.sealed(json.as_bytes()));
        Ok(URL_SAFE_NO_PAD.encode([seal.as_ref(), json.as_bytes()].concat()))
    }

    fn open<K: DeserializeOwned>(&self, cursor: &Cursor) -> ApiResult<K> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor.as_str()).ok();
        let after = bytes.as_deref().and_then(|bytes| {
            let (seal, json) = bytes.split_at_checked(SEAL_BYTES)?;
            hmac::verify(&self.cursors.key, &self.sealed(json), seal).ok()?;
            serde_json::from_slice(json).ok()
        });
        after.ok_or_else(|| ApiError::new(Code::BadCursor))
    }

    fn sealed(&self, json: &[u8]) -> Vec<u8> {
        [self.of.as_bytes(), json].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Key = (String, Id);

    fn page(secret: &str, filters: &str, cursor: Option<&Cursor>) -> ApiResult<PageRequest<Key>> {
        Cursors::new(secret.as_bytes()).page(Id::NIL, "accounts", &filters, None, cursor)
    }

    fn cursor_of(secret: &str, filters: &str) -> Cursor {
        let after = ("zoë".to_owned(), Id::NIL);
        Cursor::try_new(page(secret, filters, None).unwrap().cursor_after(after).unwrap()).unwrap()
    }

    #[test]
    fn a_cursor_holds_for_its_own_list_and_portal_only() {
        let cursor = cursor_of("secret", "a");
        let again = page("secret", "a", Some(&cursor)).unwrap();
        assert_eq!(again.after, Some(("zoë".to_owned(), Id::NIL)));
        for (secret, filters) in [("secret", "b"), ("other", "a")] {
            let refused = page(secret, filters, Some(&cursor)).unwrap_err();
            assert_eq!(refused.code(), Code::BadCursor, "{secret} {filters}");
        }
    }

    #[test]
    fn a_cursor_that_somebody_changed_is_refused() {
        let cursor = cursor_of("secret", "a");
        let bytes = URL_SAFE_NO_PAD.decode(cursor.as_str()).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = Cursor::try_new(URL_SAFE_NO_PAD.encode(changed)).unwrap();
            let refused = page("secret", "a", Some(&changed)).unwrap_err();
            assert_eq!(refused.code(), Code::BadCursor, "byte {place}");
        }
        let short = Cursor::try_new(URL_SAFE_NO_PAD.encode(&bytes[..20])).unwrap();
        assert!(page("secret", "a", Some(&short)).is_err());
    }
}
