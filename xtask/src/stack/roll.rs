//! Another version of an app, or the same one anew, without an interruption.

use std::path::Path;

use anyhow::{Context, Result};

use super::Stack;
use crate::apps::App;

impl Stack {
    /// Replaces the replicas of an app one by one, each on its own name and ports: it is drained and stopped, and
    /// the next one's turn comes when its successor is ready. A lone replica gets a second one for the while.
    ///
    /// The new version's program is copied from `binaries`, or from where those of the whole system were. A successor
    /// that does not become ready is taken back, and ends the matter: those replaced before it stay.
    pub async fn roll(&mut self, app: &str, binaries: Option<&Path>) -> Result<()> {
        let app = App::find(app)?;
        let binaries = binaries.map_or_else(|| self.options.binaries(), Path::to_owned);
        let rolled = self.roll_to(app, &binaries).await;
        rolled.with_context(|| format!("the new {} does not start; the old one goes on", app.id))
    }

    async fn roll_to(&mut self, app: &'static App, binaries: &Path) -> Result<()> {
        let newer = self.programs.another(app, binaries)?;
        let older = self.programs.exchange(app, newer);
        let replaced = self.replace_all(app).await;
        if replaced.is_err() {
            self.programs.exchange(app, older);
            self.start_lacking(app).await.with_context(|| format!("{} does not start again", app.id))?;
        }
        replaced
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
