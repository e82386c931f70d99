//! The secret part of a link in a mail: 256 bits that only the reader of the mail has. It is made, whenever the mail is sent, of a
//! random nonce that stands in the database and of the portal's secret, which does not: nobody reads a link out of a backup,
//! and a mail that is sent twice has the same link.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};

const NONCE_BYTES: usize = 32;

/// Makes the secret part of links.
#[derive(Clone)]
pub struct LinkTokens {
    key: Key,
}

impl LinkTokens {
    /// From the portal's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let key = Sha256::new()
            .chain_update(b"onaccount links in mails\n")
            .chain_update(secret)
            .finalize();
        LinkTokens {
            key: Key::new(HMAC_SHA256, &key),
        }
    }

    /// 256 random bits, for a new link.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn nonce() -> ApiResult<Vec<u8>> {
        let mut bytes = vec![0_u8; NONCE_BYTES];
        getrandom::fill(&mut bytes).map_err(ApiError::internal)?;
        Ok(bytes)
    }

    /// The secret part of the link of a nonce: 43 characters of `A-Za-z0-9_-`.
    #[must_use]
    pub fn token(&self, nonce: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.key, nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_of_its_nonce_and_of_its_portal() {
        let tokens = LinkTokens::new(b"a secret of at least thirty-two b");
        let (one, other) = (LinkTokens::nonce().unwrap(), LinkTokens::nonce().unwrap());
        assert_eq!(tokens.token(&one), tokens.token(&one));
        assert_eq!(tokens.token(&one).len(), 43);
        assert_ne!(tokens.token(&one), tokens.token(&other));
        let elsewhere = LinkTokens::new(b"another secret of thirty-two bytes");
        assert_ne!(tokens.token(&one), elsewhere.token(&one));
    }
}
