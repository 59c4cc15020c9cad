//! Commands to `Task` actors, and their answers as HTTP.

use axum::response::{IntoResponse, Response};
use contracts::{
    api,
    task::{TaskRefusal, TaskSnapshot},
};
use domain::{Role, TaskId, Violations};
use http::header;
use platform::{FieldError, Json, Problem};
use virtual_actors::{CallError, Command, Message, postgres};

use crate::{
    access,
    app::App,
    created::created,
    precondition::entity_tag,
    problems,
    project_commands::not_allowed,
    task_path::{no_such_comment, no_such_task},
};

/// Sends a command to a task's actor, wherever it lives.
pub(crate) async fn send<M>(
    app: &App,
    task: TaskId,
    command: impl Into<Command>,
    message: &M,
) -> Result<M::Reply, Problem>
where
    M: Message<Refusal = TaskRefusal> + Sync,
{
    let id = task.to_string();
    let answer = app.actors.call(&id, message).command(command).timeout(app.patience).await;
    answer.map_err(|error| problem(error, refused))
}

/// Carries out what a client asked of a task. `message` says it to the actor, with what has to be looked up for that; a
/// repetition is answered without, so that it gets the first answer whatever has changed meanwhile.
pub(crate) async fn carry_out<M>(
    app: &App,
    task: TaskId,
    command: Command,
    message: impl Future<Output = Result<M, Problem>>,
) -> Result<M::Reply, Problem>
where
    M: Message<Refusal = TaskRefusal> + Sync,
{
    answered_or_called(app, &task.to_string(), command, message, refused).await
}

/// The same of any actor.
pub(crate) async fn answered_or_called<M>(
    app: &App,
    actor: &str,
    command: Command,
    message: impl Future<Output = Result<M, Problem>>,
    refused: fn(M::Refusal) -> Problem,
) -> Result<M::Reply, Problem>
where
    M: Message + Sync,
{
    let answer = match postgres::answered::<M>(&app.pool, actor, command).await? {
        Some(first) => first,
        None => app.actors.call(actor, &message.await?).command(command).timeout(app.patience).await,
    };
    answer.map_err(|error| problem(error, refused))
}

/// A task with its entity tag.
pub(crate) struct Answer {
    created: bool,
    snapshot: TaskSnapshot,
}

impl Answer {
    pub(crate) fn ok(snapshot: TaskSnapshot) -> Self {
        Self { created: false, snapshot }
    }

    pub(crate) fn created(snapshot: TaskSnapshot) -> Self {
        Self { created: true, snapshot }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let task = api::Task::from(&self.snapshot);
        let location = format!("/api/v1/tasks/{}", task.id);
        let tag = [(header::ETAG, entity_tag(task.version))];
        let answer = (tag, Json(task));
        if self.created { created(&location, answer) } else { answer.into_response() }
    }
}

/// What a call that did not succeed is answered; `refused` says so of a refusal.
pub(crate) fn problem<R>(error: CallError<R>, refused: impl FnOnce(R) -> Problem) -> Problem {
    match error {
        CallError::Refused(refusal) => refused(refusal),
        CallError::Conflict => key_reused(),
        CallError::Unavailable(detail) => {
            tracing::warn!(detail, "an actor is unavailable");
            Problem::unavailable("It cannot be reached right now; the same request may be sent again.")
        }
        CallError::Failed(cause) => Problem::internal(cause),
    }
}

fn refused(refusal: TaskRefusal) -> Problem {
    match refusal {
        TaskRefusal::NotFound => no_such_task(),
        TaskRefusal::Deleted => deleted(),
        TaskRefusal::NoSuchComment => no_such_comment(),
        TaskRefusal::NotTheAuthor => access::not_the_author(),
        TaskRefusal::VersionMismatch { current } => version_mismatch(current),
        TaskRefusal::NothingToUndo => Problem::new(
            &problems::NOTHING_TO_UNDO,
            "The task has not changed since it was made, or not by a person.",
        ),
        TaskRefusal::Invalid { violations } if needs_editor(&violations) => not_allowed(Role::Editor),
        TaskRefusal::Invalid { violations } => violations.into(),
    }
}

/// It was to come into a project that this person sees but may not change.
fn needs_editor(violations: &Violations) -> bool {
    violations.iter().any(|violation| violation.field == "project_id" && violation.rule == "needs_editor")
}

/// What is now at this version was to be changed at another.
pub(crate) fn version_mismatch(current: i64) -> Problem {
    let detail = format!("It is at version {current} now; read it again.");
    Problem::new(&problems::VERSION_MISMATCH, detail).header(header::ETAG, entity_tag(current))
}

/// For another request under a key.
pub(crate) fn key_reused() -> Problem {
    Problem::new(&problems::IDEMPOTENCY_KEY_REUSED, "Use a new key for a different request.").with_errors([
        FieldError {
            field: "Idempotency-Key".to_owned(),
            rule: "reused".into(),
            detail: "The idempotency key was reused with a different request.".to_owned(),
        },
    ])
}

/// For a task in the trash.
pub(crate) fn deleted() -> Problem {
    Problem::new(&problems::TASK_DELETED, "The task is in the trash; `restore` takes it out.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        for (error, status) in [
            (CallError::Refused(TaskRefusal::NotFound), 404),
            (CallError::Refused(TaskRefusal::Deleted), 404),
            (CallError::Refused(TaskRefusal::VersionMismatch { current: 3 }), 412),
            (CallError::Conflict, 422),
            (CallError::Unavailable("gone".into()), 503),
            (CallError::Failed("defect".into()), 500),
        ] {
            assert_eq!(problem(error.clone(), refused).status(), status, "{error}");
        }
    }
}
