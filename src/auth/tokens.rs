//! Access tokens: short JWTs that name a session. What the session may do is looked up, so that a revoked session or a
//! lowered role works at once.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

const ISSUER: &str = "onaccount";
const AUDIENCE: &str = "onaccount-api";
/// How long an access token lives, in seconds.
pub const ACCESS_TOKEN_LIFE_S: i64 = 15 * 60;
/// Clocks of two of our own processes differ by no more than this.
const LEEWAY_S: u64 = 5;

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

/// Signs and checks access tokens with the portal's secret (HS256; no other algorithm is accepted).
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Tokens {
    /// From the portal's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        validation.leeway = LEEWAY_S;
        // Our own clock decides, so that a test may set it; `check` compares.
        validation.validate_exp = false;
        Tokens {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// A token for a session.
    ///
    /// # Errors
    /// Never in practice.
    pub fn issue(&self, user_id: Id, session_id: Id, now: Timestamp) -> ApiResult<String> {
        let iat = now.unix_seconds();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_id,
            iat,
            exp: iat.saturating_add(ACCESS_TOKEN_LIFE_S),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(ApiError::internal)
    }

    /// What a token says, when it is ours and still holds.
    ///
    /// # Errors
    /// 401 `unauthorized`.
    pub fn check(&self, token: &str, now: Timestamp) -> ApiResult<AccessClaims> {
        let refused = |why: &'static str| ApiError::new(Code::Unauthorized).detail(why);
        let data = jsonwebtoken::decode::<AccessClaims>(token, &self.decoding, &self.validation)
            .map_err(|_| refused("the access token is not one of this portal"))?;
        let leeway = i64::try_from(LEEWAY_S).unwrap_or(0);
        if data.claims.exp.saturating_add(leeway) < now.unix_seconds() {
            return Err(refused(
                "the access token has expired: get a new one with the refresh token",
            ));
        }
        Ok(data.claims)
    }
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
}
