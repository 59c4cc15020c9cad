//! Access tokens: JSON Web Tokens (RFC 7519), signed by HMAC-SHA-256, for some minutes.

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use http::{HeaderValue, header};
use jsonwebtoken::{Algorithm, Header, Validation};
use platform::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::{Keys, SINGLE};

const ISSUER: &str = "almanac";

/// Issues and verifies tokens, once there are keys.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) keys: Keys,
    pub(crate) lifetime: TimeDelta,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    /// The session it belongs to; tokens of the version before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    iat: i64,
    exp: i64,
    iss: String,
}

/// What a token that holds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) user: UserId,
    pub(crate) session: Option<Uuid>,
}

impl Tokens {
    pub(crate) fn issue(&self, user: UserId, session: Uuid, now: DateTime<Utc>) -> Result<String, Problem> {
        let keys = self.keys.current()?;
        let (kid, key) = keys.signing(now)?;
        let claims = Claims {
            sub: user,
            sid: Some(session),
            iat: now.timestamp(),
            exp: (now + self.lifetime).timestamp(),
            iss: ISSUER.to_owned(),
        };
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(Problem::internal)
    }

    /// Whose token it is, if it is one of ours and still holds.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Access, Problem> {
        let not_valid = || invalid("The access token is not valid.");
        let keys = self.keys.current()?;
        let kid = jsonwebtoken::decode_header(token).map_err(|_| not_valid())?.kid;
        let key = keys.get(kid.as_deref().unwrap_or(SINGLE)).ok_or_else(not_valid)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Checked below, by the clock that is given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|_| not_valid())?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(invalid("The access token has expired."));
        }
        Ok(Access { user: claims.sub, session: claims.sid })
    }
}

/// RFC 6750 section 3.1.
pub(crate) fn invalid(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::unauthorized(detail).header(header::WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::EncodingKey;

    use super::*;
    use crate::keys::KeySet;

    const LATER: &str = "20260601T000000Z";

    fn tokens(keys: &[(&str, u8)]) -> Tokens {
        let tokens = Tokens { keys: Keys::default(), lifetime: TimeDelta::minutes(15) };
        install(&tokens, keys);
        tokens
    }

    fn install(tokens: &Tokens, keys: &[(&str, u8)]) {
        let keys = keys.iter().map(|(kid, letter)| ((*kid).to_owned(), text(*letter)));
        tokens.keys.install(KeySet::new(keys).unwrap());
    }

    fn text(letter: u8) -> String {
        char::from(letter).to_string().repeat(32)
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    fn somebody() -> (UserId, Uuid) {
        (UserId(Uuid::from_u128(5)), Uuid::from_u128(6))
    }

    #[test]
    fn a_token_names_its_user_and_session_for_its_time() {
        let (tokens, (user, session)) = (tokens(&[(SINGLE, b'a')]), somebody());
        let token = tokens.issue(user, session, start()).unwrap();
        let access = Access { user, session: Some(session) };
        assert_eq!(tokens.verify(&token, start()).unwrap(), access);
        let end = start() + TimeDelta::minutes(15);
        assert_eq!(tokens.verify(&token, end - TimeDelta::seconds(1)).unwrap(), access);
        assert_eq!(tokens.verify(&token, end).unwrap_err().status(), 401);
    }

    #[test]
    fn a_token_of_the_key_before_holds_as_long_as_that_key_is_kept() {
        let (tokens, (user, session)) = (tokens(&[(SINGLE, b'a')]), somebody());
        let old = tokens.issue(user, session, start()).unwrap();
        install(&tokens, &[(SINGLE, b'a'), (LATER, b'b')]);
        assert!(tokens.verify(&old, start()).is_ok());
        let after = start() + TimeDelta::days(30);
        let new = tokens.issue(user, session, after).unwrap();
        assert_eq!(jsonwebtoken::decode_header(&new).unwrap().kid.as_deref(), Some(LATER));
        install(&tokens, &[(LATER, b'b')]);
        assert!(tokens.verify(&new, after).is_ok());
        assert!(tokens.verify(&old, start()).is_err());
    }

    #[test]
    fn another_key_another_algorithm_or_another_issuer_does_not_hold() {
        let ours = tokens(&[(SINGLE, b'a')]);
        let claims = |iss: &str| Claims {
            sub: somebody().0,
            sid: None,
            iat: 0,
            exp: start().timestamp() + 60,
            iss: iss.to_owned(),
        };
        let sign = |algorithm, iss, key: u8| {
            let key = EncodingKey::from_secret(text(key).as_bytes());
            jsonwebtoken::encode(&Header::new(algorithm), &claims(iss), &key).unwrap()
        };
        // As the version before issued them: with neither kid nor session.
        let of_old = ours.verify(&sign(Algorithm::HS256, ISSUER, b'a'), start()).unwrap();
        assert_eq!(of_old, Access { user: somebody().0, session: None });
        assert!(ours.verify(&sign(Algorithm::HS256, ISSUER, b'b'), start()).is_err());
        assert!(ours.verify(&sign(Algorithm::HS512, ISSUER, b'a'), start()).is_err());
        assert!(ours.verify(&sign(Algorithm::HS256, "somebody", b'a'), start()).is_err());
        // {"alg":"none"} with the same claims and no signature.
        let body = sign(Algorithm::HS256, ISSUER, b'a');
        let body = body.split('.').nth(1).unwrap();
        assert!(ours.verify(&format!("eyJhbGciOiJub25lIn0.{body}."), start()).is_err());
    }

    #[test]
    fn without_keys_nothing_is_issued() {
        let tokens = Tokens { keys: Keys::default(), lifetime: TimeDelta::minutes(15) };
        let (user, session) = somebody();
        assert!(tokens.keys.ready().is_err());
        assert_eq!(tokens.issue(user, session, start()).unwrap_err().status(), 503);
    }
}
