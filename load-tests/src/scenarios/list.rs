use super::*;
use crate::{api, world::Shelf};
use reqwest::StatusCode;

pub(super) struct List(pub(super) Shelf);

#[async_trait]
impl Scenario for List {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        let request = world.api.get("/tasks?limit=50").bearer_auth(&self.0.reader.token);
        api::answer(request, StatusCode::OK).await?;
        Ok(true)
    }
}
