//! Projects and tasks on a real database, without Dapr: their engines are run directly.

use std::{sync::Arc, time::Duration};

use contracts::{
    project::{CreateProject, DeleteProject, ProjectSnapshot, RestoreProject, SweepTasks},
    task::{CreateTask, FollowProject, TaskRefusal, TaskSnapshot},
};
use domain::{Planning, ProjectId, ProjectName, TaskId, Title, UserId, UserZone, Zone};
use project_actor::ProjectActor;
use serde_json::Value;
use sqlx::PgPool;
use task_actor::TaskActor;
use virtual_actors::{
    Actor, Call, CommandId, Engine, IdSource, Message, Methods, Outcome, PgStore, Store, System,
};

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) user: UserId,
    pub(crate) project: ProjectId,
    store: Arc<dyn Store>,
}

impl World {
    /// With a project.
    pub(crate) async fn new(pool: PgPool) -> Self {
        schema::migrate(&pool).await.expect("migrates");
        let store: Arc<dyn Store> = Arc::new(PgStore::new(pool.clone()));
        let world =
            Self { pool, user: UserId(System.next_id()), project: ProjectId(System.next_id()), store };
        world.project(&world.creation()).await.expect("creates");
        world
    }

    pub(crate) fn creation(&self) -> CreateProject {
        let name = ProjectName::parse("Garden").expect("a name");
        CreateProject { owner: self.user, name, colour: None, position: None }
    }

    /// As on a host that has just been given the actor.
    async fn turn<A: Actor>(&self, id: &str, method: &str, message: Value) -> Outcome {
        let methods = Arc::new(Methods::of_actor());
        let mut engine = Engine::<A>::new(id, methods, Arc::clone(&self.store), Arc::new(System));
        let call = Call { command_id: Some(CommandId(System.next_id())), message, ..Call::default() };
        engine.turn(method, &call, Duration::ZERO).await.0
    }

    pub(crate) async fn project<M: Message>(&self, message: &M) -> Result<M::Reply, M::Refusal> {
        let message = serde_json::to_value(message).expect("JSON");
        answer::<M>(self.turn::<ProjectActor>(&self.project.to_string(), M::METHOD, message).await)
    }

    pub(crate) async fn delete(&self) -> ProjectSnapshot {
        self.project(&DeleteProject { user: self.user, if_version: None }).await.expect("deletes")
    }

    pub(crate) async fn restore(&self) -> ProjectSnapshot {
        self.project(&RestoreProject { user: self.user, if_version: None }).await.expect("restores")
    }

    pub(crate) async fn task<M: Message>(&self, task: TaskId, message: &M) -> Result<M::Reply, M::Refusal> {
        let message = serde_json::to_value(message).expect("JSON");
        answer::<M>(self.turn::<TaskActor>(&task.to_string(), M::METHOD, message).await)
    }

    pub(crate) async fn create(&self, task: TaskId) -> Result<TaskSnapshot, TaskRefusal> {
        let message = CreateTask {
            owner: self.user,
            title: Title::parse("Weed").expect("a title"),
            notes: Default::default(),
            priority: Default::default(),
            tags: Default::default(),
            due: None,
            planning: Planning { project: Some(self.project), ..Planning::default() },
            reminders: vec![],
            zone: UserZone::new(Zone::UTC, 1),
            series: None,
        };
        self.task(task, &message).await
    }

    /// A task in the project.
    pub(crate) async fn new_task(&self) -> TaskId {
        let task = TaskId(System.next_id());
        self.create(task).await.expect("creates");
        task
    }

    /// What the outbox has for actors of this type, taken out of it: their ids, methods and messages.
    pub(crate) async fn take(&self, actor_type: &str) -> Vec<(String, String, Value)> {
        sqlx::query_as(
            "WITH taken AS (DELETE FROM actor_outbox WHERE actor_type = $1 RETURNING seq, actor_id, method, body)
             SELECT actor_id, method, body FROM taken ORDER BY seq",
        )
        .bind(actor_type)
        .fetch_all(&self.pool)
        .await
        .expect("takes")
    }

    /// Runs the sweeps there are to run.
    pub(crate) async fn sweep(&self) {
        for (_, method, message) in self.take("Project").await {
            assert_eq!(method, SweepTasks::METHOD);
            let swept = self.turn::<ProjectActor>(&self.project.to_string(), &method, message).await;
            assert!(swept.is_answer(), "{swept:?}");
        }
    }

    /// Hands on what is told until there is nothing more to tell.
    pub(crate) async fn relay(&self) {
        loop {
            self.sweep().await;
            let told = self.take("Task").await;
            if told.is_empty() {
                return;
            }
            for (task, method, message) in told {
                let outcome = self.turn::<TaskActor>(&task, &method, message).await;
                assert!(outcome.is_answer(), "{method}: {outcome:?}");
            }
        }
    }

    pub(crate) async fn follow(&self, task: TaskId, deleted: bool) -> Result<TaskSnapshot, TaskRefusal> {
        self.task(task, &FollowProject { project: self.project, deleted, zone: None }).await
    }

    /// Where the user lives, as of a version of it.
    pub(crate) async fn moves_to(&self, zone: &str, version: i32) {
        sqlx::query(
            "INSERT INTO app_user (id, email, password_hash, time_zone, zone_version) VALUES ($1, $1::text, '', $2, $3)
             ON CONFLICT (id) DO UPDATE SET time_zone = $2, zone_version = $3",
        )
        .bind(self.user.0)
        .bind(zone)
        .bind(version)
        .execute(&self.pool)
        .await
        .expect("moves");
    }

    pub(crate) async fn zone_of(&self, task: TaskId) -> String {
        sqlx::query_scalar("SELECT state -> 'zone' ->> 'zone' FROM task WHERE id = $1")
            .bind(task.to_string())
            .fetch_one(&self.pool)
            .await
            .expect("a task")
    }

    pub(crate) async fn in_trash(&self, task: TaskId) -> bool {
        sqlx::query_scalar("SELECT deleted FROM task WHERE id = $1")
            .bind(task.to_string())
            .fetch_one(&self.pool)
            .await
            .expect("a task")
    }
}

fn answer<M: Message>(outcome: Outcome) -> Result<M::Reply, M::Refusal> {
    match outcome {
        Outcome::Done { reply } => Ok(serde_json::from_value(reply).expect("the reply's type")),
        Outcome::Refused { refusal } => Err(serde_json::from_value(refusal).expect("the refusal's type")),
        other => panic!("no answer: {other:?}"),
    }
}
