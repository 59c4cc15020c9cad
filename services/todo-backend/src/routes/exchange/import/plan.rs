//! Which tasks a file makes, under which ids, and in which order: a parent comes before its subtasks, and what a task
//! waits for before the task.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use contracts::task::CreateTask;
use domain::{TaskId, UserId, UserZone};
use exchange::Item;
use platform::Problem;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    answer::{Imported, Outcome},
    order::order,
};
use crate::input;

/// A task to be made, with what is to be answered if that goes well.
pub(super) struct Planned {
    /// Its place in the file.
    pub(super) at: usize,
    pub(super) id: TaskId,
    pub(super) create: CreateTask,
    pub(super) done: bool,
    /// It is there, but half of its import may be missing.
    pub(super) exists: bool,
    pub(super) result: Imported,
}

pub(super) struct Plan {
    /// What needs nothing to be done.
    pub(super) settled: Vec<(usize, Imported)>,
    /// The tasks of a level may be made at once, after those of the levels before.
    pub(super) levels: Vec<Vec<Planned>>,
}

/// What a file is held against.
pub(super) struct Known {
    /// The tasks that the file names, by UID, each hashed once.
    ids: HashMap<String, Uuid>,
    /// Those that are there, and whether they are as they were made and open.
    there: HashMap<Uuid, bool>,
    /// Those that the caller may put tasks into.
    projects: HashSet<String>,
}

/// The ids that the tasks of a file, and those they name, would be made under.
pub(super) fn new_ids(owner: UserId, items: &[Item]) -> HashMap<String, Uuid> {
    let named = items.iter().flat_map(|item| item.parent.iter().chain(&item.blocked_by).chain([&item.uid]));
    let mut ids = HashMap::new();
    for uid in named {
        if !ids.contains_key(uid) {
            ids.insert(uid.clone(), Uuid::new_v5(&owner.0, format!("import\n{uid}").as_bytes()));
        }
    }
    ids
}

/// Takes long for many tasks: not for a thread that serves requests.
pub(super) fn plan(
    owner: UserId,
    zone: UserZone,
    now: DateTime<Utc>,
    known: &Known,
    items: Vec<Item>,
) -> Plan {
    let mut plan = Plan { settled: Vec::new(), levels: Vec::new() };
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut waiting: Vec<(usize, Uuid, Item)> = Vec::new();
    let mut seen: HashSet<Uuid> = HashSet::new();
    for (at, item) in items.into_iter().enumerate() {
        let id = known.id_of(&item.uid);
        // One that was begun and not completed is taken up again.
        let half_made = item.done && known.there.get(&id) == Some(&true) && known.own_id(&item.uid).is_none();
        if !seen.insert(id) || (known.there.contains_key(&id) && !half_made) {
            plan.settled.push((at, imported(&item, id, Outcome::Existing)));
        } else {
            places.insert(id, waiting.len());
            waiting.push((at, id, item));
        }
    }
    let waits_for = |item: &Item| -> Vec<usize> {
        let named = item.parent.iter().chain(&item.blocked_by);
        named.filter_map(|uid| places.get(&known.id_of(uid)).copied()).collect()
    };
    let order = order(&waiting.iter().map(|(_, _, item)| waits_for(item)).collect::<Vec<_>>());
    let mut waiting: Vec<Option<(usize, Uuid, Item)>> = waiting.into_iter().map(Some).collect();
    let mut refused: HashSet<Uuid> = HashSet::new();
    for places_of_level in order.levels {
        let mut level = Vec::new();
        for place in places_of_level {
            let Some((at, id, mut item)) = waiting[place].take() else { continue };
            if order.cut.contains(&place) {
                item.ignore(None, "parent, blocked_by", "cycle", "These tasks would wait for each other.");
                (item.parent, item.blocked_by) = (None, Vec::new());
            }
            relate(&mut item, known, &places, &refused);
            tidy(&mut item, &known.projects, now);
            let mut result = imported(&item, id, Outcome::Created);
            let exists = known.there.contains_key(&id);
            match input::task::new_task(Value::Object(item.body), owner, zone) {
                Ok(create) => {
                    if exists {
                        result.outcome = Outcome::Existing;
                    }
                    level.push(Planned { at, id: TaskId(id), create, done: item.done, exists, result });
                }
                Err(wrong) => {
                    result.outcome = Outcome::Refused;
                    result.errors = wrong.into_iter().map(Into::into).collect();
                    refused.insert(id);
                    plan.settled.push((at, result));
                }
            }
        }
        plan.levels.push(level);
    }
    plan
}

fn imported(item: &Item, id: Uuid, outcome: Outcome) -> Imported {
    Imported {
        uid: item.uid.clone(),
        line: item.line,
        title: item.body.get("title").and_then(Value::as_str).unwrap_or_default().to_owned(),
        outcome,
        id,
        errors: Vec::new(),
        ignored: item.ignored.iter().cloned().map(Into::into).collect(),
    }
}

/// Puts the relations into the body, as far as the others are there or are made before.
fn relate(item: &mut Item, known: &Known, in_file: &HashMap<Uuid, usize>, refused: &HashSet<Uuid>) {
    let found = |uid: &str, what: &str, item: &mut Item| {
        let id = known.id_of(uid);
        if refused.contains(&id) {
            item.ignore(None, what, "refused", format!("The task {uid} was refused."));
        } else if in_file.contains_key(&id) || known.there.contains_key(&id) {
            return Some(id);
        } else {
            item.ignore(None, what, "unknown_task", format!("There is no task {uid}."));
        }
        None
    };
    if let Some(parent) = item.parent.take()
        && let Some(id) = found(&parent, "parent", item)
    {
        item.body.insert("parent_id".to_owned(), json!(id));
    }
    let blockers = std::mem::take(&mut item.blocked_by);
    let blockers: Vec<Uuid> = blockers.iter().filter_map(|uid| found(uid, "blocked_by", item)).collect();
    if !blockers.is_empty() {
        item.body.insert("blocked_by".to_owned(), json!(blockers));
    }
}

/// Leaves out what would only disturb: reminders that have passed, projects of others.
fn tidy(item: &mut Item, projects: &HashSet<String>, now: DateTime<Utc>) {
    if let Some(project) = item.body.get("project_id").and_then(Value::as_str)
        && !projects.contains(project)
    {
        item.ignore(None, "project_id", "unknown_project", "There is no such project to put tasks into.");
        item.body.remove("project_id");
    }
    let done = item.done;
    if let Some(Value::Array(reminders)) = item.body.get_mut("reminders") {
        let before = reminders.len();
        let passed = |reminder: &Value| {
            let at = reminder.get("at").and_then(Value::as_str);
            at.and_then(|at| at.parse::<DateTime<Utc>>().ok()).is_some_and(|at| at <= now)
        };
        reminders.retain(|reminder| !done && !passed(reminder));
        if reminders.len() < before {
            let detail = "It would fire at once: its time has passed, or the task is done.";
            item.ignore(None, "reminders", "passed", detail);
        }
    }
}

impl Known {
    /// Looks up which of them are there, in the trash too.
    pub(super) async fn find(
        pool: &PgPool,
        owner: UserId,
        ids: HashMap<String, Uuid>,
    ) -> Result<Self, Problem> {
        let asked: HashSet<String> = ids
            .iter()
            .flat_map(|(uid, id)| uid.parse::<Uuid>().ok().into_iter().chain([*id]))
            .map(|id| id.to_string())
            .collect();
        let rows: Vec<(String, bool)> = sqlx::query_as(
            "SELECT id, version = 1 AND NOT done AND NOT deleted FROM task WHERE owner = $1 AND id = ANY ($2)",
        )
        .bind(owner.0)
        .bind(asked.into_iter().collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
        let there = rows.into_iter().filter_map(|(id, untouched)| Some((id.parse().ok()?, untouched)));
        Ok(Self { ids, there: there.collect(), projects: projects(pool, owner).await? })
    }

    fn id_of(&self, uid: &str) -> Uuid {
        // Each UID of the file has an id.
        self.own_id(uid).or_else(|| self.ids.get(uid).copied()).unwrap_or_default()
    }

    /// A file that was exported here names tasks by their ids.
    fn own_id(&self, uid: &str) -> Option<Uuid> {
        uid.parse().ok().filter(|id| self.there.contains_key(id))
    }
}

async fn projects(pool: &PgPool, owner: UserId) -> Result<HashSet<String>, Problem> {
    let find =
        "SELECT project_id::text FROM project_member WHERE user_id = $1 AND role IN ('owner', 'editor')";
    let found: Vec<String> = sqlx::query_scalar(find).bind(owner.0).fetch_all(pool).await?;
    Ok(found.into_iter().collect())
}
