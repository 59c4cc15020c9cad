//! What only the database tells, and what only it can make: whether the system has caught up, what a request costs it,
//! a hundred thousand tasks.

mod stock;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::sleep;

use crate::cpu::Connections;

const PATIENCE: Duration = Duration::from_secs(300);
const GLANCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Database {
    pool: PgPool,
    /// Whether the server counts statements: `pg_stat_statements` has to be there, and loaded.
    counts_statements: bool,
}

/// What the server has counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    statements: Option<i64>,
    /// Those that wrote.
    transactions: i64,
    wal: i64,
}

/// How often a statement was run for a request, and how long it took.
#[derive(Clone, Debug, Serialize, Deserialize, sqlx::FromRow)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) calls: f64,
    pub(crate) mean_ms: f64,
}

impl Database {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("load-driver");
        let pool = PgPoolOptions::new().max_connections(2).connect_with(options).await?;
        // It fails where the server did not load it.
        let counts_statements =
            sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(&pool).await.is_ok()
                && sqlx::query("SELECT pg_stat_statements_reset()").execute(&pool).await.is_ok();
        Ok(Self { pool, counts_statements })
    }

    /// How many changes of tasks the audit log holds.
    async fn recorded(&self) -> Result<usize> {
        let count: i64 =
            sqlx::query_scalar("/* bench */ SELECT count(*) FROM audit.entry WHERE topic = 'task-events'")
                .fetch_one(&self.pool)
                .await?;
        Ok(usize::try_from(count)?)
    }

    /// Waits until the outbox is empty and the audit log holds so many changes; how long that took.
    ///
    /// What one slice leaves to do must not slow the next one down; and it shows that no event is missing.
    pub(crate) async fn settled(&self, changes: usize) -> Result<Duration> {
        let started = Instant::now();
        while self.is_behind().await? || self.recorded().await? < changes {
            ensure!(started.elapsed() < PATIENCE, "the outbox and the audit log do not catch up");
            sleep(GLANCE).await;
        }
        Ok(started.elapsed())
    }

    async fn is_behind(&self) -> Result<bool> {
        // An instance that is still to be made is work, too.
        let behind = "/* bench */ SELECT EXISTS (SELECT FROM actor_outbox)
             OR EXISTS (SELECT FROM recurrence_ledger WHERE status = 'planned')";
        Ok(sqlx::query_scalar(behind).fetch_one(&self.pool).await?)
    }

    /// Tells PostgreSQL's planner how large the tables have become.
    ///
    /// Autovacuum does so once a minute; until then statements keep the plans that were made for empty tables, which
    /// is how a system behaves in its first minute only.
    pub(crate) async fn analyze(&self) -> Result<()> {
        sqlx::query("/* bench */ ANALYZE").execute(&self.pool).await?;
        Ok(())
    }

    pub(crate) async fn connections(&self) -> Result<Connections> {
        let rows: Vec<(i32, String)> = sqlx::query_as(
            "/* bench */ SELECT pid, coalesce(application_name, '') FROM pg_stat_activity WHERE backend_type = 'client backend'",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(pid, application)| (pid as u32, application)).collect())
    }

    pub(crate) async fn counts(&self) -> Result<Counts> {
        let (transactions, wal): (i64, i64) = sqlx::query_as(
            "/* bench */ SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint",
        )
        .fetch_one(&self.pool)
        .await?;
        let statements = match self.counts_statements {
            true => {
                let calls = "/* bench */ SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
                     WHERE query NOT LIKE '/* bench */%'";
                Some(sqlx::query_scalar(calls).fetch_one(&self.pool).await?)
            }
            false => None,
        };
        Ok(Counts { statements, transactions, wal })
    }

    /// Begins to count statements anew.
    pub(crate) async fn forget_statements(&self) -> Result<()> {
        if self.counts_statements {
            sqlx::query("/* bench */ SELECT pg_stat_statements_reset()").execute(&self.pool).await?;
        }
        Ok(())
    }

    /// Those that were run most often since, for each of so many requests.
    pub(crate) async fn statements(&self, requests: usize) -> Result<Vec<Statement>> {
        if !self.counts_statements || requests == 0 {
            return Ok(Vec::new());
        }
        let most = "/* bench */ SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 90) AS text, calls::float8 / $1 AS calls,
                    mean_exec_time AS mean_ms
             FROM pg_stat_statements
             WHERE query NOT LIKE '/* bench */%' AND calls::float8 / $1 > 0.02 ORDER BY calls DESC LIMIT 8";
        Ok(sqlx::query_as(most).bind(requests as f64).fetch_all(&self.pool).await?)
    }
}

impl Counts {
    pub(crate) fn statements_since(self, before: Self) -> Option<f64> {
        Some((self.statements? - before.statements?).max(0) as f64)
    }

    pub(crate) fn transactions_since(self, before: Self) -> f64 {
        (self.transactions - before.transactions) as f64
    }

    pub(crate) fn wal_since(self, before: Self) -> f64 {
        (self.wal - before.wal) as f64
    }
}
