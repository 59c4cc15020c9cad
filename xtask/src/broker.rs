//! The broker that events travel by: Redis streams, or Kafka. The services do not know which; their sidecars' component
//! `pubsub` does.

use std::{fmt, fs, str::FromStr};

use anyhow::{Result, bail};

use crate::{
    components,
    journal::Journal,
    kafka::{Kafka, KafkaOptions},
    redis::Redis,
    stack::StackOptions,
    state_dir::StateDir,
    supervisor::Part,
};

/// Which broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pubsub {
    #[default]
    Redis,
    Kafka,
}

/// A way of its own that a replica's sidecar takes to the broker, such as a proxy that can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerLink {
    /// Where the sidecar connects. Whoever listens there passes it on to `far`.
    pub near: u16,
    /// With Redis, Redis' own port. With Kafka, a free one: Kafka listens there too, and sends clients back to `near`.
    pub far: u16,
}

impl Pubsub {
    const ALL: [Self; 2] = [Self::Redis, Self::Kafka];

    /// Fetches what it takes to run it.
    pub async fn obtain(self) -> Result<()> {
        match self {
            Self::Redis => Ok(()),
            Self::Kafka => Kafka::obtain().await,
        }
    }

    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Kafka => "kafka",
        }
    }

    /// Writes down that this broker is used, and says what becomes of the events that another one still has.
    pub(crate) fn settle(self, directory: &StateDir, journal: &Journal) -> Result<()> {
        let file = directory.broker();
        let before = fs::read_to_string(&file).ok().and_then(|name| name.trim().parse::<Self>().ok());
        if let Some(before) = before.filter(|before| *before != self) {
            journal.warn(
                "supervisor",
                format!(
                    "events now travel by {self}. What {before} has accepted and not every subscriber has taken stays \
                     in its data, and is taken when `--pubsub {}` runs again; what waits in the outbox goes by {self}",
                    before.name()
                ),
            );
        }
        Ok(fs::write(file, self.name())?)
    }
}

impl fmt::Display for Pubsub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Redis => "Redis",
            Self::Kafka => "Kafka",
        })
    }
}

impl FromStr for Pubsub {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|pubsub| pubsub.name() == text) {
            Some(pubsub) => Ok(pubsub),
            None => bail!("there is no broker {text}; write redis or kafka"),
        }
    }
}

/// The broker of a stack, running.
pub(crate) enum Broker {
    Redis(Redis),
    Kafka(Kafka),
}

impl Broker {
    pub(crate) async fn start(options: &StackOptions, journal: &Journal) -> Result<Self> {
        let StackOptions { directory, ports, pubsub, .. } = options;
        Ok(match pubsub {
            Pubsub::Redis => Self::Redis(Redis::start(directory, ports.redis, journal).await?),
            Pubsub::Kafka => {
                let links = options.broker_links.values().copied().collect();
                let kafka = KafkaOptions { ports: ports.kafka, topics: components::topics()?, links };
                Self::Kafka(Kafka::start(directory, kafka, journal).await?)
            }
        })
    }

    pub(crate) fn part(&self) -> &Part {
        match self {
            Self::Redis(redis) => redis.part(),
            Self::Kafka(kafka) => kafka.part(),
        }
    }

    pub(crate) async fn stop(self) {
        match self {
            Self::Redis(redis) => redis.stop().await,
            Self::Kafka(kafka) => kafka.stop().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_read_by_its_name() {
        assert_eq!("kafka".parse::<Pubsub>().unwrap(), Pubsub::Kafka);
        assert!("nats".parse::<Pubsub>().unwrap_err().to_string().contains("redis or kafka"));
    }

    #[test]
    fn a_change_of_broker_is_told_once() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        let journal = Journal::open(&directory, false).unwrap();
        for pubsub in [Pubsub::Redis, Pubsub::Kafka, Pubsub::Kafka] {
            pubsub.settle(&directory, &journal).unwrap();
        }
        let log = fs::read_to_string(directory.logs().join("supervisor.log")).unwrap();
        assert_eq!(log.matches("stays in its data").count(), 1, "{log}");
    }
}
