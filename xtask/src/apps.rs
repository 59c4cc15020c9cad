//! The apps that make up Almanac. A new app is a line in [`APPS`]; its ports, sidecar, supervision
//! and logs follow from that.

use anyhow::{Context, Result, ensure};
use std::{collections::BTreeMap, str::FromStr};

/// One app: a package of `services/` whose binary has the app-id's name.
#[derive(Debug)]
pub struct App {
    pub id: &'static str,
    /// The actor types it hosts.
    pub actor_types: &'static [&'static str],
}

/// In the order of their ports.
pub const APPS: &[App] = &[
    App { id: "todo-backend", actor_types: &[] },
    App { id: "todo-actors", actor_types: &["Task", "Project", "ReminderSchedule"] },
    App { id: "notification-service", actor_types: &["Notification"] },
    App { id: "audit-service", actor_types: &[] },
    App { id: "recurring-task-service", actor_types: &["Recurrence"] },
];

/// The app that people talk to, through the front door.
pub const BACKEND: &str = "todo-backend";

impl App {
    /// The app of this id; the error names those there are.
    pub fn find(id: &str) -> Result<&'static Self> {
        APPS.iter().find(|app| app.id == id).with_context(|| {
            let ids: Vec<_> = APPS.iter().map(|app| app.id).collect();
            format!("there is no app {id}; the apps are {}", ids.join(", "))
        })
    }
}

pub(crate) struct Migrate {
    pub(crate) package: &'static str,
    pub(crate) binary: &'static str,
}

/// The program that brings the database to the current schema.
pub(crate) const MIGRATE: Migrate = Migrate { package: "schema", binary: "almanac-migrate" };

/// How many app and sidecar pairs each app runs; one where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replicas(BTreeMap<&'static str, u16>);

impl Replicas {
    /// At most this many of one app, by its room in the port table.
    pub const MOST: u16 = 10;

    pub fn of(&self, app: &str) -> u16 {
        self.0.get(app).copied().unwrap_or(1)
    }

    /// The same with `count` replicas of `app`.
    pub fn with(mut self, app: &str, count: u16) -> Result<Self> {
        let app = App::find(app)?;
        ensure!((1..=Self::MOST).contains(&count), "{} can have 1 to {} replicas", app.id, Self::MOST);
        self.0.insert(app.id, count);
        Ok(self)
    }

    /// The apps of which something is said, with their numbers.
    pub fn stated(&self) -> impl Iterator<Item = (&'static str, u16)> {
        self.0.iter().map(|(app, count)| (*app, *count))
    }
}

impl FromStr for Replicas {
    type Err = anyhow::Error;

    /// Reads `app=N[,app=N…]`.
    fn from_str(text: &str) -> Result<Self> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).try_fold(
            Self::default(),
            |all, part| {
                let (app, count) = part.split_once('=').with_context(|| format!("{part}: write app=N"))?;
                let count =
                    count.trim().parse().with_context(|| format!("{part}: {count} is not a number"))?;
                all.with(app.trim(), count)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_read_from_a_comma_separated_list() {
        let replicas: Replicas = "todo-actors=3, audit-service=2".parse().unwrap();
        assert_eq!((replicas.of("todo-actors"), replicas.of("audit-service")), (3, 2));
        assert_eq!(replicas.of("todo-backend"), 1);
    }

    #[test]
    fn replicas_of_unknown_apps_and_impossible_numbers_are_refused() {
        for text in ["nobody=1", "todo-actors", "todo-actors=x", "todo-actors=0", "todo-actors=11"] {
            assert!(text.parse::<Replicas>().is_err(), "{text}");
        }
    }
}
