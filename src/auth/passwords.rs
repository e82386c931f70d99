//! Passwords: argon2id, a few at a time, and the same time for a user who does not exist.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{ApiError, ApiResult};
use crate::places::Places;

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashing is slow on purpose; more at once would only starve the tills.
const AT_ONCE_MAX: usize = 2;
/// More than this many waiting for their turn: a flood, answered with 503.
const WAITING_MAX: usize = 50;

/// A password, as it is typed: 10 to 200 characters, any. Normalised (NFKC), so that it is the same on every keyboard, and
/// never shown, not even in a log.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    /// The fewest characters of a password.
    pub const LENGTH_MIN: usize = 10;
    /// The most.
    pub const LENGTH_MAX: usize = 200;

    /// Checks its length in characters.
    ///
    /// # Errors
    /// What was expected.
    pub fn try_new(text: &str) -> Result<Self, &'static str> {
        if (Self::LENGTH_MIN..=Self::LENGTH_MAX).contains(&text.chars().count()) {
            let normalised = icu_normalizer::ComposingNormalizerBorrowed::new_nfkc().normalize(text);
            Ok(Password(normalised.into_owned()))
        } else {
            Err("expected a password of 10 to 200 characters")
        }
    }
}

impl TryFrom<String> for Password {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_new(&text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .min_length(Some(Self::LENGTH_MIN))
            .max_length(Some(Self::LENGTH_MAX))
            .examples([serde_json::json!("correct horse battery")])
            .into()
    }
}

impl ToSchema for Password {}

/// Hashes and checks passwords in a bounded number of threads.
#[derive(Clone)]
pub struct Passwords {
    hasher: Argon2<'static>,
    places: Places,
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
            places: Places::new(AT_ONCE_MAX, WAITING_MAX, "too many passwords wait to be checked"),
            decoy: decoy.into(),
        })
    }

    /// The hash to keep, in PHC form. Takes tens of milliseconds: only on a thread that may wait.
    ///
    /// # Errors
    /// Only when the machine has no randomness.
    pub fn hash_blocking(&self, password: &Password) -> ApiResult<String> {
        self.hasher
            .hash_password(password.0.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(ApiError::internal)
    }

    /// [`Passwords::hash_blocking`] in its turn, on a thread of its own.
    ///
    /// # Errors
    /// As there; 503 when too many wait or the server is stopping.
    pub async fn hash(&self, password: Password) -> ApiResult<String> {
        let this = self.clone();
        self.places.in_turn(move || this.hash_blocking(&password)).await
    }

    /// Whether `password` is the one that `hash` was made of; without a hash it is not, after the same time.
    ///
    /// # Errors
    /// 503 when too many wait or the server is stopping.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> ApiResult<bool> {
        let this = self.clone();
        let check = move || {
            let against = hash.as_deref().unwrap_or(&this.decoy);
            let is_right = this.hasher.verify_password(password.0.as_bytes(), against).is_ok();
            Ok(is_right && hash.is_some())
        };
        self.places.in_turn(check).await
    }
}
