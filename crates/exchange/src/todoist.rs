//! Todoist's CSV: a row a task, subtasks by INDENT, labels as `@label` in CONTENT, dates in words.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use contracts::task::TaskSnapshot;
use csv::StringRecord;
use domain::{Due, Priority, Task, TaskId, UserZone, Zone, quick_add};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Item, MAX_ITEMS, Unreadable};

const COLUMNS: [&str; 12] = [
    "TYPE",
    "CONTENT",
    "DESCRIPTION",
    "PRIORITY",
    "INDENT",
    "AUTHOR",
    "RESPONSIBLE",
    "DATE",
    "DATE_LANG",
    "TIMEZONE",
    "DURATION",
    "DURATION_UNIT",
];

/// Tasks below each other, as deep as tasks may be.
const MAX_LEVELS: usize = 8;

/// A longer UID is given by its hash: each holds those of the tasks above it.
const MAX_UID: usize = 1_000;

/// The open tasks, each above its subtasks. Reminders and dependencies have no column.
pub fn write(tasks: &[TaskSnapshot]) -> Result<String, csv::Error> {
    let open: Vec<&Task> =
        tasks.iter().map(|snapshot| &snapshot.task).filter(|task| task.completed_at().is_none()).collect();
    let known: HashMap<TaskId, &Task> = open.iter().map(|task| (task.id(), *task)).collect();
    let mut below: HashMap<Option<TaskId>, Vec<&Task>> = HashMap::new();
    for task in &open {
        below.entry(task.parent().filter(|parent| known.contains_key(parent))).or_default().push(task);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    let mut next: Vec<(usize, &Task)> =
        below.remove(&None).unwrap_or_default().into_iter().rev().map(|task| (1, task)).collect();
    while let Some((indent, task)) = next.pop() {
        writer.write_record(row(indent, task))?;
        let children = below.remove(&Some(task.id())).unwrap_or_default();
        next.extend(children.into_iter().rev().map(|child| (indent + 1, child)));
    }
    let written = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8(written).unwrap_or_default())
}

fn row(indent: usize, task: &Task) -> [String; 12] {
    let labels = task.tags().iter().map(|tag| format!(" @{}", tag.as_str().replace(' ', "_")));
    let priority = match task.priority() {
        Priority::Urgent => "1",
        Priority::High => "2",
        Priority::Medium => "3",
        Priority::Low | Priority::None => "4",
    };
    let (mut date, zone) = match task.due() {
        None => (String::new(), ""),
        Some(Due::AllDay { date }) => (date.to_string(), ""),
        Some(Due::At { local, zone }) => (local.format("%Y-%m-%d %H:%M").to_string(), zone.name()),
    };
    if let (Some(link), Some(due)) = (task.series(), task.due()) {
        let time = match due {
            Due::AllDay { .. } => String::new(),
            Due::At { local, .. } => local.format(" at %H:%M").to_string(),
        };
        date = format!("{}{time} starting {}", link.recurrence.text(), due.named().date());
    }
    let minutes = task.estimate().map(|estimate| estimate.minutes().to_string());
    let unit = if minutes.is_some() { "minute" } else { "" };
    [
        "task".to_owned(),
        format!("{}{}", task.title(), labels.collect::<String>()),
        task.notes().to_string(),
        priority.to_owned(),
        indent.to_string(),
        String::new(),
        String::new(),
        date,
        "en".to_owned(),
        zone.to_owned(),
        minutes.unwrap_or_default(),
        unit.to_owned(),
    ]
}

/// `now` is on the person's wall: dates may be relative.
pub fn read(file: &str, user: UserZone, now: NaiveDateTime) -> Result<Vec<Item>, Unreadable> {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file.as_bytes());
    let not_csv = |error: csv::Error| Unreadable::new("not_csv", format!("This is not CSV: {error}."));
    let header = reader.headers().map_err(not_csv)?.clone();
    let columns: HashMap<String, usize> =
        header.iter().enumerate().map(|(at, name)| (name.trim().to_ascii_uppercase(), at)).collect();
    if !columns.contains_key("TYPE") || !columns.contains_key("CONTENT") {
        return Err(Unreadable::new("not_todoist", "The columns TYPE and CONTENT are missing."));
    }
    let mut rows = Rows { user, now, columns, items: Vec::new(), above: Vec::new(), seen: HashMap::new() };
    for record in reader.records() {
        let record = record.map_err(not_csv)?;
        if rows.items.len() == MAX_ITEMS {
            return Err(Unreadable::too_many());
        }
        rows.take(&record);
    }
    Ok(rows.items)
}

struct Rows {
    user: UserZone,
    now: NaiveDateTime,
    columns: HashMap<String, usize>,
    items: Vec<Item>,
    /// The UIDs of the tasks above, by indent.
    above: Vec<String>,
    /// How often a row was there, to tell repeated ones apart.
    seen: HashMap<String, usize>,
}

impl Rows {
    fn take(&mut self, record: &StringRecord) {
        let line = record.position().and_then(|position| usize::try_from(position.line()).ok());
        let cell = |name: &str| {
            self.columns.get(name).and_then(|at| record.get(*at)).unwrap_or("").trim().to_owned()
        };
        let content = cell("CONTENT");
        match cell("TYPE").to_ascii_lowercase().as_str() {
            "task" => {}
            "note" => {
                if let Some(item) = self.items.last_mut() {
                    add_note(item, &content);
                }
                return;
            }
            kind => {
                if let Some(item) = self.items.last_mut().filter(|_| !kind.is_empty()) {
                    let detail = format!(
                        "The row `{content}` below this task is a {kind}; only tasks and notes are taken."
                    );
                    item.ignore(line, "TYPE", "unsupported", detail);
                }
                return;
            }
        }
        let indent = cell("INDENT").parse().unwrap_or(1_usize).max(1);
        self.above.truncate(indent - 1);
        let too_deep = self.above.len() >= MAX_LEVELS;
        self.above.truncate(MAX_LEVELS - 1);
        let parent = self.above.last().cloned();
        let path = short(format!("{}/{content}", parent.as_deref().unwrap_or("todoist")));
        let nth = self.seen.entry(path.clone()).or_default();
        *nth += 1;
        let mut item = Item::new(line, format!("{path}#{nth}"));
        item.parent = parent;
        if too_deep {
            let detail = format!("Subtasks go {MAX_LEVELS} levels deep; this one is taken at the last.");
            item.ignore(line, "INDENT", "too_deep", detail);
        }
        self.above.push(item.uid.clone());
        title_and_labels(&mut item, &content);
        let notes = cell("DESCRIPTION");
        if !notes.is_empty() {
            item.set("notes", notes);
        }
        match cell("PRIORITY").as_str() {
            "1" => item.set("priority", "urgent"),
            "2" => item.set("priority", "high"),
            "3" => item.set("priority", "medium"),
            "4" | "" => {}
            other => item.ignore(
                line,
                "PRIORITY",
                "out_of_range",
                format!("A priority is from 1 to 4, not {other}."),
            ),
        }
        self.date(&mut item, &cell("DATE"), &cell("TIMEZONE"));
        match (cell("DURATION").as_str(), cell("DURATION_UNIT").to_ascii_lowercase().as_str()) {
            ("" | "None", _) => {}
            (minutes, "minute" | "minutes" | "")
                if minutes.parse::<u32>().is_ok_and(|minutes| minutes > 0) =>
            {
                item.set("estimate", format!("PT{minutes}M"));
            }
            (length, unit) => {
                item.ignore(
                    line,
                    "DURATION",
                    "unsupported",
                    format!("A length of {length} {unit} cannot be taken."),
                );
            }
        }
        let responsible = cell("RESPONSIBLE");
        if !responsible.is_empty() {
            item.ignore(line, "RESPONSIBLE", "unsupported", format!("{responsible} is not told of it."));
        }
        self.items.push(item);
    }

    /// Words are read as quick add reads them; what they are not wholly is kept in the notes.
    fn date(&self, item: &mut Item, text: &str, zone: &str) {
        if text.is_empty() {
            return;
        }
        let zone = if zone.is_empty() { None } else { Zone::parse(zone).ok() };
        let user = UserZone { zone: zone.unwrap_or(self.user.zone), ..self.user };
        let read = quick_add::read(text, &quick_add::Context { now: self.now, user });
        if !read.title.is_empty() || read.due.is_none() {
            let detail = format!("The date `{text}` is not understood; it is kept in the notes.");
            item.ignore(item.line, "DATE", "not_understood", detail);
            add_note(item, &format!("Date: {text}"));
            return;
        }
        if let Some(due) = &read.due {
            let due = contracts::api::Due::from(due);
            item.set("due", serde_json::to_value(due).unwrap_or_default());
        }
        if let Some(asked) = &read.recurrence {
            let asked = contracts::api::RecurrenceInput::from(asked);
            item.set("recurrence", serde_json::to_value(asked).unwrap_or_default());
        }
    }
}

fn short(path: String) -> String {
    if path.len() <= MAX_UID {
        return path;
    }
    format!("todoist/{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, path.as_bytes()))
}

/// Labels stand at the end of a task's name.
fn title_and_labels(item: &mut Item, content: &str) {
    let words: Vec<&str> = content.split_whitespace().collect();
    let is_label =
        |word: &&&str| word.len() > 1 && word.starts_with('@') && domain::Tag::parse(&word[1..]).is_ok();
    let labels = words.iter().rev().take_while(is_label).count();
    let (title, labels) = words.split_at(words.len() - labels.min(domain::Tags::MAX));
    item.set_title(&title.join(" "));
    let tags: Vec<Value> = labels.iter().map(|label| json!(label[1..])).collect();
    if !tags.is_empty() {
        item.set("tags", tags);
    }
}

fn add_note(item: &mut Item, text: &str) {
    // In place: a task may have very many.
    match item.body.get_mut("notes") {
        Some(Value::String(notes)) if !notes.is_empty() => {
            notes.push('\n');
            notes.push_str(text);
        }
        _ => item.set("notes", text),
    }
}
