//! Another version of an app, or the same one anew, without an interruption.

use std::path::Path;

use anyhow::{Context, Result};

use super::Stack;
use crate::apps::App;

impl Stack {
    /// Replaces the replicas of an app one by one, each on its own name and ports: it is drained and stopped, and
    /// the next one's turn comes when its successor is ready. A lone replica gets a second one for the while.
    ///
    /// `binaries` is where the new version's program is; without it the app runs what it ran before. A successor
    /// that does not become ready is taken back, and ends the matter: those replaced before it stay.
    pub async fn roll(&mut self, app: &str, binaries: Option<&Path>) -> Result<()> {
        let app = App::find(app)?;
        let before = self.rolled.get(app.id).cloned();
        if let Some(binaries) = binaries {
            self.rolled.insert(app.id, binaries.to_owned());
        }
        let replaced = self.replace_all(app).await;
        if replaced.is_err() {
            match before {
                Some(binaries) => self.rolled.insert(app.id, binaries),
                None => self.rolled.remove(app.id),
            };
            self.start_lacking(app).await.with_context(|| format!("{} does not start again", app.id))?;
        }
        replaced.with_context(|| format!("the new {} does not start; the old one goes on", app.id))
    }

    async fn replace_all(&mut self, app: &'static App) -> Result<()> {
        let numbers = self.running()?.replicas.numbers(app);
        let count = self.options.ports.of(app.id).len() as u16;
        if let [_lone] = numbers[..] {
            self.scale(app.id, count + 1).await?;
        }
        for number in numbers {
            self.drain(app, number).await?;
            self.start_lacking(app).await?;
        }
        self.scale(app.id, count).await
    }
}
