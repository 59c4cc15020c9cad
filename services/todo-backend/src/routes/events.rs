//! `GET /api/v1/events`: what happens, as it happens.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{FromRequestParts, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use contracts::api;
use futures::{StreamExt, stream};
use http::{HeaderName, request::Parts};
use platform::Problem;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    caller::Caller,
    live::{Position, Sent},
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    scope::ReadTasks,
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies and phones cut connections that are silent for a minute or less.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After which a client connects again.
const RECONNECT: Duration = Duration::from_secs(1);
/// How long a stream may outlive its token.
const CHECK: Duration = Duration::from_secs(30);

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Tells what happens to everything the caller sees, as server-sent events, within a second or so.
///
/// A stream begins with the event `ready`: read the lists after it, and nothing is missed. Then comes an event for
/// each change, named like the history's entries: `task.created`, `task.updated`, `task.completed` and so on. Leave
/// out those you do not know. An event says what has changed and to which version, not how it is now; who has that
/// version or a newer one, such as by an answer, has nothing to do. Events of different tasks may come in another
/// order than they happened.
///
/// Connect again with the `id` of the last event as `Last-Event-ID`: the stream goes on there, nothing is missed and
/// nothing comes twice. If that is too long ago, more than seven days or 10,000 events, it goes on with `reset`: read
/// everything anew.
///
/// The stream ends when the access token does not hold any more, when the server stops, and when a client takes
/// nothing for half a minute. A comment comes every 15 seconds.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was received")),
    responses(
        (status = 200, description = "The stream; the `data` of each change is a `LiveEvent`",
            body = api::LiveEvent, content_type = "text/event-stream"),
        (status = 429, description = "This person has ten streams already", body = platform::problem::Body,
            content_type = "application/problem+json"),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn stream_events(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    LastEventId(position): LastEventId,
    parts: Parts,
) -> Result<Response, Problem> {
    let stream = app.live.join(caller.id, position)?;
    let events = stream::unfold(stream, async |mut stream| {
        let sent = stream.events.recv().await?;
        Some((Ok::<_, Infallible>(event(sent)), stream))
    });
    // A process that was asked to stop does not wait for its streams.
    let stop = app.stop.requested();
    let end = async move {
        tokio::select! {
            () = stop => {}
            () = no_longer_allowed(parts, app) => {}
        }
    };
    let sse = Sse::new(events.take_until(end)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // nginx would hold events back until there are enough.
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

/// Waits until the request would not be let in any more: its token has expired or was taken back, its account is gone.
async fn no_longer_allowed(mut parts: Parts, app: App) {
    loop {
        tokio::time::sleep(CHECK).await;
        let caller = Caller::<ReadTasks>::from_request_parts(&mut parts, &app).await;
        // Only a definite no counts: the database may be away for a moment.
        if caller.is_err_and(|problem| problem.status().is_client_error()) {
            return;
        }
    }
}

fn event(sent: Sent) -> Event {
    match sent {
        Sent::Ready(id) => Event::default().event("ready").id(id.to_string()).retry(RECONNECT).data("{}"),
        Sent::Reset(id) => Event::default().event("reset").id(id.to_string()).retry(RECONNECT).data("{}"),
        Sent::Happened { id, kind, data } => Event::default().event(kind).id(id.to_string()).data(data.get()),
    }
}

/// Where the client stands.
pub(crate) struct LastEventId(Position);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut ids = parts.headers.get_all(LAST_EVENT_ID).iter();
        let (Some(id), other) = (ids.next(), ids.next()) else { return Ok(Self(Position::Now)) };
        let id = id.to_str().ok().filter(|_| other.is_none()).and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| {
            let detail = "The `id` of an event of this stream, once.";
            Problem::invalid("Last-Event-ID", "invalid_event_id", detail)
        })?;
        Ok(Self(Position::After(id)))
    }
}

#[cfg(test)]
mod tests;
