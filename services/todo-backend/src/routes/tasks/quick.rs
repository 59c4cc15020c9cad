//! `POST /api/v1/tasks/quick`: a task from one line of text.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    api,
    task::{CreateTask, TaskSnapshot},
};
use domain::{
    Task, TaskId, UserId, UserZone, Violation, Violations,
    quick_add::{self, Context},
};
use http::header;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    commands,
    created::created,
    idempotency::Idempotency,
    input::{self, Found},
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    precondition::entity_tag,
    scope::WriteTasks,
};

/// Makes a task of a line, and tells how each phrase was read.
///
/// Dates, times, words of repetition, `#tag`, `!high`, `~45m` and `remind 1 day before` are understood, in English;
/// all else is the title. A phrase with more than one reading stays in the title, too, and is told as
/// `unclear`. After a backslash, and in double quotes, words are taken literally.
#[utoipa::path(
    post, path = "/api/v1/tasks/quick", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body = api::QuickAddInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "What would be made, in a dry run", body = api::QuickAdd),
        (status = 201, description = "The task and how it was understood", body = api::QuickAdd, headers(
            ("Location" = String, description = "The task's path"),
            ("ETag" = String, description = "The task's version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn quick_add(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &body)?;
    let Asked { text, dry_run } = asked(body)?;
    // Of the path, too: under the same key `POST /tasks` makes another task.
    let id = TaskId(idempotency.new_id(caller.id, app.ids.as_ref()));
    let read = || understand(&text, caller.id, caller.zone, app.clock.now());
    if dry_run {
        return Ok(Json(read()?.0).into_response());
    }
    let made = commands::carry_out(&app, id, command, async { Ok(read()?.1) }).await?;
    let answer = api::QuickAdd { task: Some(api::Task::from(&made)), ..reading(&text, &made)? };
    let tag = [(header::ETAG, entity_tag(made.version))];
    Ok(created(&format!("/api/v1/tasks/{id}"), (tag, Json(answer))))
}

struct Asked {
    text: String,
    dry_run: bool,
}

fn asked(body: Value) -> Result<Asked, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let text = found.required(&mut body, "text", |text| {
        let length = text.chars().count();
        if length > quick_add::MAX_CHARS {
            let detail = format!("The text has {length} characters, {} are allowed.", quick_add::MAX_CHARS);
            return Err(Violation::new("text", "max_length", detail));
        }
        Ok(text.to_owned())
    });
    let dry_run = match body.take("dry_run") {
        None => Some(false),
        Some(Value::Bool(dry_run)) => Some(dry_run),
        Some(_) => {
            found.report("dry_run", "invalid_type", "This must be a boolean.");
            None
        }
    };
    found.unknown_members(body, &[]);
    found.finish((|| Some(Asked { text: text?, dry_run: dry_run? }))())
}

/// What the line stands for goes the way of any new task, so it is held to the same rules.
fn understand(
    text: &str,
    owner: UserId,
    zone: UserZone,
    now: DateTime<Utc>,
) -> Result<(api::QuickAdd, CreateTask), Problem> {
    let read = quick_add::read(text, &Context { now: zone.zone.local(now), user: zone });
    let answer = api::QuickAdd::of(text, &read);
    let draft = serde_json::to_value(&answer.draft).map_err(Problem::internal)?;
    let create = input::task::new_task(draft, owner, zone).map_err(|wrong| wrong.moved("title", "text"))?;
    Ok((answer, create))
}

/// How the line was read that this task was made of, the first time or now. It was read where its owner was, when it was
/// made or in the minute before; which of them shows in the task.
fn reading(text: &str, made: &TaskSnapshot) -> Result<api::QuickAdd, Problem> {
    let task = &made.task;
    let at = task.created_at();
    let read = |now| understand(text, task.owner(), *task.zone(), now);
    if let Ok((answer, create)) = read(at - TimeDelta::minutes(1))
        && let Ok(created) = Task::create(create.new_task(task.id()), at)
        && created.task == *task
    {
        return Ok(answer);
    }
    Ok(read(at)?.0)
}

#[cfg(test)]
mod tests {
    use domain::Zone;
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::test_support::{Answer, Backend, User};

    async fn quick(backend: &Backend, user: &User, key: Option<&str>, body: Value) -> Answer {
        let request = backend.request("POST", "/api/v1/tasks/quick").token(&user.token);
        let request = match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        request.json(body).send().await
    }

    #[sqlx::test(migrations = false)]
    async fn a_line_becomes_a_task_and_each_phrase_is_told(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let text = "Pay rent every month on the last workday at 9 #home !high remind 1 day before";
        let answer = quick(&backend, &ada, None, json!({"text": text})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let task = &answer.body["task"];
        assert_eq!((&task["title"], &task["priority"]), (&json!("Pay rent"), &json!("high")));
        assert_eq!(task["due"], json!({"at": "2026-07-31T09:00:00", "zone": "Europe/Berlin"}));
        assert_eq!(task["recurrence"]["text"], "every month on the last weekday");
        assert_eq!(task["reminders"][0]["before"], "P1D");
        assert_eq!(task["tags"], json!(["home"]));
        assert_eq!(answer.headers["etag"], "\"1\"");
        let path = answer.headers["location"].to_str().unwrap();
        assert_eq!(&backend.request("GET", path).token(&ada.token).send().await.body, task);
        let phrases: Vec<_> =
            answer.body["understood"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
        let expected = ["every month on the last workday", "at 9", "#home", "!high", "remind 1 day before"];
        assert_eq!(phrases, expected);
        assert_eq!(
            (&answer.body["understood"][1]["start"], &answer.body["understood"][1]["end"]),
            (&json!(41), &json!(45))
        );
    }

    #[sqlx::test(migrations = false)]
    async fn a_dry_run_makes_nothing_and_its_draft_can_be_posted(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let text = "Call Bob tomorrow at 9 every! 3 days remind me at 8:30 or 1/2/2027";
        let answer = quick(&backend, &ada, None, json!({"text": text, "dry_run": true})).await;
        assert_eq!((answer.status, &answer.body["task"]), (200, &Value::Null), "{}", answer.body);
        assert_eq!(answer.body["unclear"][0]["text"], "1/2/2027");
        let list = backend.request("GET", "/api/v1/tasks").token(&ada.token).send().await;
        assert_eq!(list.body["items"], json!([]));
        let draft = answer.body["draft"].clone();
        let made = backend.request("POST", "/api/v1/tasks").token(&ada.token).json(draft).send().await;
        assert_eq!((made.status, &made.body["title"]), (201, &json!("Call Bob or 1/2/2027")));
    }

    #[sqlx::test(migrations = false)]
    async fn the_same_line_under_its_key_means_what_it_meant_the_first_time(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let body = json!({"text": "Call Bob in 2 hours or tomorrow morning perhaps"});
        let first = quick(&backend, &ada, Some("k"), json!({"text": "Call Bob in 2 hours"})).await;
        assert_eq!(first.status, 201);
        for later in [TimeDelta::minutes(90), TimeDelta::days(2)] {
            backend.clock.advance(later);
            let again = quick(&backend, &ada, Some("k"), json!({"text": "Call Bob in 2 hours"})).await;
            assert_eq!((again.status, &again.body), (201, &first.body));
        }
        let other = quick(&backend, &ada, Some("k"), body).await;
        assert_eq!((other.status, other.kind()), (422, "/api/problems/idempotency-key-reused"));
        let list = backend.request("GET", "/api/v1/tasks").token(&ada.token).send().await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    }

    #[sqlx::test(migrations = false)]
    async fn a_key_is_of_its_path_so_each_way_makes_its_own_task(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let plain = async |key: &str| {
            let request = backend.request("POST", "/api/v1/tasks").token(&ada.token);
            request.header("idempotency-key", key).json(json!({"title": "Plain"})).send().await.body["id"]
                .clone()
        };
        let line = async |key: &str| {
            let answer = quick(&backend, &ada, Some(key), json!({"text": "Line"})).await;
            assert_eq!(
                (answer.status, &answer.body["task"]["title"]),
                (201, &json!("Line")),
                "{}",
                answer.body
            );
            answer.body["task"]["id"].clone()
        };
        let first = [plain("a").await, line("a").await, line("b").await, plain("b").await];
        let again = [plain("a").await, line("a").await, line("b").await, plain("b").await];
        assert_eq!(first, again);
        let list = backend.request("GET", "/api/v1/tasks").token(&ada.token).send().await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), 4);
    }

    /// The line is read a moment before the task is made.
    #[test]
    fn a_line_that_was_read_in_one_minute_and_made_in_the_next_is_told_as_it_was_read() {
        let (owner, zone) = (UserId(Uuid::nil()), UserZone::new(Zone::parse("Europe/Berlin").unwrap(), 3));
        let text = "Call Bob in 2 hours";
        for (read, made) in [("08:00:59", "08:01:00"), ("08:01:00", "08:01:59")] {
            let [read, made] = [read, made].map(|time| format!("2026-07-01T{time}Z").parse().unwrap());
            let (answer, create) = understand(text, owner, zone, read).unwrap();
            let id = TaskId(Uuid::from_u128(1));
            let task = Task::create(create.new_task(id), made).unwrap().task;
            let told = reading(text, &TaskSnapshot { version: 1, task }).unwrap();
            assert_eq!(told.draft, answer.draft, "{made}");
        }
    }

    #[sqlx::test(migrations = false)]
    async fn what_is_wrong_is_named(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        for (body, field, rule) in [
            (json!({}), "text", "required"),
            (json!({"text": 7}), "text", "invalid_type"),
            (json!({"text": ""}), "text", "required"),
            (json!({"text": "tomorrow #home"}), "text", "required"),
            (json!({"text": "x".repeat(501)}), "text", "max_length"),
            (json!({"text": "x ".repeat(501)}), "text", "max_length"),
            (json!({"text": "a\u{0}b"}), "text", "control_character"),
            (json!({"text": "x", "dry_run": "yes"}), "dry_run", "invalid_type"),
            (json!({"text": "x", "title": "y"}), "title", "unknown_member"),
        ] {
            let answer = quick(&backend, &ada, None, body.clone()).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{body}");
            assert_eq!(answer.body["errors"][0]["rule"], rule, "{body}");
        }
    }
}
