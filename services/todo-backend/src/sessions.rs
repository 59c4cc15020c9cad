//! Sessions: where somebody is signed in, and which refresh token continues it.
//!
//! All sessions of a person are one entry of Dapr's state store, so that each change is one write and the first of two
//! wins. [`session`] has the rules, [`ended`] the marks of those that were ended. Every request looks at the marks, in
//! the query that finds its account: an ended session's access tokens do not hold for another moment.
//!
//! Ending marks first and removes from the entry then. After a crash in between, the mark stands: the session is listed
//! no more, and nothing continues it.

pub(crate) mod ended;
mod session;

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use http::{header, request::Parts};
use platform::{
    Problem,
    state_store::{self, Change},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::session::Refreshed;
pub(crate) use self::session::Session;
use crate::{app::App, refresh_token::RefreshToken, tokens::invalid};

/// More would be no person's. The one that was not used for longest gives way.
const MOST: usize = 50;

#[derive(Default, Serialize, Deserialize)]
struct Sessions(Vec<Session>);

/// What continues a session, and what it is good for now.
pub(crate) struct Signed {
    pub(crate) session: Uuid,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// What a client calls itself, shortened.
pub(crate) struct UserAgent(pub(crate) Option<String>);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for UserAgent {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        const LONGEST: usize = 200;
        let name = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self(name.map(|name| name.chars().take(LONGEST).collect())))
    }
}

impl Sessions {
    fn alive(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Session> {
        self.0.iter().filter(move |session| session.expires_at() > now)
    }

    /// Those that give way to one more.
    fn in_the_way(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let mut alive: Vec<&Session> = self.alive(now).collect();
        alive.sort_by_key(|session| std::cmp::Reverse(session.used_at));
        alive.into_iter().skip(MOST - 1).map(|session| session.id).collect()
    }

    /// What is to be stored of them now.
    fn stored(mut self, now: DateTime<Utc>) -> Change<Self> {
        self.0.retain(|session| session.expires_at() > now);
        match self.0.iter().map(Session::expires_at).max() {
            Some(last) => Change::Save(self, (last - now).to_std().unwrap_or_default()),
            None => Change::Remove,
        }
    }
}

/// Begins a session.
pub(crate) async fn begin(app: &App, user: UserId, agent: UserAgent) -> Result<Signed, Problem> {
    let (now, keys) = (app.clock.now(), app.tokens.keys.current()?);
    let (session, token) = Session::begin(app.ids.next_id(), user, agent.0, now, &keys)?;
    let signed = signed(app, &token)?;
    loop {
        let in_the_way = state_store::update(app.state.as_ref(), &key(user), |stored: Option<Sessions>| {
            let mut sessions = stored.unwrap_or_default();
            // It is there if the answer to a save was lost.
            sessions.0.retain(|it| it.id != session.id);
            let in_the_way = sessions.in_the_way(now);
            if !in_the_way.is_empty() {
                return (Change::Nothing, in_the_way);
            }
            sessions.0.push(session.clone());
            (sessions.stored(now), in_the_way)
        })
        .await?;
        if in_the_way.is_empty() {
            return Ok(signed);
        }
        end(app, user, |session| in_the_way.contains(&session.id)).await?;
    }
}

/// Whether a session can be begun now, as far as can be told: for who would spend something on it.
pub(crate) async fn ready(app: &App, user: UserId) -> Result<(), Problem> {
    state_store::read::<Sessions>(app.state.as_ref(), &key(user)).await?;
    Ok(())
}

/// Continues a session by its refresh token. One that was replaced before is answered with its successor if this may
/// well be the same request again, sent under its `key` or moments later; else two have it, and the session ends.
pub(crate) async fn refresh(app: &App, token: &RefreshToken, key: Option<&str>) -> Result<Signed, Problem> {
    let (now, keys) = (app.clock.now(), app.tokens.keys.current()?);
    let refreshed =
        state_store::update(app.state.as_ref(), &self::key(token.user), |stored: Option<Sessions>| {
            let mut sessions = stored.unwrap_or_default();
            let place = sessions.0.iter().position(|it| it.id == token.session && it.expires_at() > now);
            let Some(place) = place else { return (Change::Nothing, Ok(Refreshed::Unknown)) };
            match sessions.0[place].clone().refresh(token, key, now, &keys) {
                Ok((session, refreshed)) => {
                    let changed = matches!(refreshed, Refreshed::Next(_));
                    sessions.0[place] = session;
                    (if changed { sessions.stored(now) } else { Change::Nothing }, Ok(refreshed))
                }
                Err(problem) => (Change::Nothing, Err(problem)),
            }
        })
        .await??;
    match refreshed {
        Refreshed::Next(successor) | Refreshed::Again(successor) => signed(app, &successor),
        Refreshed::Reused => {
            tracing::warn!(user = %token.user, session = %token.session, "a refresh token was used twice");
            end(app, token.user, |session| session.id == token.session).await?;
            Err(invalid("This refresh token was used before. The session has ended; sign in again."))
        }
        Refreshed::Unknown => Err(invalid("The refresh token does not hold. Sign in again.")),
    }
}

/// A person's sessions that are not over, the latest used first.
pub(crate) async fn list(app: &App, user: UserId) -> Result<Vec<Session>, Problem> {
    let stored: Sessions = state_store::read(app.state.as_ref(), &key(user)).await?.unwrap_or_default();
    let mut sessions: Vec<Session> = stored.alive(app.clock.now()).cloned().collect();
    let ended = ended::among(&app.pool, sessions.iter().map(|session| session.id)).await?;
    sessions.retain(|session| !ended.contains(&session.id));
    sessions.sort_by_key(|session| std::cmp::Reverse((session.used_at, session.id)));
    Ok(sessions)
}

/// Ends those of a person's sessions that `which` says; how many those were. Once this returns, neither their refresh
/// tokens nor their access tokens hold anywhere.
pub(crate) async fn end(app: &App, user: UserId, which: impl Fn(&Session) -> bool) -> Result<usize, Problem> {
    let (now, key) = (app.clock.now(), key(user));
    let stored: Sessions = state_store::read(app.state.as_ref(), &key).await?.unwrap_or_default();
    let ids: Vec<Uuid> =
        stored.alive(now).filter(|session| which(session)).map(|session| session.id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    mark(app, &ids).await?;
    state_store::update(app.state.as_ref(), &key, |stored: Option<Sessions>| {
        let mut sessions = stored.unwrap_or_default();
        sessions.0.retain(|session| !ids.contains(&session.id));
        (sessions.stored(now), ())
    })
    .await?;
    Ok(ids.len())
}

/// Ends this one, even if it is not listed any more.
pub(crate) async fn end_this(app: &App, user: UserId, id: Uuid) -> Result<(), Problem> {
    match end(app, user, |session| session.id == id).await? {
        0 => mark(app, &[id]).await,
        _ => Ok(()),
    }
}

async fn mark(app: &App, ids: &[Uuid]) -> Result<(), Problem> {
    // Longer than any token of it, of whatever kind.
    let until = app.clock.now() + session::LONGEST + TimeDelta::days(1);
    Ok(ended::mark(&app.pool, ids, until).await?)
}

fn signed(app: &App, token: &RefreshToken) -> Result<Signed, Problem> {
    let access_token = app.tokens.issue(token.user, token.session, app.clock.now())?;
    Ok(Signed { session: token.session, access_token, refresh_token: token.encode() })
}

fn key(user: UserId) -> String {
    format!("sessions-{user}")
}
