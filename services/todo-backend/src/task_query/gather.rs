//! A page by the index of a filter that few tasks pass: all of those, sorted.

use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::{
    Column, MOST_READ, Phase,
    cursor::TaskCursor,
    sql::{self, Asked},
    walk::Found,
};

/// Where to gather from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Parent(Uuid),
    Search,
    /// What an index on this column can tell.
    Range(Column),
}

impl Source {
    /// Those that tell something of the filters which walking in this order does not.
    pub(super) fn of(phase: &Phase, asked: &Asked<'_>) -> Vec<Self> {
        let filters = &phase.filters;
        let ranges = [
            (Column::Due, filters.wants_due()),
            (Column::Start, filters.start_to.is_some()),
            (Column::Created, filters.created_from.is_some() || filters.created_before.is_some()),
            (Column::Priority, filters.priorities.is_some()),
        ];
        let ranges = ranges.into_iter().filter(|(column, asked)| *asked && *column != phase.column);
        let parent = filters.parent.flatten().map(Self::Parent);
        let search = asked.wanted.is_some().then_some(Self::Search);
        parent.into_iter().chain(search).chain(ranges.map(|(column, _)| Self::Range(column))).collect()
    }
}

/// At most `count`; none if the source has too many to read.
pub(super) async fn gather(
    db: &mut PgConnection,
    phase: &Phase,
    asked: &Asked<'_>,
    source: Source,
    after: Option<&TaskCursor>,
    count: usize,
) -> Result<Option<Vec<Found>>, sqlx::Error> {
    let rows = statement(phase, asked, source, after, count).build().fetch_all(db).await?;
    let mut found = Vec::new();
    for row in rows {
        if row.try_get::<i64, _>("number")? > MOST_READ as i64 {
            return Ok(None);
        }
        // The count is there even if no task is.
        if row.try_get::<Option<i64>, _>("version")?.is_some() {
            found.push(Found::read(&row, phase.column)?);
        }
    }
    Ok(Some(found))
}

pub(super) fn statement(
    phase: &Phase,
    asked: &Asked<'_>,
    source: Source,
    after: Option<&TaskCursor>,
    count: usize,
) -> QueryBuilder<Postgres> {
    let (column, direction) = (phase.column.sql(), phase.direction.sql());
    let one_more = MOST_READ + 1;
    let mut query = QueryBuilder::new("WITH ");
    if source == Source::Search {
        push_found(&mut query, asked, one_more);
    }
    query.push("gathered AS MATERIALIZED (SELECT t.* FROM ");
    match source {
        Source::Parent(parent) => {
            query.push("task AS t WHERE t.parent_id = ").push_bind(parent);
        }
        Source::Search => {
            query.push("task AS t WHERE t.id IN (SELECT id FROM found)");
        }
        Source::Range(by) => {
            asked.push_branches(&mut query);
            query.push(" CROSS JOIN LATERAL (SELECT t.* FROM task AS t WHERE ");
            Asked::push_in_branch(&mut query);
            asked.push_range(&mut query, by);
            query.push(format!(" ORDER BY t.{} LIMIT {one_more}) AS t", by.sql()));
        }
    }
    // A task may have been found more than once.
    let counted = if source == Source::Search { "found" } else { "gathered" };
    query.push(format!(
        " LIMIT {one_more})
         SELECT total.number, t.* FROM (SELECT count(*) AS number FROM {counted}) AS total LEFT JOIN (
             SELECT t.id, t.version, t.state, t.{column} AS key FROM gathered AS t
             WHERE NOT t.deleted AND t.list = ANY ("
    ));
    query.push_bind(asked.lists.clone()).push(") AND t.done = ANY (");
    query.push_bind(phase.filters.status.done().to_vec()).push(") AND ");
    asked.push_filters(&mut query);
    sql::push_place(&mut query, phase, after);
    query.push(format!(
        " ORDER BY t.{column} {direction}, t.id {direction} LIMIT {count}
         ) AS t ON true ORDER BY t.key {direction}, t.id {direction}"
    ));
    query
}

/// The ids of tasks with these words and tags, and of those with comments that have the words.
fn push_found(query: &mut QueryBuilder<Postgres>, asked: &Asked<'_>, most: usize) {
    // As a subquery the planner does not know what is asked, and takes it for rare, as it is if this is read at all.
    query.push("found AS MATERIALIZED ((SELECT id FROM task WHERE NOT deleted AND search @@ (SELECT ");
    query.push_bind(asked.wanted.clone()).push(format!("::tsquery) LIMIT {most})"));
    if let Some(wanted) = &asked.of_comments.wanted {
        query.push(" UNION ALL (SELECT task_id::text FROM task_comment WHERE search @@ (SELECT ");
        query.push_bind(wanted.clone()).push(format!("::tsquery) LIMIT {most})"));
    }
    query.push("), ");
}
