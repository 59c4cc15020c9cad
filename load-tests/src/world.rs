//! What scenarios share: where to send requests, who sends them, and how many changes they have made.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;
use virtual_actors::{ActorClient, DaprSidecar, IdSource, System};

use crate::{
    api::{self, Api},
    database::Database,
    running::Running,
};

/// Those who write; their reminders are the work of as many clocks.
const WRITERS: usize = 8;
const AT_ONCE: usize = 16;
pub(crate) const SHELF: usize = 1_000;
pub(crate) const LIBRARY: usize = 100_000;

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// Somebody's tasks.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) reader: Person,
    pub(crate) tasks: Arc<Vec<Uuid>>,
}

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) database: Database,
    pub(crate) running: Running,
    pub(crate) limits_process: u32,
    /// Calls to actors and reminders of Dapr, by the backend's sidecar.
    pub(crate) sidecar: Arc<DaprSidecar>,
    pub(crate) writers: Vec<Person>,
    /// How many people the mixed load has.
    pub(crate) people: usize,
    changes: AtomicUsize,
    shelf: OnceCell<Shelf>,
    library: OnceCell<Shelf>,
}

#[derive(Deserialize)]
struct Created {
    id: Uuid,
}

impl World {
    pub(crate) async fn new(
        api: Api,
        database: Database,
        running: Running,
        limits_process: u32,
        people: usize,
    ) -> Result<Self> {
        let sidecar = Arc::new(DaprSidecar::new(&running.backend_sidecar()?, None, "pubsub")?);
        let mut world = Self {
            api,
            database,
            running,
            limits_process,
            sidecar,
            writers: Vec::new(),
            people,
            changes: AtomicUsize::new(0),
            shelf: OnceCell::new(),
            library: OnceCell::new(),
        };
        world.writers = world.register(WRITERS).await?;
        Ok(world)
    }

    pub(crate) fn actors(&self) -> ActorClient {
        ActorClient::new(self.sidecar.clone())
    }

    pub(crate) fn writer(&self, number: usize) -> &Person {
        &self.writers[number % self.writers.len()]
    }

    /// How many changes the audit log is to hold.
    pub(crate) fn changes(&self) -> usize {
        self.changes.load(Ordering::Relaxed)
    }

    /// So many changes of tasks were answered, or follow from one.
    pub(crate) fn changed(&self, changes: usize) {
        self.changes.fetch_add(changes, Ordering::Relaxed);
    }

    pub(crate) async fn register(&self, count: usize) -> Result<Vec<Person>> {
        stream::iter(0..count).map(|_| self.register_one()).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn register_one(&self) -> Result<Person> {
        #[derive(Deserialize)]
        struct Registered {
            access_token: String,
        }
        let email = format!("{}@example.org", System.next_id().simple());
        let account = json!({ "email": email, "password": "correct horse battery", "time_zone": "UTC" });
        let body = api::answer(self.api.post("/auth/register").json(&account), StatusCode::CREATED).await?;
        let Registered { access_token } = api::read(&body)?;
        Ok(Person { id: self.database.account(&email).await?, token: access_token })
    }

    pub(crate) async fn create(&self, person: &Person, task: &Value) -> Result<Uuid> {
        let request = self.api.post("/tasks").bearer_auth(&person.token).json(task);
        let Created { id } = api::read(&api::answer(request, StatusCode::CREATED).await?)?;
        self.changed(1);
        Ok(id)
    }

    /// So many at once, by all writers in turn.
    pub(crate) async fn create_many(&self, count: usize, task: &Value) -> Result<Vec<(Person, Uuid)>> {
        let one = async |number: usize| {
            let person = self.writer(number).clone();
            let task = self.create(&person, task).await?;
            Ok::<_, anyhow::Error>((person, task))
        };
        stream::iter(0..count).map(one).buffer_unordered(AT_ONCE).try_collect().await
    }

    pub(crate) async fn complete(&self, person: &Person, task: Uuid) -> Result<()> {
        let request = self.api.post(&format!("/tasks/{task}/complete")).bearer_auth(&person.token);
        api::answer(request, StatusCode::OK).await?;
        self.changed(1);
        Ok(())
    }

    pub(crate) async fn rename(&self, person: &Person, task: Uuid, title: &str) -> Result<()> {
        let request = self.api.request(Method::PATCH, &format!("/tasks/{task}")).bearer_auth(&person.token);
        api::answer(request.json(&json!({ "title": title })), StatusCode::OK).await?;
        self.changed(1);
        Ok(())
    }

    /// Whoever reads 1,000 tasks of their own.
    pub(crate) async fn shelf(&self) -> Result<&Shelf> {
        self.shelf.get_or_try_init(|| self.stock(SHELF)).await
    }

    /// Whoever has 100,000.
    pub(crate) async fn library(&self) -> Result<&Shelf> {
        self.library.get_or_try_init(|| self.stock(LIBRARY)).await
    }

    /// Brings the table of tasks to so many rows, all somebody else's.
    pub(crate) async fn fill(&self, tasks: usize) -> Result<()> {
        let missing = tasks.saturating_sub(self.database.tasks().await?);
        if missing > 1 {
            self.stock(missing).await?;
        }
        Ok(())
    }

    async fn stock(&self, tasks: usize) -> Result<Shelf> {
        let reader = self.register_one().await?;
        let first = self.create(&reader, &task()).await?;
        let mut tasks = self.database.copy_task(first, tasks - 1).await?;
        tasks.push(first);
        self.database.analyze().await?;
        Ok(Shelf { reader, tasks: Arc::new(tasks) })
    }
}

/// A task as most are.
pub(crate) fn task() -> Value {
    json!({ "title": "Water the plants", "tags": ["home"], "priority": "medium" })
}
