//! The history that is as it should be: a bit of everything that can happen.

use checker::log::{Entry, Operation};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{Row, World, at};

/// Edited under three titles, reminded, then completed.
pub(crate) const PLANTS: Uuid = Uuid::from_u128(0xa);
pub(crate) const PLANTS_REMINDER: Uuid = Uuid::from_u128(0xa1);
/// Its creation had to be repeated, its reminder was moved, the mail came twice.
pub(crate) const LETTER: Uuid = Uuid::from_u128(0xb);
pub(crate) const LETTER_REMINDER: Uuid = Uuid::from_u128(0xb1);
/// Open, and reminds in years.
pub(crate) const ROOF: Uuid = Uuid::from_u128(0xc);
pub(crate) const ROOF_REMINDER: Uuid = Uuid::from_u128(0xc1);
/// Completed, so followed by one.
pub(crate) const DAILY: Uuid = Uuid::from_u128(0xd);
pub(crate) const DAILY_NEXT: Uuid = Uuid::from_u128(0xd2);
pub(crate) const DAILY_SERIES: Uuid = Uuid::from_u128(0xd0);
/// Completed once, which was all.
pub(crate) const ONCE: Uuid = Uuid::from_u128(0xe);
pub(crate) const ONCE_SERIES: Uuid = Uuid::from_u128(0xe0);
/// Completed and reopened, so what followed was withdrawn.
pub(crate) const AGAIN: Uuid = Uuid::from_u128(0xf);
pub(crate) const AGAIN_NEXT: Uuid = Uuid::from_u128(0xf2);
pub(crate) const AGAIN_SERIES: Uuid = Uuid::from_u128(0xf0);

pub(crate) fn in_years() -> DateTime<Utc> {
    "2090-01-01T08:00:00Z".parse().unwrap()
}

impl World {
    pub(crate) async fn consistent(pool: &PgPool) -> Self {
        let mut world = Self::empty(pool).await;
        world.plants().await;
        world.letter().await;
        world.roof().await;
        world.daily().await;
        world.once().await;
        world.again().await;
        world.wait(600);
        world.log(Entry::Ended);
        world
    }

    async fn plants(&mut self) {
        let mut task = Row::new(PLANTS, "plants 1");
        task.armed = vec![(PLANTS_REMINDER, 1, at(100))];
        self.commit("task.created", &[], &task).await;
        self.remind(PLANTS, PLANTS_REMINDER, 1, at(100), "pending").await;
        self.accepted(Operation::create("plants 1"), Some(1), Some(task.shown()));
        for (version, title) in [(2, "plants 2"), (3, "plants 3")] {
            task.title = title.into();
            self.commit("task.updated", &["title"], &task).await;
            self.accepted(Operation::retitle(PLANTS, title), Some(version), Some(task.shown()));
        }
        self.accepted(Operation::Read { task: PLANTS }, Some(3), Some(task.shown()));
        self.wait(200);
        self.fire(PLANTS_REMINDER, 1).await;
        self.tell(PLANTS, PLANTS_REMINDER, 1, 1).await;
        task.done = true;
        task.armed.clear();
        self.commit("task.completed", &[], &task).await;
        self.accepted(Operation::Complete { task: PLANTS }, Some(4), Some(task.shown()));
        // Again, which changes nothing.
        self.accepted(Operation::Complete { task: PLANTS }, Some(4), Some(task.shown()));
    }

    async fn letter(&mut self) {
        let start = self.now();
        let (first, second) =
            (start + chrono::TimeDelta::seconds(60), start + chrono::TimeDelta::seconds(90));
        let mut task = Row::new(LETTER, "letter 1");
        task.armed = vec![(LETTER_REMINDER, 1, first)];
        let fault = Entry::FaultBegan { fault: 1, kind: "kill".into(), part: "todo-actors-1".into() };
        self.log(fault);
        self.commit("task.created", &[], &task).await;
        let creation = self.unknown(Operation::create("letter 1"));
        self.log(Entry::Sent { operation: creation, attempt: 2 });
        let answer =
            checker::log::Answer { status: 201, version: Some(1), task: Some(task.shown()), problem: None };
        self.log(Entry::Answered { operation: creation, attempt: 2, answer });
        self.log(Entry::FaultEnded { fault: 1 });

        self.remind(LETTER, LETTER_REMINDER, 1, first, "cleared").await;
        task.armed = vec![(LETTER_REMINDER, 2, second)];
        self.commit("task.updated", &["reminders"], &task).await;
        self.remind(LETTER, LETTER_REMINDER, 2, second, "pending").await;
        let moved =
            Operation::Edit { task: LETTER, title: None, reminders: Some(Vec::new()), changes_series: false };
        self.accepted(moved, Some(2), Some(task.shown()));
        // One that was carried out without an answer, and one that was not.
        task.title = "letter 2".into();
        self.commit("task.updated", &["title"], &task).await;
        self.unknown(Operation::retitle(LETTER, "letter 2"));
        self.unknown(Operation::retitle(LETTER, "letter 3"));
        self.wait(200);
        self.fire(LETTER_REMINDER, 2).await;
        self.tell(LETTER, LETTER_REMINDER, 2, 2).await;
    }

    async fn roof(&mut self) {
        let mut task = Row::new(ROOF, "roof 1");
        task.armed = vec![(ROOF_REMINDER, 1, in_years())];
        self.commit("task.created", &[], &task).await;
        self.remind(ROOF, ROOF_REMINDER, 1, in_years(), "pending").await;
        self.accepted(Operation::create("roof 1"), Some(1), Some(task.shown()));
        self.refused(Operation::retitle(ROOF, "roof 2"), 412, "version-mismatch", Some(1));
        task.deleted = true;
        let armed = std::mem::take(&mut task.armed);
        self.commit("task.deleted", &[], &task).await;
        self.accepted(Operation::Delete { task: ROOF }, None, None);
        self.refused(Operation::Read { task: ROOF }, 404, "task-deleted", None);
        task.deleted = false;
        task.armed = armed;
        self.commit("task.restored", &[], &task).await;
        self.accepted(Operation::Restore { task: ROOF }, Some(3), Some(task.shown()));
    }

    /// Makes and completes the first instance of a series.
    async fn first_instance(&mut self, id: Uuid, series: Uuid, title: &str, rule: &str) -> Row {
        let mut task = Row::new(id, title);
        task.series = Some((series, 1));
        self.commit("task.created", &[], &task).await;
        let creation =
            Operation::Create { title: title.into(), reminders: Vec::new(), recurrence: Some(rule.into()) };
        self.accepted(creation, Some(1), Some(task.shown()));
        task.done = true;
        self.commit("task.completed", &[], &task).await;
        self.accepted(Operation::Complete { task: id }, Some(2), Some(task.shown()));
        task
    }

    async fn daily(&mut self) {
        self.first_instance(DAILY, DAILY_SERIES, "daily 1", "FREQ=DAILY;COUNT=5").await;
        let mut next = Row::new(DAILY_NEXT, "daily 1");
        next.series = Some((DAILY_SERIES, 2));
        self.commit("task.created", &[], &next).await;
        self.decide(DAILY_SERIES, DAILY, DAILY_NEXT, "created").await;
    }

    async fn once(&mut self) {
        self.first_instance(ONCE, ONCE_SERIES, "once 1", "FREQ=DAILY;COUNT=1").await;
        let nothing = self.id();
        self.decide(ONCE_SERIES, ONCE, nothing, "over").await;
    }

    async fn again(&mut self) {
        let mut task = self.first_instance(AGAIN, AGAIN_SERIES, "again 1", "FREQ=DAILY").await;
        let mut next = Row::new(AGAIN_NEXT, "again 1");
        next.series = Some((AGAIN_SERIES, 2));
        self.commit("task.created", &[], &next).await;
        task.done = false;
        self.commit("task.reopened", &[], &task).await;
        self.accepted(Operation::Reopen { task: AGAIN }, Some(3), Some(task.shown()));
        next.deleted = true;
        self.commit("task.deleted", &[], &next).await;
        self.decide(AGAIN_SERIES, AGAIN, AGAIN_NEXT, "withdrawn").await;
    }
}

/// How a report names a task.
pub(crate) fn task(id: Uuid) -> String {
    format!("task {id}")
}

/// How it names a task in its series.
pub(crate) fn instance(id: Uuid, series: Uuid) -> String {
    format!("task {id} of series {series}")
}

/// How it names one firing.
pub(crate) fn firing(reminder: Uuid, generation: i32) -> String {
    format!("reminder {reminder}/{generation}")
}

/// How it names an operation of Ada's.
pub(crate) fn operation(number: u64, kind: &str) -> String {
    format!("operation {number} ({kind} by ada/1)")
}
