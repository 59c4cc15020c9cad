//! More or fewer replicas of an app, while the system runs.

use anyhow::{Result, ensure};

use super::Stack;
use crate::{
    apps::{App, Replicas},
    replica::Replica,
};

impl Stack {
    /// Gives an app so many replicas. New ones take the next numbers and are ready when this returns; those with the
    /// highest numbers go, one after the other, and are drained first. One that failed to start again is started.
    pub async fn scale(&mut self, app: &str, count: u16) -> Result<()> {
        let app = App::find(app)?;
        ensure!(
            (1..=Replicas::MOST).contains(&count),
            "{} can have 1 to {} replicas",
            app.id,
            Replicas::MOST
        );
        let numbers = self.running()?.replicas.numbers(app);
        for number in numbers.into_iter().rev().filter(|number| *number >= count) {
            self.remove(app, number).await?;
        }
        self.add_up_to(app, count).await
    }

    async fn add_up_to(&mut self, app: &'static App, count: u16) -> Result<()> {
        let before = self.options.ports.clone();
        let outcome = async {
            self.options.ports.resize(app, count)?;
            let started = self.start_missing(self.running()?, app).await?;
            self.running_mut()?.add(app, started);
            Ok(())
        };
        let outcome = outcome.await;
        if outcome.is_err() {
            // What was started was killed as it was dropped.
            for number in before.of(app.id).len() as u16..count {
                self.forget(app, number);
            }
            self.options.ports = before;
        }
        self.journal.set_ports(&self.options.ports);
        outcome
    }

    /// Drains a replica and stops it.
    pub(super) async fn remove(&mut self, app: &'static App, number: u16) -> Result<()> {
        self.running_mut()?.drain(app, number).await;
        self.forget(app, number);
        self.options.ports.resize(app, number)?;
        self.journal.set_ports(&self.options.ports);
        Ok(())
    }

    fn forget(&self, app: &App, number: u16) {
        for part in Replica::parts(app, number) {
            self.journal.forget_part(&part);
        }
    }
}
