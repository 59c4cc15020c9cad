//! One operation: read, and carried out by the endpoint that does it alone.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{TaskId, Violation, Violations};
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input::Found,
    precondition::IfMatch,
    query::Query,
    routes::tasks::{complete, create, delete, edit, reopen, restore, skip},
    scope::WriteTasks,
    task_path::{TaskPath, parse_id},
};

#[derive(Debug)]
pub(super) enum Operation {
    Create { body: Value },
    Update { task: TaskId, if_match: IfMatch, scope: Option<String>, body: Value },
    Change { change: Change, task: TaskId, if_match: IfMatch },
}

/// What needs no body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Complete,
    Reopen,
    Skip,
    Delete,
    Restore,
}

#[derive(Clone, Copy)]
enum Op {
    Create,
    Update,
    Change(Change),
}

const OPS: [(&str, Op); 7] = [
    ("create", Op::Create),
    ("update", Op::Update),
    ("complete", Op::Change(Change::Complete)),
    ("reopen", Op::Change(Change::Reopen)),
    ("skip", Op::Change(Change::Skip)),
    ("delete", Op::Change(Change::Delete)),
    ("restore", Op::Change(Change::Restore)),
];

impl Operation {
    pub(super) fn read(value: Value) -> Result<Self, Violations> {
        let mut found = Found::default();
        let Some(mut members) = found.object("", value) else { return found.finish(None) };
        let op = found.required(&mut members, "op", op);
        let Some(op) = op else { return found.finish(None) };
        if matches!(op, Op::Create) {
            let body = body(&mut members, &mut found);
            found.unknown_members(members, &[]);
            return found.finish(body.map(|body| Self::Create { body }));
        }
        let task = found.required(&mut members, "id", task);
        let if_match = match members.take("if_match") {
            Some(value) => found.parsed("if_match", value, if_match),
            None => Some(IfMatch(None)),
        };
        let operation = match op {
            Op::Change(change) => {
                task.zip(if_match).map(|(task, if_match)| Self::Change { change, task, if_match })
            }
            Op::Create | Op::Update => {
                let scope = members.take("scope").and_then(|value| found.text("scope", value));
                let body = body(&mut members, &mut found);
                task.zip(if_match).zip(body).map(|((task, if_match), body)| Self::Update {
                    task,
                    if_match,
                    scope,
                    body,
                })
            }
        };
        found.unknown_members(members, &[]);
        found.finish(operation)
    }

    /// The task it changes; none if it makes one.
    pub(super) fn task(&self) -> Option<TaskId> {
        match self {
            Self::Create { .. } => None,
            Self::Update { task, .. } | Self::Change { task, .. } => Some(*task),
        }
    }

    pub(super) async fn carry_out(
        self,
        app: &App,
        caller: &Caller<WriteTasks>,
        idempotency: Idempotency,
    ) -> Result<Response, Problem> {
        let (app, caller) = (State(app.clone()), caller.clone());
        Ok(match self {
            Self::Create { body } => {
                create::create_task(app, caller, idempotency, Json(body)).await.into_response()
            }
            Self::Update { task, if_match, scope, body } => {
                let query = Query::of(scope.map(|scope| ("scope".to_owned(), scope)));
                let edited =
                    edit::edit_task(app, caller, TaskPath(task), if_match, idempotency, query, Json(body));
                edited.await.into_response()
            }
            Self::Change { change, task, if_match } => {
                let task = TaskPath(task);
                match change {
                    Change::Complete => complete::complete_task(app, caller, task, if_match, idempotency)
                        .await
                        .into_response(),
                    Change::Reopen => {
                        reopen::reopen_task(app, caller, task, if_match, idempotency).await.into_response()
                    }
                    Change::Skip => {
                        skip::skip_task(app, caller, task, if_match, idempotency).await.into_response()
                    }
                    Change::Delete => {
                        delete::delete_task(app, caller, task, if_match, idempotency).await.into_response()
                    }
                    Change::Restore => {
                        restore::restore_task(app, caller, task, if_match, idempotency).await.into_response()
                    }
                }
            }
        })
    }
}

fn op(text: &str) -> Result<Op, Violation> {
    let op = OPS.iter().find(|(name, _)| *name == text).map(|(_, op)| *op);
    op.ok_or_else(|| {
        let names: Vec<_> = OPS.iter().map(|(name, _)| *name).collect();
        Violation::new("op", "unknown_value", format!("One of: {}.", names.join(", ")))
    })
}

fn task(text: &str) -> Result<TaskId, Violation> {
    parse_id(text).map(TaskId).ok_or_else(|| Violation::new("id", "invalid_id", "The id of a task."))
}

fn if_match(text: &str) -> Result<IfMatch, Violation> {
    let invalid =
        || Violation::new("if_match", "invalid_entity_tag", "An entity tag as in `ETag`, \"7\", or *.");
    IfMatch::parse(text).ok_or_else(invalid)
}

fn body(members: &mut crate::input::Object, found: &mut Found) -> Option<Value> {
    let body = members.take("body");
    if body.is_none() {
        found.report("body", "required", "This is missing.");
    }
    body
}
