//! The rows themselves, each person's in one order.

use contracts::api::{LiveEvent, live::USER_EVENTS_CHANNEL};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// Whom an event is told.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// These, in any case.
    pub(super) people: Vec<Uuid>,
    /// The task's owner, and who shares its project.
    pub(super) task: Option<Uuid>,
    /// Who shares these, or shared them until they were deleted.
    pub(super) projects: Vec<Uuid>,
}

/// The upsert locks a person's head until the commit, so numbers become visible in their order. People come in the
/// order of their ids, so that two events about several people do not wait for each other. A repetition uses up a
/// number and nothing else; gaps mean nothing. Accounts that are gone are told nothing.
const APPEND: &str = "
WITH about AS (
    SELECT owner, (state ->> 'project')::uuid AS project FROM task WHERE id = $2
), project_ids AS (
    SELECT unnest($3::uuid[]) AS id UNION SELECT project FROM about WHERE project IS NOT NULL
), reader AS (
    SELECT unnest($1::uuid[]) AS user_id
    UNION SELECT owner FROM about
    UNION SELECT m.user_id FROM project_member AS m JOIN project_ids ON project_ids.id = m.project_id
    UNION SELECT (person ->> 'id')::uuid FROM project_ids JOIN project AS p ON p.id = project_ids.id::text AND p.deleted,
        jsonb_array_elements(p.state -> 'members' || jsonb_build_object('id', p.owner)) AS person
), head AS (
    INSERT INTO user_event_head AS head (user_id, last)
    SELECT user_id, 1 FROM reader JOIN app_user ON app_user.id = user_id AND deleted_at IS NULL ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last = head.last + 1
    RETURNING user_id, last
), told AS (
    INSERT INTO user_event (user_id, seq, event_id, kind, data)
    SELECT user_id, last, $4, $5, $6 FROM head
    ON CONFLICT (user_id, event_id) DO NOTHING
    RETURNING user_id
)
SELECT count(pg_notify($7, user_id::text)) FROM told";

/// Tells everybody who sees it; how many were not told before.
pub(super) async fn append(
    database: impl PgExecutor<'_>,
    event: Uuid,
    kind: &str,
    audience: &Audience,
    live: &LiveEvent,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(APPEND)
        .bind(&audience.people)
        .bind(audience.task.map(|task| task.to_string()))
        .bind(&audience.projects)
        .bind(event)
        .bind(kind)
        .bind(Json(live))
        .bind(USER_EVENTS_CHANNEL)
        .fetch_one(database)
        .await
}
