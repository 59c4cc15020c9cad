//! Calls to other services, by Dapr service invocation.

use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::RequestBuilder;
use serde::{Serialize, de::DeserializeOwned};

const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks other services through the sidecar, by app-id.
#[derive(Debug, Clone)]
pub struct ServiceClient {
    http: reqwest::Client,
    sidecar: String,
    api_token: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The service or a sidecar cannot be reached, or says that it cannot answer now.
    #[error("{app_id} is unavailable: {detail}")]
    Unavailable { app_id: String, detail: String },
    /// It says that the request is not valid (400 or 422).
    #[error("{app_id} finds the request invalid")]
    Invalid { app_id: String },
    /// It answered something else than what was expected.
    #[error("{app_id} answered {detail}")]
    Unexpected { app_id: String, detail: String },
}

impl ServiceClient {
    /// Through the sidecar whose HTTP API is at `sidecar`, e.g. `http://127.0.0.1:3500`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(sidecar: impl Into<String>, api_token: Option<String>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .no_proxy()
            .build()?;
        Ok(Self { http, sidecar: sidecar.into(), api_token })
    }

    /// `GET path?query` of the service `app_id`.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        app_id: &str,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, InvokeError> {
        self.send(app_id, self.request(Method::GET, app_id, path).query(query)).await
    }

    /// `POST path` of the service `app_id`, with a JSON body. It may have been carried out when there is no answer.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        app_id: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, InvokeError> {
        self.send(app_id, self.request(Method::POST, app_id, path).json(body)).await
    }

    /// `DELETE path` of the service `app_id`. It may have been carried out when there is no answer.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn delete<T: DeserializeOwned>(&self, app_id: &str, path: &str) -> Result<T, InvokeError> {
        self.send(app_id, self.request(Method::DELETE, app_id, path)).await
    }

    fn request(&self, method: Method, app_id: &str, path: &str) -> RequestBuilder {
        let mut request =
            self.http.request(method, format!("{}/v1.0/invoke/{app_id}/method{path}", self.sidecar));
        if let Some(token) = &self.api_token {
            request = request.header("dapr-api-token", token);
        }
        if let Some(traceparent) = virtual_actors::trace::current() {
            request = request.header("traceparent", traceparent);
        }
        request
    }

    async fn send<T: DeserializeOwned>(
        &self,
        app_id: &str,
        request: RequestBuilder,
    ) -> Result<T, InvokeError> {
        let unavailable = |detail: String| InvokeError::Unavailable { app_id: app_id.to_owned(), detail };
        let unexpected = |detail: String| InvokeError::Unexpected { app_id: app_id.to_owned(), detail };

        let response = request.send().await.map_err(|error| unavailable(error.to_string()))?;
        match response.status() {
            status if status.is_success() => {
                response.json().await.map_err(|error| unexpected(error.to_string()))
            }
            status if status.is_server_error() => Err(unavailable(format!("{status}"))),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(InvokeError::Invalid { app_id: app_id.to_owned() })
            }
            status => Err(unexpected(format!("{status}"))),
        }
    }
}
