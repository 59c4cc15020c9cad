//! The keys that sign, by their names (`kid`, RFC 7515 section 4.1.4). All of them verify; one signs.
//!
//! A key's name is the instant from which it signs, as `20261201T093000Z`: it is put into the secret store some time
//! before, so that every replica knows it when the first token arrives that it signed. The single key of earlier
//! versions has no such name; it signs until another one does.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, NaiveDateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use platform::Problem;

use crate::secret::Secret;

/// RFC 7518 section 3.2: a key at least as long as the hash.
const SHORTEST: usize = 32;
/// The one key of earlier versions, and of systems whose keys were never exchanged.
pub(crate) const SINGLE: &str = "jwt-signing-key";

/// The keys as they were last read; none before the first time.
#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<RwLock<Option<Arc<KeySet>>>>);

pub(crate) struct KeySet(BTreeMap<String, Key>);

pub(crate) struct Key {
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    signs_from: DateTime<Utc>,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("there is no key")]
    None,
    #[error("the key {kid} has {bytes} bytes; it needs at least {SHORTEST}")]
    TooShort { kid: String, bytes: usize },
}

impl Keys {
    /// Takes the keys in the place of those before.
    pub(crate) fn install(&self, keys: KeySet) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keys));
    }

    pub(crate) fn ready(&self) -> Result<(), String> {
        self.current().map(drop).map_err(|_| "not fetched from the secret store yet".to_owned())
    }

    pub(crate) fn current(&self) -> Result<Arc<KeySet>, Problem> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone().ok_or_else(|| Problem::unavailable("The service is starting."))
    }
}

impl KeySet {
    /// Of names and keys as they are stored.
    pub(crate) fn new(keys: impl IntoIterator<Item = (String, String)>) -> Result<Self, KeyError> {
        let keys = keys.into_iter().map(|(kid, key)| {
            if key.len() < SHORTEST {
                return Err(KeyError::TooShort { bytes: key.len(), kid });
            }
            let signs_from = signs_from(&kid).unwrap_or(DateTime::<Utc>::MIN_UTC);
            let (encoding, decoding) =
                (EncodingKey::from_secret(key.as_bytes()), DecodingKey::from_secret(key.as_bytes()));
            Ok((kid, Key { encoding, decoding, signs_from }))
        });
        let keys: BTreeMap<_, _> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self(keys)) }
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&Key> {
        self.0.get(kid)
    }

    /// The key that signs now: of those whose time has come, the latest.
    pub(crate) fn signing(&self, now: DateTime<Utc>) -> Result<(&str, &Key), Problem> {
        let all = || self.0.iter().map(|(kid, key)| (kid.as_str(), key));
        let come = all().filter(|(_, key)| key.signs_from <= now).max_by_key(|(_, key)| key.signs_from);
        // Where no time has come, by a clock that is behind, the first is as good as any.
        come.or_else(|| all().min_by_key(|(_, key)| key.signs_from))
            .ok_or_else(|| Problem::internal("a set of keys is empty"))
    }

    /// All keys, as far as it matters who may have signed.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        self.0.values()
    }
}

impl Key {
    /// The secret that follows from `message`, which nobody finds without the key.
    pub(crate) fn secret(&self, message: &[u8]) -> Result<Secret, Problem> {
        let mac = crypto::sign(message, &self.encoding, Algorithm::HS256).map_err(Problem::internal)?;
        Secret::decode(&mac).ok_or_else(|| Problem::internal("an HMAC-SHA-256 has 256 bits"))
    }
}

fn signs_from(kid: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(kid, "%Y%m%dT%H%M%SZ").ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kids: &[&str]) -> KeySet {
        KeySet::new(kids.iter().map(|kid| ((*kid).to_owned(), format!("{kid:-<32}")))).unwrap()
    }

    #[test]
    fn the_latest_whose_time_has_come_signs() {
        let keys = set(&[SINGLE, "20261201T000000Z", "20270101T000000Z"]);
        let signing = |at: &str| keys.signing(at.parse().unwrap()).unwrap().0.to_owned();
        assert_eq!(signing("2026-11-30T23:59:59Z"), SINGLE);
        assert_eq!(signing("2026-12-01T00:00:00Z"), "20261201T000000Z");
        assert_eq!(signing("2027-05-01T00:00:00Z"), "20270101T000000Z");
        let early = set(&["20261201T000000Z"]);
        assert_eq!(early.signing(DateTime::UNIX_EPOCH).unwrap().0, "20261201T000000Z", "there is no other");
    }

    #[test]
    fn no_key_and_a_short_one_are_refused() {
        assert_eq!(KeySet::new([]).err(), Some(KeyError::None));
        let short = KeySet::new([("a".to_owned(), "short".to_owned())]);
        assert_eq!(short.err(), Some(KeyError::TooShort { kid: "a".to_owned(), bytes: 5 }));
    }

    #[test]
    fn a_secret_follows_from_key_and_message() {
        let keys = set(&["a", "b"]);
        let secret = |kid, message: &[u8]| keys.get(kid).unwrap().secret(message).unwrap();
        assert!(secret("a", b"1") == secret("a", b"1"));
        assert!(secret("a", b"1") != secret("b", b"1") && secret("a", b"1") != secret("a", b"2"));
    }
}
