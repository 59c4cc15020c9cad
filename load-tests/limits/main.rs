//! `load-limits`: the least that a request can cost, for `load-driver` to hold the services against.
//!
//! - `POST /no-op/{actor}`: a call of a method that `Task` does not have. It takes the way of every command (an HTTP
//!   endpoint, the actor client, the backend's sidecar, the actors' sidecar, the host, the mailbox) and ends there,
//!   with the outcome `malformed`, before anything is loaded: no database, no decision.
//! - `GET /task/{person}/{task}`: the backend's query for a task, its answer as it is stored.
//! - `GET /list/{person}`: the backend's query for the first page of a list, likewise.
//!
//! No token is looked at and no header written: it is axum, the client, and sqlx. It stands in the backend's place,
//! with the backend's sidecar, and says on standard output where it listens.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::{
    FromRow, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    types,
};
use uuid::Uuid;
use virtual_actors::{ActorClient, CallError, DaprSidecar, Message};

/// As many as a service has.
const CONNECTIONS: u32 = 10;

/// The environment's DATABASE_URL is the backend's.
#[derive(Parser)]
struct Arguments {
    /// The gRPC API of the backend's sidecar, as http://127.0.0.1:50001
    #[arg(long)]
    sidecar: String,
}

#[derive(Clone)]
struct App {
    pool: PgPool,
    actors: ActorClient,
}

#[derive(Serialize, Deserialize)]
struct NoOp {}

impl Message for NoOp {
    const ACTOR: &'static str = "Task";
    const METHOD: &'static str = "no-op";
    type Reply = ();
    type Refusal = ();
}

#[derive(FromRow, Serialize)]
struct Row {
    version: i64,
    state: types::Json<Box<RawValue>>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let options = url.parse::<PgConnectOptions>()?.application_name("load-limits");
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
    let sidecar = DaprSidecar::new(&arguments.sidecar, None, "pubsub")?;
    let app = App { pool, actors: ActorClient::new(Arc::new(sidecar)) };
    let routes = Router::new()
        .route("/no-op/{actor}", post(no_op))
        .route("/task/{person}/{task}", get(task))
        .route("/list/{person}", get(list))
        .with_state(app);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn no_op(State(app): State<App>, Path(actor): Path<String>) -> (StatusCode, String) {
    match app.actors.call(&actor, &NoOp {}).await {
        // The host has no such method: the call has been there and back.
        Err(CallError::Failed(detail)) if detail.contains(NoOp::METHOD) => (StatusCode::OK, detail),
        other => (StatusCode::BAD_GATEWAY, format!("{other:?}")),
    }
}

async fn task(
    State(app): State<App>,
    Path((person, task)): Path<(Uuid, Uuid)>,
) -> Result<Json<Option<Row>>, (StatusCode, String)> {
    let row = sqlx::query_as(
        "SELECT version, state FROM task AS t
         WHERE id = $1 AND (owner = $2 OR EXISTS (
             SELECT FROM project_member AS m
             WHERE m.user_id = $2 AND m.project_id = (t.state ->> 'project')::uuid
         ))",
    )
    .bind(task.to_string())
    .bind(person)
    .fetch_optional(&app.pool);
    row.await.map(Json).map_err(failed)
}

async fn list(
    State(app): State<App>,
    Path(person): Path<Uuid>,
) -> Result<Json<Vec<Row>>, (StatusCode, String)> {
    let rows = sqlx::query_as(
        "SELECT t.version, t.state FROM unnest($1::uuid[]) AS lists (list), unnest($2::boolean[]) AS statuses (done)
         CROSS JOIN LATERAL (
             SELECT t.id, t.version, t.state, t.created_at AS key FROM task AS t
             WHERE t.list = lists.list AND t.done = statuses.done AND NOT t.deleted
             ORDER BY t.created_at DESC, t.id DESC LIMIT 51
         ) AS t ORDER BY t.key DESC, t.id DESC LIMIT 51",
    )
    .bind(vec![person])
    .bind(vec![false])
    .fetch_all(&app.pool);
    rows.await.map(Json).map_err(failed)
}

fn failed(error: sqlx::Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
