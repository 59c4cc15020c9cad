use super::*;
use crate::api;
use reqwest::{Method, StatusCode};
use virtual_actors::{IdSource, System};

/// Actors that answer no-op calls, all of them active after the warm-up.
const ACTORS: usize = 256;

/// The limit of commands: see the program `load-limits`.
pub(super) struct NoOp {
    actors: Vec<String>,
}

impl NoOp {
    pub(super) fn new() -> Self {
        Self { actors: (0..ACTORS).map(|_| System.next_id().to_string()).collect() }
    }
}

#[async_trait]
impl Scenario for NoOp {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        call(world, &self.actors[number % ACTORS]).await
    }
}

pub(super) async fn call(world: &World, actor: &str) -> Result<bool> {
    api::answer(world.api.limit(Method::POST, &format!("/no-op/{actor}")), StatusCode::OK).await?;
    Ok(true)
}
