//! A system as its users and its database see it: a log, rows and mails that a test can break.

mod row;
mod system;

use std::sync::{Arc, Mutex};

use checker::{
    Clients, Evidence, Report, Settled, checks,
    log::{Answer, Client, Entry, Failure, Line, Operation, Run, ShownTask},
    settle,
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use row::Row;

use crate::server::{self, Shown};

pub(crate) const ADA: Uuid = Uuid::from_u128(1);

/// Everything in the world happens after this.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000 + seconds, 0).unwrap()
}

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) lines: Vec<Line>,
    /// What is served beside the rows.
    pub(crate) shown: Arc<Mutex<Shown>>,
    now: i64,
    operations: u64,
    ids: u128,
}

impl World {
    /// One without any task.
    pub(crate) async fn empty(pool: &PgPool) -> Self {
        schema::migrate(pool).await.unwrap();
        sqlx::raw_sql("ALTER TABLE audit.entry DISABLE TRIGGER USER").execute(pool).await.unwrap();
        let shown = Arc::default();
        let base = server::start(pool.clone(), Arc::clone(&shown)).await;
        let run = Run {
            seed: 7,
            broker: "redis".into(),
            command: "cargo xtask chaos --seed 7".into(),
            api: vec![base.clone()],
            mail: Some(base.clone()),
        };
        let mut world =
            Self { pool: pool.clone(), lines: Vec::new(), shown, now: 0, operations: 0, ids: 0x1000 };
        world.log(Entry::Began(run));
        world.log(Entry::Registered { user: ADA, email: "ada@example.org".into(), token: "ada".into() });
        world.log(Entry::Replica {
            part: "todo-actors-1".into(),
            metrics: format!("{base}/metrics"),
            live: true,
        });
        world
    }

    /// Reads and judges everything; what is broken, as rule and subject.
    pub(crate) async fn broken(&self) -> Vec<(&'static str, String)> {
        let (evidence, _) = self.gather().await;
        let found = checks::all(&evidence, TimeDelta::seconds(30));
        found.into_iter().map(|violation| (violation.rule, violation.subject)).collect()
    }

    pub(crate) async fn report(&self) -> Report {
        let (evidence, settled) = self.gather().await;
        Report::of(&evidence, &settled, TimeDelta::seconds(30))
    }

    async fn gather(&self) -> (Evidence, Settled) {
        let settled = settle(&self.pool, std::time::Duration::ZERO).await.unwrap();
        let clients = Clients::of(self.lines.clone());
        (Evidence::gather(&clients, &self.pool).await.unwrap(), settled)
    }

    pub(crate) async fn sql(&self, text: impl Into<String>) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(text.into())).execute(&self.pool).await.unwrap();
    }

    pub(crate) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += seconds;
    }

    pub(crate) fn log(&mut self, entry: Entry) {
        self.now += 1;
        let us = u64::try_from(self.now).unwrap() * 1_000_000;
        self.lines.push(Line { at: at(self.now), us, entry });
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        at(self.now)
    }
}

/// What clients do; each gives the operation's number.
impl World {
    pub(crate) fn accepted(&mut self, what: Operation, version: Option<i64>, task: Option<ShownTask>) -> u64 {
        let operation = self.send(what);
        let status = if version.is_some() { 200 } else { 204 };
        let answer = Answer { status, version, task, problem: None };
        self.log(Entry::Answered { operation, attempt: 1, answer });
        operation
    }

    pub(crate) fn refused(
        &mut self,
        what: Operation,
        status: u16,
        problem: &str,
        version: Option<i64>,
    ) -> u64 {
        let operation = self.send(what);
        let problem = Some(format!("/api/problems/{problem}"));
        self.log(Entry::Answered {
            operation,
            attempt: 1,
            answer: Answer { status, version, task: None, problem },
        });
        operation
    }

    /// Never answered, and given up.
    pub(crate) fn unknown(&mut self, what: Operation) -> u64 {
        let operation = self.send(what);
        let detail = "no answer in 10 s".to_owned();
        self.log(Entry::Failed { operation, attempt: 1, why: Failure::Timeout, detail });
        self.log(Entry::GivenUp { operation });
        operation
    }

    /// The answer to what was sent.
    pub(crate) fn answer(&mut self, operation: u64, version: i64) {
        let answer = Answer { status: 200, version: Some(version), ..Answer::default() };
        self.log(Entry::Answered { operation, attempt: 1, answer });
    }

    pub(crate) fn send(&mut self, what: Operation) -> u64 {
        self.operations += 1;
        let operation = self.operations;
        let client = Client { name: "ada/1".into(), user: ADA };
        let key = (!what.is_read()).then(|| format!("key-{operation}"));
        self.log(Entry::Started { operation, client, key, if_version: None, what });
        self.log(Entry::Sent { operation, attempt: 1 });
        operation
    }
}
