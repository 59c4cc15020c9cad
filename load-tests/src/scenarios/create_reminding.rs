use super::*;
use serde_json::json;

/// The commit also writes the reminder's row, and the user's clock is told.
pub(super) struct CreateReminding;

#[async_trait]
impl Scenario for CreateReminding {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let task = json!({
            "title": "Water the plants", "tags": ["home"], "priority": "medium",
            // Far enough that nothing fires while it is measured.
            "due": { "at": "2090-01-01T09:00:00", "zone": "Europe/Berlin" },
            "reminders": [{ "before": "PT10M" }],
        });
        world.create(world.writer(number), &task).await?;
        Ok(true)
    }
}
