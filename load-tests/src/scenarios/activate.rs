use super::*;
use virtual_actors::{IdSource, System};

/// A call to an actor that is not in memory: one more mailbox, and nothing to load.
pub(super) struct Activate;

#[async_trait]
impl Scenario for Activate {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        no_op::call(world, &System.next_id().to_string()).await
    }
}
