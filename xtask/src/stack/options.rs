//! What to run, and where.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;

use crate::{
    apps::{APPS, Replicas},
    broker::{BrokerLink, Pubsub},
    ports::{ControlPlanePorts, Members, Ports, free_port, instance},
    state_dir::StateDir,
    workspace::{self, Profile},
};

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct StackOptions {
    pub directory: StateDir,
    pub ports: Ports,
    pub profile: Profile,
    /// Where the programs of the apps are, if not those of this checkout are to run.
    pub binaries: Option<PathBuf>,
    pub pubsub: Pubsub,
    /// The ways of single replicas to the broker, by name, as `todo-actors-2`.
    pub broker_links: BTreeMap<String, BrokerLink>,
    /// Whether each replica gets links that can be broken, and a clock that can be set off: [`Stack::faults`].
    ///
    /// [`Stack::faults`]: crate::Stack::faults
    pub faults: bool,
    /// Environment variables of the apps, beside those that say where everything is.
    pub settings: BTreeMap<&'static str, String>,
    /// Whether PostgreSQL counts statements, where it can.
    pub count_statements: bool,
    /// Whether progress is said on standard error.
    pub console: bool,
    /// Whether a stop in good order removes the directory.
    pub throw_away: bool,
}

impl StackOptions {
    /// A system of its own: free ports and a fresh directory, beside whatever else is running.
    pub fn for_test(label: &str) -> Result<Self> {
        Self::for_test_with(label, &Replicas::default())
    }

    /// The same with more replicas.
    pub fn for_test_with(label: &str, replicas: &Replicas) -> Result<Self> {
        let (directory, ports) = (StateDir::temporary(label)?, Ports::free(replicas)?);
        Ok(Self {
            directory,
            ports,
            profile: Profile::Dev,
            binaries: None,
            pubsub: Pubsub::default(),
            broker_links: BTreeMap::new(),
            faults: false,
            // Clients of tests sign in once, and hurry.
            settings: BTreeMap::from([
                ("ACCESS_TOKEN_SECONDS", (7 * 24 * 60 * 60).to_string()),
                ("RATE_LIMIT_TOKEN", "0".to_owned()),
                ("RATE_LIMIT_ADDRESS", "0".to_owned()),
            ]),
            count_statements: false,
            console: false,
            throw_away: true,
        })
    }

    /// The same with links to break; set the broker before.
    pub fn with_faults(mut self) -> Result<Self> {
        self.faults = true;
        for app in APPS {
            for number in 0..self.ports.of(app.id).len() as u16 {
                let far = match self.pubsub {
                    Pubsub::Redis => self.ports.redis,
                    Pubsub::Kafka => free_port()?,
                };
                self.broker_links.insert(instance(app.id, number), BrokerLink { near: free_port()?, far });
            }
        }
        Ok(self)
    }

    /// The same with three instances of placement and of the scheduler, any one of which may die.
    pub fn ha(mut self) -> Result<Self> {
        self.ports.control_plane = ControlPlanePorts::free(Members::Three)?;
        Ok(self)
    }

    pub(super) fn binaries(&self) -> PathBuf {
        self.binaries.clone().unwrap_or_else(|| workspace::binaries(self.profile))
    }
}
