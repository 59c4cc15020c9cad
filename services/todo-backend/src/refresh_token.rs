//! Refresh tokens: they say which session they are of, and which turn of it; the rest is a secret.
//!
//! The secret follows from a signing key and the session's seed, so that a lost answer can be given again without
//! storing what was in it; and so that an old token is known from one that somebody made up.

use domain::UserId;
use platform::Problem;
use uuid::Uuid;

use crate::{
    keys::Key,
    secret::{Secret, decode, encode},
};

const PREFIX: &str = "alr_";
const LENGTH: usize = 16 + 16 + 4 + Secret::BYTES;

pub(crate) struct RefreshToken {
    pub(crate) user: UserId,
    pub(crate) session: Uuid,
    /// How many came before it in its session.
    pub(crate) turn: u32,
    pub(crate) secret: Secret,
}

impl RefreshToken {
    pub(crate) fn derive(
        key: &Key,
        user: UserId,
        session: Uuid,
        seed: &[u8],
        turn: u32,
    ) -> Result<Self, Problem> {
        let message =
            [b"refresh-token", &user.0.into_bytes()[..], &session.into_bytes(), &turn.to_be_bytes(), seed];
        Ok(Self { user, session, turn, secret: key.secret(&message.concat())? })
    }

    pub(crate) fn encode(&self) -> String {
        let parts = [
            &self.user.0.into_bytes()[..],
            &self.session.into_bytes(),
            &self.turn.to_be_bytes(),
            self.secret.bytes(),
        ];
        format!("{PREFIX}{}", encode(&parts.concat()))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = decode(text.strip_prefix(PREFIX)?).filter(|bytes| bytes.len() == LENGTH)?;
        let (user, rest) = bytes.split_at(16);
        let (session, rest) = rest.split_at(16);
        let (turn, secret) = rest.split_at(4);
        Some(Self {
            user: UserId(Uuid::from_slice(user).ok()?),
            session: Uuid::from_slice(session).ok()?,
            turn: u32::from_be_bytes(turn.try_into().ok()?),
            secret: Secret::of(secret)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_written_and_read() {
        let (user, session) = (UserId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let token = RefreshToken { user, session, turn: 70_000, secret: Secret::random() };
        let read = RefreshToken::parse(&token.encode()).unwrap();
        assert_eq!((read.user, read.session, read.turn), (user, session, 70_000));
        assert!(read.secret == token.secret);
        for other in ["", "alr_", "alr_AAAA", token.encode().trim_start_matches("alr_")] {
            assert!(RefreshToken::parse(other).is_none(), "{other}");
        }
    }
}
