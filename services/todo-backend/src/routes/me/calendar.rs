//! `/api/v1/me/calendar`: the private address of a person's calendar.

use axum::extract::State;
use chrono::{DateTime, Utc};
use http::StatusCode;
use platform::{Json, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    secret::Secret,
};

/// A calendar's address, at the one time that it is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct CalendarAddress {
    /// Below this server. Who knows it can read the calendar.
    #[schema(example = "/api/v1/calendar/BPQ8Yh0kxwqH2pq8K3n1T0u5vXcVbNmLkJhGfDsAqWe.ics")]
    path: String,
    created_at: DateTime<Utc>,
}

/// Whether a calendar has an address.
#[derive(Serialize, ToSchema)]
pub(crate) struct CalendarState {
    enabled: bool,
    /// Since when its address is this one.
    #[schema(required)]
    created_at: Option<DateTime<Utc>>,
}

/// Gives the calendar a new address, and tells it this once. The one before ends.
#[utoipa::path(
    post, path = "/api/v1/me/calendar", tag = "account", security(("access_token" = [])),
    responses(
        (status = 201, description = "The new address", body = CalendarAddress), CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn renew_calendar(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<CalendarAddress>), Problem> {
    let (secret, now) = (Secret::random(), app.clock.now());
    let store = "INSERT INTO calendar_feed (user_id, token_hash, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at";
    sqlx::query(store).bind(caller.id.0).bind(secret.hash()).bind(now).execute(&app.pool).await?;
    let path = format!("/api/v1/calendar/{}.ics", secret.encode());
    Ok((StatusCode::CREATED, Json(CalendarAddress { path, created_at: now })))
}

/// Whether the calendar has an address. The address itself is not kept.
#[utoipa::path(
    get, path = "/api/v1/me/calendar", tag = "account", security(("access_token" = [])),
    responses((status = 200, description = "Whether it has one", body = CalendarState), CallerProblems, PassingProblems),
)]
pub(crate) async fn get_calendar(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<CalendarState>, Problem> {
    let created_at: Option<DateTime<Utc>> =
        sqlx::query_scalar("SELECT created_at FROM calendar_feed WHERE user_id = $1")
            .bind(caller.id.0)
            .fetch_optional(&app.pool)
            .await?;
    Ok(Json(CalendarState { enabled: created_at.is_some(), created_at }))
}

/// Takes the address away.
#[utoipa::path(
    delete, path = "/api/v1/me/calendar", tag = "account", security(("access_token" = [])),
    responses((status = 204, description = "There is none any more"), CallerProblems, PassingProblems),
)]
pub(crate) async fn end_calendar(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    sqlx::query("DELETE FROM calendar_feed WHERE user_id = $1").bind(caller.id.0).execute(&app.pool).await?;
    Ok(StatusCode::NO_CONTENT)
}
