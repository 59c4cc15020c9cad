//! A REST API with a fault: every entry of the inbox is there twice.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, Response, header},
};
use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};

/// Hands everything on to a backend, and its answers back, but for those. It goes when dropped.
pub(crate) struct Liar {
    url: String,
    task: AbortHandle,
}

/// What is between two ends only.
const OF_THE_CONNECTION: [HeaderName; 4] =
    [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];

impl Liar {
    pub(crate) async fn before(backend: String) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        let app = Router::new().fallback(answer).with_state((client, backend));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async { axum::serve(listener, app).await.expect("it serves") });
        Self { url, task: task.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State((client, backend)): State<(Client, String)>, request: Request) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    OF_THE_CONNECTION.iter().for_each(|name| drop(head.headers.remove(name)));
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let onward = client.request(head.method, format!("{backend}{path}")).headers(head.headers).body(body);
    let answer = onward.send().await.expect("an answer");
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(name)) {
        response = response.header(name, value);
    }
    let body = answer.bytes().await.expect("a body");
    let body = if head.uri.path() == "/api/v1/notifications" { doubled(&body) } else { body.into() };
    response.body(Body::from(body)).expect("a response")
}

fn doubled(inbox: &[u8]) -> Vec<u8> {
    let mut page: Value = serde_json::from_slice(inbox).expect("a page");
    let items = page["items"].as_array_mut().expect("items");
    items.extend(items.clone());
    page.to_string().into_bytes()
}
