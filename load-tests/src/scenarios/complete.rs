use super::*;
use crate::world::{self, Person};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Tasks that are open, to be completed once each.
#[derive(Default)]
pub(super) struct Open(Mutex<VecDeque<(Person, Uuid)>>);

impl Open {
    pub(super) fn add(&self, tasks: impl IntoIterator<Item = (Person, Uuid)>) {
        self.all().extend(tasks);
    }

    pub(super) fn count(&self) -> usize {
        self.all().len()
    }

    /// Completes the one that is there longest.
    pub(super) async fn complete_one(&self, world: &World) -> Result<bool> {
        let Some((person, task)) = self.take() else { return Ok(false) };
        world.complete(&person, task).await?;
        Ok(true)
    }

    fn take(&self) -> Option<(Person, Uuid)> {
        self.all().pop_front()
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(Person, Uuid)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Completes tasks whose actors are in memory, because they were just created.
#[derive(Default)]
pub(super) struct Complete {
    open: Open,
}

#[async_trait]
impl Scenario for Complete {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        self.open.complete_one(world).await
    }

    async fn stock(&self, world: &World, requests: usize) -> Result<()> {
        let missing = requests.saturating_sub(self.open.count());
        self.open.add(world.create_many(missing, &world::task()).await?);
        Ok(())
    }
}
