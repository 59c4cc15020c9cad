//! Another version of an app, or the same one anew, without an interruption.

use std::path::Path;

use anyhow::{Context, Result};

use super::Stack;
use crate::apps::App;

impl Stack {
    /// Replaces the replicas of an app one by one, each on its own name and ports: it is drained and stopped, and
    /// the next one's turn comes when its successor is ready. A lone replica gets a second one for the while.
    ///
    /// `binaries` is where the new version's program is; without it the app runs what it ran before. If a successor
    /// does not become ready, the others stay as they are and [`Stack::scale`] or another roll starts it again.
    pub async fn roll(&mut self, app: &str, binaries: Option<&Path>) -> Result<()> {
        let app = App::find(app)?;
        if let Some(binaries) = binaries {
            self.rolled.insert(app.id, binaries.to_owned());
        }
        let numbers = self.running()?.replicas.numbers(app);
        let count = self.options.ports.of(app.id).len() as u16;
        if numbers.len() == 1 {
            self.scale(app.id, count + 1).await?;
        }
        for number in numbers {
            self.running_mut()?.drain(app, number).await;
            let started = self.start_missing(self.running()?, app).await;
            let started = started.with_context(|| format!("the new {} does not start", app.id))?;
            self.running_mut()?.add(app, started);
        }
        self.scale(app.id, count).await
    }
}
