//! `PATCH /api/v1/tasks/{id}`.

use axum::extract::State;
use contracts::{api, task::EditTask};
use domain::Scope;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands::{self, Answer},
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems, RoleProblems, TaskProblems},
    precondition::IfMatch,
    query::Query,
    scope::WriteTasks,
    subtasks,
    task_path::TaskPath,
};

/// How the document names the scopes.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only describes the parameter")]
enum Instances {
    This,
    Following,
    All,
}

const SCOPES: [(&str, Scope); 3] =
    [("this", Scope::This), ("following", Scope::Following), ("all", Scope::All)];

/// Changes a task by a JSON merge patch (RFC 7396).
///
/// What is absent stays, what is null goes back to its default. `due` and `reminders` are replaced as
/// a whole, as is `recurrence`; a reminder keeps its identity by its `id`, or by being for the same time.
///
/// Of a task that recurs, `scope` says which instances are changed: only this one, this one and those that
/// follow, or the series as a whole. A new rule holds for those that follow, at least.
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body(content(
        (api::TaskPatch = "application/merge-patch+json"),
        (api::TaskPatch = "application/json"),
    )),
    params(
        ("id" = uuid::Uuid, Path),
        ("scope" = inline(Option<Instances>), Query, description = "`this` (unless given), `following` or `all`"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The task", body = api::Task,
            headers(("ETag" = String, description = "The task's version, in quotes"))),
        BodyProblems, CallerProblems, PassingProblems, TaskProblems, RoleProblems, ChangeProblems,
    ),
)]
pub(crate) async fn edit_task(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
    mut query: Query,
    Json(body): Json<Value>,
) -> Result<Answer, Problem> {
    let scope = query.choice("scope", &SCOPES).unwrap_or_default();
    query.finish()?;
    let command = idempotency.command(caller.id, app.ids.as_ref(), &(if_version, scope, &body))?;
    let message = async {
        let mut patch = input::task::patch(body, scope, &caller.zone)?;
        if let (Some(Some(parent)), None) = (patch.parent, patch.project) {
            patch.project = Some(subtasks::project_of(&app.pool, parent).await?);
        }
        let access = access::to_change(&app.pool, &caller, task).await?;
        Ok(EditTask { user: caller.id, via: access.via, if_version, zone: access.zone, patch })
    };
    commands::carry_out(&app, task, command, message).await.map(Answer::ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn what_is_absent_stays_and_what_is_null_goes(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let patch = async |body| {
            let request = backend.request("PATCH", &task).token(&ada.token);
            request.json_as("application/merge-patch+json", body).send().await
        };

        let edited = patch(json!({
            "notes": "the fern too", "priority": "high", "tags": ["home"],
            "due": {"at": "2026-12-01T09:00:00"}, "reminders": [{"before": "PT10M"}],
        }))
        .await;
        assert_eq!((edited.status, &edited.headers["etag"]), (200, &"\"2\"".parse().unwrap()));
        assert_eq!(edited.body["due"], json!({"at": "2026-12-01T09:00:00", "zone": "Europe/Berlin"}));
        assert_eq!(edited.body["reminders"][0]["fires_at"], "2026-12-01T07:50:00Z");

        let moved = patch(json!({"due": {"date": "2026-12-02"}})).await;
        assert_eq!(moved.body["reminders"][0]["id"], edited.body["reminders"][0]["id"]);
        assert_eq!(moved.body["notes"], "the fern too");

        let cleared = patch(json!({"due": null, "notes": null, "priority": null})).await;
        assert_eq!((&cleared.body["due"], &cleared.body["notes"]), (&json!(null), &json!("")));
        assert_eq!(cleared.body["priority"], "none");
        assert_eq!(cleared.body["reminders"][0]["fires_at"], json!(null));

        let unchanged = patch(json!({"notes": ""})).await;
        assert_eq!(unchanged.body["version"], cleared.body["version"], "nothing changed");
    }

    #[sqlx::test(migrations = false)]
    async fn a_retry_gets_the_first_answer_even_when_the_version_moved_on(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let edit = async |key: &str, title: &str| {
            let request = backend.request("PATCH", &task).token(&ada.token).header("idempotency-key", key);
            request.header("if-match", "\"1\"").json(json!({"title": title})).send().await
        };
        let first = edit("a", "Water the fern").await;
        assert_eq!(first.status, 200);
        assert_eq!(edit("a", "Water the fern").await.body, first.body);
        assert_eq!(edit("b", "Water the fern").await.status, 412);
        assert_eq!(edit("a", "Water the cat").await.status, 422);
    }
}
