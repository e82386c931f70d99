//! Opaque keys of terminals and scripts, and refresh tokens: random, shown once, kept as a SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};

/// What an access key begins with, so that a leaked one is recognised.
pub const KEY_PREFIX: &str = "oak_";
/// 256 bits: not to be guessed, so an unsalted hash is enough.
const RANDOM_BYTES: usize = 32;

/// A fresh secret and what is kept of it.
pub struct NewKey {
    /// Shown once, never kept.
    pub secret: String,
    /// Kept.
    pub hash: Vec<u8>,
}

impl NewKey {
    /// Makes a key with a prefix.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn try_new(prefix: &str) -> ApiResult<Self> {
        let mut bytes = [0_u8; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(ApiError::internal)?;
        let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = key_hash(&secret);
        Ok(NewKey { secret, hash })
    }

    /// Makes an access key for a terminal or a script.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn access() -> ApiResult<Self> {
        Self::try_new(KEY_PREFIX)
    }
}

/// What is kept of a secret.
#[must_use]
pub fn key_hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
