use super::{complete::Open, *};
use serde_json::json;

/// After the answer the series plans its next instance, and the backend makes it.
#[derive(Default)]
pub(super) struct CompleteRecurring {
    open: Open,
}

#[async_trait]
impl Scenario for CompleteRecurring {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        let sent = self.open.complete_one(world).await?;
        // The next instance is a change, too.
        world.changed(usize::from(sent));
        Ok(sent)
    }

    async fn stock(&self, world: &World, requests: usize) -> Result<()> {
        let missing = requests.saturating_sub(self.open.count());
        let task = json!({
            "title": "Water the plants", "due": { "date": "2090-01-01" }, "recurrence": { "rrule": "FREQ=DAILY" },
        });
        self.open.add(world.create_many(missing, &task).await?);
        Ok(())
    }
}
