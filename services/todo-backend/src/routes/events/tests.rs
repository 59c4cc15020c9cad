//! The stream as a client sees it.

use std::time::Duration;

use axum::body::BodyDataStream;
use chrono::TimeDelta;
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    live::tell,
    test_support::{Backend, User},
};

const SOON: Duration = Duration::from_secs(20);

/// A client that reads a stream.
struct Client {
    body: BodyDataStream,
    text: String,
}

impl Client {
    async fn connect(backend: &Backend, user: &User, last: Option<&str>) -> Self {
        let request = backend.request("GET", "/api/v1/events").token(&user.token);
        let request = last.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        let response = request.open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event, as its lines; none at the end of the stream.
    async fn next(&mut self) -> Option<Vec<String>> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let lines = event.lines().map(str::to_owned).collect();
                self.text = rest.to_owned();
                return Some(lines);
            }
            let read =
                timeout(SOON, futures::StreamExt::next(&mut self.body)).await.expect("something comes");
            self.text.push_str(std::str::from_utf8(&read?.unwrap()).unwrap());
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_client_hears_what_happens_and_resumes_where_it_was(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    tokio::spawn(crate::live::listen(backend.app.live.clone(), backend.app.stop.clone()));
    let mut client = Client::connect(&backend, &ada, None).await;
    assert_eq!(client.next().await.unwrap(), ["event: ready", "id: 0-0", "retry: 1000", "data: {}"]);
    tell(&pool, ada.id, 1, true).await;
    let event = client.next().await.unwrap();
    assert_eq!(event[..2], ["event: task.updated", "id: 0-1"]);
    assert_eq!(event[2], r#"data: {"at": "2026-12-01T08:00:00Z", "version": 7}"#);

    drop(client);
    tell(&pool, ada.id, 2, true).await;
    let mut client = Client::connect(&backend, &ada, Some("0-1")).await;
    for id in ["id: 0-2", "id: 0-3"] {
        assert_eq!(client.next().await.unwrap()[1], id);
    }
    let mut client = Client::connect(&backend, &ada, Some("0-9")).await;
    assert_eq!(client.next().await.unwrap()[..2], ["event: reset", "id: 0-3"]);
}

#[sqlx::test(migrations = false)]
async fn a_stream_ends_when_the_process_is_to_stop(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let mut client = Client::connect(&backend, &ada, None).await;
    assert!(client.next().await.is_some());
    backend.app.stop.request();
    assert_eq!(client.next().await, None);
}

#[sqlx::test(migrations = false)]
async fn a_stream_ends_when_its_token_has_expired(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let mut client = Client::connect(&backend, &ada, None).await;
    assert!(client.next().await.is_some());
    backend.clock.advance(TimeDelta::days(500));
    tokio::time::pause();
    tokio::time::advance(super::CHECK).await;
    tokio::time::resume();
    assert_eq!(client.next().await, None);
}

#[sqlx::test(migrations = false)]
async fn an_id_that_is_none_of_ours_is_refused(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for id in ["", "7", "0--1", "0-1\u{e9}"] {
        let request = backend.request("GET", "/api/v1/events").token(&ada.token).header("last-event-id", id);
        let answer = request.send().await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["Last-Event-ID".to_owned()]), "{id}");
    }
    assert_eq!(backend.request("GET", "/api/v1/events").send().await.status, 401);
}
