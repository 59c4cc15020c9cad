//! Alive, ready, and able to serve: three different questions.
//!
//! `/health`: the process answers. `/healthz`: daprd's probe; it must not depend on a sidecar that is not ready, or
//! neither would ever start: it fails only to cure one that is [stuck](crate::placing). `/health/ready`: everything it
//! needs is there, and calls to actors are given out.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::get};
use futures::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;
use virtual_actors::DaprSidecar;

use crate::{
    placing::{Placing, Types},
    problem::{self, FieldError, Problem},
};

/// A check that takes longer counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);

type CheckResult = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Check = Arc<dyn Fn() -> CheckResult + Send + Sync>;

/// What a service's readiness depends on, beside its database and its sidecar.
#[derive(Clone, Default)]
pub struct Readiness {
    types: Types,
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// The database and the sidecar only.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sidecar hosts actors of these types: daprd asks for them once, and says nothing if that failed.
    #[must_use]
    pub fn actor_types(mut self, types: impl IntoIterator<Item = &'static str>) -> Self {
        self.types.hosted.extend(types);
        self
    }

    /// The service calls actors of these types, which live elsewhere: a sidecar that keeps such calls waiting for good is
    /// started anew.
    #[must_use]
    pub fn calls(mut self, types: impl IntoIterator<Item = &'static str>) -> Self {
        self.types.called.extend(types);
        self
    }

    /// A check of the service's own; its error says what is missing.
    #[must_use]
    pub fn check<F>(mut self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Arc::new(move || Box::pin(check()))));
        self
    }

    pub(crate) fn routes(mut self, pool: PgPool, sidecar: DaprSidecar) -> Router {
        let types = std::mem::take(&mut self.types);
        let own = std::mem::take(&mut self.checks);
        let hosted: Arc<[&'static str]> = types.hosted.as_slice().into();
        let placing = Placing::watch(sidecar.clone(), types);
        let calls = placing.clone();
        let mut readiness = self
            .check("database", move || database(pool.clone()))
            .check("sidecar", move || registered(sidecar.clone(), hosted.clone()))
            .check("calls to actors", move || ready(given_out(&calls)));
        readiness.checks.extend(own);
        let alive = async || Json(json!({ "status": "ok" }));
        Router::new()
            .route("/health", get(alive))
            .route("/healthz", get(async move || probed(&placing)))
            .route("/health/ready", get(answer))
            .with_state(readiness)
    }

    /// What is not ready.
    async fn missing(&self) -> Vec<FieldError> {
        let checks = self.checks.iter().map(async |(name, check)| {
            let outcome = timeout(PATIENCE, check()).await;
            let detail = outcome.unwrap_or_else(|_| Err("does not answer in time".to_owned())).err()?;
            Some(FieldError { field: (*name).to_owned(), rule: "not_ready".into(), detail })
        });
        join_all(checks).await.into_iter().flatten().collect()
    }
}

async fn answer(State(readiness): State<Readiness>) -> Result<Json<Value>, Problem> {
    let missing = readiness.missing().await;
    if missing.is_empty() {
        return Ok(Json(json!({ "status": "ready" })));
    }
    let names: Vec<_> = missing.iter().map(|error| error.field.as_str()).collect();
    let detail = format!("Waiting for: {}.", names.join(", "));
    Err(Problem::new(&problem::NOT_READY, detail).with_errors(missing))
}

fn probed(placing: &Placing) -> StatusCode {
    if placing.hosted_stuck() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

fn given_out(placing: &Placing) -> Result<(), String> {
    if placing.stuck() { Err("the sidecar keeps them waiting".to_owned()) } else { Ok(()) }
}

async fn database(pool: PgPool) -> Result<(), String> {
    sqlx::query("SELECT 1").execute(&pool).await.map(|_| ()).map_err(|error| error.to_string())
}

async fn registered(sidecar: DaprSidecar, types: Arc<[&'static str]>) -> Result<(), String> {
    match sidecar.hosts(&types).await {
        // One that hosts no actors never becomes a ready host; it is enough that it answers.
        Ok(hosts) if hosts || types.is_empty() => Ok(()),
        Ok(_) => Err(format!("the actor types are not registered yet: {}", types.join(", "))),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let readiness = Readiness::new()
            .check("fine", || async { Ok(()) })
            .check("signing key", || async { Err("not fetched yet".to_owned()) });
        let problem = answer(State(readiness)).await.unwrap_err();
        assert_eq!(problem.status(), 503);
        assert_eq!(problem.body().detail, "Waiting for: signing key.");
        assert!(answer(State(Readiness::new())).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_is_not_ready() {
        let readiness = Readiness::new().check("stuck", std::future::pending);
        assert_eq!(readiness.missing().await[0].detail, "does not answer in time");
    }
}
