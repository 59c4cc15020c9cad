//! What stands for the table `reminder`, for `REMINDER_ROWS` and for the clock's check.
//!
//! Each statement is one atomic step here. In PostgreSQL a check skips a row that a task's commit
//! holds; it looks again 20 ms later, so that is the order in which the commit comes first.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{Destination, Entry, partition_of, testing::MemoryStore};

/// Reminder and generation.
pub(crate) type Key = (Uuid, i32);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) task: String,
    pub(crate) user: String,
    pub(crate) title: String,
    pub(crate) fires_at: DateTime<Utc>,
    pub(crate) status: Status,
    /// Each time it fired: once at most, if all is well.
    pub(crate) fired: Vec<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Fired,
    Cleared,
}

/// The table. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(Arc<Mutex<BTreeMap<Key, Row>>>);

#[derive(Deserialize)]
struct Wanted {
    user_id: String,
    pending: Vec<WantedRow>,
}

#[derive(Deserialize)]
struct WantedRow {
    reminder_id: Uuid,
    generation: i32,
    title: String,
    fires_at: DateTime<Utc>,
}

impl Rows {
    /// Puts the doubles into the store of a run. The database's clock is `ahead` of the right time.
    pub(crate) fn install(&self, store: &MemoryStore, ahead: TimeDelta) {
        let rows = self.clone();
        store.rows_double("Task", move |task, wanted| {
            rows.write(task, &serde_json::from_value(wanted.clone()).expect("what the task commits"));
        });
        let rows = self.clone();
        store.statement_double("check_reminders", move |entries, user, args, now| {
            let due = rows.due(user, args["batch"].as_u64().expect("a number"), now + ahead);
            rows.fire(entries, user, &due, now)
        });
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all(&self) -> BTreeMap<Key, Row> {
        self.rows().clone()
    }

    /// `REMINDER_ROWS` of `src/commit.rs`.
    fn write(&self, task: &str, wanted: &Wanted) {
        let mut rows = self.rows();
        let keys: Vec<Key> = wanted.pending.iter().map(|row| (row.reminder_id, row.generation)).collect();
        for (_, row) in rows.iter_mut().filter(|(key, row)| row.task == task && !keys.contains(key)) {
            if row.status == Status::Pending {
                row.status = Status::Cleared;
            }
        }
        for WantedRow { reminder_id, generation, title, fires_at } in &wanted.pending {
            let row = rows.entry((*reminder_id, *generation)).or_insert_with(|| Row {
                task: task.to_owned(),
                user: wanted.user_id.clone(),
                title: title.clone(),
                fires_at: *fires_at,
                status: Status::Pending,
                fired: Vec::new(),
            });
            if row.status == Status::Pending {
                row.title.clone_from(title);
            }
        }
    }

    /// The rows a check would fire: the first half of `CHECK` in `reminder-schedule/src/check.rs`.
    pub(crate) fn due(&self, user: &str, batch: u64, now: DateTime<Utc>) -> Vec<Key> {
        let rows = self.rows();
        let mut due: Vec<(DateTime<Utc>, Key)> = rows
            .iter()
            .filter(|(_, row)| row.user == user && row.status == Status::Pending && row.fires_at <= now)
            .map(|(key, row)| (row.fires_at, *key))
            .collect();
        due.sort_unstable();
        due.into_iter().take(batch as usize).map(|(_, key)| key).collect()
    }

    /// Its second half: these rows fire, their events go into the outbox, the next instant is told.
    pub(crate) fn fire(
        &self,
        entries: &mut Vec<Entry>,
        user: &str,
        due: &[Key],
        now: DateTime<Utc>,
    ) -> Value {
        let mut rows = self.rows();
        for key in due {
            let Some(row) = rows.get_mut(key) else { continue };
            row.status = Status::Fired;
            row.fired.push(now);
            for (topic, kind) in [("audit-logs", "reminder.fired"), ("reminders", "reminder.due")] {
                entries.push(event(user, *key, row, topic, kind, now));
            }
        }
        let pending = rows.values().filter(|row| row.user == user && row.status == Status::Pending);
        let next = pending.map(|row| row.fires_at).min();
        let next_in_ms = next.map(|next| (next - now).num_milliseconds().max(0));
        json!({ "fired": due.len(), "next": next, "next_in_ms": next_in_ms })
    }

    /// The users whom the sweep pokes: `due_users` of the backend's `check_reminders.rs`.
    pub(crate) fn due_users(&self, now: DateTime<Utc>) -> Vec<String> {
        let soon = now + TimeDelta::seconds(90);
        let rows = self.rows();
        let due = rows.values().filter(|row| row.status == Status::Pending && row.fires_at <= soon);
        let mut users: Vec<String> = due.map(|row| row.user.clone()).collect();
        users.dedup();
        users
    }
}

fn event(
    user: &str,
    (reminder, generation): Key,
    row: &Row,
    topic: &str,
    kind: &str,
    now: DateTime<Utc>,
) -> Entry {
    let name = format!("{reminder}/{generation}/{kind}");
    let event_id = Uuid::new_v5(&Uuid::nil(), name.as_bytes());
    let data = json!({
        "reminder_id": reminder, "generation": generation, "task_id": row.task, "user_id": user,
        "title": row.title, "due_at": row.fires_at, "fired_at": now,
    });
    Entry {
        event_id,
        partition: partition_of("ReminderSchedule", user),
        version: generation.into(),
        destination: Destination::Topic { topic: topic.to_owned(), key: user.to_owned() },
        body: json!({ "id": event_id, "type": kind, "subject": row.task, "data": data }),
    }
}
