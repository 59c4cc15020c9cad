//! Bringing a project's tasks where they should be: into the trash with it, or out of it again.

use contracts::project::{SweepTasks, TasksSwept};
use serde_json::{Value, json};
use virtual_actors::{Executed, Executes, Statement};

use crate::ProjectActor;

/// How many tasks are told at once.
const PAGE: u32 = 500;

/// Tells the tasks of one page, and the actor itself if there may be more. It sees every task that came into the
/// project before the project's own commit: both hold the lock of the project's tasks. What is told is harmless when
/// it comes twice, or late, because a task looks in its commit what the project is by then.
const SWEEP: &str = "
WITH project AS (
    SELECT deleted FROM project WHERE id = $1
), out_of_place AS (
    SELECT t.id, project.deleted, u.time_zone, u.zone_version
    FROM project, task AS t LEFT JOIN app_user AS u ON u.id = t.owner
    WHERE t.state ->> 'project' = $1 AND t.state ? 'project' AND t.id > coalesce($2::jsonb ->> 'after', '')
      AND (project.deleted AND NOT t.deleted OR NOT project.deleted AND t.state ? 'trashed_with_project')
    ORDER BY t.id LIMIT ($2::jsonb ->> 'page')::integer
), told AS (
    INSERT INTO actor_outbox (event_id, partition, version, destination, actor_type, actor_id, method, body)
    SELECT gen_random_uuid(), $3::smallint, 0, 'actor', 'Task', id, 'follow_project',
        jsonb_build_object('project', $1, 'deleted', deleted) || CASE WHEN time_zone IS NULL THEN '{}'
            ELSE jsonb_build_object('zone', jsonb_build_object('zone', time_zone, 'version', zone_version)) END
    FROM out_of_place ORDER BY id
), next AS (
    INSERT INTO actor_outbox (event_id, partition, version, destination, actor_type, actor_id, method, body)
    SELECT gen_random_uuid(), $3::smallint, 0, 'actor', 'Project', $1, 'sweep', jsonb_build_object('after', max(id))
    FROM out_of_place HAVING count(*) = ($2::jsonb ->> 'page')::integer
)
SELECT jsonb_build_object('told', count(*)) FROM out_of_place";

impl Executes<SweepTasks> for ProjectActor {
    fn statement(message: &SweepTasks) -> Statement {
        let args = json!({ "after": message.after, "page": PAGE });
        Statement { name: "sweep_tasks", sql: SWEEP, args }
    }

    fn executed(_: SweepTasks, row: Value) -> Result<Executed<TasksSwept>, serde_json::Error> {
        let swept: TasksSwept = serde_json::from_value(row)?;
        Ok(Executed { reply: swept, reminders: Vec::new(), timer: None, emitted: swept.told > 0 })
    }
}
