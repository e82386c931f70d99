//! Passwords: argon2id, a few at a time, and the same time for a user who does not exist.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashing is slow on purpose; more at once would only starve the tills.
const AT_ONCE_MAX: usize = 2;

/// Hashes and checks passwords in a bounded number of threads.
#[derive(Clone)]
pub struct Passwords {
    hasher: Argon2<'static>,
    places: Arc<Semaphore>,
    /// Checked in the place of a user's own when there is no such user.
    decoy: Arc<str>,
}

impl Passwords {
    /// Prepares the hasher.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn try_new() -> ApiResult<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(ApiError::internal)?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hasher
            .hash_password(b"nobody has this password")
            .map_err(ApiError::internal)?
            .to_string();
        Ok(Passwords {
            hasher,
            places: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            decoy: decoy.into(),
        })
    }

    /// The hash to keep, in PHC form. Takes tens of milliseconds: only on a thread that may wait.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn hash_blocking(&self, password: &str) -> ApiResult<String> {
        self.hasher
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(ApiError::internal)
    }

    /// [`Passwords::hash_blocking`] in its turn, on a thread of its own.
    ///
    /// # Errors
    /// As there; 503 when the server is stopping.
    pub async fn hash(&self, password: String) -> ApiResult<String> {
        let this = self.clone();
        self.in_turn(move || this.hash_blocking(&password)).await
    }

    /// Whether `password` is the one that `hash` was made of; without a hash it is not, after the same time.
    ///
    /// # Errors
    /// 503 when the server is stopping.
    pub async fn verify(&self, password: String, hash: Option<String>) -> ApiResult<bool> {
        let this = self.clone();
        self.in_turn(move || {
            let against = hash.as_deref().unwrap_or(&this.decoy);
            let is_right = this.hasher.verify_password(password.as_bytes(), against).is_ok();
            Ok(is_right && hash.is_some())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> ApiResult<T> + Send + 'static) -> ApiResult<T> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_closed| ApiError::shutting_down())?;
        crate::db::on_blocking_thread(work).await
    }
}
