//! What people see, served from the rows: lists, inbox, histories, the mailbox, and a host's metrics.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// What a test decides, not the rows.
#[derive(Default)]
pub(crate) struct Shown {
    /// Message-ID and recipient.
    pub(crate) mails: Vec<(String, String)>,
    /// Rows that the API fails to show.
    pub(crate) hidden: Vec<Uuid>,
}

#[derive(Clone)]
struct Server {
    pool: PgPool,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Deserialize)]
struct Asked {
    status: Option<String>,
    #[serde(default)]
    start: usize,
    limit: usize,
    cursor: Option<usize>,
}

/// Serves until the test ends; gives the base URL.
pub(crate) async fn start(pool: PgPool, shown: Arc<Mutex<Shown>>) -> String {
    let router = Router::new()
        .route("/api/v1/tasks", get(tasks))
        .route("/api/v1/notifications", get(inbox))
        .route("/api/v1/tasks/{id}/history", get(history))
        .route("/api/v1/messages", get(messages))
        .route("/metrics", get(async || "actor_activations{actor_type=\"Task\"} 3\n"))
        .with_state(Server { pool, shown });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

async fn tasks(State(server): State<Server>, Query(asked): Query<Asked>) -> Json<Value> {
    let rows: Vec<Value> = sqlx::query_scalar(
        "SELECT jsonb_build_object('id', id, 'version', version, 'title', state -> 'title', 'status', $1)
         FROM task WHERE done = ($1 = 'done') AND NOT deleted ORDER BY id",
    )
    .bind(&asked.status)
    .fetch_all(&server.pool)
    .await
    .unwrap();
    page(&server, &asked, rows)
}

async fn inbox(State(server): State<Server>, Query(asked): Query<Asked>) -> Json<Value> {
    let sql = "SELECT jsonb_build_object('id', id) FROM notification WHERE NOT superseded ORDER BY id";
    let rows = sqlx::query_scalar(sql).fetch_all(&server.pool).await.unwrap();
    page(&server, &asked, rows)
}

async fn history(
    State(server): State<Server>,
    Path(task): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Json<Value> {
    let sql = "SELECT jsonb_build_object('id', event_id, 'event_id', event_id) FROM audit.entry
               WHERE task_id = $1 ORDER BY event_id";
    let rows = sqlx::query_scalar(sql).bind(task).fetch_all(&server.pool).await.unwrap();
    page(&server, &asked, rows)
}

/// Two at a time, so that the checker has to read on.
fn page(server: &Server, asked: &Asked, rows: Vec<Value>) -> Json<Value> {
    assert_eq!(asked.limit, 200);
    let hidden: Vec<String> = server.shown.lock().unwrap().hidden.iter().map(Uuid::to_string).collect();
    let rows: Vec<Value> =
        rows.into_iter().filter(|row| !hidden.iter().any(|hidden| row["id"] == *hidden)).collect();
    let from = asked.cursor.unwrap_or(0);
    let until = rows.len().min(from + 2);
    Json(json!({"items": rows[from..until], "next_cursor": (until < rows.len()).then(|| until.to_string())}))
}

async fn messages(State(server): State<Server>, Query(asked): Query<Asked>) -> Json<Value> {
    let shown = server.shown.lock().unwrap();
    let mail = |(id, to): &(String, String)| json!({"MessageID": id, "To": [{"Address": to, "Name": ""}]});
    let mails: Vec<Value> = shown.mails.iter().skip(asked.start).take(asked.limit).map(mail).collect();
    Json(json!({"messages": mails}))
}
