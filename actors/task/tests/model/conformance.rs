//! The modelled statements do what the real ones do: every history of three steps, on both.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    reminder_schedule::{CheckReminders, RemindersChecked},
    task::TaskSnapshot,
};
use domain::UserId;
use reminder_schedule_actor::ReminderScheduleActor;
use sqlx::PgPool;
use task_actor::TaskActor;
use uuid::Uuid;
use virtual_actors::{
    Actor, Call, Clock, CommandId, Destination, Engine, Message, Methods, Outcome, PgStore, Store, System,
    testing::TestRuntime,
};

use crate::{
    people::Person,
    rows::{Rows, Status},
};

#[derive(Debug, Clone, Copy)]
enum Step {
    MoveToThePast,
    MoveToTheFuture,
    Retitle,
    Complete,
    Reopen,
    Check,
}

const STEPS: [Step; 6] =
    [Step::MoveToThePast, Step::MoveToTheFuture, Step::Retitle, Step::Complete, Step::Reopen, Step::Check];

/// What can be seen after a step.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    checked: Option<RemindersChecked>,
    /// Generation, status and title of each row.
    rows: Vec<(i32, String, String)>,
    /// Methods and event types in the outbox.
    sent: Vec<String>,
}

/// The same decisions on both sides.
struct Stopped(DateTime<Utc>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// One history: who, and what is done after the task was created.
#[derive(Debug, Clone, Copy)]
struct History {
    person: Person,
    task: Uuid,
    now: DateTime<Utc>,
    steps: [Step; 3],
}

fn histories(now: DateTime<Utc>) -> Vec<History> {
    let mut histories = Vec::new();
    for one in STEPS {
        for two in STEPS {
            for three in STEPS {
                let n = histories.len() as u128;
                let person = Person(UserId(Uuid::from_u128(1_000 + n)));
                histories.push(History {
                    person,
                    task: Uuid::from_u128(5_000 + n),
                    now,
                    steps: [one, two, three],
                });
            }
        }
    }
    histories
}

impl History {
    /// Plays it on a store, and looks after each step.
    async fn play(&self, store: Arc<dyn Store>, look: impl AsyncFn() -> Seen) -> Vec<Seen> {
        let past = self.now - TimeDelta::days(1_000);
        let future = self.now + TimeDelta::days(10_000);
        let mut task = self.engine::<TaskActor>(self.task, &store);
        let created = turn(&mut task, 0, &self.person.creates(future - TimeDelta::days(1))).await;
        let created: TaskSnapshot = created;
        let reminder = created.task.pending_rows()[0].reminder_id;
        let mut seen = vec![look().await];
        for (n, step) in self.steps.iter().chain([&Step::Check]).enumerate() {
            let command = n as u128 + 1;
            let mut checked = None;
            match step {
                Step::MoveToThePast => {
                    drop(turn(&mut task, command, &self.person.moves(reminder, past)).await)
                }
                Step::MoveToTheFuture => {
                    drop(turn(&mut task, command, &self.person.moves(reminder, future)).await);
                }
                Step::Retitle => drop(turn(&mut task, command, &self.person.retitles()).await),
                Step::Complete => drop(turn(&mut task, command, &self.person.completes()).await),
                Step::Reopen => drop(turn(&mut task, command, &self.person.reopens()).await),
                Step::Check => {
                    let mut clock = self.engine::<ReminderScheduleActor>(self.person.0.0, &store);
                    checked = Some(turn(&mut clock, command, &CheckReminders).await);
                }
            }
            seen.push(Seen { checked, ..look().await });
        }
        seen
    }

    fn engine<A: Actor>(&self, id: Uuid, store: &Arc<dyn Store>) -> Engine<A> {
        let clock = Arc::new(Stopped(self.now));
        Engine::new(id.to_string(), Arc::new(Methods::of_actor()), Arc::clone(store), clock)
    }

    fn in_memory(self) -> Vec<Seen> {
        TestRuntime::new(1).run(move |world| async move {
            let rows = Rows::default();
            rows.install(world.store(), self.now - world.now());
            let look = async || {
                let mut seen: Vec<_> = rows
                    .all()
                    .into_iter()
                    .map(|((_, generation), row)| (generation, name(row.status).to_owned(), row.title))
                    .collect();
                seen.sort();
                let sent = world.store().outbox().into_iter().map(|entry| match entry.destination {
                    Destination::Actor { method, .. } => method,
                    Destination::Topic { .. } => entry.body["type"].as_str().expect("a type").to_owned(),
                });
                Seen { checked: None, rows: seen, sent: sent.collect() }
            };
            self.play(Arc::new(world.store().clone()), look).await
        })
    }

    async fn on_postgres(self, pool: &PgPool) -> Vec<Seen> {
        sqlx::query("TRUNCATE actor_outbox").execute(pool).await.expect("forgets the history before");
        let look = async || {
            let rows = sqlx::query_as(
                "SELECT generation, status, title FROM reminder WHERE task_id = $1 ORDER BY 1, 2, 3",
            );
            let rows = rows.bind(self.task).fetch_all(pool).await.expect("reads");
            let sent =
                sqlx::query_scalar("SELECT coalesce(method, body ->> 'type') FROM actor_outbox ORDER BY seq");
            Seen { checked: None, rows, sent: sent.fetch_all(pool).await.expect("reads") }
        };
        self.play(Arc::new(PgStore::new(pool.clone())), look).await
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Fired => "fired",
        Status::Cleared => "cleared",
    }
}

async fn turn<A: Actor, M: Message>(engine: &mut Engine<A>, command: u128, message: &M) -> M::Reply {
    let call = Call {
        command_id: Some(CommandId(Uuid::from_u128(command))),
        message: serde_json::to_value(message).expect("JSON"),
        ..Call::default()
    };
    match engine.turn(M::METHOD, &call, Duration::ZERO).await.0 {
        Outcome::Done { reply } => serde_json::from_value(reply).expect("the reply's type"),
        other => panic!("not done: {other:?}"),
    }
}

#[sqlx::test(migrations = false)]
async fn every_short_history_is_the_same_on_postgresql(pool: PgPool) {
    schema::migrate(&pool).await.expect("migrates");
    let mut fired = 0;
    for history in histories(System.now()) {
        let (memory, postgres) = (history.in_memory(), history.on_postgres(&pool).await);
        assert_eq!(memory, postgres, "{history:?}");
        fired += memory.iter().filter(|seen| seen.checked.as_ref().is_some_and(|c| c.fired > 0)).count();
    }
    assert!(fired > 20, "hardly anything fired: {fired}");
}
