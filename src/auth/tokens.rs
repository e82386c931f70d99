//! Tokens of users: a refresh token that is used once, and access tokens: short JWTs that name a session. What the session may do is looked up, so that a revoked session or a
//! lowered role works at once.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

const ISSUER: &str = "onaccount";
const ACCESS_AUDIENCE: &str = "onaccount-api";
const REFRESH_AUDIENCE: &str = "onaccount-refresh";
/// How long an access token lives, in seconds.
pub const ACCESS_TOKEN_LIFE_S: i64 = 15 * 60;
/// Clocks of two of our own processes differ by no more than this.
const LEEWAY_S: i64 = 5;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    iss: String,
    aud: String,
    /// The user.
    pub sub: Id,
    /// The session.
    pub sid: Id,
    iat: i64,
    exp: i64,
}

/// What a refresh token says. The tokens of a session are numbered, and a number has one token: whoever asks again for the
/// successor of the same token gets the same one. It works only while its hash stands in the session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshClaims {
    iss: String,
    aud: String,
    /// The user.
    pub sub: Id,
    /// The session.
    pub sid: Id,
    /// Which of the session's refresh tokens it is.
    number: u64,
    /// When the session ends.
    exp: i64,
}

/// Signs and checks tokens with the portal's secret (HS256; no other algorithm is accepted).
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access: Validation,
    refresh: Validation,
}

impl Tokens {
    /// From the portal's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Tokens {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            access: validation(ACCESS_AUDIENCE),
            refresh: validation(REFRESH_AUDIENCE),
        }
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// Never in practice.
    pub fn issue(&self, user_id: Id, session_id: Id, now: Timestamp) -> ApiResult<String> {
        let iat = now.unix_seconds();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: ACCESS_AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_id,
            iat,
            exp: iat.saturating_add(ACCESS_TOKEN_LIFE_S),
        };
        self.sign(&claims)
    }

    /// What an access token says, when it is ours and still holds.
    ///
    /// # Errors
    /// 401 `unauthorized`.
    pub fn check(&self, token: &str, now: Timestamp) -> ApiResult<AccessClaims> {
        let claims: AccessClaims = self
            .read(token, &self.access)
            .ok_or_else(|| refused("the access token is not one of this portal"))?;
        if has_expired(claims.exp, now) {
            return Err(refused(
                "the access token has expired: get a new one with the refresh token",
            ));
        }
        Ok(claims)
    }

    /// The first refresh token of a session that ends at `expires_at`.
    ///
    /// # Errors
    /// Never in practice.
    pub fn first_refresh(&self, user_id: Id, session_id: Id, expires_at: Timestamp) -> ApiResult<String> {
        self.sign(&RefreshClaims {
            iss: ISSUER.to_owned(),
            aud: REFRESH_AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_id,
            number: 1,
            exp: expires_at.unix_seconds(),
        })
    }

    /// The refresh token that follows this one.
    ///
    /// # Errors
    /// Never in practice.
    pub fn next_refresh(&self, claims: &RefreshClaims) -> ApiResult<String> {
        let number = claims.number.saturating_add(1);
        self.sign(&RefreshClaims {
            number,
            ..claims.clone()
        })
    }

    /// What a refresh token says, when it is ours and its session has not ended. Whether it was used, the session knows.
    ///
    /// # Errors
    /// 401 `unauthorized`.
    pub fn check_refresh(&self, token: &str, now: Timestamp) -> ApiResult<RefreshClaims> {
        let claims: Option<RefreshClaims> = self.read(token, &self.refresh);
        claims.filter(|claims| !has_expired(claims.exp, now)).ok_or_else(|| {
            refused("the refresh token is not one of this portal, or its session has ended: sign in again")
        })
    }

    fn sign(&self, claims: &impl Serialize) -> ApiResult<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding).map_err(ApiError::internal)
    }

    fn read<C: DeserializeOwned + Clone>(&self, token: &str, validation: &Validation) -> Option<C> {
        let data = jsonwebtoken::decode::<C>(token, &self.decoding, validation);
        data.ok().map(|data| data.claims)
    }
}

fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // Our own clock decides, so that a test may set it; `has_expired` compares.
    validation.validate_exp = false;
    validation
}

fn has_expired(exp: i64, now: Timestamp) -> bool {
    exp.saturating_add(LEEWAY_S) < now.unix_seconds()
}

fn refused(why: &'static str) -> ApiError {
    ApiError::new(Code::Unauthorized).detail(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone, Utc};

    #[test]
    fn a_token_holds_for_its_portal_and_its_time() {
        let now = Timestamp::new(Utc.with_ymd_and_hms(2026, 10, 1, 12, 0, 0).unwrap());
        let tokens = Tokens::new(b"a secret of at least thirty-two b");
        let token = tokens.issue(Id::NIL, Id::NIL, now).unwrap();
        assert_eq!(tokens.check(&token, now).unwrap().sid, Id::NIL);
        let later = now.plus(TimeDelta::seconds(ACCESS_TOKEN_LIFE_S + 6));
        assert_eq!(tokens.check(&token, later).unwrap_err().code(), Code::Unauthorized);
        let other = Tokens::new(b"another secret of thirty-two bytes");
        assert_eq!(other.check(&token, now).unwrap_err().code(), Code::Unauthorized);
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let now = Timestamp::new(Utc.with_ymd_and_hms(2026, 10, 1, 12, 0, 0).unwrap());
        let tokens = Tokens::new(b"a secret of at least thirty-two b");
        let token = tokens.issue(Id::NIL, Id::NIL, now).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert_eq!(tokens.check(&unsigned, now).unwrap_err().code(), Code::Unauthorized);
    }

    #[test]
    fn a_refresh_token_is_no_access_token_and_has_one_successor() {
        let now = Timestamp::new(Utc.with_ymd_and_hms(2026, 10, 1, 12, 0, 0).unwrap());
        let tokens = Tokens::new(b"a secret of at least thirty-two b");
        let first = tokens
            .first_refresh(Id::NIL, Id::NIL, now.plus(TimeDelta::days(30)))
            .unwrap();
        assert_eq!(tokens.check(&first, now).unwrap_err().code(), Code::Unauthorized);
        let access = tokens.issue(Id::NIL, Id::NIL, now).unwrap();
        assert_eq!(
            tokens.check_refresh(&access, now).unwrap_err().code(),
            Code::Unauthorized
        );
        let claims = tokens.check_refresh(&first, now).unwrap();
        let second = tokens.next_refresh(&claims).unwrap();
        assert_ne!(first, second);
        assert_eq!(tokens.next_refresh(&claims).unwrap(), second);
        let later = now.plus(TimeDelta::days(31));
        assert_eq!(
            tokens.check_refresh(&first, later).unwrap_err().code(),
            Code::Unauthorized
        );
    }
}
