use super::*;
use crate::world;
use futures::future::try_join_all;

const CREATES: usize = 20;

/// One person's client that sends all it has at once, as after it was offline. It counts as one request.
pub(super) struct Burst;

#[async_trait]
impl Scenario for Burst {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let (person, task) = (world.writer(number), world::task());
        try_join_all((0..CREATES).map(|_| world.create(person, &task))).await?;
        Ok(true)
    }
}
