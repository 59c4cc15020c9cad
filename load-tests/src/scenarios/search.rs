use super::*;
use crate::{api, world::Shelf};
use reqwest::StatusCode;

/// Two words, of which one is in every task and the other in few.
pub(super) struct Search(pub(super) Shelf);

#[async_trait]
impl Scenario for Search {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let Shelf { reader, tasks } = &self.0;
        let rare = 10_000 + number * 7_919 % (tasks.len() - 10_000);
        let request = world.api.get(&format!("/tasks?q=book+{rare}")).bearer_auth(&reader.token);
        api::answer(request, StatusCode::OK).await?;
        Ok(true)
    }
}
