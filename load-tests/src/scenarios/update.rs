use super::*;
use crate::world::{self, Person};
use uuid::Uuid;

/// Enough that requests under way at once are for different ones.
const TASKS: usize = 256;

/// Gives a task that is in memory another title.
pub(super) struct Update {
    tasks: Vec<(Person, Uuid)>,
}

impl Update {
    pub(super) async fn prepare(world: &World) -> Result<Self> {
        Ok(Self { tasks: world.create_many(TASKS, &world::task()).await? })
    }
}

#[async_trait]
impl Scenario for Update {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let (person, task) = &self.tasks[number % TASKS];
        world.rename(person, *task, &format!("Water the plants, {number}")).await?;
        Ok(true)
    }
}
