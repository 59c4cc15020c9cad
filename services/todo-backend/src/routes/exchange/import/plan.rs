//! Which tasks a file makes, under which ids, and in which order: a parent comes before its subtasks, and what a task
//! waits for before the task.

use std::collections::{HashMap, HashSet};

use contracts::task::CreateTask;
use domain::TaskId;
use exchange::{Ignored, Item};
use platform::Problem;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::answer::{Imported, Outcome};
use crate::{app::App, caller::Caller, input, scope::WriteTasks};

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

/// The tasks that are there, by id, and whether they are as they were made and open.
type Known = HashMap<Uuid, bool>;

pub(super) async fn plan(app: &App, caller: &Caller<WriteTasks>, items: Vec<Item>) -> Result<Plan, Problem> {
    let known = known(&app.pool, caller, &items).await?;
    let projects = projects(&app.pool, caller).await?;
    let id_of = |uid: &str| own_id(uid, &known).unwrap_or_else(|| new_id(caller, uid));
    let now = app.clock.now();

    let mut plan = Plan { settled: Vec::new(), levels: Vec::new() };
    let in_file: HashSet<Uuid> = items.iter().map(|item| id_of(&item.uid)).collect();
    let mut placed: HashSet<Uuid> = HashSet::new();
    let mut waiting: Vec<(usize, Uuid, Item)> = Vec::new();
    let mut seen: HashSet<Uuid> = HashSet::new();
    for (at, item) in items.into_iter().enumerate() {
        let id = id_of(&item.uid);
        // One that was begun and not completed is taken up again.
        let half_made = item.done && known.get(&id) == Some(&true) && own_id(&item.uid, &known).is_none();
        if !seen.insert(id) || (known.contains_key(&id) && !half_made) {
            placed.insert(id);
            plan.settled.push((at, imported(&item, id, Outcome::Existing)));
        } else {
            waiting.push((at, id, item));
        }
    }
    while !waiting.is_empty() {
        let depends = |item: &Item| -> Vec<Uuid> {
            item.parent
                .iter()
                .chain(&item.blocked_by)
                .map(|uid| id_of(uid))
                .filter(|id| in_file.contains(id))
                .collect()
        };
        let (mut ready, mut later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, _, item)| depends(item).iter().all(|id| placed.contains(id)));
        if ready.is_empty() {
            // They wait for each other: the first goes without.
            let (at, id, mut item) = later.remove(0);
            item.ignored.push(not_taken(
                "parent, blocked_by",
                "cycle",
                "These tasks would wait for each other.",
            ));
            (item.parent, item.blocked_by) = (None, Vec::new());
            ready.push((at, id, item));
        }
        let mut level = Vec::new();
        for (at, id, mut item) in ready {
            relate(&mut item, &id_of, |id| placed.contains(id) || known.contains_key(id));
            tidy(&mut item, &projects, now);
            let mut result = imported(&item, id, Outcome::Created);
            let exists = known.contains_key(&id);
            match input::task::new_task(Value::Object(item.body), caller.id, caller.zone) {
                Ok(create) => {
                    placed.insert(id);
                    if exists {
                        result.outcome = Outcome::Existing;
                    }
                    level.push(Planned { at, id: TaskId(id), create, done: item.done, exists, result });
                }
                Err(wrong) => {
                    result.outcome = Outcome::Refused;
                    result.errors = wrong.into_iter().map(Into::into).collect();
                    plan.settled.push((at, result));
                }
            }
        }
        // Those that wait for one that was refused go without it.
        waiting = later
            .into_iter()
            .map(|(at, id, item)| (at, id, without_refused(item, &id_of, &plan.settled)))
            .collect();
        plan.levels.push(level);
    }
    Ok(plan)
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

fn new_id(caller: &Caller<WriteTasks>, uid: &str) -> Uuid {
    Uuid::new_v5(&caller.id.0, format!("import\n{uid}").as_bytes())
}

/// A file that was exported here names tasks by their ids.
fn own_id(uid: &str, known: &Known) -> Option<Uuid> {
    uid.parse().ok().filter(|id| known.contains_key(id))
}

fn not_taken(what: &str, rule: &'static str, detail: &str) -> Ignored {
    Ignored { line: None, what: what.to_owned(), rule, detail: detail.to_owned() }
}

/// Puts the relations into the body, as far as the others are there.
fn relate(item: &mut Item, id_of: &impl Fn(&str) -> Uuid, is_there: impl Fn(&Uuid) -> bool) {
    let found = |uid: &str, what: &str, ignored: &mut Vec<Ignored>| {
        let id = id_of(uid);
        if is_there(&id) {
            return Some(id);
        }
        ignored.push(not_taken(what, "unknown_task", &format!("There is no task {uid}.")));
        None
    };
    if let Some(parent) = item.parent.take()
        && let Some(id) = found(&parent, "parent", &mut item.ignored)
    {
        item.body.insert("parent_id".to_owned(), json!(id));
    }
    let blockers: Vec<Uuid> =
        item.blocked_by.iter().filter_map(|uid| found(uid, "blocked_by", &mut item.ignored)).collect();
    if !blockers.is_empty() {
        item.body.insert("blocked_by".to_owned(), json!(blockers));
    }
}

/// Leaves out what would only disturb: reminders that have passed, projects of others.
fn tidy(item: &mut Item, projects: &HashSet<String>, now: chrono::DateTime<chrono::Utc>) {
    if let Some(project) = item.body.get("project_id").and_then(Value::as_str)
        && !projects.contains(project)
    {
        item.ignored.push(not_taken(
            "project_id",
            "unknown_project",
            "There is no such project to put tasks into.",
        ));
        item.body.remove("project_id");
    }
    let done = item.done;
    if let Some(Value::Array(reminders)) = item.body.get_mut("reminders") {
        let before = reminders.len();
        let passed = |reminder: &Value| {
            let at = reminder.get("at").and_then(Value::as_str);
            at.and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok()).is_some_and(|at| at <= now)
        };
        reminders.retain(|reminder| !done && !passed(reminder));
        if reminders.len() < before {
            let detail = "It would fire at once: its time has passed, or the task is done.";
            item.ignored.push(not_taken("reminders", "passed", detail));
        }
    }
}

fn without_refused(mut item: Item, id_of: &impl Fn(&str) -> Uuid, settled: &[(usize, Imported)]) -> Item {
    let is_refused = |uid: &str| {
        let id = id_of(uid);
        settled.iter().any(|(_, result)| result.id == id && result.outcome == Outcome::Refused)
    };
    if let Some(parent) = item.parent.take_if(|parent| is_refused(parent)) {
        item.ignored.push(not_taken("parent", "refused", &format!("The task {parent} was refused.")));
    }
    let (refused, kept): (Vec<_>, Vec<_>) = item.blocked_by.into_iter().partition(|uid| is_refused(uid));
    item.blocked_by = kept;
    for uid in refused {
        item.ignored.push(not_taken("blocked_by", "refused", &format!("The task {uid} was refused.")));
    }
    item
}

/// Those of the file's tasks, and of those they name, that are there, in the trash too.
async fn known(pool: &PgPool, caller: &Caller<WriteTasks>, items: &[Item]) -> Result<Known, Problem> {
    let named = items.iter().flat_map(|item| item.parent.iter().chain(&item.blocked_by).chain([&item.uid]));
    let ids: HashSet<String> = named
        .flat_map(|uid| uid.parse::<Uuid>().ok().into_iter().chain([new_id(caller, uid)]))
        .map(|id| id.to_string())
        .collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "SELECT id, version = 1 AND NOT done AND NOT deleted FROM task WHERE owner = $1 AND id = ANY ($2)",
    )
    .bind(caller.id.0)
    .bind(&ids)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().filter_map(|(id, untouched)| Some((id.parse().ok()?, untouched))).collect())
}

/// Those that the caller may put tasks into.
async fn projects(pool: &PgPool, caller: &Caller<WriteTasks>) -> Result<HashSet<String>, Problem> {
    let find =
        "SELECT project_id::text FROM project_member WHERE user_id = $1 AND role IN ('owner', 'editor')";
    let found: Vec<String> = sqlx::query_scalar(find).bind(caller.id.0).fetch_all(pool).await?;
    Ok(found.into_iter().collect())
}
