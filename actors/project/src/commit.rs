//! What a change of a project commits, beside its state.

use contracts::{
    events::{AUDIT_LOGS, ProjectChanged},
    project::{ProjectRefusal, ProjectSnapshot, SweepTasks},
};
use domain::{Project, ProjectChange, ProjectEvent, UserId, Violation};
use serde_json::{Value, json};
use virtual_actors::{BrokenRule, Event, RowsSql, RuleSql, Turn, TurnContext};

use crate::ProjectActor;

/// Makes the rows of who has access say what the project says.
pub(crate) const MEMBER_ROWS: RowsSql = RowsSql(
    ", wanted AS (
        SELECT row.* FROM guard, jsonb_to_recordset($8::jsonb -> 'members') AS row (user_id uuid, role text)
    ), removed AS (
        DELETE FROM project_member AS m USING guard
        WHERE m.project_id = $1::uuid AND m.user_id NOT IN (SELECT user_id FROM wanted)
    ), added AS (
        INSERT INTO project_member (project_id, user_id, role)
        SELECT $1::uuid, user_id, role FROM wanted
        ON CONFLICT (user_id, project_id) DO UPDATE SET role = excluded.role
        WHERE project_member.role <> excluded.role
    )",
);

/// While a project goes to the trash or comes back, no task comes into it: see `task_relations` in `migrations/`.
/// Who comes into it is in few enough others.
pub(crate) const RULE: RuleSql = RuleSql(
    "jsonb_build_array(
        CASE WHEN ($8::jsonb -> 'moves_tasks')::boolean
            THEN pg_advisory_xact_lock(hashtextextended('tasks of ' || $1, 0)) IS NULL END,
        CASE WHEN $8::jsonb ? 'joining'
            THEN projects_of_people($1, $8::jsonb -> 'joining', ($8::jsonb -> 'most')::integer) IS NULL END
    )",
);

/// What the database said of a project too many, to the person who asked for it; `field` is what they asked with.
pub(crate) fn too_many_projects(
    BrokenRule(rule): BrokenRule,
    field: &str,
) -> Result<ProjectRefusal, BrokenRule> {
    if rule["rule"] != TOO_MANY {
        return Err(BrokenRule(rule));
    }
    let detail = format!("A person is in at most {} projects.", Project::MAX_OF_A_PERSON);
    Ok(ProjectRefusal::Invalid { violations: Violation::new(field, TOO_MANY, detail).into() })
}

const TOO_MANY: &str = "too_many_projects";

/// A turn's result from the domain's.
pub(crate) fn transition(
    change: ProjectChange,
    by: UserId,
    turn: &TurnContext<'_>,
) -> Turn<ProjectActor, ProjectSnapshot> {
    match change {
        ProjectChange::Unchanged(project) => {
            Turn::unchanged(ProjectSnapshot { version: turn.version(), project })
        }
        ProjectChange::Changed { project, event } => changed(project, &event, by, turn),
    }
}

pub(crate) fn changed(
    project: Project,
    event: &ProjectEvent,
    by: UserId,
    turn: &TurnContext<'_>,
) -> Turn<ProjectActor, ProjectSnapshot> {
    let published = published(&project, event, by, turn);
    let moves_tasks = matches!(event, ProjectEvent::Deleted | ProjectEvent::Restored);
    let mut rows = json!({ "members": members(&project), "moves_tasks": moves_tasks });
    let joining = joining(&project, event);
    if !joining.is_empty() {
        rows["joining"] = json!(joining);
        rows["most"] = json!(Project::MAX_OF_A_PERSON);
    }
    let reply = ProjectSnapshot { version: turn.next_version(), project: project.clone() };
    let mut changed = Turn::changed(project, reply).events(published).rows(rows);
    if moves_tasks {
        // To itself, so that the sweep begins when this is committed and sees every task that came before.
        changed = changed.tell(turn.actor_id(), &SweepTasks::default());
    }
    changed.into()
}

/// Who has access by this change and had none.
fn joining(project: &Project, event: &ProjectEvent) -> Vec<UserId> {
    match event {
        ProjectEvent::Created | ProjectEvent::Restored => project.people().map(|(user, _)| user).collect(),
        ProjectEvent::MemberAdded { member, .. } => vec![*member],
        _ => Vec::new(),
    }
}

fn members(project: &Project) -> Value {
    let people = project.people().filter(|_| !project.is_deleted());
    people.map(|(user, role)| json!({ "user_id": user, "role": role.name() })).collect()
}

fn published(project: &Project, event: &ProjectEvent, by: UserId, turn: &TurnContext<'_>) -> Option<Event> {
    let fields = match event {
        ProjectEvent::Updated { fields } => fields.iter().map(|field| field.name().to_owned()).collect(),
        _ => Vec::new(),
    };
    let member = event.member();
    let data = ProjectChanged {
        project_id: project.id().0,
        user_id: by.0,
        version: turn.next_version(),
        fields,
        member_id: member.map(|(member, _)| member.0),
        role: member.and_then(|(_, role)| role),
    };
    // Plain data: it always has a JSON form.
    Some(Event::new(AUDIT_LOGS, event.kind(), &data).ok()?.dataschema(ProjectChanged::SCHEMA))
}
