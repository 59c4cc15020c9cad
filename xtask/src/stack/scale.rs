//! More or fewer replicas of an app, while the system runs.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::Stack;
use crate::{
    apps::{App, BACKEND, Replicas},
    ports::instance,
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
            self.drain(app, number).await?;
            self.forget(app, number);
        }
        let before = self.options.ports.of(app.id).len() as u16;
        self.options.ports.resize(app, count)?;
        let started = self.start_lacking(app).await;
        if started.is_err() {
            (before..count).for_each(|number| self.forget(app, number));
            self.options.ports.resize(app, before.min(count))?;
        }
        self.journal.set_ports(&self.options.ports);
        started
    }

    /// Starts the replicas that have ports but do not run; clients may reach them then.
    pub(super) async fn start_lacking(&mut self, app: &'static App) -> Result<()> {
        let started = self.start_missing(self.running()?, app).await?;
        self.running_mut()?.add(app, started);
        Ok(())
    }

    /// Stops a replica while the others of its app take over.
    pub(super) async fn drain(&mut self, app: &App, number: u16) -> Result<()> {
        let Some(replica) = self.running_mut()?.take(app, number) else { return Ok(()) };
        let started = Instant::now();
        if app.id == BACKEND {
            // It needs its sidecar for the last request.
            replica.stop().await;
        } else {
            replica.leave().await;
        }
        let took = started.elapsed().as_secs_f32();
        self.journal.say(&instance(app.id, number), format!("drained and stopped in {took:.1} s"));
        Ok(())
    }

    fn forget(&self, app: &App, number: u16) {
        for part in Replica::parts(app, number) {
            self.journal.forget_part(&part);
        }
    }
}
