//! One session, and what a refresh token does to it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use platform::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    keys::KeySet,
    refresh_token::RefreshToken,
    secret::{Secret, decode, encode},
};

/// A session that nobody continues ends.
const UNUSED: TimeDelta = TimeDelta::days(30);
/// However much it is used, somebody signs in again some day.
pub(super) const LONGEST: TimeDelta = TimeDelta::days(180);
/// How long after its first use a refresh token may come again: its answer was lost, or two tabs had the same idea.
const GRACE: TimeDelta = TimeDelta::seconds(60);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    /// When it was last continued.
    pub(crate) used_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    /// Which refresh token holds.
    turn: u32,
    /// Its hash.
    hash: String,
    /// The key its secret follows from, together with the seed.
    kid: String,
    seed: String,
    /// The one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<Replaced>,
    /// What a later version stored with it.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Replaced {
    hash: String,
    at: DateTime<Utc>,
    /// The hash of the idempotency key under which it was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// What came of a refresh token.
pub(super) enum Refreshed {
    /// It held; this one does from now on.
    Next(RefreshToken),
    /// It was replaced a moment ago, or by the same request: by this one.
    Again(RefreshToken),
    /// It was replaced long ago; whoever sends it, somebody else has one too.
    Reused,
    /// It was never one of this session's, as far as can be told.
    Unknown,
}

impl Session {
    pub(super) fn begin(
        id: Uuid,
        user: UserId,
        user_agent: Option<String>,
        now: DateTime<Utc>,
        keys: &KeySet,
    ) -> Result<(Self, RefreshToken), Problem> {
        let seed = Secret::random();
        let (kid, key) = keys.signing(now)?;
        let token = RefreshToken::derive(key, user, id, seed.bytes(), 0)?;
        let session = Self {
            id,
            created_at: now,
            used_at: now,
            user_agent,
            turn: 0,
            hash: encode(&token.secret.hash()),
            kid: kid.to_owned(),
            seed: seed.encode(),
            replaced: None,
            unknown: Map::new(),
        };
        Ok((session, token))
    }

    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        (self.used_at + UNUSED).min(self.created_at + LONGEST)
    }

    pub(super) fn refresh(
        self,
        token: &RefreshToken,
        key: Option<&str>,
        now: DateTime<Utc>,
        keys: &KeySet,
    ) -> Result<(Self, Refreshed), Problem> {
        let hash = encode(&token.secret.hash());
        let key = key.map(|key| encode(&Sha256::digest(key)));
        if token.turn == self.turn && hash == self.hash {
            let (session, successor) = self.replace(hash, key, token.user, now, keys)?;
            return Ok((session, Refreshed::Next(successor)));
        }
        let refreshed = match &self.replaced {
            Some(replaced) if token.turn.checked_add(1) == Some(self.turn) && hash == replaced.hash => {
                let again = now < replaced.at + GRACE || (key.is_some() && key == replaced.key);
                if again { self.current(token.user, keys)? } else { Refreshed::Reused }
            }
            _ if token.turn < self.turn && self.is_genuine(token, keys)? => Refreshed::Reused,
            _ => Refreshed::Unknown,
        };
        Ok((self, refreshed))
    }

    fn replace(
        self,
        hash: String,
        key: Option<String>,
        user: UserId,
        now: DateTime<Utc>,
        keys: &KeySet,
    ) -> Result<(Self, RefreshToken), Problem> {
        let (kid, signing) = keys.signing(now)?;
        let turn = self.turn.saturating_add(1);
        let successor = RefreshToken::derive(signing, user, self.id, &self.seed(), turn)?;
        let session = Self {
            used_at: now,
            turn,
            hash: encode(&successor.secret.hash()),
            kid: kid.to_owned(),
            replaced: Some(Replaced { hash, at: now, key }),
            ..self
        };
        Ok((session, successor))
    }

    /// The token that holds now, unless its key is gone.
    fn current(&self, user: UserId, keys: &KeySet) -> Result<Refreshed, Problem> {
        let Some(key) = keys.get(&self.kid) else { return Ok(Refreshed::Unknown) };
        RefreshToken::derive(key, user, self.id, &self.seed(), self.turn).map(Refreshed::Again)
    }

    /// Whether any of our keys made it: what anybody can make up ends nobody's session.
    fn is_genuine(&self, token: &RefreshToken, keys: &KeySet) -> Result<bool, Problem> {
        let seed = self.seed();
        for key in keys.all() {
            let ours = RefreshToken::derive(key, token.user, self.id, &seed, token.turn)?;
            if ours.secret.hash() == token.secret.hash() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn seed(&self) -> Vec<u8> {
        decode(&self.seed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SINGLE;

    const USER: UserId = UserId(Uuid::from_u128(1));

    fn keys(kids: &[&str]) -> KeySet {
        KeySet::new(kids.iter().map(|kid| ((*kid).to_owned(), format!("{kid:-<32}")))).unwrap()
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    fn begun() -> (Session, RefreshToken) {
        Session::begin(Uuid::from_u128(2), USER, None, start(), &keys(&[SINGLE])).unwrap()
    }

    fn refresh(
        session: Session,
        token: &RefreshToken,
        key: Option<&str>,
        at: DateTime<Utc>,
    ) -> (Session, Refreshed) {
        session.refresh(token, key, at, &keys(&[SINGLE])).unwrap()
    }

    fn next(session: Session, token: &RefreshToken, key: Option<&str>) -> (Session, RefreshToken) {
        match refresh(session, token, key, start()) {
            (session, Refreshed::Next(successor)) => (session, successor),
            _ => panic!("it does not hold"),
        }
    }

    #[test]
    fn a_token_holds_once_and_its_successor_after_it() {
        let (session, first) = begun();
        let (session, second) = next(session, &first, None);
        let (_, third) = next(session, &second, None);
        assert_eq!((first.turn, second.turn, third.turn), (0, 1, 2));
        assert!(first.secret != second.secret && second.secret != third.secret);
    }

    #[test]
    fn a_token_that_comes_again_at_once_gets_the_same_successor() {
        let (session, first) = begun();
        let (session, second) = next(session, &first, None);
        let soon = start() + TimeDelta::seconds(59);
        let (session, Refreshed::Again(again)) = refresh(session, &first, None, soon) else { panic!() };
        assert_eq!(again.encode(), second.encode());
        let late = start() + TimeDelta::seconds(60);
        assert!(matches!(refresh(session, &first, None, late).1, Refreshed::Reused));
    }

    #[test]
    fn under_its_idempotency_key_it_gets_the_same_successor_until_that_one_is_used() {
        let (session, first) = begun();
        let (session, second) = next(session, &first, Some("k"));
        let late = start() + TimeDelta::days(3);
        let (session, Refreshed::Again(again)) = refresh(session, &first, Some("k"), late) else { panic!() };
        assert_eq!(again.encode(), second.encode());
        assert!(matches!(refresh(session.clone(), &first, Some("l"), late).1, Refreshed::Reused));
        let (session, _) = next(session, &second, None);
        assert!(matches!(refresh(session, &first, Some("k"), late).1, Refreshed::Reused));
    }

    #[test]
    fn an_old_token_is_known_and_one_made_up_is_not() {
        let (session, first) = begun();
        let (session, second) = next(session, &first, None);
        let (session, _) = next(session, &second, None);
        assert!(matches!(refresh(session.clone(), &first, None, start()).1, Refreshed::Reused));
        for turn in 0..4 {
            let made_up = RefreshToken { user: USER, session: session.id, turn, secret: Secret::random() };
            assert!(
                matches!(refresh(session.clone(), &made_up, None, start()).1, Refreshed::Unknown),
                "{turn}"
            );
        }
    }

    #[test]
    fn a_session_outlives_the_key_it_began_with() {
        const LATER: &str = "20200101T000000Z";
        let (session, first) = begun();
        let (session, refreshed) = session.refresh(&first, None, start(), &keys(&[LATER])).unwrap();
        assert!(matches!(refreshed, Refreshed::Next(_)));
        // What cannot be given again is refused, and ends nothing.
        let (_, refreshed) = session.refresh(&first, None, start(), &keys(&["other"])).unwrap();
        assert!(matches!(refreshed, Refreshed::Unknown));
    }

    #[test]
    fn use_prolongs_it_up_to_a_limit() {
        let (session, _) = begun();
        assert_eq!(session.expires_at(), start() + UNUSED);
        let used = Session { used_at: start() + TimeDelta::days(179), ..session };
        assert_eq!(used.expires_at(), start() + LONGEST);
    }

    #[test]
    fn what_a_later_version_stores_stays() {
        let (session, first) = begun();
        let mut stored = serde_json::to_value(&session).unwrap();
        stored["place"] = "Berlin".into();
        let (session, _) = next(serde_json::from_value(stored).unwrap(), &first, None);
        assert_eq!(serde_json::to_value(&session).unwrap()["place"], "Berlin");
    }
}
