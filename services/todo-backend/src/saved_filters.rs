//! Saved filters, as stored.

use chrono::{DateTime, Utc};
use contracts::api;
use domain::UserId;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

/// As many as one person may have.
pub(crate) const MOST: i64 = 200;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    query: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What came of a change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Done(api::SavedFilter),
    Gone,
    /// It is at this version.
    Mismatch(i64),
    TooMany,
}

impl From<Row> for api::SavedFilter {
    fn from(row: Row) -> Self {
        let Row { id, version, name, query, created_at, updated_at } = row;
        Self { id, version, name, query, created_at, updated_at }
    }
}

/// The oldest first.
pub(crate) async fn list(pool: &PgPool, user: UserId) -> Result<Vec<api::SavedFilter>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, version, name, query, created_at, updated_at FROM saved_filter
         WHERE user_id = $1 ORDER BY created_at, id",
    )
    .bind(user.0)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(api::SavedFilter::from).collect())
}

pub(crate) async fn find(
    db: impl sqlx::PgExecutor<'_>,
    user: UserId,
    id: Uuid,
) -> Result<Option<api::SavedFilter>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, version, name, query, created_at, updated_at FROM saved_filter WHERE id = $1 AND user_id = $2",
    )
    .bind(id)
    .bind(user.0)
    .fetch_optional(db)
    .await?;
    Ok(row.map(api::SavedFilter::from))
}

pub(crate) async fn insert(
    db: &mut PgConnection,
    user: UserId,
    id: Uuid,
    new: &api::SavedFilterInput,
    now: DateTime<Utc>,
) -> Result<Outcome, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "INSERT INTO saved_filter (id, user_id, name, query, created_at, updated_at)
         SELECT $1, $2, $3, $4, $5, $5 WHERE (SELECT count(*) FROM saved_filter WHERE user_id = $2) < $6
         RETURNING id, version, name, query, created_at, updated_at",
    )
    .bind(id)
    .bind(user.0)
    .bind(&new.name)
    .bind(&new.query)
    .bind(now)
    .bind(MOST)
    .fetch_optional(db)
    .await?;
    Ok(row.map_or(Outcome::TooMany, |row| Outcome::Done(row.into())))
}

/// Makes a new version, unless nothing is different.
pub(crate) async fn edit(
    db: &mut PgConnection,
    user: UserId,
    id: Uuid,
    if_version: Option<i64>,
    patch: &api::SavedFilterPatch,
    now: DateTime<Utc>,
) -> Result<Outcome, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE saved_filter SET version = version + 1, updated_at = greatest(updated_at, $6),
             name = coalesce($4, name), query = coalesce($5, query)
         WHERE id = $1 AND user_id = $2 AND version = coalesce($3, version)
           AND (name, query) <> (coalesce($4, name), coalesce($5, query))
         RETURNING id, version, name, query, created_at, updated_at",
    )
    .bind(id)
    .bind(user.0)
    .bind(if_version)
    .bind(&patch.name)
    .bind(&patch.query)
    .bind(now)
    .fetch_optional(&mut *db)
    .await?;
    if let Some(row) = row {
        return Ok(Outcome::Done(row.into()));
    }
    Ok(match find(&mut *db, user, id).await? {
        None => Outcome::Gone,
        Some(found) if if_version.is_some_and(|version| version != found.version) => {
            Outcome::Mismatch(found.version)
        }
        Some(found) => Outcome::Done(found),
    })
}

pub(crate) async fn delete(
    db: &mut PgConnection,
    user: UserId,
    id: Uuid,
    if_version: Option<i64>,
) -> Result<Outcome, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "DELETE FROM saved_filter WHERE id = $1 AND user_id = $2 AND version = coalesce($3, version)
         RETURNING id, version, name, query, created_at, updated_at",
    )
    .bind(id)
    .bind(user.0)
    .bind(if_version)
    .fetch_optional(&mut *db)
    .await?;
    if let Some(row) = row {
        return Ok(Outcome::Done(row.into()));
    }
    Ok(find(&mut *db, user, id).await?.map_or(Outcome::Gone, |found| Outcome::Mismatch(found.version)))
}
