//! Answers that were given before, read by who sends the commands.

use serde_json::Value;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::within;
use crate::{
    actor::Message,
    call::{Asked, Command, Outcome},
    client::{CallError, settled},
};

/// The answer that a command of a client got, if it got one.
///
/// For senders that look something up before they send, such as whether somebody may: a repetition is answered without,
/// so that it gets the first answer whatever has changed meanwhile. No actor is activated. It may miss an answer that is
/// just being committed; the actor, which is asked then, does not.
///
/// # Errors
/// When the database does not answer.
pub async fn answered<M: Message>(
    pool: &PgPool,
    actor_id: &str,
    command: Command,
) -> Result<Option<Result<M::Reply, CallError<M::Refusal>>>, sqlx::Error> {
    let Some(asked) = command.asked.map(|asked| asked.of_method(M::METHOD)) else { return Ok(None) };
    // One that an older version stored does not say what was asked; the actor compares the messages.
    let query = sqlx::query_as(
        "SELECT asked, outcome FROM actor_command
         WHERE actor_type = $1 AND actor_id = $2 AND command_id = $3 AND asked IS NOT NULL",
    );
    let query = query.bind(M::ACTOR).bind(actor_id).bind(command.id.0);
    let found: Option<(Uuid, Json<Value>)> = within(query.fetch_optional(pool)).await?;
    Ok(found.and_then(|(first, Json(outcome))| {
        if Asked(first) != asked {
            return Some(Err(CallError::Conflict));
        }
        // An outcome of a kind that newer code added is none here.
        serde_json::from_value::<Outcome>(outcome).ok().map(settled::<M>)
    }))
}
