//! `POST /api/v1/tasks/bulk`: many changes of tasks in one request.
//!
//! Each operation is carried out by the endpoint that makes such a change alone, so it means the same here.

mod operation;
mod outcome;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

use axum::extract::{DefaultBodyLimit, State};
use contracts::api;
use domain::{TaskId, Violations};
use futures::{StreamExt, stream};
use platform::{Json, Problem};
use serde_json::Value;
use tokio::time::Instant;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::operation::Operation;
use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input::Found,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    scope::WriteTasks,
};

const MOST: usize = 500;
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// Tasks that are changed at the same time.
const AT_ONCE: usize = 16;
/// What has not begun by then is left to the next try.
const LONGEST: Duration = Duration::from_secs(15);

pub(in crate::routes) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(bulk_tasks)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// Carries out up to 500 changes of tasks, each by itself.
///
/// Not all or nothing: each operation succeeds or fails as if it were sent alone, and has its own result, with the
/// status, the task or the problem. Results come in the order of the operations. Those on the same task are carried
/// out in that order, whether the one before succeeds or not; others at the same time, in any order.
///
/// Under an `Idempotency-Key` each operation is known by the key and its place, so the whole may be sent again: what was
/// carried out is answered as before, what was not is carried out now. Another operation in the place of one on the
/// same task, or another task to create there, is a 422 of its own.
///
/// The answer is a 200 whatever became of the operations. When actors cannot be reached, what has not begun after 15
/// seconds is a 503 of its own. The body may have 2 MiB.
#[utoipa::path(
    post, path = "/api/v1/tasks/bulk", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])), request_body = api::BulkInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "What came of each operation", body = api::BulkOutput),
        BodyProblems, CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn bulk_tasks(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Json<api::BulkOutput>, Problem> {
    let operations = operations(body)?;
    let begun = Instant::now();
    let places = operations.into_iter().enumerate().map(|(place, value)| {
        let operation = Operation::read(value);
        (place, operation, idempotency.of_place(place))
    });
    let work = by_task(places).into_iter().map(|group| {
        let (app, caller) = (app.clone(), caller.clone());
        async move {
            let mut results = Vec::with_capacity(group.len());
            for (place, operation, idempotency) in group {
                let id = operation.as_ref().ok().and_then(|operation| operation.task());
                let answer = match operation {
                    Ok(_) if begun.elapsed() > LONGEST => {
                        Err(Problem::unavailable("Others took too long; the same request may be sent again."))
                    }
                    Ok(operation) => operation.carry_out(&app, &caller, idempotency).await,
                    Err(violations) => Err(violations.into()),
                };
                results.push((place, outcome::of(id, answer).await));
            }
            results
        }
    });
    // Boxed, or the compiler loses sight of what the many futures borrow.
    let work: Vec<futures::future::BoxFuture<'static, _>> = work.map(|group| Box::pin(group) as _).collect();
    let mut results: Vec<_> = stream::iter(work).buffer_unordered(AT_ONCE).concat().await;
    results.sort_by_key(|(place, _)| *place);
    Ok(Json(api::BulkOutput { results: results.into_iter().map(|(_, result)| result).collect() }))
}

fn operations(body: Value) -> Result<Vec<Value>, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let operations = match body.take("operations") {
        Some(value) => found.list("operations", value),
        None => {
            found.report("operations", "required", "This is missing.");
            None
        }
    };
    if let Some(operations) = &operations
        && !(1..=MOST).contains(&operations.len())
    {
        let detail = format!("From 1 to {MOST} operations, not {}.", operations.len());
        found.report("operations", "out_of_range", detail);
    }
    found.unknown_members(body, &[]);
    found.finish(operations)
}

type Placed = (usize, Result<Operation, Violations>, Idempotency);

/// Those on one task together, in their order; each that is on none by itself.
fn by_task(operations: impl Iterator<Item = Placed>) -> Vec<Vec<Placed>> {
    let (mut groups, mut of_task) = (Vec::<Vec<Placed>>::new(), HashMap::<TaskId, usize>::new());
    for placed in operations {
        let task = placed.1.as_ref().ok().and_then(Operation::task);
        match task.and_then(|task| of_task.get(&task)) {
            Some(group) => groups[*group].push(placed),
            None => {
                if let Some(task) = task {
                    of_task.insert(task, groups.len());
                }
                groups.push(vec![placed]);
            }
        }
    }
    groups
}
