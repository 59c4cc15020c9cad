//! What a task has to do with others: what a change must keep to is checked in its commit, where all of them can be
//! seen, and its subtasks are told what becomes of it.

use std::collections::BTreeSet;

use contracts::task::{FollowParent, FollowProject, TaskRefusal};
use domain::{ParentIs, ProjectId, Task, TaskId, UserId, Violation};
use serde::Serialize;
use uuid::Uuid;
use virtual_actors::{BrokenRule, RuleSql};

/// Nothing is asked of the database for a change that concerns no other task: such a commit takes no lock.
pub(crate) const RULE: RuleSql = RuleSql(
    "CASE WHEN $8::jsonb ? 'relations' AND task_may_join($8::jsonb -> 'relations')
            AND task_relations($1, version, $8::jsonb -> 'relations')
        THEN task_in_project($8::jsonb -> 'relations') END",
);

/// Who changes a task.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    Person(UserId),
    /// Its series, or the clean-up.
    Nobody,
    Parent(&'a FollowParent),
    Project(&'a FollowProject),
}

/// What `task_relations` in `migrations/` is asked.
#[derive(Default, Serialize)]
pub(crate) struct Relations {
    lists: BTreeSet<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<ProjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<TaskId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<Blocker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<Follows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass_on: Option<FollowParent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_project: Option<FollowProject>,
    /// Its past reminders, of which there may be none: what was said on it goes, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<Vec<Uuid>>,
}

#[derive(Serialize)]
struct Blocker {
    at: usize,
    id: TaskId,
}

#[derive(Serialize)]
struct Follows {
    parent: TaskId,
    is: ParentIs,
    project: Option<ProjectId>,
}

impl Relations {
    /// What a change is to be asked about, if anything.
    pub(crate) fn of(before: Option<&Task>, after: &Task, by: By<'_>) -> Option<Self> {
        let mut asked = Relations { project: after.project(), ..Relations::default() };
        match by {
            By::Person(user) => {
                let joins = before.is_none_or(|before| before.project() != after.project());
                let returns = before.is_some_and(Task::is_deleted) && !after.is_deleted();
                let moves = joins || before.is_none_or(|before| before.parent() != after.parent());
                asked.person = Some(user);
                asked.joins = after.project().filter(|_| joins || returns);
                asked.parent = after.parent().filter(|_| moves || returns);
                asked.blockers = blockers(before, after);
            }
            By::Parent(FollowParent { parent, is, project, .. }) => {
                asked.follows = Some(Follows { parent: *parent, is: *is, project: *project });
            }
            By::Project(told) => asked.with_project = Some(told.clone()),
            By::Nobody => {}
        }
        if let Some(before) = before
            && (before.as_parent() != after.as_parent() || before.project() != after.project())
        {
            asked.pass_on = Some(FollowParent {
                parent: after.id(),
                is: after.as_parent(),
                project: after.project(),
                // Its own; in the commit, that of each subtask's owner is put there.
                zone: *before.zone(),
            });
        }
        if after.is_purged() {
            let past = before.into_iter().flat_map(Task::past_reminders);
            asked.purged = Some(past.map(|id| id.0).collect());
        }
        if asked.is_nothing() {
            return None;
        }
        asked.lists = before.into_iter().chain([after]).map(list).collect();
        Some(asked)
    }

    fn is_nothing(&self) -> bool {
        self.joins.is_none()
            && self.parent.is_none()
            && self.blockers.is_empty()
            && self.follows.is_none()
            && self.pass_on.is_none()
            && self.with_project.is_none()
            && self.purged.is_none()
    }
}

/// Those it begins to wait for.
fn blockers(before: Option<&Task>, after: &Task) -> Vec<Blocker> {
    let known =
        |id: &TaskId| before.is_some_and(|before| before.blocked_by().iter().any(|known| known == id));
    let all = after.blocked_by().iter().enumerate();
    all.filter(|(_, id)| !known(id)).map(|(at, id)| Blocker { at, id: *id }).collect()
}

/// The list a task is in: its project's, or its owner's.
fn list(task: &Task) -> Uuid {
    task.project().map_or(task.owner().0, |project| project.0)
}

/// What the database said, to the person who asked for it.
pub(crate) fn refusal(BrokenRule(rule): BrokenRule) -> Result<TaskRefusal, BrokenRule> {
    let violation: Violation = serde_json::from_value(rule.clone()).map_err(|_| BrokenRule(rule))?;
    Ok(TaskRefusal::Invalid { violations: violation.into() })
}
