//! The database, read in one read-only transaction: every row as of the same instant.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

/// All rows that promises are about.
#[derive(Debug, Clone, Default)]
pub struct Database {
    pub tasks: Vec<Task>,
    pub reminders: Vec<Reminder>,
    pub notifications: Vec<Notification>,
    pub deliveries: Vec<Delivery>,
    pub entries: Vec<Entry>,
    pub ledger: Vec<LedgerEntry>,
    pub outbox: Vec<OutboxRow>,
    pub dead_leases: Vec<i16>,
    pub dead_letters: Vec<DeadLetter>,
    /// Its own clock.
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Task {
    pub id: Uuid,
    pub version: i64,
    pub owner: Uuid,
    pub done: bool,
    pub deleted: bool,
    pub state: Value,
}

#[derive(Debug, Clone, FromRow)]
pub struct Reminder {
    pub reminder_id: Uuid,
    pub generation: i32,
    pub task_id: Uuid,
    pub fires_at: DateTime<Utc>,
    pub status: String,
    pub fired_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Notification {
    pub id: Uuid,
    pub user_id: Uuid,
    pub task_id: Uuid,
    pub reminder_id: Uuid,
    pub generation: i32,
    pub superseded: bool,
}

#[derive(Debug, Clone, FromRow)]
pub struct Delivery {
    pub id: Uuid,
    pub notification_id: Uuid,
    pub channel: String,
    pub status: String,
    pub attempts: i32,
    pub last_error: Option<String>,
}

/// One of the audit log.
#[derive(Debug, Clone, FromRow)]
pub struct Entry {
    pub event_id: Uuid,
    pub topic: String,
    pub kind: String,
    pub task_id: Option<Uuid>,
    pub version: Option<i64>,
    pub data: Value,
}

#[derive(Debug, Clone, FromRow)]
pub struct LedgerEntry {
    pub series_id: Uuid,
    pub predecessor: Uuid,
    pub next_id: Uuid,
    pub occurrence: Option<NaiveDateTime>,
    pub status: String,
    pub last_error: Option<String>,
}

#[derive(Debug, Clone, FromRow)]
pub struct OutboxRow {
    pub seq: i64,
    pub target: String,
    pub attempts: i32,
}

/// An event that a subscriber gave up, and nobody had published again.
#[derive(Debug, Clone, FromRow)]
pub struct DeadLetter {
    pub app: String,
    pub event_id: Uuid,
    pub topic: Option<String>,
}

impl Task {
    pub fn title(&self) -> &str {
        self.state["title"].as_str().unwrap_or_default()
    }

    /// Neither done nor in the trash: it reminds.
    pub fn is_live(&self) -> bool {
        !self.done && !self.deleted
    }

    pub fn series(&self) -> Option<Uuid> {
        self.state["series"]["series"].as_str()?.parse().ok()
    }

    /// The time the rule names for it, as it is written in the state.
    pub fn occurrence(&self) -> Option<NaiveDateTime> {
        self.state["series"]["occurrence"].as_str()?.parse().ok()
    }

    /// The reminders that should fire or have fired: id, generation, instant.
    pub fn armed(&self) -> Vec<(Uuid, i32, DateTime<Utc>)> {
        let armed = |reminder: &Value| {
            let generation = i32::try_from(reminder["generation"].as_i64()?).ok()?;
            let fires_at = reminder["fires_at"].as_str()?.parse().ok()?;
            let id = reminder["id"].as_str()?.parse().ok()?;
            reminder["armed"].as_bool()?.then_some((id, generation, fires_at))
        };
        let reminders = self.state["reminders"].as_array();
        reminders.map(|all| all.iter().filter_map(armed).collect()).unwrap_or_default()
    }
}

impl Reminder {
    /// How a report names one firing.
    pub fn label(&self) -> String {
        firing(self.reminder_id, self.generation)
    }
}

/// How a report names one firing of a reminder.
pub fn firing(reminder: Uuid, generation: i32) -> String {
    format!("reminder {reminder}/{generation}")
}

impl Entry {
    pub fn member(&self, name: &str) -> &str {
        self.data[name].as_str().unwrap_or_default()
    }

    pub fn uuid(&self, name: &str) -> Option<Uuid> {
        self.member(name).parse().ok()
    }

    /// The firing it tells of.
    pub fn firing(&self) -> Option<(Uuid, i32)> {
        let generation = i32::try_from(self.data["generation"].as_i64()?).ok()?;
        Some((self.uuid("reminder_id")?, generation))
    }

    pub fn changed(&self, field: &str) -> bool {
        let fields = self.data["fields"].as_array();
        fields.is_some_and(|fields| fields.iter().any(|name| name == field))
    }
}

impl Database {
    /// # Errors
    /// When it cannot be read.
    pub async fn read(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut transaction = pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut *transaction)
            .await?;
        let db = &mut *transaction;
        let database = Self {
            now: sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *db).await?,
            tasks: rows(
                db,
                "SELECT id::uuid AS id, version, owner, done, deleted, state FROM task ORDER BY id",
            )
            .await?,
            reminders: rows(
                db,
                "SELECT reminder_id, generation, task_id, fires_at, status, fired_at FROM reminder
                 ORDER BY reminder_id, generation",
            )
            .await?,
            notifications: rows(
                db,
                "SELECT id, user_id, task_id, reminder_id, generation, superseded FROM notification ORDER BY id",
            )
            .await?,
            deliveries: rows(
                db,
                "SELECT id, notification_id, channel, status, attempts, last_error FROM delivery ORDER BY id",
            )
            .await?,
            entries: rows(
                db,
                "SELECT event_id, topic, type AS kind, task_id, version, data FROM audit.entry
                 ORDER BY task_id, version, event_id",
            )
            .await?,
            ledger: rows(
                db,
                "SELECT series_id, predecessor, next_id, occurrence, status, last_error FROM recurrence_ledger
                 ORDER BY series_id, predecessor",
            )
            .await?,
            outbox: rows(
                db,
                "SELECT seq, coalesce(topic, actor_type || '/' || actor_id || '/' || method) AS target, attempts
                 FROM actor_outbox ORDER BY seq",
            )
            .await?,
            dead_leases: sqlx::query_scalar(
                "SELECT partition FROM actor_outbox_share AS share
                 WHERE relay IS NOT NULL AND NOT EXISTS (
                     SELECT FROM actor_relay AS alive
                     WHERE alive.relay = share.relay AND alive.seen_until > clock_timestamp())
                 ORDER BY partition",
            )
            .fetch_all(&mut *db)
            .await?,
            dead_letters: rows(
                db,
                "SELECT app, event_id, topic FROM dead_letter WHERE redriven_at IS NULL ORDER BY app, event_id",
            )
            .await?,
        };
        transaction.rollback().await?;
        Ok(database)
    }
}

impl Database {
    /// What grows when anything happens.
    pub(super) async fn extent(pool: &PgPool) -> Result<(i64, i64, i64, i64), sqlx::Error> {
        sqlx::query_as(
            "SELECT (SELECT coalesce(sum(version), 0)::bigint FROM task),
                    (SELECT count(*) FROM audit.entry),
                    (SELECT count(*) FROM notification),
                    (SELECT coalesce(sum(attempts), 0) + count(settled_at) FROM delivery)",
        )
        .fetch_one(pool)
        .await
    }
}

async fn rows<T>(db: &mut PgConnection, sql: &'static str) -> Result<Vec<T>, sqlx::Error>
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(sql).fetch_all(db).await
}
