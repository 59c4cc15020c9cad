//! A system as its users and its database see it: a log, rows and mails that a test can break.

use std::sync::{Arc, Mutex};

use checker::{
    Clients, Evidence, Report, Settled, checks,
    log::{Answer, Client, Entry, Failure, Line, Operation, Run, ShownTask},
    settle,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

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
        sqlx::raw_sql("ALTER TABLE audit.entry DISABLE TRIGGER append_only").execute(pool).await.unwrap();
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

/// What the system does.
impl World {
    /// Commits a task's version, with its event.
    pub(crate) async fn commit(&mut self, kind: &str, fields: &[&str], task: &Row) {
        let version = self.store(task).await;
        let data = json!({
            "task_id": task.id, "user_id": ADA, "version": version, "title": task.title, "fields": fields,
        });
        self.audit("task-events", kind, data).await;
    }

    /// A version without its event; gives it.
    pub(crate) async fn store(&self, task: &Row) -> i64 {
        sqlx::query_scalar(
            "INSERT INTO task (id, version, state) VALUES ($1, 1, $2)
             ON CONFLICT (id) DO UPDATE SET version = task.version + 1, state = excluded.state RETURNING version",
        )
        .bind(task.id.to_string())
        .bind(task.state())
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    pub(crate) async fn audit(&mut self, topic: &str, kind: &str, data: Value) {
        let id_in = |name: &str| data[name].as_str().and_then(|text| text.parse::<Uuid>().ok());
        sqlx::query("INSERT INTO audit.entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(self.id())
            .bind(topic)
            .bind(kind)
            .bind(id_in("task_id"))
            .bind(id_in("user_id"))
            .bind(data["version"].as_i64())
            .bind(self.now())
            .bind(&data)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub(crate) async fn remind(
        &self,
        task: Uuid,
        reminder: Uuid,
        generation: i32,
        fires_at: DateTime<Utc>,
        status: &str,
    ) {
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at, status)
             VALUES ($1, $2, $3, $4, '', $5, $6)",
        )
        .bind(reminder)
        .bind(generation)
        .bind(task)
        .bind(ADA)
        .bind(fires_at)
        .bind(status)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn fires_at(&self, reminder: Uuid, generation: i32) -> DateTime<Utc> {
        let sql = "SELECT fires_at FROM reminder WHERE reminder_id = $1 AND generation = $2";
        sqlx::query_scalar(sql).bind(reminder).bind(generation).fetch_one(&self.pool).await.unwrap()
    }

    /// A reminder that is set fires on time and is audited; nobody is told yet.
    pub(crate) async fn fire(&mut self, reminder: Uuid, generation: i32) {
        let task: Uuid = sqlx::query_scalar(
            "UPDATE reminder SET status = 'fired', fired_at = fires_at + interval '20 ms', late_ms = 20
             WHERE reminder_id = $1 AND generation = $2 RETURNING task_id",
        )
        .bind(reminder)
        .bind(generation)
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let data =
            json!({"reminder_id": reminder, "generation": generation, "task_id": task, "user_id": ADA});
        self.audit("audit-logs", "reminder.fired", data).await;
    }

    /// A firing is told in the inbox, and by mail in as many attempts.
    pub(crate) async fn tell(&mut self, task: Uuid, reminder: Uuid, generation: i32, attempts: i32) {
        let notification = self.id();
        sqlx::query(
            "INSERT INTO notification (id, user_id, kind, task_id, reminder_id, generation, title, due_at, fired_at, late_ms)
             VALUES ($1, $2, 'reminder', $3, $4, $5, '', $6, $6, 20)",
        )
        .bind(notification)
        .bind(ADA)
        .bind(task)
        .bind(reminder)
        .bind(generation)
        .bind(self.now())
        .execute(&self.pool)
        .await
        .unwrap();
        let mut email = Uuid::nil();
        for (channel, attempts) in [("in_app", 1), ("email", attempts)] {
            let delivery = self.id();
            sqlx::query(
                "INSERT INTO delivery (id, notification_id, channel, status, attempts, settled_at)
                 VALUES ($1, $2, $3, 'delivered', $4, $5)",
            )
            .bind(delivery)
            .bind(notification)
            .bind(channel)
            .bind(attempts)
            .bind(self.now())
            .execute(&self.pool)
            .await
            .unwrap();
            let data = json!({
                "delivery_id": delivery, "reminder_id": reminder, "generation": generation, "task_id": task,
                "user_id": ADA, "channel": channel,
            });
            self.audit("audit-logs", "notification.delivered", data).await;
            email = delivery;
        }
        for _ in 0..attempts {
            self.mail(email, "ada@example.org");
        }
    }

    pub(crate) fn mail(&self, delivery: Uuid, to: &str) {
        let mail = (format!("{delivery}@almanac.local"), to.to_owned());
        self.shown.lock().unwrap().mails.push(mail);
    }

    /// What follows an instance, with its event if it came to its end.
    pub(crate) async fn decide(&mut self, series: Uuid, predecessor: Uuid, next: Uuid, status: &str) {
        sqlx::query(
            "INSERT INTO recurrence_ledger (series_id, predecessor, next_id, occurrence, due, version, status)
             VALUES ($1, $2, $3, '2026-01-02 09:00', '{}', 2, $4)",
        )
        .bind(series)
        .bind(predecessor)
        .bind(next)
        .bind(status)
        .execute(&self.pool)
        .await
        .unwrap();
        let kind =
            if status == "over" { "recurrence.over".into() } else { format!("recurrence.instance_{status}") };
        self.audit("audit-logs", &kind, json!({"series_id": series, "task_id": predecessor, "user_id": ADA}))
            .await;
    }
}

/// What tests look up or take away.
impl World {
    /// The mail's delivery of a firing, and its attempts.
    pub(crate) async fn mail_of(&self, reminder: Uuid) -> (Uuid, i32) {
        sqlx::query_as(
            "SELECT delivery.id, attempts FROM delivery JOIN notification ON notification.id = notification_id
             WHERE channel = 'email' AND reminder_id = $1",
        )
        .bind(reminder)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// As if the reminder had fired, and nothing more.
    pub(crate) async fn forget_notification(&self, reminder: Uuid) {
        let (mail, _) = self.mail_of(reminder).await;
        self.shown.lock().unwrap().mails.retain(|(message, _)| !message.starts_with(&mail.to_string()));
        self.sql(format!(
            "DELETE FROM delivery USING notification WHERE notification.id = notification_id AND reminder_id = '{reminder}';
             DELETE FROM notification WHERE reminder_id = '{reminder}';
             DELETE FROM audit.entry WHERE type LIKE 'notification.%' AND data ->> 'reminder_id' = '{reminder}'"
        ))
        .await;
    }

    /// As if it had not even fired, but for its row.
    pub(crate) async fn forget_firing(&self, reminder: Uuid) {
        self.forget_notification(reminder).await;
        self.sql(format!("DELETE FROM audit.entry WHERE data ->> 'reminder_id' = '{reminder}'")).await;
    }
}

/// A task's state.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) done: bool,
    pub(crate) deleted: bool,
    /// Id, generation, instant.
    pub(crate) armed: Vec<(Uuid, i32, DateTime<Utc>)>,
    /// Its series, and the day of its occurrence.
    pub(crate) series: Option<(Uuid, u32)>,
}

impl Row {
    pub(crate) fn new(id: Uuid, title: &str) -> Self {
        Self { id, title: title.into(), done: false, deleted: false, armed: Vec::new(), series: None }
    }

    fn state(&self) -> Value {
        let armed = |(id, generation, fires_at): &(Uuid, i32, DateTime<Utc>)| json!({"id": id, "generation": generation, "at": fires_at, "fires_at": fires_at, "armed": true});
        let mut state = json!({
            "id": self.id, "owner": ADA, "title": self.title, "created_at": at(0),
            "lifecycle": {"status": if self.done { "done" } else { "open" }},
            "deleted_at": self.deleted.then(|| at(0)),
            "reminders": self.armed.iter().map(armed).collect::<Vec<_>>(),
        });
        if let Some((series, day)) = self.series {
            state["series"] = json!({
                "series": series, "occurrence": format!("2026-01-{day:02}T09:00:00"),
                "recurrence": {"missed": "skip"},
            });
        }
        state
    }

    /// As an answer shows it.
    pub(crate) fn shown(&self) -> ShownTask {
        let reminders = self
            .armed
            .iter()
            .map(|(id, _, fires_at)| json!({"id": id, "at": fires_at, "fires_at": fires_at}));
        let body = json!({
            "id": self.id, "title": self.title, "status": if self.done { "done" } else { "open" },
            "reminders": reminders.collect::<Vec<_>>(),
        });
        serde_json::from_value(body).unwrap()
    }
}
