//! `GET /entries?task_id=…&limit=…&cursor=…`: what happened to a task, or with `project_id` to a project, oldest first.

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use platform::{Json, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::{PgPool, types};
use uuid::Uuid;

const LIMITS: std::ops::RangeInclusive<usize> = 1..=200;
const DEFAULT_LIMIT: usize = 50;

pub(crate) fn routes(pool: PgPool) -> Router {
    Router::new().route("/entries", get(list_entries)).with_state(pool)
}

/// Texts, so that the one at fault can be named.
#[derive(Deserialize)]
struct Asked {
    task_id: Option<String>,
    project_id: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Entry>,
    next_cursor: Option<String>,
}

/// An entry, with the fields of the event's own data beside it.
#[derive(Serialize)]
struct Entry {
    event_id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    /// The task's version with this event, if it changed the task.
    version: Option<i64>,
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    #[serde(flatten)]
    data: Map<String, Value>,
}

/// The names [`Entry`] takes for itself.
const OWN: [&str; 5] = ["event_id", "type", "version", "at", "recorded_at"];

#[derive(sqlx::FromRow)]
struct Row {
    event_id: Uuid,
    #[sqlx(rename = "type")]
    kind: String,
    version: Option<i64>,
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    data: types::Json<Map<String, Value>>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let mut data = row.data.0;
        data.retain(|name, _| !OWN.contains(&name.as_str()));
        let Row { event_id, kind, version, at, recorded_at, .. } = row;
        Self { event_id, kind, version, at, recorded_at, data }
    }
}

/// Where the next page begins: after this entry.
struct Cursor(DateTime<Utc>, Uuid);

impl Cursor {
    fn after(row: &Row) -> Self {
        Self(row.at, row.event_id)
    }

    fn write(&self) -> String {
        let text = format!("{}/{}", self.0.timestamp_micros(), self.1);
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, event_id) = text.split_once('/')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        // Other years do not fit the database.
        (1..=9999).contains(&chrono::Datelike::year(&at)).then_some(Self(at, event_id.parse().ok()?))
    }
}

async fn list_entries(
    State(pool): State<PgPool>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Problem> {
    let Query(asked) =
        asked.map_err(|rejection| Problem::invalid("query", "unreadable", rejection.body_text()))?;
    let of = of(&asked)?;
    let limit = limit(asked.limit.as_deref())?;
    let after = match asked.cursor.as_deref() {
        None => None,
        Some(text) => Some(Cursor::read(text).ok_or_else(|| {
            Problem::invalid("cursor", "unknown_cursor", "Give a `next_cursor` as it was answered.")
        })?),
    };
    let (at, event_id) = after.map(|cursor| (cursor.0, cursor.1)).unzip();

    // One more than asked tells whether there is a next page.
    let (sql, id) = match of {
        Of::Task(id) => (OF_TASK, id),
        Of::Project(id) => (OF_PROJECT, id),
    };
    let mut rows: Vec<Row> =
        sqlx::query_as(sql).bind(id).bind(at).bind(event_id).bind(limit as i64 + 1).fetch_all(&pool).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::after(last).write());
    Ok(Json(Page { items: rows.into_iter().map(Entry::from).collect(), next_cursor }))
}

/// Whose history it is.
enum Of {
    Task(Uuid),
    Project(Uuid),
}

const OF_TASK: &str = "SELECT event_id, type, version, at, recorded_at, data FROM audit.entry
     WHERE task_id = $1 AND ($2::timestamptz IS NULL OR (at, event_id) > ($2, $3))
     ORDER BY at, event_id LIMIT $4";
const OF_PROJECT: &str = "SELECT event_id, type, version, at, recorded_at, data FROM audit.entry
     WHERE project_id = $1 AND ($2::timestamptz IS NULL OR (at, event_id) > ($2, $3))
     ORDER BY at, event_id LIMIT $4";

fn of(asked: &Asked) -> Result<Of, Problem> {
    let id = |name, text: &str| {
        text.parse().map_err(|_| Problem::invalid(name, "invalid_uuid", "An id is a UUID."))
    };
    match (&asked.task_id, &asked.project_id) {
        (Some(task), None) => id("task_id", task).map(Of::Task),
        (None, Some(project)) => id("project_id", project).map(Of::Project),
        (Some(_), Some(_)) => Err(Problem::invalid("project_id", "one_of", "Say one of task and project.")),
        (None, None) => Err(Problem::invalid("task_id", "required", "Say of which task.")),
    }
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    text.parse().ok().filter(|limit| LIMITS.contains(limit)).ok_or_else(|| {
        let detail = format!("A number from {} to {}.", LIMITS.start(), LIMITS.end());
        Problem::invalid("limit", "out_of_range", detail)
    })
}

#[cfg(test)]
mod tests {
    use contracts::events::{AUDIT_LOGS, TASK_EVENTS};
    use serde_json::json;

    use super::*;
    use crate::testing::{TASK, USER, call, deliver, task_event};

    #[sqlx::test(migrations = false)]
    async fn a_history_is_read_oldest_first_page_by_page(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        // They arrive in any order, and two of them happened in the same millisecond.
        for (id, kind, version, at) in [
            (4, "task.completed", 3, "2026-12-01T10:00:00Z"),
            (1, "task.created", 1, "2026-12-01T08:00:00Z"),
            (3, "reminder.fired", 2, "2026-12-01T09:00:00.5Z"),
            (2, "task.updated", 2, "2026-12-01T09:00:00.5Z"),
        ] {
            let topic = if kind == "reminder.fired" { AUDIT_LOGS } else { TASK_EVENTS };
            deliver(&pool, topic, &task_event(id, kind, version, at)).await;
        }
        let mut kinds = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) = call(&pool, &format!("/entries?task_id={TASK}&limit=2{cursor}")).await;
            assert_eq!(status, 200, "{page}");
            for item in page["items"].as_array().unwrap() {
                kinds.push(item["type"].as_str().unwrap().to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(kinds, ["task.created", "task.updated", "reminder.fired", "task.completed"]);
    }

    #[sqlx::test(migrations = false)]
    async fn an_entry_shows_the_events_own_fields(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        deliver(&pool, TASK_EVENTS, &task_event(1, "task.created", 1, "2026-12-01T08:00:00.123Z")).await;

        let (_, page) = call(&pool, &format!("/entries?task_id={TASK}")).await;

        assert_eq!(page["next_cursor"], Value::Null);
        let mut item = page["items"][0].clone();
        item.as_object_mut().unwrap().remove("recorded_at").expect("when it was recorded");
        let expected = json!({
            "event_id": Uuid::from_u128(1), "type": "task.created", "version": 1, "at": "2026-12-01T08:00:00.123Z",
            "task_id": TASK, "user_id": USER, "title": "Water the plants",
        });
        assert_eq!(item, expected);
    }

    #[sqlx::test(migrations = false)]
    async fn a_project_has_a_history_of_its_own(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let project = Uuid::from_u128(11);
        let mut event = task_event(1, "project.created", 1, "2026-12-01T08:00:00Z");
        event["data"] = json!({"project_id": project, "user_id": USER, "version": 1});
        deliver(&pool, AUDIT_LOGS, &event).await;
        deliver(&pool, TASK_EVENTS, &task_event(2, "task.created", 1, "2026-12-01T08:00:00Z")).await;

        let (_, page) = call(&pool, &format!("/entries?project_id={project}")).await;

        let kinds: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
        assert_eq!(kinds, ["project.created"]);
    }

    #[sqlx::test(migrations = false)]
    async fn another_task_has_another_history(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        deliver(&pool, TASK_EVENTS, &task_event(1, "task.created", 1, "2026-12-01T08:00:00Z")).await;

        let (status, page) = call(&pool, &format!("/entries?task_id={}", Uuid::from_u128(9))).await;

        assert_eq!((status, page), (200, json!({ "items": [], "next_cursor": null })));
    }

    #[sqlx::test(migrations = false)]
    async fn a_wrong_query_names_the_parameter(pool: PgPool) {
        for (query, parameter) in [
            ("", "task_id"),
            ("?task_id=7", "task_id"),
            ("?project_id=7", "project_id"),
            (&format!("?task_id={TASK}&project_id={TASK}"), "project_id"),
            (&format!("?task_id={TASK}&limit=0"), "limit"),
            (&format!("?task_id={TASK}&limit=many"), "limit"),
            (&format!("?task_id={TASK}&cursor=nonsense"), "cursor"),
            // Long before the first year there is.
            (
                &format!(
                    "?task_id={TASK}&cursor=LTgwMDAwMDAwMDAwMDAwMDAwMDAvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"
                ),
                "cursor",
            ),
            (&format!("?task_id={TASK}&task_id={TASK}"), "query"),
        ] {
            let (status, problem) = call(&pool, &format!("/entries{query}")).await;
            assert_eq!(status, 422, "{query}");
            assert_eq!(problem["errors"][0]["field"], parameter, "{query}");
        }
    }
}
