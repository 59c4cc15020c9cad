//! What only the database tells: whether the system has caught up, and how much it wrote.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Database(PgPool);

impl Database {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        Ok(Self(PgPoolOptions::new().max_connections(1).connect(url).await?))
    }

    /// How many changes of tasks the audit log holds.
    pub(crate) async fn recorded(&self) -> Result<usize> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM audit.entry WHERE topic = 'task-events'")
            .fetch_one(&self.0)
            .await?;
        Ok(usize::try_from(count)?)
    }

    /// Waits until the outbox is empty and the audit log holds so many changes; how long that took.
    ///
    /// What one slice leaves to do must not slow the next one down; and it shows that no event is missing.
    pub(crate) async fn settled(&self, changes: usize) -> Result<Duration> {
        let started = Instant::now();
        while self.waiting().await? || self.recorded().await? < changes {
            ensure!(started.elapsed() < PATIENCE, "the outbox and the audit log do not catch up");
            sleep(GLANCE).await;
        }
        Ok(started.elapsed())
    }

    /// Tells PostgreSQL's planner how large the tables have become.
    ///
    /// Autovacuum does so once a minute; until then statements keep the plans that were made for empty tables, which
    /// is how a system behaves in its first minute only.
    pub(crate) async fn analyze(&self) -> Result<()> {
        sqlx::query("ANALYZE").execute(&self.0).await?;
        Ok(())
    }

    /// Where the write-ahead log ends, in bytes.
    pub(crate) async fn wal_end(&self) -> Result<u64> {
        let end: i64 =
            sqlx::query_scalar("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
                .fetch_one(&self.0)
                .await?;
        Ok(u64::try_from(end)?)
    }

    async fn waiting(&self) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM actor_outbox)").fetch_one(&self.0).await?)
    }
}
