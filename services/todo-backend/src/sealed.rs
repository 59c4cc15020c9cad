//! What is stored sealed: AES-256-GCM under a key that the database does not have, bound to its owner.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use platform::Problem;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::secret_store::SecretStore;

/// The secret store's name of the key.
pub(crate) const KEY: &str = "totp-key";
/// It may be any text, such as 64 hexadecimal digits, of so many bytes at least.
const SHORTEST: usize = 32;

/// Nonce and sealed bytes.
pub(crate) async fn seal(store: &SecretStore, owner: Uuid, bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut nonce = [0; NONCE_LEN];
    OsRng.fill_bytes(&mut nonce);
    let mut sealed = bytes.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    key(store)
        .await?
        .seal_in_place_append_tag(unique, aad(&owner), &mut sealed)
        .map_err(Problem::internal)?;
    Ok([&nonce[..], &sealed].concat())
}

/// What was sealed for this owner.
pub(crate) async fn open(store: &SecretStore, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    let broken =
        || Problem::internal("what was sealed is not whole, or its key is not the one it was sealed with");
    let (nonce, bytes) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
    let mut bytes = bytes.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key(store).await?.open_in_place(nonce, aad(&owner), &mut bytes).map_err(|_| broken())?;
    Ok(opened.to_vec())
}

fn aad(owner: &Uuid) -> Aad<[u8; 16]> {
    Aad::from(*owner.as_bytes())
}

async fn key(store: &SecretStore) -> Result<LessSafeKey, Problem> {
    let text = store.get(KEY).await?;
    if text.len() < SHORTEST {
        return Err(Problem::internal(format!(
            "{KEY} has {} bytes; it needs at least {SHORTEST}",
            text.len()
        )));
    }
    let key = UnboundKey::new(&AES_256_GCM, &Sha256::digest(text)).map_err(Problem::internal)?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_opened_for_its_owner_by_its_key_and_whole_only() {
        let store = SecretStore::holding([(KEY, "0123456789abcdef0123456789abcdef")]);
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = seal(&store, ada, b"secret").await.unwrap();
        assert_ne!(sealed, seal(&store, ada, b"secret").await.unwrap());
        assert_eq!(open(&store, ada, &sealed).await.unwrap(), b"secret");
        let other = SecretStore::holding([(KEY, "another key, of enough bytes for it")]);
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert!(open(&store, bob, &sealed).await.is_err());
        assert!(open(&other, ada, &sealed).await.is_err());
        assert!(open(&store, ada, &changed).await.is_err());
        assert!(open(&store, ada, &sealed[..5]).await.is_err());
    }

    #[tokio::test]
    async fn without_a_key_it_is_to_be_tried_again() {
        let error = seal(&SecretStore::holding([]), Uuid::nil(), b"secret").await.unwrap_err();
        assert_eq!(error.status(), 503);
    }
}
