//! `Idempotency-Key`: the same request again gets the same answer.
//!
//! Nothing is stored here. The key becomes a command id, and the actor's store remembers its answer;
//! a task created under a key has its id from the key, so that a retry meets the same actor.

use axum::extract::FromRequestParts;
use domain::{TaskId, UserId};
use http::request::Parts;
use platform::Problem;
use serde::Serialize;
use uuid::{Uuid, uuid};
use virtual_actors::{Asked, Command, CommandId, IdSource, Keep};

pub(crate) const HEADER: &str = "idempotency-key";
const MAX: usize = 255;
/// The namespace of command ids (UUIDv5).
const COMMANDS: Uuid = uuid!("5f0c2f57-9e55-4b6c-8a53-0f5b1f7d2c90");
/// The namespace of what was asked (UUIDv5).
const ASKED: Uuid = uuid!("b1a0d3de-52c4-4a0f-9d8e-7c3f1e6a4b25");

/// A request's key, if it has one, and what it is for.
pub(crate) struct Idempotency {
    pub(crate) key: Option<String>,
    /// Method and path.
    request: String,
}

impl Idempotency {
    /// For what stands at one place of many: known by key and place. No key that is sent has a line break.
    pub(crate) fn of_place(&self, place: usize) -> Self {
        let key = self.key.as_ref().map(|key| format!("{key}\n{place}"));
        Self { key, request: self.request.clone() }
    }

    /// The command of a request. `asked` is what it says beside its method and path, as the client sent it and nothing
    /// that was looked up: it must be the same for each retry.
    pub(crate) fn command(
        &self,
        user: UserId,
        ids: &dyn IdSource,
        asked: &impl Serialize,
    ) -> Result<Command, Problem> {
        let id = self.command_id(user, ids);
        if self.key.is_none() {
            return Ok(Command::fresh(id));
        }
        // As a value, whose members are in one order, whichever the client wrote them in.
        let asked = serde_json::to_value(asked).map_err(Problem::internal)?.to_string();
        let asked = Asked(Uuid::new_v5(&ASKED, asked.as_bytes()));
        Ok(Command { id, keep: Keep::Long, asked: Some(asked) })
    }

    /// The same for each retry under a key; else fresh, which makes retries on the way safe.
    pub(crate) fn command_id(&self, user: UserId, ids: &dyn IdSource) -> CommandId {
        CommandId(match &self.key {
            Some(key) => {
                let name = format!("{user}\n{}\n{key}", self.request);
                Uuid::new_v5(&COMMANDS, name.as_bytes())
            }
            None => ids.next_id(),
        })
    }

    /// The id of a task that is to be created by `POST /tasks`: other requests that make tasks have a
    /// [`new_id`](Self::new_id), which is of their path.
    pub(crate) fn new_task_id(&self, user: UserId, ids: &dyn IdSource) -> TaskId {
        TaskId(match &self.key {
            Some(key) => Uuid::new_v5(&user.0, key.as_bytes()),
            None => ids.next_id(),
        })
    }

    /// The id of anything else that is to be created: of the key and what the request is for.
    pub(crate) fn new_id(&self, user: UserId, ids: &dyn IdSource) -> Uuid {
        match &self.key {
            Some(_) => Uuid::new_v5(&self.command_id(user, ids).0, b"new"),
            None => ids.next_id(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotency {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let request = format!("{} {}", parts.method, parts.uri.path());
        let mut keys = parts.headers.get_all(HEADER).iter();
        let Some(key) = keys.next() else { return Ok(Self { key: None, request }) };
        let printable = key.as_bytes().iter().all(|byte| (0x20..=0x7e).contains(byte));
        if keys.next().is_some() || key.is_empty() || key.len() > MAX || !printable {
            let detail = format!("One key of 1 to {MAX} printable ASCII characters.");
            return Err(Problem::invalid("Idempotency-Key", "invalid_idempotency_key", detail));
        }
        let key = String::from_utf8_lossy(key.as_bytes()).into_owned();
        Ok(Self { key: Some(key), request })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use virtual_actors::System;

    use super::*;

    async fn of(path: &str, keys: &[&[u8]]) -> Result<Idempotency, Problem> {
        let mut request = Request::post(path);
        for key in keys {
            request = request.header(HEADER, *key);
        }
        Idempotency::from_request_parts(&mut request.body(()).unwrap().into_parts().0, &()).await
    }

    #[tokio::test]
    async fn ids_follow_from_user_request_and_key() {
        let (ada, bob) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let id = async |path, key: &[u8], user| of(path, &[key]).await.unwrap().command_id(user, &System);
        let first = id("/a", b"k", ada).await;
        assert_eq!(first, id("/a", b"k", ada).await);
        for other in [id("/b", b"k", ada).await, id("/a", b"l", ada).await, id("/a", b"k", bob).await] {
            assert_ne!(first, other);
        }
    }

    #[tokio::test]
    async fn what_is_asked_follows_from_what_was_sent() {
        let user = UserId(Uuid::nil());
        let asked = async |key: &[u8], body: &str| {
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            of("/a", &[key]).await.unwrap().command(user, &System, &(Some(7), body)).unwrap().asked
        };
        let first = asked(b"k", r#"{"title": "x", "notes": "y"}"#).await;
        assert!(first.is_some());
        assert_eq!(first, asked(b"k", r#"{"notes":"y","title":"x"}"#).await, "in whichever order");
        assert_ne!(first, asked(b"k", r#"{"notes":"x","title":"y"}"#).await);
        let none = of("/a", &[]).await.unwrap().command(user, &System, &"x").unwrap();
        assert_eq!((none.asked, none.keep), (None, Keep::Short));
    }

    #[tokio::test]
    async fn without_a_key_every_request_is_its_own() {
        let none = of("/a", &[]).await.unwrap();
        let user = UserId(Uuid::nil());
        assert_ne!(none.command_id(user, &System), none.command_id(user, &System));
        assert_ne!(none.new_task_id(user, &System), none.new_task_id(user, &System));
    }

    #[tokio::test]
    async fn a_key_is_printable_and_there_is_one() {
        let long = [b'k'; 256];
        for keys in [&[&b""[..]][..], &[&long], &[b"caf\xc3\xa9"], &[b"a\tb"], &[b"a", b"b"]] {
            assert_eq!(of("/a", keys).await.err().unwrap().status(), 422, "{keys:?}");
        }
        assert!(of("/a", &[&long[..255]]).await.is_ok());
    }
}
