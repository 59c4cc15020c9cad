//! Which part spent how much CPU time: the figure that a busy machine disturbs least.
//!
//! The kernel counts it for each process, in hundredths of a second. PostgreSQL's processes are told apart by the
//! `application_name` of the app they serve. A process that ended is counted by its parent.

use std::{collections::BTreeMap, fs};

use serde::{Deserialize, Serialize};

use crate::running::Running;

/// `USER_HZ`, which is the same on all of Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A part of the system, all of its replicas together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    Backend,
    BackendSidecar,
    Actors,
    ActorsSidecar,
    /// PostgreSQL, for the backend and the hosts of tasks. The relay in these is a part of it.
    PostgresOfAnswers,
    /// The write-ahead log's writer, the checkpointer and their kind.
    PostgresItself,
    Subscribers,
    SubscriberSidecars,
    PostgresOfSubscribers,
    Broker,
    ControlPlane,
    /// What stands in the backend's place in a limit.
    Limits,
    /// What measures. It is no part of any sum.
    Driver,
}

/// Milliseconds of CPU time.
pub(crate) type Usage = BTreeMap<Group, f64>;

/// A connection to PostgreSQL: which process serves whom.
pub(crate) type Connections = BTreeMap<u32, String>;

impl Group {
    pub(crate) const ALL: [Self; 13] = [
        Self::Backend,
        Self::BackendSidecar,
        Self::Actors,
        Self::ActorsSidecar,
        Self::PostgresOfAnswers,
        Self::PostgresItself,
        Self::Subscribers,
        Self::SubscriberSidecars,
        Self::PostgresOfSubscribers,
        Self::Broker,
        Self::ControlPlane,
        Self::Limits,
        Self::Driver,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::BackendSidecar => "its sidecar",
            Self::Actors => "host of actors",
            Self::ActorsSidecar => "its sidecar",
            Self::PostgresOfAnswers => "PostgreSQL, for these",
            Self::PostgresItself => "PostgreSQL, itself",
            Self::Subscribers => "subscribers",
            Self::SubscriberSidecars => "their sidecars",
            Self::PostgresOfSubscribers => "PostgreSQL, for these",
            Self::Broker => "broker",
            Self::ControlPlane => "placement, scheduler",
            Self::Limits => "the limit's own program",
            Self::Driver => "driver",
        }
    }

    /// Whether a request may wait for it; what it does besides is in there, too.
    pub(crate) fn is_before_the_answer(self) -> bool {
        match self {
            Self::Backend
            | Self::BackendSidecar
            | Self::Actors
            | Self::ActorsSidecar
            | Self::PostgresOfAnswers
            | Self::PostgresItself
            | Self::Limits => true,
            Self::Subscribers
            | Self::SubscriberSidecars
            | Self::PostgresOfSubscribers
            | Self::Broker
            | Self::ControlPlane
            | Self::Driver => false,
        }
    }

    /// By the name of a supervised part; none of what takes no part, such as the catcher of mails.
    fn of_part(part: &str) -> Option<Self> {
        let sidecar = part.ends_with("-sidecar");
        let of = |app: Self, its_sidecar: Self| Some(if sidecar { its_sidecar } else { app });
        match part {
            "redis" | "kafka" => Some(Self::Broker),
            _ if part.starts_with("placement") || part.starts_with("scheduler") => Some(Self::ControlPlane),
            _ if part.starts_with("todo-backend") => of(Self::Backend, Self::BackendSidecar),
            _ if part.starts_with("todo-actors") => of(Self::Actors, Self::ActorsSidecar),
            _ if ["notification-service", "audit-service", "recurring-task-service"]
                .iter()
                .any(|app| part.starts_with(app)) =>
            {
                of(Self::Subscribers, Self::SubscriberSidecars)
            }
            _ => None,
        }
    }

    fn of_connection(application: &str) -> Self {
        match application {
            _ if application.starts_with("load-driver") => Self::Driver,
            _ if ["todo-backend", "todo-actors", "load-limits"]
                .iter()
                .any(|app| application.starts_with(app)) =>
            {
                Self::PostgresOfAnswers
            }
            _ => Self::PostgresOfSubscribers,
        }
    }
}

/// What each group has spent since its processes began.
pub(crate) fn spent(running: &Running, limits: u32, connections: &Connections) -> Usage {
    let mut usage = Usage::new();
    let mut add = |group: Group, ticks: u64| {
        *usage.entry(group).or_default() += ticks as f64 * 1000.0 / TICKS_PER_SECOND;
    };
    add(Group::Limits, ticks(limits));
    add(Group::Driver, ticks(std::process::id()));
    for (part, pid) in running.processes() {
        if part == "postgres" {
            add(Group::PostgresItself, ticks(pid) + of_ended_children(pid));
            for child in children(pid) {
                let group = connections.get(&child).map(|application| Group::of_connection(application));
                add(group.unwrap_or(Group::PostgresItself), ticks(child));
            }
        } else if let Some(group) = Group::of_part(part) {
            add(group, ticks(pid));
        }
    }
    usage
}

/// What was spent in between.
pub(crate) fn difference(before: &Usage, after: &Usage) -> Usage {
    let since = |group: &Group, spent: f64| (spent - before.get(group).copied().unwrap_or(0.0)).max(0.0);
    after.iter().map(|(group, spent)| (*group, since(group, *spent))).collect()
}

/// Resident memory, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn ticks(pid: u32) -> u64 {
    Stat::of(pid).map_or(0, |stat| stat.own)
}

fn of_ended_children(pid: u32) -> u64 {
    Stat::of(pid).map_or(0, |stat| stat.ended_children)
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| Stat::of(*pid).is_some_and(|stat| stat.parent == parent)).collect()
}

/// Of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn read(line: &str) -> Option<Self> {
        // The name in parentheses may hold spaces and parentheses itself.
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: number(11)? + number(12)?,
            ended_children: number(13)? + number(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_parent_are_read_past_any_name() {
        let line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 1 0 987654 1000 10";
        assert_eq!(Stat::read(line), Some(Stat { parent: 7, own: 56, ended_children: 78 }));
    }

    #[test]
    fn every_part_of_a_system_is_in_its_group() {
        let group = |part: &str| Group::of_part(part);
        assert_eq!(group("todo-backend-2"), Some(Group::Backend));
        assert_eq!(group("todo-actors-3-sidecar"), Some(Group::ActorsSidecar));
        assert_eq!(group("audit-service-sidecar"), Some(Group::SubscriberSidecars));
        assert_eq!(group("scheduler-2"), Some(Group::ControlPlane));
        assert_eq!(group("mailpit"), None);
    }

    #[test]
    fn what_was_spent_before_does_not_count() {
        let (before, after) = (
            Usage::from([(Group::Backend, 100.0)]),
            Usage::from([(Group::Backend, 130.0), (Group::Broker, 5.0)]),
        );
        assert_eq!(difference(&before, &after), Usage::from([(Group::Backend, 30.0), (Group::Broker, 5.0)]));
    }
}
