use super::{complete::Open, *};
use crate::world;
use uuid::Uuid;

/// Completes tasks whose actors have to be made and to load their state.
pub(super) struct CompleteCold {
    open: Open,
    original: Uuid,
}

impl CompleteCold {
    pub(super) async fn prepare(world: &World) -> Result<Self> {
        let original = world.create(world.writer(0), &world::task()).await?;
        Ok(Self { open: Open::default(), original })
    }
}

#[async_trait]
impl Scenario for CompleteCold {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        self.open.complete_one(world).await
    }

    async fn stock(&self, world: &World, requests: usize) -> Result<()> {
        let missing = requests.saturating_sub(self.open.count());
        let tasks = world.database.copy_task(self.original, missing).await?;
        let owner = world.writer(0);
        self.open.add(tasks.into_iter().map(|task| (owner.clone(), task)));
        Ok(())
    }
}
