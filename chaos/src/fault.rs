//! The faults there are. A new one is a variant of [`Kind`], a name, a length, and a way to do it in `inject.rs`.

use std::{fmt, ops::RangeInclusive};

use anyhow::Context;
use rand::{Rng, seq::IndexedRandom};
use xtask::{BACKEND, Replicas, Stack};

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    KillApp,
    KillSidecar,
    /// Both processes of a replica.
    KillReplica,
    KillPlacement,
    KillScheduler,
    KillBroker,
    KillPostgres,
    FreezeApp,
    FreezeSidecar,
    FreezeReplica,
    FreezePlacement,
    FreezeScheduler,
    FreezeBroker,
    /// What a replica sends to PostgreSQL does not arrive, until later.
    CommitsHang,
    /// A replica's connections to PostgreSQL are reset.
    CommitsFail,
    /// A replica's commits arrive, and it is not told.
    AnswersLost,
    /// A replica cannot reach the others nor they it, and nobody is told.
    Partition,
    /// The same with connections that are reset.
    PartitionReset,
    /// PostgreSQL has no room to write.
    DiskFull,
    /// A replica's clock is minutes off.
    Skew,
    /// One more actor host, and one less again: nothing is broken, and actors move twice.
    Scale,
}

/// One replica of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) app: &'static str,
    pub(crate) number: usize,
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Whom it concerns, if it concerns a replica.
    pub(crate) replica: Replica,
    /// How much: seconds that a clock is ahead.
    pub(crate) amount: i64,
}

/// The app that is scaled, and how many replicas it has otherwise.
pub(crate) const ACTOR_HOST: &str = "todo-actors";
pub(crate) const ACTOR_HOSTS: u16 = 3;

/// What runs. The actor host is hit twice as often as the others.
const REPLICAS: [(&str, u16, u32); 5] = [
    (ACTOR_HOST, ACTOR_HOSTS, 2),
    ("notification-service", 2, 1),
    ("recurring-task-service", 2, 1),
    ("audit-service", 2, 1),
    (BACKEND, 2, 1),
];

/// How many of each app a run has.
pub(crate) fn replicas() -> anyhow::Result<Replicas> {
    REPLICAS.iter().try_fold(Replicas::default(), |all, (app, count, _)| all.with(app, *count))
}

impl Replica {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        REPLICAS
            .iter()
            .flat_map(|(app, count, _)| (0..usize::from(*count)).map(|number| Self { app, number }))
    }

    /// Where its metrics are.
    pub(crate) fn metrics(self, stack: &Stack) -> anyhow::Result<String> {
        let pairs = stack.ports().apps.get(self.app);
        let pair = pairs.and_then(|pairs| pairs.get(self.number)).with_context(|| format!("no {self}"))?;
        Ok(format!("http://127.0.0.1:{}/metrics", pair.app))
    }

    pub(crate) fn any(rng: &mut impl Rng) -> Self {
        let (app, count, _) = REPLICAS.choose_weighted(rng, |(_, _, weight)| *weight).unwrap_or(&REPLICAS[0]);
        Self { app, number: rng.random_range(0..usize::from(*count)) }
    }
}

impl fmt::Display for Replica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.app, self.number + 1)
    }
}

impl Kind {
    pub(crate) const ALL: &[Self] = &[
        Self::KillApp,
        Self::KillSidecar,
        Self::KillReplica,
        Self::KillPlacement,
        Self::KillScheduler,
        Self::KillBroker,
        Self::KillPostgres,
        Self::FreezeApp,
        Self::FreezeSidecar,
        Self::FreezeReplica,
        Self::FreezePlacement,
        Self::FreezeScheduler,
        Self::FreezeBroker,
        Self::CommitsHang,
        Self::CommitsFail,
        Self::AnswersLost,
        Self::Partition,
        Self::PartitionReset,
        Self::DiskFull,
        Self::Skew,
        Self::Scale,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KillApp => "kill app",
            Self::KillSidecar => "kill sidecar",
            Self::KillReplica => "kill app and sidecar",
            Self::KillPlacement => "kill placement",
            Self::KillScheduler => "kill scheduler",
            Self::KillBroker => "kill broker",
            Self::KillPostgres => "kill PostgreSQL",
            Self::FreezeApp => "freeze app",
            Self::FreezeSidecar => "freeze sidecar",
            Self::FreezeReplica => "freeze app and sidecar",
            Self::FreezePlacement => "freeze placement",
            Self::FreezeScheduler => "freeze scheduler",
            Self::FreezeBroker => "freeze broker",
            Self::CommitsHang => "commits hang",
            Self::CommitsFail => "commits fail",
            Self::AnswersLost => "commits unanswered",
            Self::Partition => "partition",
            Self::PartitionReset => "partition with resets",
            Self::DiskFull => "disk full",
            Self::Skew => "clock off",
            Self::Scale => "scale up and down",
        }
    }

    pub(crate) fn is_kill(self) -> bool {
        self <= Self::KillPostgres
    }

    /// How long it lasts; a kill lasts until the supervisor has it running again.
    pub(crate) fn milliseconds(self) -> RangeInclusive<u64> {
        match self {
            kill if kill.is_kill() => 0..=0,
            Self::Skew => 10_000..=30_000,
            Self::Scale => 5_000..=15_000,
            Self::CommitsHang | Self::CommitsFail | Self::AnswersLost | Self::DiskFull => 2_000..=8_000,
            _ => 2_000..=12_000,
        }
    }

    /// Up to five minutes ahead or behind, at least one; nothing for other kinds.
    pub(crate) fn amount(self, rng: &mut impl Rng) -> i64 {
        let (seconds, sign) = (rng.random_range(60..=300), if rng.random() { 1 } else { -1 });
        if self == Self::Skew { seconds * sign } else { 0 }
    }
}

impl Fault {
    /// What is broken, in words.
    pub(crate) fn subject(&self) -> String {
        match self.kind {
            Kind::KillPlacement | Kind::FreezePlacement => "placement".into(),
            Kind::KillScheduler | Kind::FreezeScheduler => "scheduler".into(),
            Kind::KillBroker | Kind::FreezeBroker => "broker".into(),
            Kind::KillPostgres | Kind::DiskFull => "PostgreSQL".into(),
            Kind::Scale => format!("number of {ACTOR_HOST}"),
            Kind::Skew => format!("clock of {}", self.replica),
            _ => self.replica.to_string(),
        }
    }

    /// Whether the two may not overlap.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        self.subject() == other.subject()
    }
}
