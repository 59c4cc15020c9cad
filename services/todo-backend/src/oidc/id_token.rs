//! Whether an ID token holds (OpenID Connect Core 1.0 section 3.1.3.7).

use chrono::{DateTime, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;

/// Clocks differ by so many seconds.
const SKEW: i64 = 60;
/// Signed with a key that only the provider has. So neither `none` nor HMAC, whose key the client has, too.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What the provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    #[serde(rename = "iss")]
    pub(crate) issuer: String,
    #[serde(rename = "sub")]
    pub(crate) subject: String,
    aud: OneOrMore,
    azp: Option<String>,
    exp: i64,
    nonce: Option<String>,
    pub(crate) email: Option<String>,
    /// Some providers write it as a text.
    email_verified: Option<serde_json::Value>,
}

impl Claims {
    /// The address that the provider knows to be theirs.
    pub(crate) fn verified_email(&self) -> Option<&str> {
        let verified = self.email_verified.as_ref();
        let verified = verified.is_some_and(|value| value == true || value == "true");
        self.email.as_deref().filter(|_| verified)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What a token must say to be for us and for this login.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is signed with a key that the provider does not show")]
    UnknownKey,
    #[error("it is signed by an algorithm that is not accepted")]
    Algorithm,
    #[error("it is not well signed, or makes no sense: {0}")]
    Signature(String),
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another client")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is of another login")]
    Nonce,
}

pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Claims, Refusal> {
    let unsound = |error: jsonwebtoken::errors::Error| Refusal::Signature(error.to_string());
    let header = jsonwebtoken::decode_header(token).map_err(unsound)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refusal::Algorithm);
    }
    let key = key(keys, header.kid.as_deref()).ok_or(Refusal::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(unsound)?;
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
    // Looked at below: the time by the clock that is given, the others to say which it is.
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(unsound)?.claims;
    if claims.issuer != expected.issuer {
        return Err(Refusal::Issuer);
    }
    let for_us = match &claims.aud {
        OneOrMore::One(client) => client == expected.client_id,
        // Then it says who asked for it.
        OneOrMore::More(clients) => {
            clients.iter().any(|client| client == expected.client_id)
                && (clients.len() == 1 || claims.azp.is_some())
        }
    };
    if !for_us || claims.azp.as_ref().is_some_and(|client| client != expected.client_id) {
        return Err(Refusal::Audience);
    }
    if claims.exp + SKEW <= now.timestamp() {
        return Err(Refusal::Expired);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Refusal::Nonce);
    }
    Ok(claims)
}

/// A provider with one key may leave its name out.
fn key<'a>(keys: &'a JwkSet, kid: Option<&str>) -> Option<&'a Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [key]) => Some(key),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;

    const EXPECTED: Expected<'_> = Expected { issuer: "https://id.example", client_id: "us", nonce: "n" };

    fn signer() -> EncodingKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref())
    }

    fn shown(key: &EncodingKey, kid: &str) -> JwkSet {
        let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        JwkSet { keys: vec![jwk] }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "sub": "s", "aud": "us", "nonce": "n", "exp": 1_780_000_300,
            "iat": 1_780_000_000, "email": "ada@example.org", "email_verified": true,
        })
    }

    fn with(changes: Value) -> Value {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn signed(claims: &Value, key: &EncodingKey, kid: Option<&str>) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, key).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    #[test]
    fn it_holds_for_this_client_login_and_time_only() {
        let key = signer();
        let keys = shown(&key, "a");
        let judged =
            |claims: &Value| verify(&signed(claims, &key, Some("a")), &keys, &EXPECTED, now()).map(drop);
        for good in [
            claims(),
            with(json!({"aud": ["us"]})),
            with(json!({"aud": ["us", "them"], "azp": "us"})),
            with(json!({"exp": 1_779_999_950})),
        ] {
            assert_eq!(judged(&good), Ok(()), "{good}");
        }
        for (bad, refusal) in [
            (json!({"iss": "https://evil.example"}), Refusal::Issuer),
            (json!({"aud": "them"}), Refusal::Audience),
            (json!({"aud": ["us", "them"]}), Refusal::Audience),
            (json!({"azp": "them"}), Refusal::Audience),
            (json!({"exp": 1_779_999_940}), Refusal::Expired),
            (json!({"nonce": "m"}), Refusal::Nonce),
            (json!({"nonce": null}), Refusal::Nonce),
        ] {
            assert_eq!(judged(&with(bad.clone())), Err(refusal), "{bad}");
        }
        assert!(matches!(judged(&with(json!({"sub": null}))), Err(Refusal::Signature(_))));
    }

    #[test]
    fn only_the_providers_keys_sign() {
        let (ours, theirs) = (signer(), signer());
        let keys = shown(&theirs, "a");
        let judged = |token: &str| verify(token, &keys, &EXPECTED, now()).map(drop);
        assert_eq!(judged(&signed(&claims(), &theirs, None)), Ok(()));
        assert_eq!(judged(&signed(&claims(), &theirs, Some("b"))), Err(Refusal::UnknownKey));
        assert!(matches!(judged(&signed(&claims(), &ours, Some("a"))), Err(Refusal::Signature(_))));
        // By HMAC, with what everybody can read as the key; and by nothing at all.
        let hmac = EncodingKey::from_secret(serde_json::to_string(&keys).unwrap().as_bytes());
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims(), &hmac).unwrap();
        assert_eq!(judged(&token), Err(Refusal::Algorithm));
        let body = token.split('.').nth(1).unwrap();
        assert!(judged(&format!("eyJhbGciOiJub25lIn0.{body}.")).is_err());
    }

    #[test]
    fn an_address_counts_only_if_the_provider_confirmed_it() {
        let of = |value: Value| {
            let claims: Claims = serde_json::from_value(with(json!({"email_verified": value}))).unwrap();
            claims.verified_email().map(str::to_owned)
        };
        assert_eq!(of(json!(true)).as_deref(), Some("ada@example.org"));
        assert_eq!(of(json!("true")).as_deref(), Some("ada@example.org"));
        for no in [json!(false), json!("false"), json!(null), json!(1)] {
            assert_eq!(of(no), None);
        }
    }
}
