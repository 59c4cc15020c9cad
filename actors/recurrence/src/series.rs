//! A series' state and its decisions. They change the series in place and give what the ledger is to say.

mod instances;
mod lifecycle;
mod missed;

use chrono::{DateTime, NaiveDateTime, Utc, serde::ts_seconds_option};
use contracts::recurrence::{Closed, Instance, KnownInstance, Next, SeriesSnapshot, Template, next_id};
use domain::{Due, Recurrence, UserId, UserZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The state of a `Recurrence` actor: members are only ever added, each new one with a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    id: Uuid,
    owner: UserId,
    zone: UserZone,
    recurrence: Recurrence,
    /// Unknown while only events told of the series; instances are then made like the one before.
    #[serde(default)]
    template: Option<Template>,
    /// When a person last changed the series.
    #[serde(default)]
    edited_at: Option<DateTime<Utc>>,
    /// A person ended it, so nothing follows any more.
    #[serde(default)]
    ended: bool,
    /// The latest instances, oldest first; the ledger has them all.
    instances: Vec<Link>,
    /// When the open instance is missed, in a series that keeps each.
    #[serde(default, with = "ts_seconds_option")]
    next_at: Option<DateTime<Utc>>,
}

/// An instance, and what follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    task_id: Uuid,
    occurrence: NaiveDateTime,
    /// Its number in the series, or since COUNT began anew; from 1.
    number: u32,
    /// The task's version that last closed or reopened it.
    version: i64,
    /// The version of its entry in the ledger, which grows when the next one is wanted or not by a message of
    /// another kind, too.
    #[serde(default)]
    entered: i64,
    #[serde(default)]
    closed: Option<Closed>,
    #[serde(default)]
    trashed: bool,
    #[serde(default)]
    trash_version: i64,
    #[serde(default)]
    move_version: i64,
    #[serde(default)]
    next: Option<Plan>,
}

/// What was decided to follow an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    occurrence: NaiveDateTime,
    due: Due,
    /// What it was planned for. One that follows a missed instance stays when that is completed and reopened.
    cause: Closed,
    #[serde(default)]
    withdrawn: bool,
}

/// What the ledger is to say of one predecessor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) predecessor: Uuid,
    pub(crate) next_id: Uuid,
    pub(crate) version: i64,
    pub(crate) wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    Planned {
        occurrence: NaiveDateTime,
        due: Due,
    },
    /// The next one is to go, if it is untouched.
    Withdraw {
        occurrence: NaiveDateTime,
        due: Due,
    },
    /// Nothing follows.
    Over,
}

impl Series {
    /// Starts with the instance that a message tells of, which is the first to be heard of.
    pub(crate) fn start(id: Uuid, instance: &Instance) -> Self {
        Series {
            id,
            owner: instance.owner,
            zone: instance.zone,
            recurrence: instance.recurrence.clone(),
            template: None,
            edited_at: instance.edited_at,
            ended: false,
            instances: vec![Link::open(instance.task_id, instance.occurrence, 1)],
            next_at: None,
        }
    }

    pub(crate) fn owner(&self) -> UserId {
        self.owner
    }

    pub(crate) fn snapshot(&self, version: i64) -> SeriesSnapshot {
        let known = |link: &Link| KnownInstance {
            task_id: link.task_id,
            occurrence: link.occurrence,
            closed: link.closed,
            next: self.next(link),
        };
        SeriesSnapshot {
            version,
            owner: self.owner,
            zone: self.zone,
            recurrence: self.recurrence.clone(),
            template: self.template.clone(),
            instances: self.instances.iter().map(known).collect(),
        }
    }

    /// What follows an instance as far as it was decided.
    pub(crate) fn after(&self, task_id: Uuid) -> Option<Next> {
        self.next(self.instances.iter().find(|link| link.task_id == task_id)?)
    }

    fn next(&self, link: &Link) -> Option<Next> {
        let plan = link.next.as_ref().filter(|plan| !plan.withdrawn)?;
        let task_id = next_id(self.id, link.task_id);
        Some(Next { task_id, occurrence: plan.occurrence, due: plan.due })
    }
}

impl Link {
    fn open(task_id: Uuid, occurrence: NaiveDateTime, number: u32) -> Self {
        Link {
            task_id,
            occurrence,
            number,
            version: 0,
            entered: 0,
            closed: None,
            trashed: false,
            trash_version: 0,
            move_version: 0,
            next: None,
        }
    }
}
