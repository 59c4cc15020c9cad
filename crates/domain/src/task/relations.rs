//! What a task has to do with others: its project, its parent, and what it waits for.
//!
//! What can be told from one task is checked here. That the others exist, and that nobody waits for himself by a
//! detour, is checked as the task is committed.

use std::collections::HashSet;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Task;
use crate::{
    due::Due,
    estimate::Estimate,
    id::{ProjectId, TaskId},
    position::Position,
    violation::{Violation, Violations},
    wall_clock::YEARS,
};

/// At most 50 tasks, each once, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TaskId>")]
pub struct Blockers(Vec<TaskId>);

impl Blockers {
    pub const MAX: usize = 50;

    /// Violations are at `blocked_by` or `blocked_by[index]`.
    pub fn parse(tasks: Vec<TaskId>) -> Result<Self, Violations> {
        let mut found = Vec::new();
        if tasks.len() > Self::MAX {
            let detail = format!("A task waits for at most {} others, not {}.", Self::MAX, tasks.len());
            found.push(Violation::new("blocked_by", "too_many", detail));
        }
        let mut seen = HashSet::new();
        for (index, task) in tasks.iter().enumerate().filter(|(_, task)| !seen.insert(**task)) {
            let detail = format!("The task {task} is named before.");
            found.push(Violation::new(format!("blocked_by[{index}]"), "duplicate", detail));
        }
        Violations::check(found)?;
        Ok(Blockers(tasks))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, TaskId> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<TaskId>> for Blockers {
    type Error = Violations;

    fn try_from(tasks: Vec<TaskId>) -> Result<Self, Violations> {
        Blockers::parse(tasks)
    }
}

/// Where a new task belongs and when it is worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planning {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// After all others, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    #[serde(default, skip_serializing_if = "Blockers::is_empty")]
    pub blocked_by: Blockers,
}

impl Task {
    /// What is wrong with its parent, its blockers and its start, as far as it can tell.
    pub(super) fn check_plan(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.parent == Some(self.id) {
            found.push(Violation::new("parent_id", "itself", "A task is no subtask of itself."));
        }
        if let Some(index) = self.blocked_by.iter().position(|blocker| *blocker == self.id) {
            let detail = "A task does not wait for itself.";
            found.push(Violation::new(format!("blocked_by[{index}]"), "itself", detail));
        }
        if let Some(start) = self.start {
            if !YEARS.contains(&start.year()) {
                let detail = format!("The year is from {} to {}.", YEARS.start(), YEARS.end());
                found.push(Violation::new("start", "out_of_range", detail));
            } else if self.due.as_ref().is_some_and(|due| start > due.day()) {
                found.push(Violation::new(
                    "start",
                    "after_due",
                    "It starts no later than the day it is due.",
                ));
            }
        }
        found
    }
}

impl Due {
    /// The day on its wall.
    pub fn day(&self) -> NaiveDate {
        self.named().date()
    }
}
