//! Secrets that are handed out: 256 bits each. What is stored of one is its SHA-256; of so many random bits that is
//! enough, other than of passwords.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; Self::BYTES]);

impl Secret {
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn random() -> Self {
        let mut bytes = [0; Self::BYTES];
        OsRng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn encode(&self) -> String {
        encode(&self.0)
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        Self::of(&decode(text)?)
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// base64url without padding (RFC 4648 section 5).
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_and_read() {
        let secret = Secret::random();
        assert!(Secret::decode(&secret.encode()).is_some_and(|read| read == secret));
        assert!(secret != Secret::random());
        assert!(Secret::decode("AAAA").is_none() && Secret::decode("&").is_none());
        assert_ne!(secret.hash(), secret.bytes());
    }
}
