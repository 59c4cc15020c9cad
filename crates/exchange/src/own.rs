//! Our own JSON: the tasks in the very shape the API shows them. What a person can set comes back as it was.

use contracts::{api, task::TaskSnapshot};
use serde_json::{Map, Value, json};

use crate::{Item, MAX_ITEMS, Unreadable};

/// The version of the format.
const VERSION: u64 = 1;

pub fn write(tasks: &[TaskSnapshot]) -> Value {
    json!({ "almanac": VERSION, "tasks": tasks.iter().map(api::Task::from).collect::<Vec<_>>() })
}

pub fn read(file: &str) -> Result<Vec<Item>, Unreadable> {
    let file: Value = serde_json::from_str(file)
        .map_err(|error| Unreadable::new("not_json", format!("This is not JSON: {error}.")))?;
    match file.get("almanac").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(Unreadable::new("unknown_version", format!("Version {other} is not known here.")));
        }
        None => return Err(Unreadable::new("not_an_export", "There is no member `almanac`.")),
    }
    let Some(Value::Array(tasks)) = file.get("tasks") else {
        return Err(Unreadable::new("not_an_export", "There is no list `tasks`."));
    };
    if tasks.len() > MAX_ITEMS {
        return Err(Unreadable::too_many());
    }
    Ok(tasks.iter().enumerate().map(|(at, task)| item(at, task)).collect())
}

fn item(at: usize, task: &Value) -> Item {
    let body = task.as_object().cloned().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut item = Item::new(None, text("id").unwrap_or_else(|| format!("without id/{at}")));
    item.done = text("status").as_deref() == Some("done");
    item.parent = text("parent_id");
    if let Some(Value::Array(blockers)) = body.get("blocked_by") {
        item.blocked_by = blockers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    item.body = settable(body);
    if item.done && item.body.remove("recurrence").is_some() {
        item.ignore(None, "recurrence", "done", "A task that is done is taken by itself.");
    }
    item
}

/// Without what nobody sets, and without null, which is the default.
fn settable(body: Map<String, Value>) -> Map<String, Value> {
    const OTHER: [&str; 9] = [
        "id",
        "version",
        "status",
        "skipped",
        "created_at",
        "updated_at",
        "completed_at",
        "parent_id",
        "blocked_by",
    ];
    let kept = body.into_iter().filter(|(name, value)| !OTHER.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, mut value)| {
        if name == "reminders"
            && let Value::Array(reminders) = &mut value
        {
            for reminder in reminders.iter_mut().filter_map(Value::as_object_mut) {
                // The new task gives them ids of its own.
                reminder.remove("id");
            }
        }
        (name, value)
    })
    .collect()
}
