//! One person's task with a reminder, and what must hold of it at the end.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{events::REMINDERS, reminder_schedule::CheckReminders, task::TaskSnapshot};
use domain::{ReminderId, Task, UserId};
use uuid::Uuid;
use virtual_actors::{
    Call, Message,
    testing::{Violation, World},
};

use crate::{
    people::Person,
    rows::{Key, Row, Rows, Status},
};

pub(crate) type Verdict = Result<(), Violation>;

pub(crate) const PERSON: Person = Person(UserId(Uuid::from_u128(7)));
const TASK: Uuid = Uuid::from_u128(1);
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) world: World,
    pub(crate) rows: Rows,
}

impl Life {
    pub(crate) fn new(world: World) -> Self {
        Self::by_a_clock_ahead(world, TimeDelta::zero())
    }

    /// Fires by a clock that is not the database's.
    pub(crate) fn by_a_clock_ahead(world: World, ahead: TimeDelta) -> Self {
        let rows = Rows::default();
        rows.install(world.store(), ahead);
        Self { world, rows }
    }

    pub(crate) fn in_seconds(&self, seconds: i64) -> DateTime<Utc> {
        self.world.now() + TimeDelta::seconds(seconds)
    }

    /// Makes the task, with a reminder at this instant.
    pub(crate) async fn create(&self, at: DateTime<Utc>) -> ReminderId {
        let created = self.command(1, &PERSON.creates(at)).await;
        created.task.pending_rows()[0].reminder_id
    }

    pub(crate) async fn command<M: Message<Reply = TaskSnapshot>>(
        &self,
        id: u128,
        message: &M,
    ) -> TaskSnapshot {
        self.world.command_until_answered(&TASK.to_string(), message, id).await
    }

    /// Somebody checks the person's clock on this host: a sweep, a poke, another owner.
    pub(crate) async fn check(&self, host: usize) {
        let user = PERSON.0.0.to_string();
        let check = Call { message: serde_json::to_value(CheckReminders).expect("JSON"), ..Call::default() };
        self.world.call_host(host, CheckReminders::ACTOR, &user, CheckReminders::METHOD, &check).await;
    }

    pub(crate) async fn until(&self, instant: DateTime<Utc>) {
        let left = (instant - self.world.now()).to_std().unwrap_or_default();
        self.world.sleep(left).await;
    }

    /// Lets everything end that is under way: time does not pass before.
    pub(crate) async fn quiet(&self) {
        self.world.sleep(Duration::from_millis(1)).await;
    }

    /// Faults stop; the sweep comes each minute; then everything must be as it should be.
    pub(crate) async fn judge(&self) -> Verdict {
        self.judge_after(true).await
    }

    pub(crate) async fn judge_without_a_sweep(&self) -> Verdict {
        self.judge_after(false).await
    }

    async fn judge_after(&self, sweeps: bool) -> Verdict {
        self.world.calm();
        for _minute in 0..3 {
            self.world.sleep(Duration::from_secs(60)).await;
            let users = if sweeps { self.rows.due_users(self.world.now()) } else { Vec::new() };
            for _user in users {
                self.check(0).await;
            }
        }
        if !self.world.settle(PATIENCE).await {
            return Err(Violation::new("the outbox empties", format!("{:?}", self.world.store().outbox())));
        }
        let rows = self.rows.all();
        self.each_fired_in_time(&rows)?;
        self.rows_are_what_the_task_wants(&rows)?;
        self.each_firing_was_told(&rows)
    }

    fn each_fired_in_time(&self, rows: &BTreeMap<Key, Row>) -> Verdict {
        for (key, row) in rows {
            let seen = || format!("{key:?}: {row:?}");
            if row.fired.len() > 1 {
                return Err(Violation::new("a generation fires at most once", seen()));
            }
            if row.fired.iter().any(|fired| *fired < row.fires_at) {
                return Err(Violation::new("nothing fires early", seen()));
            }
            if row.status == Status::Pending && row.fires_at <= self.world.now() {
                return Err(Violation::new("what is due fires", seen()));
            }
        }
        Ok(())
    }

    fn rows_are_what_the_task_wants(&self, rows: &BTreeMap<Key, Row>) -> Verdict {
        let Some((.., state)) = self.world.store().states("Task").pop() else { return Ok(()) };
        let task: Task = serde_json::from_value(state).expect("a task");
        let wanted: Vec<Key> = task
            .pending_rows()
            .iter()
            .map(|row| (row.reminder_id.0, i32::try_from(row.generation).expect("few")))
            .collect();
        let missing = wanted.iter().find(|key| !rows.contains_key(key));
        let stale = rows.iter().find(|(key, row)| row.status == Status::Pending && !wanted.contains(key));
        if missing.is_some() || stale.is_some() {
            let seen = format!("the task wants {wanted:?}, the rows are {rows:?}");
            return Err(Violation::new("the rows are what the task wants", seen));
        }
        Ok(())
    }

    fn each_firing_was_told(&self, rows: &BTreeMap<Key, Row>) -> Verdict {
        let mut told = BTreeMap::<Key, String>::new();
        for event in self.world.published(REMINDERS) {
            let id = event["id"].to_string();
            let key = (
                event["data"]["reminder_id"].as_str().and_then(|id| id.parse().ok()).expect("an id"),
                event["data"]["generation"].as_i64().and_then(|n| i32::try_from(n).ok()).expect("a number"),
            );
            if told.entry(key).or_insert_with(|| id.clone()) != &id {
                return Err(Violation::new("a firing has one event, under one id", format!("{key:?}")));
            }
        }
        let fired: Vec<&Key> =
            rows.iter().filter(|(_, row)| row.status == Status::Fired).map(|(key, _)| key).collect();
        if told.keys().ne(fired.iter().copied()) {
            let seen = format!("fired {fired:?}, told {told:?}");
            return Err(Violation::new("a firing has one event, under one id", seen));
        }
        Ok(())
    }
}
