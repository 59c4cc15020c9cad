//! Passwords are kept as argon2id hashes (RFC 9106).

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, SaltString, rand_core::OsRng},
};
use platform::Problem;

use crate::slots::Slots;

/// Hashes and verifies, a few at a time.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// Each hash takes 19 MiB and a core for some ten milliseconds.
    slots: Slots,
    /// Of no password: what is verified for an unknown account, so that it takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new(params: Params) -> Result<Self, password_hash::Error> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, "")?.into();
        Ok(Self { argon2, slots: Slots::default(), decoy })
    }

    /// The hash to store, in PHC string format.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        let argon2 = self.argon2.clone();
        self.slots.run(move || hash(&argon2, &password)).await?.map_err(Problem::internal)
    }

    /// Whether it is the password of this hash; never, but as slowly, if there is none.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Problem> {
        let (argon2, known) = (self.argon2.clone(), stored.is_some());
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let verified = self.slots.run(move || {
            let stored = PasswordHash::new(&stored)?;
            argon2.verify_password(password.as_bytes(), &stored)
        });
        match verified.await? {
            Ok(()) => Ok(known),
            Err(password_hash::Error::Password) => Ok(false),
            Err(error) => Err(Problem::internal(error)),
        }
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, password_hash::Error> {
    let salt = SaltString::generate(&mut OsRng);
    Ok(argon2.hash_password(password.as_bytes(), &salt)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let passwords = Passwords::new(Params::new(8, 1, 1, None).unwrap()).unwrap();
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("correct house".into(), Some(stored)).await.unwrap());
        assert!(!passwords.verify(String::new(), None).await.unwrap(), "the decoy lets nobody in");
    }
}
