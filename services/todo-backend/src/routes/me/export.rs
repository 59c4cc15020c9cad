//! `GET /api/v1/me/export`: everything about a person as one document.
//!
//! It is written while it is sent, a page of rows at a time, and holds no connection while a slow client reads. A
//! document that is cut off is no JSON, so that nobody takes it for a whole one.

use axum::{body::Body, extract::State, response::IntoResponse};
use futures::{Stream, stream};
use http::header;
use platform::Problem;
use serde_json::{Value, json, value::RawValue};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    sessions,
};

/// Rows that are read at once.
const PAGE: i64 = 500;

/// The lists of the document, in its order: what each holds of the person `$1`, as key and JSON.
const LISTS: [(&str, &str); 14] = [
    ("tokens", "SELECT id::text AS key, jsonb_build_object('id', id, 'name', name, 'scopes', scopes,
         'created_at', created_at, 'expires_at', expires_at, 'last_used_at', last_used_at) AS doc
         FROM api_token WHERE user_id = $1"),
    ("identities", "SELECT issuer || ' ' || subject AS key,
         jsonb_build_object('issuer', issuer, 'subject', subject, 'linked_at', linked_at) AS doc
         FROM oidc_identity WHERE user_id = $1"),
    ("calendars", "SELECT user_id::text AS key, jsonb_build_object('created_at', created_at) AS doc
         FROM calendar_feed WHERE user_id = $1"),
    ("mails", "SELECT id::text AS key, jsonb_build_object('id', id, 'kind', kind, 'email', email,
         'created_at', created_at, 'status', status) AS doc FROM account_mail WHERE user_id = $1"),
    ("filters", "SELECT id::text AS key, to_jsonb(f) - 'user_id' AS doc FROM saved_filter AS f WHERE user_id = $1"),
    ("projects", "SELECT id AS key, state AS doc FROM project
         WHERE owner = $1 AND NOT state ? 'purged_at'"),
    ("memberships", "SELECT project_id::text AS key, jsonb_build_object('project_id', project_id, 'role', role) AS doc
         FROM project_member WHERE user_id = $1 AND role <> 'owner'"),
    ("tasks", "SELECT id AS key, state || jsonb_build_object('version', version) AS doc FROM task
         WHERE owner = $1 AND NOT state ? 'purged_at'"),
    ("series", "SELECT id AS key, state AS doc FROM recurrence WHERE state ->> 'owner' = $1::text"),
    ("comments", "SELECT id::text AS key, to_jsonb(c) - 'search' - 'author' AS doc
         FROM task_comment AS c WHERE author = $1"),
    ("reminders", "SELECT reminder_id || '/' || generation AS key, to_jsonb(r) - 'user_id' - 'epoch' AS doc
         FROM reminder AS r WHERE user_id = $1"),
    ("notifications", "SELECT n.id::text AS key, (to_jsonb(n) - 'user_id') || jsonb_build_object('deliveries', (
             SELECT coalesce(jsonb_agg(jsonb_build_object('channel', channel, 'status', status, 'attempts', attempts,
                 'settled_at', settled_at)), '[]') FROM delivery WHERE notification_id = n.id)) AS doc
         FROM notification AS n WHERE user_id = $1"),
    ("events", "SELECT lpad(seq::text, 20, '0') AS key, jsonb_build_object('kind', kind, 'at', at, 'data', data) AS doc
         FROM user_event WHERE user_id = $1"),
    ("history", "SELECT event_id::text AS key, jsonb_build_object('event_id', event_id, 'type', type, 'at', at,
         'data', data) AS doc FROM audit.entry WHERE user_id = $1"),
];

/// Everything about the caller, as one document: account, sessions, tokens, mails, filters, projects, tasks, comments,
/// reminders, notifications and history.
///
/// It is of the moment at which each part is written, and for reading; `GET /api/v1/export` gives tasks as they can be
/// imported again.
#[utoipa::path(
    get, path = "/api/v1/me/export", tag = "account", security(("access_token" = [])),
    responses(
        (status = 200, description = "The document", body = serde_json::Value),
        CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn export_me(State(app): State<App>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let sessions: Vec<Value> = sessions::list(&app, caller.id)
        .await?
        .into_iter()
        .map(|session| {
            json!({
                "id": session.id, "created_at": session.created_at, "last_used_at": session.used_at,
                "user_agent": session.user_agent,
            })
        })
        .collect();
    let head = json!({
        "exported_at": app.clock.now(), "account": caller.account.user(), "sessions": sessions,
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"almanac-account.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(written(app.pool, caller.account.id, head.to_string()))))
}

/// Where the document is written.
enum Place {
    Head(String),
    /// In that list, after that key.
    List {
        list: usize,
        after: Option<String>,
    },
    End,
}

fn written(pool: PgPool, user: Uuid, head: String) -> impl Stream<Item = Result<String, sqlx::Error>> {
    stream::try_unfold(Place::Head(head), move |place| {
        let pool = pool.clone();
        async move {
            Ok(match place {
                Place::Head(head) => {
                    let open = head.trim_end_matches('}').to_owned();
                    Some((open, Place::List { list: 0, after: None }))
                }
                Place::List { list, after } => Some(page(&pool, user, list, after).await?),
                Place::End => None,
            })
        }
    })
}

async fn page(
    pool: &PgPool,
    user: Uuid,
    list: usize,
    after: Option<String>,
) -> Result<(String, Place), sqlx::Error> {
    let Some((name, rows)) = LISTS.get(list) else { return Ok(("}".to_owned(), Place::End)) };
    let sql = format!(
        "SELECT key, doc FROM ({rows}) AS listed WHERE $2::text IS NULL OR key COLLATE \"C\" > $2
         ORDER BY key COLLATE \"C\" LIMIT $3"
    );
    let found: Vec<(String, Json<Box<RawValue>>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(user).bind(&after).bind(PAGE).fetch_all(pool).await?;
    let mut text = if after.is_none() { format!(",\"{name}\":[") } else { String::new() };
    for (index, (_, doc)) in found.iter().enumerate() {
        if index > 0 || after.is_some() {
            text.push(',');
        }
        text.push_str(doc.0.get());
    }
    let last = found.last().filter(|_| found.len() as i64 == PAGE).map(|(key, _)| key.clone());
    let next = match last {
        Some(key) => Place::List { list, after: Some(key) },
        None => {
            text.push(']');
            Place::List { list: list + 1, after: None }
        }
    };
    Ok((text, next))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn it_has_everything_of_the_person_and_nothing_of_others(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.register("ada@example.org").await;
        let bob = backend.register("bob@example.org").await;
        bob.create(&backend, "Bob's own").await;
        let project = backend.request("POST", "/api/v1/projects").token(&ada.token);
        assert_eq!(project.json(json!({"name": "The garden"})).send().await.status, 201);
        let task = ada.create(&backend, "Water the plants").await;
        let comment = backend.request("POST", &format!("{task}/comments")).token(&ada.token);
        assert_eq!(comment.json(json!({"text": "The **blue** one leaks"})).send().await.status, 201);
        // More than are read at once.
        sqlx::query(
            "INSERT INTO audit.entry (event_id, topic, type, user_id, at, data)
             SELECT gen_random_uuid(), 'task-events', 'task.updated', $1, now(), '{}' FROM generate_series(1, 1203)",
        )
        .bind(ada.id)
        .execute(&pool)
        .await
        .unwrap();

        let answer = backend.request("GET", "/api/v1/me/export").token(&ada.token).send().await;
        assert_eq!(answer.status, 200);
        let export = answer.body;
        assert_eq!(export["account"]["email"], "ada@example.org");
        assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(export["projects"][0]["name"], "The garden");
        assert_eq!(export["tasks"][0]["title"], "Water the plants");
        assert_eq!(export["comments"][0]["text"], "The **blue** one leaks");
        assert_eq!(export["mails"][0]["kind"], "verify-email");
        assert_eq!(export["history"].as_array().unwrap().len(), 1203);
        assert!(!answer.text.contains("Bob") && !answer.text.contains("bob@"), "{}", answer.text);
    }
}
