//! Tasks and people by the thousand, as rows: copies of what the API made, so that they are what it would make. Lists
//! read the rows, and an actor loads its own like any other.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::Database;

impl Database {
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn account(&self, email: &str) -> Result<Uuid> {
        let account = sqlx::query_scalar("/* bench */ SELECT id FROM app_user WHERE email = $1");
        account.bind(email).fetch_optional(&self.pool).await?.context("the account is not there")
    }

    /// So many copies of a task, each of another second, the newest first. Returns their ids.
    pub(crate) async fn copy_task(&self, original: Uuid, count: usize) -> Result<Vec<Uuid>> {
        let copy = "/* bench */ INSERT INTO task (id, version, state)
             SELECT n.id, 1, t.state || jsonb_build_object(
                 'id', n.id, 'title', 'Book ' || n.number || ' of shelf ' || n.number % 100,
                 'created_at', to_char(((t.state ->> 'created_at')::timestamptz - n.number * interval '1 second')
                     AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))
             FROM task AS t CROSS JOIN (
                 SELECT gen_random_uuid()::text AS id, number FROM generate_series(1, $2) AS number
             ) AS n WHERE t.id = $1 RETURNING id::uuid";
        let count = i32::try_from(count)?;
        Ok(sqlx::query_scalar(copy).bind(original.to_string()).bind(count).fetch_all(&self.pool).await?)
    }

    /// So many copies of an account, with addresses of their own.
    pub(crate) async fn copy_account(&self, original: Uuid, count: usize) -> Result<Vec<Uuid>> {
        let copy = "/* bench */ INSERT INTO app_user (id, email, password_hash, time_zone)
             SELECT n.id, n.id || '@example.org', u.password_hash, u.time_zone
             FROM app_user AS u CROSS JOIN (
                 SELECT gen_random_uuid() AS id FROM generate_series(1, $2)
             ) AS n WHERE u.id = $1 RETURNING id";
        let count = i32::try_from(count)?;
        Ok(sqlx::query_scalar(copy).bind(original).bind(count).fetch_all(&self.pool).await?)
    }

    pub(crate) async fn tasks(&self) -> Result<usize> {
        let count: i64 =
            sqlx::query_scalar("/* bench */ SELECT count(*) FROM task").fetch_one(&self.pool).await?;
        Ok(usize::try_from(count)?)
    }

    /// The server's clock, which rows are stamped by.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar("/* bench */ SELECT clock_timestamp()").fetch_one(&self.pool).await?)
    }
}
