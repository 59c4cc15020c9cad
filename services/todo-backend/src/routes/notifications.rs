//! `GET /api/v1/notifications`: the in-app inbox.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::api;
use platform::{Json, Problem};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    cursor::Cursor,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    scope::ReadTasks,
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    task_id: Uuid,
    reminder_id: Uuid,
    title: String,
    due_at: DateTime<Utc>,
    fired_at: DateTime<Utc>,
    late_ms: i64,
}

impl From<Row> for api::Notification {
    fn from(row: Row) -> Self {
        let Row { id, kind, task_id, reminder_id, title, due_at, fired_at, late_ms } = row;
        Self { id, kind, task_id, reminder_id, title, due_at, fired_at, late_ms }
    }
}

/// The reminders that fired, newest first.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of the inbox", body = api::Page<api::Notification>), CallerProblems, PassingProblems, ParameterProblems),
)]
pub(crate) async fn list_notifications(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Json<api::Page<api::Notification>>, Problem> {
    let (limit, after) = (query.limit(), query.cursor());
    query.finish()?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, kind, task_id, reminder_id, title, due_at, fired_at, late_ms FROM notification
         WHERE user_id = $1 AND NOT superseded
           AND ($2::timestamptz IS NULL OR (fired_at, id) < ($2, $3))
         ORDER BY fired_at DESC, id DESC LIMIT $4",
    )
    .bind(caller.id.0)
    .bind(after.map(|cursor| cursor.at))
    .bind(after.map(|cursor| cursor.id))
    .bind(limit as i64 + 1)
    .fetch_all(&app.pool)
    .await?;
    let shown = rows.into_iter().map(api::Notification::from).collect();
    let cursor = |last: &api::Notification| Cursor { at: last.fired_at, id: last.id }.encode();
    Ok(Json(api::Page::of(shown, limit, cursor)))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::test_support::{Backend, User};

    async fn notify(pool: &PgPool, user: &User, n: i32, superseded: bool) {
        sqlx::query(
            "INSERT INTO notification (id, user_id, kind, task_id, reminder_id, generation, title, due_at, fired_at, late_ms, superseded)
             VALUES (gen_random_uuid(), $1, 'reminder', gen_random_uuid(), gen_random_uuid(), 1, $2,
                     '2026-12-01T08:00:00Z'::timestamptz + make_interval(secs => $3 / 2),
                     '2026-12-01T08:00:00.25Z'::timestamptz + make_interval(secs => $3 / 2), 250, $4)",
        )
        .bind(user.id)
        .bind(n.to_string())
        .bind(n)
        .bind(superseded)
        .execute(pool)
        .await
        .unwrap();
    }

    #[sqlx::test(migrations = false)]
    async fn the_inbox_holds_ones_own_newest_first_without_what_was_superseded(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
        for n in 0..6 {
            notify(&pool, &ada, n, n == 3).await;
        }
        notify(&pool, &bob, 9, false).await;
        let (mut titles, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/notifications?limit=2{cursor}");
            let page = backend.request("GET", &path).token(&ada.token).send().await;
            titles.extend(
                page.body["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|n| n["title"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        titles[..2].sort();
        titles[3..].sort();
        assert_eq!(titles, ["4", "5", "2", "0", "1"]);

        let one =
            backend.request("GET", "/api/v1/notifications").token(&bob.token).send().await.body["items"][0]
                .clone();
        let members: Vec<_> = one.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            members,
            ["due_at", "fired_at", "id", "kind", "late_ms", "reminder_id", "task_id", "title"]
        );
        assert_eq!((&one["kind"], &one["late_ms"]), (&"reminder".into(), &250.into()));
        assert_ne!(one["id"], Uuid::nil().to_string());
    }
}
