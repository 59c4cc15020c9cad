//! The replicas that run, by app and number, and how those that lack are started.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use futures::future::join_all;

use super::{Running, Stack};
use crate::{
    apps::{App, BACKEND},
    components,
    faults::ReplicaFaults,
    replica::{Replica, Surroundings},
};

#[derive(Default)]
pub(super) struct ReplicaSets(BTreeMap<&'static str, BTreeMap<u16, Replica>>);

impl ReplicaSets {
    pub(super) fn all(&self) -> impl Iterator<Item = &Replica> {
        self.0.values().flat_map(BTreeMap::values)
    }

    pub(super) fn get(&self, app: &str, number: usize) -> Result<&Replica> {
        let app = App::find(app)?;
        let found = self.0.get(app.id).and_then(|replicas| replicas.get(&u16::try_from(number).ok()?));
        found.with_context(|| format!("{} has no replica {number}", app.id))
    }

    /// The numbers of an app's replicas that run; there is a gap where one could not be started again.
    pub(super) fn numbers(&self, app: &App) -> Vec<u16> {
        self.0.get(app.id).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Asks all to stop, at once.
    pub(super) async fn stop(self) {
        join_all(self.0.into_values().flat_map(BTreeMap::into_values).map(Replica::stop)).await;
    }
}

impl Running {
    /// Takes in replicas that are ready; from now on clients may reach them.
    pub(super) fn add(&mut self, app: &'static App, replicas: Vec<(u16, Replica)>) {
        if app.id == BACKEND {
            replicas.iter().for_each(|(_, replica)| self.front_door.add(replica.app_port));
        }
        self.replicas.0.entry(app.id).or_default().extend(replicas);
    }

    /// Gives out a replica that is to stop: no client reaches it any more by a new connection.
    pub(super) fn take(&mut self, app: &App, number: u16) -> Option<Replica> {
        let replica = self.replicas.0.get_mut(app.id)?.remove(&number)?;
        if app.id == BACKEND {
            self.front_door.remove(replica.app_port);
        }
        Some(replica)
    }
}

impl Stack {
    /// Starts those replicas of an app that have ports but do not run; all are ready, or none is left running.
    pub(super) async fn start_missing(&self, running: &Running, app: &App) -> Result<Vec<(u16, Replica)>> {
        let surroundings = Surroundings {
            tools: &self.tools,
            directory: &self.options.directory,
            control_plane: &running.control_plane,
            database_url: running.postgres.url(),
            public_url: &self.backend_url(),
            settings: &self.options.settings,
            version: self.programs.of(app),
            journal: &self.journal,
        };
        let there = running.replicas.numbers(app);
        let pairs = (0..).zip(self.options.ports.of(app.id).iter().copied());
        let missing: Vec<_> = pairs.filter(|(number, _)| !there.contains(number)).collect();
        missing.iter().try_for_each(|(number, _)| components::render(&self.options, app, *number))?;
        let surroundings = &surroundings;
        let start = |(number, pair)| async move {
            let faults = match self.options.faults {
                true => Some(ReplicaFaults::open(&self.options, app, number, pair).await?),
                false => None,
            };
            Replica::start(surroundings, app, number, pair, faults).await.map(|replica| (number, replica))
        };
        let (mut started, mut failure) = (Vec::new(), None);
        for outcome in join_all(missing.into_iter().map(start)).await {
            match outcome {
                Ok(replica) => started.push(replica),
                Err(error) => failure = Some(error),
            }
        }
        let Some(error) = failure else { return Ok(started) };
        join_all(started.into_iter().map(|(_, replica)| replica.stop())).await;
        Err(error)
    }
}
