//! A task's life by its audited events.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Database, Entry};

/// The events of one task's versions.
#[derive(Debug, Clone, Default)]
pub struct History(BTreeMap<i64, Vec<Entry>>);

/// What a task is after some of its events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub title: String,
    pub done: bool,
    pub deleted: bool,
}

impl History {
    pub(super) const NONE: History = History(BTreeMap::new());

    pub(super) fn all(database: &Database) -> HashMap<Uuid, History> {
        let mut all: HashMap<Uuid, History> = HashMap::new();
        for entry in &database.entries {
            if let (Some(task), Some(version), "task-events") =
                (entry.task_id, entry.version, entry.topic.as_str())
            {
                let history = all.entry(task).or_default();
                history.0.entry(version).or_default().push(entry.clone());
            }
        }
        all
    }

    /// The events of a version: one, if all is well.
    pub fn at(&self, version: i64) -> &[Entry] {
        self.0.get(&version).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first event of each version that has one, oldest first.
    pub fn each(&self) -> impl Iterator<Item = (i64, &Entry)> {
        self.0.iter().filter_map(|(version, entries)| Some((*version, entries.first()?)))
    }

    pub fn versions(&self) -> impl Iterator<Item = i64> {
        self.0.keys().copied()
    }

    pub fn has(&self, kind: &str) -> bool {
        self.each().any(|(_, entry)| entry.kind == kind)
    }

    /// What the task is after each version, from 1 to `last`; none unless each has exactly one event, since a missing or doubled
    /// one is a finding of its own and makes the rest a guess.
    pub fn states(&self, last: i64) -> Option<Vec<State>> {
        let mut state = State::default();
        (1..=last)
            .map(|version| {
                let [entry] = self.at(version) else { return None };
                state.apply(entry);
                Some(state.clone())
            })
            .collect()
    }
}

impl State {
    fn apply(&mut self, entry: &Entry) {
        entry.member("title").clone_into(&mut self.title);
        match entry.kind.as_str() {
            "task.completed" | "task.skipped" => self.done = true,
            "task.reopened" => self.done = false,
            "task.deleted" => self.deleted = true,
            "task.restored" => self.deleted = false,
            _ => {}
        }
    }
}
