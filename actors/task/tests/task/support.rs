//! Tasks and the clock on a real database, without Dapr: their engines are run directly.

use std::{sync::Arc, time::Duration as Wait};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    reminder_schedule::{CheckReminders, RemindersChecked},
    task::{CreateTask, EditTask, FollowParent, TaskRefusal, TaskSnapshot},
};
use domain::{
    Due, NewReminder, Notes, Priority, ProjectId, Tags, TaskPatch, Title, Trigger, UserId, UserZone, Zone,
};
use reminder_schedule_actor::ReminderScheduleActor;
use serde_json::Value;
use sqlx::{PgPool, types::Json};
use task_actor::TaskActor;
use uuid::Uuid;
use virtual_actors::{
    Actor, Call, Clock, CommandId, Engine, IdSource, Message, Methods, Outcome, PgStore, Store, System,
};

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) user: UserId,
    store: Arc<dyn Store>,
}

pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    engine: Engine<TaskActor>,
}

fn engine<A: Actor>(id: Uuid, store: &Arc<dyn Store>) -> Engine<A> {
    Engine::new(id.to_string(), Arc::new(Methods::of_actor()), Arc::clone(store), Arc::new(System))
}

async fn turn<A: Actor, M: Message>(
    engine: &mut Engine<A>,
    message: &M,
    command: bool,
) -> Result<M::Reply, M::Refusal> {
    let call = Call {
        command_id: command.then(|| CommandId(System.next_id())),
        message: serde_json::to_value(message).expect("JSON"),
        ..Call::default()
    };
    match engine.turn(M::METHOD, &call, Wait::ZERO).await.0 {
        Outcome::Done { reply } => Ok(serde_json::from_value(reply).expect("the reply's type")),
        Outcome::Refused { refusal } => Err(serde_json::from_value(refusal).expect("the refusal's type")),
        other => panic!("no answer: {other:?}"),
    }
}

impl World {
    pub(crate) async fn new(pool: PgPool) -> Self {
        schema::migrate(&pool).await.expect("migrates");
        let store: Arc<dyn Store> = Arc::new(PgStore::new(pool.clone()));
        Self { pool, user: UserId(System.next_id()), store }
    }

    pub(crate) fn task(&self) -> Task {
        let id = System.next_id();
        Task { id, user: self.user, engine: engine(id, &self.store) }
    }

    /// Runs the user's clock once; how many reminders it fired.
    pub(crate) async fn check(&self) -> u32 {
        let mut clock = engine::<ReminderScheduleActor>(self.user.0, &self.store);
        let checked: RemindersChecked =
            turn(&mut clock, &CheckReminders, false).await.expect("never refused");
        checked.fired
    }

    /// Generation and status of the task's reminder rows.
    pub(crate) async fn rows(&self, task: &Task) -> Vec<(i32, &'static str)> {
        let rows: Vec<(i32, String)> = sqlx::query_as(
            "SELECT generation, status FROM reminder WHERE task_id = $1 ORDER BY generation, fires_at",
        )
        .bind(task.id)
        .fetch_all(&self.pool)
        .await
        .expect("reads");
        let known = |status: &str| ["pending", "fired", "cleared"].into_iter().find(|known| *known == status);
        rows.into_iter().map(|(generation, status)| (generation, known(&status).expect("a status"))).collect()
    }

    /// Event types and methods in the outbox, in order.
    pub(crate) async fn outbox(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT coalesce(method, body ->> 'type') FROM actor_outbox ORDER BY seq")
            .fetch_all(&self.pool)
            .await
            .expect("reads")
    }

    /// A project in which the user has this role.
    pub(crate) async fn project(&self, role: &str) -> ProjectId {
        let project = ProjectId(System.next_id());
        sqlx::query("INSERT INTO project_member (project_id, user_id, role) VALUES ($1, $2, $3)")
            .bind(project.0)
            .bind(self.user.0)
            .bind(role)
            .execute(&self.pool)
            .await
            .expect("inserts");
        project
    }

    /// Where somebody lives, as of a version of it.
    pub(crate) async fn lives_in(&self, user: UserId, zone: &str, version: i32) {
        sqlx::query(
            "INSERT INTO app_user (id, email, password_hash, time_zone, zone_version)
             VALUES ($1, $1::text, '', $2, $3)
             ON CONFLICT (id) DO UPDATE SET time_zone = $2, zone_version = $3",
        )
        .bind(user.0)
        .bind(zone)
        .bind(version)
        .execute(&self.pool)
        .await
        .expect("moves");
    }

    /// As committed.
    pub(crate) async fn state(&self, task: &Task) -> domain::Task {
        let state: Json<domain::Task> = sqlx::query_scalar("SELECT state FROM task WHERE id = $1")
            .bind(task.id.to_string())
            .fetch_one(&self.pool)
            .await
            .expect("a task");
        state.0
    }

    /// What the outbox has for subtasks, taken out of it.
    pub(crate) async fn take_told(&self) -> Vec<(Uuid, Value)> {
        let told: Vec<(String, Value)> = sqlx::query_as(
            "WITH told AS (DELETE FROM actor_outbox WHERE actor_type = 'Task' RETURNING seq, actor_id, body)
             SELECT actor_id, body FROM told ORDER BY seq",
        )
        .fetch_all(&self.pool)
        .await
        .expect("takes");
        told.into_iter().map(|(id, body)| (id.parse().expect("an id"), body)).collect()
    }

    pub(crate) async fn tell(&self, task: Uuid, command: Uuid, message: Value) {
        let mut engine = engine::<TaskActor>(task, &self.store);
        let call = Call { command_id: Some(CommandId(command)), message, ..Call::default() };
        let (outcome, _) = engine.turn(FollowParent::METHOD, &call, Wait::ZERO).await;
        assert!(outcome.is_answer(), "{outcome:?}");
    }

    /// Hands on what subtasks are told, and what they tell theirs.
    pub(crate) async fn relay(&self) {
        loop {
            let told = self.take_told().await;
            if told.is_empty() {
                return;
            }
            for (task, message) in told {
                self.tell(task, System.next_id(), message).await;
            }
        }
    }

    /// Which project each of the task's events says it left, in order.
    pub(crate) async fn left_projects(&self, task: &Task) -> Vec<Option<Uuid>> {
        sqlx::query_scalar(
            "SELECT (body -> 'data' ->> 'left_project_id')::uuid FROM actor_outbox
             WHERE topic = 'task-events' AND body -> 'data' ->> 'task_id' = $1 ORDER BY seq",
        )
        .bind(task.id.to_string())
        .fetch_all(&self.pool)
        .await
        .expect("reads")
    }

    pub(crate) async fn events_of(&self, task: &Task, kind: &str) -> usize {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM actor_outbox WHERE body ->> 'type' = $1 AND body -> 'data' ->> 'task_id' = $2",
        )
        .bind(kind)
        .bind(task.id.to_string())
        .fetch_one(&self.pool)
        .await
        .expect("reads");
        count as usize
    }
}

impl Task {
    pub(crate) async fn create(&mut self, due: Option<Due>, reminders: Vec<NewReminder>) -> TaskSnapshot {
        self.sends_create(due, reminders).await.expect("creates")
    }

    pub(crate) async fn try_create(&mut self) -> Result<TaskSnapshot, TaskRefusal> {
        self.sends_create(None, vec![]).await
    }

    async fn sends_create(
        &mut self,
        due: Option<Due>,
        reminders: Vec<NewReminder>,
    ) -> Result<TaskSnapshot, TaskRefusal> {
        let message = CreateTask {
            owner: self.user,
            title: Title::parse("Water the plants").expect("a title"),
            notes: Notes::default(),
            priority: Priority::None,
            tags: Tags::default(),
            due,
            planning: Default::default(),
            reminders,
            zone: zone(),
            series: None,
        };
        self.send(&message).await
    }

    pub(crate) async fn edit(&mut self, patch: TaskPatch) -> Result<TaskSnapshot, TaskRefusal> {
        self.send(&EditTask { user: self.user, via: None, if_version: None, zone: zone(), patch }).await
    }

    pub(crate) async fn send<M: Message>(&mut self, message: &M) -> Result<M::Reply, M::Refusal> {
        turn(&mut self.engine, message, true).await
    }

    pub(crate) async fn read<M: Message>(&mut self, message: &M) -> Result<M::Reply, M::Refusal> {
        turn(&mut self.engine, message, false).await
    }
}

pub(crate) fn zone() -> UserZone {
    UserZone::new(Zone::parse("Europe/Berlin").expect("a zone"), 1)
}

fn now() -> DateTime<Utc> {
    System.now()
}

pub(crate) fn in_minutes(minutes: i64) -> Due {
    let local = (now() + TimeDelta::minutes(minutes)).naive_utc();
    Due::At { local, zone: Zone::parse("UTC").expect("a zone") }
}

pub(crate) fn before(lead: &str) -> NewReminder {
    NewReminder { id: None, trigger: Trigger::Before(lead.parse().expect("a duration")) }
}

pub(crate) fn at(from_now: TimeDelta) -> NewReminder {
    NewReminder { id: None, trigger: Trigger::At(now() + from_now) }
}
