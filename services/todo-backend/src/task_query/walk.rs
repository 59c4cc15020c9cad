//! A page by the index of its order: what the filters do not want is passed over.

use contracts::task::TaskSnapshot;
use domain::Task;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{
    Column, MOST_READ, Phase,
    cursor::TaskCursor,
    order::Key,
    sql::{self, Asked},
};

/// A task, and its place in the order.
pub(super) struct Found {
    pub(super) task: TaskSnapshot,
    pub(super) key: Key,
}

pub(super) struct Walked {
    pub(super) found: Vec<Found>,
    /// The place where it gave up.
    pub(super) stopped: Option<(Key, Uuid)>,
}

impl Found {
    pub(super) fn read(row: &PgRow, column: Column) -> Result<Self, sqlx::Error> {
        let Json(task): Json<Task> = row.try_get("state")?;
        Ok(Self { task: TaskSnapshot { version: row.try_get("version")?, task }, key: column.key_of(row)? })
    }
}

/// At most `count`.
pub(super) async fn walk(
    db: &mut PgConnection,
    phase: &Phase,
    asked: &Asked<'_>,
    after: Option<&TaskCursor>,
    count: usize,
) -> Result<Walked, sqlx::Error> {
    let rows = statement(phase, asked, after, count).build().fetch_all(db).await?;
    let mut walked = Walked { found: Vec::new(), stopped: None };
    for row in rows {
        let found = Found::read(&row, phase.column)?;
        let (key, id) = (found.key.clone(), found.task.task.id().0);
        if row.try_get("wanted")? {
            walked.found.push(found);
        }
        // Another list may have tasks beyond this place, but this one may have some in between.
        if row.try_get("last")? {
            walked.stopped = Some((key, id));
            break;
        }
    }
    Ok(walked)
}

pub(super) fn statement(
    phase: &Phase,
    asked: &Asked<'_>,
    after: Option<&TaskCursor>,
    count: usize,
) -> QueryBuilder<Postgres> {
    let (column, direction) = (phase.column.sql(), phase.direction.sql());
    let most = count.max(MOST_READ / asked.branches().max(1));
    let mut query = QueryBuilder::new("SELECT t.* FROM ");
    asked.push_branches(&mut query);
    query.push(format!(" CROSS JOIN LATERAL (SELECT t.id, t.version, t.state, t.{column} AS key"));
    if phase.filters.pass_all() {
        query.push(", true AS wanted, false AS last FROM task AS t WHERE ");
        Asked::push_in_branch(&mut query);
        sql::push_place(&mut query, phase, after);
        query.push(format!(" ORDER BY t.{column} {direction}, t.id {direction} LIMIT {count}"));
    } else {
        // The last row says that there may be more, whether it is wanted or not.
        query.push(format!(
            ", t.wanted, t.n = {most} AS last FROM (
                 SELECT t.id, t.version, t.state, t.{column},
                        row_number() OVER (ORDER BY t.{column} {direction}, t.id {direction}) AS n, ("
        ));
        asked.push_filters(&mut query);
        query.push(") IS TRUE AS wanted FROM task AS t WHERE ");
        Asked::push_in_branch(&mut query);
        asked.push_range(&mut query, phase.column);
        sql::push_place(&mut query, phase, after);
        query.push(format!(
            " ORDER BY t.{column} {direction}, t.id {direction} LIMIT {most}
             ) AS t WHERE t.wanted OR t.n = {most} ORDER BY t.{column} {direction}, t.id {direction} LIMIT {count}"
        ));
    }
    query.push(format!(") AS t ORDER BY t.key {direction}, t.id {direction} LIMIT {count}"));
    query
}
