//! What makes two requests the same: operation, path parameters and typed body.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};
use crate::http::IdempotencyKey;
use crate::id::Id;

/// Which way of hashing [`RequestKey::try_new`] uses; it stands beside every hash, so that another may follow.
pub const HASH_VERSION: i32 = 1;

/// A sale of two lines takes less.
const TEXT_BYTES_USUAL: usize = 1_024;

/// A request under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's key, which becomes the id of what is made.
    pub key: Id,
    /// The operation's id in the contract.
    pub operation: &'static str,
    /// SHA-256 of the request by [`HASH_VERSION`].
    pub hash: Vec<u8>,
}

impl RequestKey {
    /// Takes the fingerprint of a request. White space, the order of keys, and fields that are left out or null make no
    /// difference; neither do fields that hold their default, which the body's type leaves out when it is written.
    ///
    /// # Errors
    /// Never in practice: a body that cannot be written as JSON.
    pub fn try_new(
        key: IdempotencyKey,
        operation: &'static str,
        path: &impl Serialize,
        body: &impl Serialize,
    ) -> ApiResult<Self> {
        let mut text = Vec::with_capacity(TEXT_BYTES_USUAL);
        text.extend_from_slice(operation.as_bytes());
        for part in [serde_json::to_value(path), serde_json::to_value(body)] {
            text.push(b'\n');
            let part = part.map_err(ApiError::internal)?;
            write_canonical(&part, &mut text).map_err(ApiError::internal)?;
        }
        Ok(Self {
            key: key.0,
            operation,
            hash: Sha256::digest(&text).to_vec(),
        })
    }

    /// The id of a thing that a tenant's request makes and that is unique among all tenants. It follows from both, so that
    /// the same request finds it again, and no request of another tenant has it. It sorts where the key does.
    #[must_use]
    pub fn portal_id(&self, tenant_id: Id) -> Id {
        portal_id(tenant_id, self.key)
    }
}

/// [`RequestKey::portal_id`] of a key.
#[must_use]
pub fn portal_id(tenant_id: Id, key: Id) -> Id {
    let digest = Sha256::new()
        .chain_update(tenant_id.uuid().as_bytes())
        .chain_update(key.uuid().as_bytes())
        .finalize();
    let mut bytes = *key.uuid().as_bytes();
    for (byte, of_digest) in bytes.iter_mut().zip(digest).skip(8) {
        *byte = of_digest;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

/// JSON with sorted keys, without nulls, without white space.
fn write_canonical(value: &Value, text: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            text.push(b'{');
            for (name, value) in members {
                serde_json::to_writer(&mut *text, name)?;
                text.push(b':');
                write_canonical(value, text)?;
                text.push(b',');
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for item in items {
                write_canonical(item, text)?;
                text.push(b',');
            }
            text.push(b']');
        }
        scalar => serde_json::to_writer(&mut *text, scalar)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hash(operation: &'static str, path: &Value, body: &Value) -> Vec<u8> {
        RequestKey::try_new(IdempotencyKey(Id::NIL), operation, path, body)
            .unwrap()
            .hash
    }

    #[test]
    fn order_and_absence_make_no_difference() {
        let path = json!({"account_id": "a"});
        let request = hash("post_sale", &path, &json!({"a": 1, "b": {"c": 2, "d": null}}));
        assert_eq!(
            request,
            hash("post_sale", &path, &json!({"b": {"c": 2}, "e": null, "a": 1}))
        );
    }

    #[test]
    fn the_same_key_of_two_tenants_makes_two_portal_ids() {
        let (one, two) = (Id::from(uuid::Uuid::from_u128(1)), Id::from(uuid::Uuid::from_u128(2)));
        let request = |key| RequestKey::try_new(IdempotencyKey(key), "post_sale", &(), &()).unwrap();
        assert_eq!(request(one).portal_id(two), request(one).portal_id(two));
        assert_ne!(request(one).portal_id(one), request(one).portal_id(two));
        assert_ne!(request(one).portal_id(two), request(two).portal_id(two));
        assert_eq!(request(one).portal_id(two).uuid().get_version_num(), 8);
    }

    #[test]
    fn everything_else_does() {
        let path = json!({"account_id": "a"});
        let request = hash("post_sale", &path, &json!({"a": ["1", "2"]}));
        for other in [
            hash("post_refund", &path, &json!({"a": ["1", "2"]})),
            hash("post_sale", &json!({"account_id": "b"}), &json!({"a": ["1", "2"]})),
            hash("post_sale", &path, &json!({"a": ["2", "1"]})),
            hash("post_sale", &path, &json!({"a": ["1,2"]})),
            hash("post_sale", &path, &json!({"b": ["1", "2"]})),
        ] {
            assert_ne!(request, other);
        }
    }
}
