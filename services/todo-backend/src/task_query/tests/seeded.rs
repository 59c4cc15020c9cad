//! Tasks as rows, without a turn for each.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{Due, UserZone, Zone};
use proptest::{option, prelude::*, sample::select};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub(super) struct Seeded {
    pub(super) id: Uuid,
    pub(super) owner: Uuid,
    pub(super) project: Option<Uuid>,
    pub(super) title: String,
    pub(super) notes: String,
    pub(super) priority: usize,
    pub(super) tags: Vec<&'static str>,
    pub(super) due: Option<Due>,
    pub(super) start: Option<NaiveDate>,
    pub(super) done: bool,
    pub(super) deleted: bool,
    pub(super) recurring: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) position: Option<String>,
    pub(super) parent: Option<Uuid>,
    pub(super) blocked_by: Vec<Uuid>,
}

pub(super) const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];
pub(super) const WORDS: [&str; 8] = ["pay", "rent", "call", "bob", "water", "plants", "rental", "parents"];
pub(super) const TAGS: [&str; 4] = ["Home", "work", "GARDEN", "rare"];

/// The zone of everybody here.
pub(super) fn zone() -> UserZone {
    UserZone::new(Zone::parse("Europe/Berlin").unwrap(), 1)
}

/// Around the day on which tests run.
pub(super) fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..20).prop_map(|n| NaiveDate::from_ymd_opt(2026, 6, 22).unwrap() + TimeDelta::days(n))
}

fn due() -> impl Strategy<Value = Due> {
    let at = (day(), 0_u32..24, select(vec!["Europe/Berlin", "America/New_York", "Pacific/Auckland"]))
        .prop_map(|(day, hour, zone)| Due::At {
            local: day.and_hms_opt(hour, 0, 0).unwrap(),
            zone: Zone::parse(zone).unwrap(),
        });
    prop_oneof![day().prop_map(|date| Due::AllDay { date }), at]
}

/// Made by one or the other, in no project or one of these.
pub(super) fn task(one: Uuid, other: Uuid, projects: Vec<Uuid>) -> impl Strategy<Value = Seeded> {
    let project = option::of(any::<prop::sample::Index>());
    let words =
        |most| prop::collection::vec(select(WORDS.to_vec()), 1..most).prop_map(|words| words.join(" "));
    let tags = prop::sample::subsequence(TAGS.to_vec(), 0..3);
    let whose = (prop::bool::weighted(0.8), project);
    let first = (any::<u128>(), whose, words(4), option::of(words(6)), 0_usize..5, tags);
    let then = (
        option::of(due()),
        option::of(day()),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        // Many in the same instant.
        0_i64..40,
        option::of("[0-9A-Za-z]{1,3}[1-9]"),
    );
    (first, then).prop_map(move |(first, then)| {
        let (id, (mine, project), title, notes, priority, tags) = first;
        let (due, start, done, deleted, recurring, created, position) = then;
        let created =
            "2026-06-20T08:00:00.25Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(created * 6);
        Seeded {
            id: Uuid::from_u128(id),
            owner: if mine { one } else { other },
            project: project.filter(|_| !projects.is_empty()).map(|index| *index.get(&projects)),
            title,
            notes: notes.unwrap_or_default(),
            priority,
            tags,
            due,
            start,
            done,
            deleted,
            recurring,
            created,
            position,
            parent: None,
            blocked_by: Vec::new(),
        }
    })
}

/// Some are subtasks of the first three, some wait for others.
pub(super) fn with_relations(mut tasks: Vec<Seeded>) -> Vec<Seeded> {
    let ids: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
    for (n, task) in tasks.iter_mut().enumerate().skip(3) {
        task.parent = (n % 5 == 0).then(|| ids[n % 3]);
        task.blocked_by = if n % 4 == 0 { vec![ids[n / 2], ids[n - 1]] } else { Vec::new() };
    }
    tasks
}

impl Seeded {
    /// The same, neither done nor deleted.
    pub(super) fn open(self) -> Self {
        Self { done: false, deleted: false, ..self }
    }

    pub(super) fn due_instant(&self) -> Option<DateTime<Utc>> {
        self.due.map(|due| due.instant(&zone()))
    }

    pub(super) fn position(&self) -> String {
        self.position.clone().unwrap_or_else(|| format!("{:014x}V", self.created.timestamp_micros()))
    }

    fn state(&self) -> serde_json::Value {
        let lifecycle = if self.done {
            json!({"status": "done", "completed_at": self.created})
        } else {
            json!({"status": "open"})
        };
        let mut state = json!({
            "id": self.id, "owner": self.owner, "title": self.title, "notes": self.notes,
            "priority": PRIORITIES[self.priority], "tags": self.tags, "due": self.due, "zone": zone(),
            "reminders": [], "next_reminder": 1, "lifecycle": lifecycle,
            "deleted_at": self.deleted.then_some(self.created),
            "created_at": self.created, "updated_at": self.created,
        });
        if let Some(project) = self.project {
            state["project"] = json!(project);
        }
        if let Some(start) = self.start {
            state["start"] = json!(start);
        }
        if let Some(position) = &self.position {
            state["position"] = json!(position);
        }
        if let Some(parent) = self.parent {
            state["parent"] = json!(parent);
        }
        if !self.blocked_by.is_empty() {
            state["blocked_by"] = json!(self.blocked_by);
        }
        if self.recurring {
            state["series"] = json!({
                "series": self.id, "occurrence": "2026-07-01T00:00:00",
                "recurrence": {"rrule": "FREQ=DAILY", "start": {"date": "2026-07-01"}, "exdates": [], "rdates": [],
                               "moved": {}, "from": "due", "missed": "skip", "ended": null},
            });
        }
        state
    }
}

pub(super) async fn insert(pool: &PgPool, tasks: &[Seeded]) {
    let states: Vec<String> = tasks.iter().map(|task| task.state().to_string()).collect();
    sqlx::query("INSERT INTO task (id, version, state) SELECT s::jsonb ->> 'id', 1, s::jsonb FROM unnest($1::text[]) AS s")
        .bind(states)
        .execute(pool)
        .await
        .unwrap();
}
