//! Typed calls to actors.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::{
    actor::Message,
    call::{Call, Command, Outcome},
    sidecar::{Sidecar, SidecarError},
};

/// How long a call waits when nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// The first attempt; each further one takes twice as long. A sidecar keeps a call to a frozen host for 15 s, and with
/// placement down for minutes; another attempt finds the actor's new host. A turn that takes longer is not lost: the
/// next attempt gets its answer, or, where none is kept, has the time for it.
const FIRST_ATTEMPT: Duration = Duration::from_millis(1500);

/// Calls actors by type and id through the sidecar, wherever they live.
#[derive(Clone)]
pub struct ActorClient {
    sidecar: Arc<dyn Sidecar>,
}

impl fmt::Debug for ActorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActorClient")
    }
}

/// Why a call gave no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError<R> {
    /// No answer within the deadline. Whether the command was carried out is unknown: the same
    /// command id may be sent again, and gets the first answer if it was.
    #[error("the actor is unavailable: {0}")]
    Unavailable(String),
    /// The actor's rules forbid it.
    #[error("the actor refused")]
    Refused(R),
    /// The command id was used before, for something else.
    #[error("the command id was used for another command")]
    Conflict,
    /// The call failed in a way that a retry does not mend.
    #[error("the call failed: {0}")]
    Failed(String),
}

/// A call being made; await it.
#[must_use = "a call does nothing until awaited"]
pub struct ActorCall<'a, M: Message> {
    client: &'a ActorClient,
    actor_id: &'a str,
    message: &'a M,
    command: Option<Command>,
    timeout: Duration,
    traceparent: Option<String>,
}

impl ActorClient {
    /// Calls through this sidecar.
    pub fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar }
    }

    /// A call of `message` to the actor `actor_id` of the message's type.
    pub fn call<'a, M: Message>(&'a self, actor_id: &'a str, message: &'a M) -> ActorCall<'a, M> {
        ActorCall {
            client: self,
            actor_id,
            message,
            command: None,
            timeout: DEFAULT_TIMEOUT,
            traceparent: crate::trace::current(),
        }
    }
}

impl<M: Message> ActorCall<'_, M> {
    /// Makes the call a command that is decided once, however often it is sent. (A turn that is an
    /// SQL statement runs each time: it is made to be harmless to repeat.)
    pub fn command(mut self, command: impl Into<Command>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Gives up after this time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn send(self) -> Result<M::Reply, CallError<M::Refusal>> {
        let message =
            serde_json::to_value(self.message).map_err(|error| CallError::Failed(error.to_string()))?;
        let deadline = Instant::now() + self.timeout;
        let (mut pause, mut attempt) = (FIRST_PAUSE, FIRST_ATTEMPT);
        let mut call = Call {
            command_id: self.command.map(|command| command.id),
            keep: self.command.map(|command| command.keep).unwrap_or_default(),
            asked: self.command.and_then(|command| command.asked),
            timeout_ms: None,
            traceparent: self.traceparent.clone(),
            message,
        };
        loop {
            let limit = deadline.saturating_duration_since(Instant::now()).min(attempt);
            // Not all that is left: an attempt that was abandoned in the mailbox is not to run beside the next one.
            call.timeout_ms = Some(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
            let body = serde_json::to_vec(&call).map_err(|error| CallError::Failed(error.to_string()))?;
            let answer = self.client.sidecar.invoke_actor(M::ACTOR, self.actor_id, M::METHOD, body, limit);
            let detail = match answer.await {
                Ok(answer) => match reply_of::<M>(&answer) {
                    Err(CallError::Unavailable(detail)) => detail,
                    settled => return settled,
                },
                Err(SidecarError::Unavailable(detail)) => detail,
                Err(SidecarError::Rejected(detail)) => return Err(CallError::Failed(detail)),
            };
            if Instant::now() + pause >= deadline {
                return Err(CallError::Unavailable(detail));
            }
            tracing::debug!(
                actor = M::ACTOR,
                id = self.actor_id,
                method = M::METHOD,
                detail,
                "calling again"
            );
            tokio::time::sleep(pause).await;
            (pause, attempt) = ((pause * 2).min(LONGEST_PAUSE), attempt * 2);
        }
    }
}

impl<'a, M: Message + Sync> IntoFuture for ActorCall<'a, M>
where
    M::Refusal: Send,
{
    type Output = Result<M::Reply, CallError<M::Refusal>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

fn reply_of<M: Message>(answer: &[u8]) -> Result<M::Reply, CallError<M::Refusal>> {
    let outcome = serde_json::from_slice(answer)
        .map_err(|error| CallError::Failed(format!("not an actor host's answer: {error}")))?;
    settled::<M>(outcome)
}

/// What an outcome is to the caller.
pub(crate) fn settled<M: Message>(outcome: Outcome) -> Result<M::Reply, CallError<M::Refusal>> {
    fn typed<T: DeserializeOwned, R>(value: serde_json::Value) -> Result<T, CallError<R>> {
        serde_json::from_value(value)
            .map_err(|error| CallError::Failed(format!("not the answer expected: {error}")))
    }
    match outcome {
        Outcome::Done { reply } => typed(reply),
        Outcome::Refused { refusal } => Err(CallError::Refused(typed(refusal)?)),
        Outcome::Unavailable { detail } => Err(CallError::Unavailable(detail)),
        Outcome::CommandIdReused => Err(CallError::Conflict),
        Outcome::Malformed { detail } | Outcome::Fault { detail } => Err(CallError::Failed(detail)),
    }
}
