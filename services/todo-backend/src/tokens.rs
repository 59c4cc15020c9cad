//! Access tokens: JSON Web Tokens (RFC 7519), signed by HMAC-SHA-256.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use http::{HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use platform::Problem;
use serde::{Deserialize, Serialize};

const ISSUER: &str = "almanac";
const LIFETIME: TimeDelta = TimeDelta::days(7);
/// RFC 7518 section 3.2: a key at least as long as the hash.
const SHORTEST_KEY: usize = 32;

/// Issues and verifies tokens, once it has its key.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<OnceLock<Keys>>);

struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    iat: i64,
    exp: i64,
    iss: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the signing key has {0} bytes; it needs at least {SHORTEST_KEY}")]
pub(crate) struct KeyTooShort(usize);

impl Tokens {
    /// Sets the key; the first one stays.
    pub(crate) fn install(&self, key: &[u8]) -> Result<(), KeyTooShort> {
        if key.len() < SHORTEST_KEY {
            return Err(KeyTooShort(key.len()));
        }
        self.0.get_or_init(|| Keys {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
        });
        Ok(())
    }

    pub(crate) fn ready(&self) -> Result<(), String> {
        self.0.get().map(|_| ()).ok_or_else(|| "not fetched from the secret store yet".to_owned())
    }

    pub(crate) fn issue(&self, user: UserId, now: DateTime<Utc>) -> Result<String, Problem> {
        let claims = Claims {
            sub: user,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
            iss: ISSUER.to_owned(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.keys()?.encoding)
            .map_err(Problem::internal)
    }

    /// Whose token it is, if it is one of ours and still holds.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<UserId, Problem> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Checked below, by the clock that is given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.keys()?.decoding, &validation)
            .map_err(|_| invalid("The access token is not valid."))?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(invalid("The access token has expired."));
        }
        Ok(claims.sub)
    }

    fn keys(&self) -> Result<&Keys, Problem> {
        self.0.get().ok_or_else(|| Problem::unavailable("The service is starting."))
    }
}

/// RFC 6750 section 3.1.
pub(crate) fn invalid(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::unauthorized(detail).header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &[u8; 32]) -> Tokens {
        let tokens = Tokens::default();
        tokens.install(key).unwrap();
        tokens
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    #[test]
    fn a_token_names_its_user_for_seven_days() {
        let (tokens, user) = (tokens(&[7; 32]), UserId(uuid::Uuid::from_u128(5)));
        let token = tokens.issue(user, start()).unwrap();
        assert_eq!(tokens.verify(&token, start()).unwrap(), user);
        assert_eq!(tokens.verify(&token, start() + LIFETIME - TimeDelta::seconds(1)).unwrap(), user);
        assert_eq!(tokens.verify(&token, start() + LIFETIME).unwrap_err().status(), 401);
    }

    #[test]
    fn another_key_another_algorithm_or_another_issuer_does_not_hold() {
        let ours = tokens(&[7; 32]);
        let claims = |iss: &str| Claims {
            sub: UserId(uuid::Uuid::from_u128(5)),
            iat: 0,
            exp: start().timestamp() + 60,
            iss: iss.to_owned(),
        };
        let sign = |algorithm, iss, key: &[u8]| {
            jsonwebtoken::encode(&Header::new(algorithm), &claims(iss), &EncodingKey::from_secret(key))
                .unwrap()
        };
        assert!(ours.verify(&sign(Algorithm::HS256, ISSUER, &[7; 32]), start()).is_ok());
        assert!(ours.verify(&sign(Algorithm::HS256, ISSUER, &[8; 32]), start()).is_err());
        assert!(ours.verify(&sign(Algorithm::HS512, ISSUER, &[7; 32]), start()).is_err());
        assert!(ours.verify(&sign(Algorithm::HS256, "somebody", &[7; 32]), start()).is_err());
        // {"alg":"none"} with the same claims and no signature.
        let body = sign(Algorithm::HS256, ISSUER, &[7; 32]);
        let body = body.split('.').nth(1).unwrap();
        assert!(ours.verify(&format!("eyJhbGciOiJub25lIn0.{body}."), start()).is_err());
    }

    #[test]
    fn without_a_key_nothing_is_issued_and_a_short_one_is_refused() {
        let tokens = Tokens::default();
        assert!(tokens.ready().is_err());
        assert_eq!(tokens.issue(UserId(uuid::Uuid::nil()), start()).unwrap_err().status(), 503);
        assert!(tokens.install(b"short").is_err());
    }
}
