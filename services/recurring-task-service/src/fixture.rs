//! What the tests of this service start from: actors on a real database, tasks that are rows, and faults.
//!
//! The actors' engines are the host's; Dapr is replaced by a direct call, and the backend by [`Tasks`], which does to the database what that would.

mod tasks;

use platform::worker::Work;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use contracts::{
    events::{SeriesEvent, TaskChanged},
    recurrence::{next_id, series_id},
};
use domain::{CountedFrom, Due, Missed, NewRecurrence, Recurrence, UserZone, Zone};
use http::Request;
use http_body_util::BodyExt;
use recurrence_actor::RecurrenceActor;
use serde_json::{Value, json};
use sqlx::{PgPool, types::Json};
use tokio::sync::Mutex as Turns;
use tower::ServiceExt;
use uuid::{Uuid, uuid};
use virtual_actors::{
    ActorClient, Engine, Methods, PgStore, Publication, RelayHandle, Sidecar, SidecarError, System,
    testing::{Fault, FaultyStore},
};

pub(crate) use self::tasks::{Tasks, Trouble};
use crate::{
    instances::{Worker, WorkerHandle},
    task_events,
};

const USER: Uuid = uuid!("0199c0de-0000-7000-8000-000000000007");

/// Runs the turns of the series that this replica believes to own, one at a time each.
struct Owner {
    store: FaultyStore,
    engines: Mutex<HashMap<String, Arc<Turns<Engine<RecurrenceActor>>>>>,
}

impl Owner {
    fn engine(&self, actor_id: &str) -> Arc<Turns<Engine<RecurrenceActor>>> {
        let activate = || {
            let store = Arc::new(self.store.clone());
            Engine::new(actor_id, Arc::new(Methods::of_actor()), store, Arc::new(System))
        };
        let mut engines = self.engines.lock().unwrap();
        Arc::clone(engines.entry(actor_id.to_owned()).or_insert_with(|| Arc::new(Turns::new(activate()))))
    }
}

#[async_trait]
impl Sidecar for Owner {
    async fn invoke_actor(
        &self,
        _: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        _: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        let call = serde_json::from_slice(&body).unwrap();
        let engine = self.engine(actor_id);
        let (outcome, _) = engine.lock().await.turn(method, &call, Duration::ZERO).await;
        Ok(serde_json::to_vec(&outcome).unwrap())
    }

    async fn set_reminder(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn clear_reminder(&self, _: &str, _: &str, _: &str) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn publish(&self, _: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        Ok(vec![true; events.len()])
    }
}

/// One replica of this service.
pub(crate) struct Replica {
    pub(crate) actors: ActorClient,
    routes: Router,
    pub(crate) worker: Worker<Tasks>,
    pub(crate) tasks: Tasks,
    store: FaultyStore,
}

impl Replica {
    pub(crate) async fn new(pool: &PgPool) -> Self {
        schema::migrate(pool).await.unwrap();
        let store = FaultyStore::new(Arc::new(PgStore::new(pool.clone())));
        let owner = Owner { store: store.clone(), engines: Mutex::default() };
        let actors = ActorClient::new(Arc::new(owner));
        let tasks = Tasks::new(pool.clone());
        let worker = Worker::new(pool.clone(), tasks.clone(), RelayHandle::default());
        let routes = task_events::routes(pool.clone(), actors.clone(), WorkerHandle::default());
        Self { actors, routes, worker, tasks, store }
    }

    /// The actor's next commit goes wrong here.
    pub(crate) fn fail_next_commit(&self, fault: Fault) {
        self.store.fail_next(fault);
    }

    /// Delivers an event as Dapr would; what is answered.
    pub(crate) async fn deliver(&self, event: &Value) -> String {
        let request = Request::post("/events/task-events").body(Body::from(event.to_string())).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&body).unwrap()["status"].as_str().unwrap().to_owned()
    }

    /// Does all that is ready.
    pub(crate) async fn work(&self) -> usize {
        let mut done = 0;
        loop {
            match self.worker.work_once().await.unwrap() {
                0 => return done,
                found => done += found,
            }
        }
    }
}

/// The first task of the `n`-th series, every day at nine in Berlin from 2026-03-02 on.
pub(crate) fn task(n: u128) -> Uuid {
    Uuid::from_u128(0x0199_c0de_0000_7000_8000_0000_0000_0000 | (1 << 40) | n)
}

/// The one that follows it.
pub(crate) fn next_of(n: u128) -> Uuid {
    next_id(series_id(task(n)), task(n))
}

pub(crate) fn daily() -> Recurrence {
    Recurrence::parse(NewRecurrence {
        rrule: "FREQ=DAILY",
        start: Due::parse(None, Some("2026-03-02T09:00:00"), Some("Europe/Berlin")).unwrap(),
        exdates: &[],
        rdates: &[],
        from: CountedFrom::Due,
        missed: Missed::Skip,
    })
    .unwrap()
}

/// An event of the first task of the `n`-th series; its id follows from what it tells.
pub(crate) fn event(n: u128, kind: &str, version: i64) -> Value {
    let at: DateTime<Utc> = "2026-03-02T08:30:00Z".parse().unwrap();
    let at = at + TimeDelta::minutes(version);
    let occurrence: NaiveDateTime = "2026-03-02T09:00:00".parse().unwrap();
    let series = SeriesEvent {
        series_id: series_id(task(n)),
        occurrence,
        recurrence: daily(),
        edited_at: None,
        zone: UserZone::new(Zone::parse("Europe/Berlin").unwrap(), 1),
        at,
    };
    event_with(n, kind, version, Some(series))
}

pub(crate) fn event_with(n: u128, kind: &str, version: i64, series: Option<SeriesEvent>) -> Value {
    let data = TaskChanged {
        task_id: task(n),
        user_id: USER,
        version,
        title: "Water the plants".to_owned(),
        by: None,
        comment_id: None,
        left_project_id: None,
        fields: Vec::new(),
        series,
    };
    json!({
        "specversion": "1.0", "id": Uuid::new_v5(&task(n), format!("{kind}/{version}").as_bytes()),
        "source": format!("/actors/Task/{}", task(n)), "type": kind, "time": "2026-03-02T08:30:00Z",
        "topic": "task-events", "sequence": version.to_string(), "data": data,
    })
}

/// Somebody edits the task.
pub(crate) async fn touch(pool: &PgPool, task: Uuid) {
    sqlx::query("UPDATE task SET version = version + 1 WHERE id = $1")
        .bind(task.to_string())
        .execute(pool)
        .await
        .unwrap();
}

/// The tasks that are not in the trash.
pub(crate) async fn live_tasks(pool: &PgPool) -> Vec<Uuid> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM task WHERE NOT deleted ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap();
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

/// The statuses in the ledger.
pub(crate) async fn statuses(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT status FROM recurrence_ledger ORDER BY predecessor")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Lets leases and pauses run out.
pub(crate) async fn let_time_pass(pool: &PgPool) {
    sqlx::query(
        "UPDATE recurrence_ledger SET claimable_at = now() - interval '1 second',
                busy_until = CASE WHEN busy_until IS NOT NULL THEN now() - interval '1 second' END",
    )
    .execute(pool)
    .await
    .unwrap();
}

/// The types and data of the audit events, oldest first.
pub(crate) async fn audit_events(pool: &PgPool) -> Vec<(String, Value)> {
    let rows: Vec<(String, Json<Value>)> = sqlx::query_as(
        "SELECT body ->> 'type', body -> 'data' FROM actor_outbox WHERE topic = 'audit-logs' ORDER BY seq",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(kind, data)| (kind, data.0)).collect()
}
