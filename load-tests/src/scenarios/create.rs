use super::*;
use crate::world;

pub(super) struct Create;

#[async_trait]
impl Scenario for Create {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        world.create(world.writer(number), &world::task()).await?;
        Ok(true)
    }
}
