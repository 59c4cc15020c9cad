use super::*;
use crate::{api, world::Shelf};
use reqwest::StatusCode;

pub(super) struct Get(pub(super) Shelf);

#[async_trait]
impl Scenario for Get {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let Shelf { reader, tasks } = &self.0;
        let path = format!("/tasks/{}", tasks[number % tasks.len()]);
        api::answer(world.api.get(&path).bearer_auth(&reader.token), StatusCode::OK).await?;
        Ok(true)
    }
}
