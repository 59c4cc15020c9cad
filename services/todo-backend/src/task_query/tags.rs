//! The tags in use.

use contracts::api;
use domain::UserId;
use sqlx::PgPool;

use super::{page::lists, sql};

/// How many tasks are counted, the newest first.
const MOST_TASKS: i64 = 5_000;
const MOST_TAGS: i64 = 500;

pub(crate) async fn tags(pool: &PgPool, user: UserId) -> Result<api::Tags, sqlx::Error> {
    let mut db = sql::begin(pool).await?;
    let lists = lists(&mut db, user).await?;
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "WITH newest AS MATERIALIZED (
             SELECT t.* FROM unnest($1::uuid[]) AS lists (list) CROSS JOIN LATERAL (
                 SELECT state -> 'tags' AS tags, created_at, id FROM task AS t
                 WHERE t.list = lists.list AND NOT t.done AND NOT t.deleted
                 ORDER BY created_at DESC, id DESC LIMIT $2 + 1
             ) AS t ORDER BY created_at DESC, id DESC LIMIT $2 + 1
         )
         SELECT min(tag), count(*), (SELECT count(*) FROM newest) FROM (SELECT tags FROM newest LIMIT $2) AS counted,
             jsonb_array_elements_text(counted.tags) AS tag
         GROUP BY lower(tag) ORDER BY count(*) DESC, lower(tag) LIMIT $3 + 1",
    )
    .bind(lists)
    .bind(MOST_TASKS)
    .bind(MOST_TAGS)
    .fetch_all(&mut *db)
    .await?;
    db.commit().await?;
    let complete =
        rows.len() as i64 <= MOST_TAGS && rows.first().is_none_or(|(.., tasks)| *tasks <= MOST_TASKS);
    let items = rows.into_iter().take(MOST_TAGS as usize).map(|(tag, open, _)| api::TagCount { tag, open });
    Ok(api::Tags { items: items.collect(), complete })
}
