//! The messages a project handles. Each: find the project, check that the caller may, let the domain decide.

use contracts::project::{
    AddMember, ChangeRole, CreateProject, DeleteProject, EditProject, ProjectRefusal, ProjectSnapshot,
    PurgeProject, RemoveMember, RestoreProject, TransferProject,
};
use domain::{NewProject, Project, ProjectChange, ProjectEvent, ProjectId, Role, UserId};
use virtual_actors::{BrokenRule, Handles, Turn, TurnContext};

use crate::{
    ProjectActor,
    commit::{changed, too_many_projects, transition},
};

type Decided = Result<Turn<ProjectActor, ProjectSnapshot>, ProjectRefusal>;

impl Handles<CreateProject> for ProjectActor {
    fn handle(state: Option<Project>, message: CreateProject, turn: &TurnContext<'_>) -> Decided {
        let CreateProject { owner, name, colour, position } = message;
        if let Some(project) = state {
            // The same creation, remembered by its result when its answer is no longer kept.
            let project = Some(project).filter(|project| project.owner() == owner && !project.is_purged());
            let project = project.ok_or(ProjectRefusal::NotFound)?;
            return Ok(Turn::unchanged(ProjectSnapshot { version: turn.version(), project }));
        }
        let id: ProjectId = turn.actor_id().parse().map_err(|_| ProjectRefusal::NotFound)?;
        let project = Project::create(NewProject { id, owner, name, colour, position }, turn.now());
        Ok(changed(project, &ProjectEvent::Created, owner, turn))
    }

    fn broken(rule: BrokenRule) -> Result<ProjectRefusal, BrokenRule> {
        too_many_projects(rule, "project")
    }
}

impl Handles<EditProject> for ProjectActor {
    fn handle(state: Option<Project>, message: EditProject, turn: &TurnContext<'_>) -> Decided {
        let EditProject { user, if_version, patch } = message;
        let project = alive(state, user, Role::Owner, if_version, turn)?;
        Ok(transition(project.edit(patch, turn.now()), user, turn))
    }
}

impl Handles<DeleteProject> for ProjectActor {
    fn handle(state: Option<Project>, message: DeleteProject, turn: &TurnContext<'_>) -> Decided {
        let DeleteProject { user, if_version } = message;
        let project = of(state, user, Role::Owner, if_version, turn)?;
        Ok(transition(project.delete(turn.now()), user, turn))
    }
}

impl Handles<RestoreProject> for ProjectActor {
    fn handle(state: Option<Project>, message: RestoreProject, turn: &TurnContext<'_>) -> Decided {
        let RestoreProject { user, if_version } = message;
        let project = of(state, user, Role::Owner, if_version, turn)?;
        Ok(transition(project.restore(turn.now()), user, turn))
    }

    fn broken(rule: BrokenRule) -> Result<ProjectRefusal, BrokenRule> {
        too_many_projects(rule, "project")
    }
}

/// The clean-up sends it when the project's tasks are gone, as a project in the trash gets no new ones; and whoever
/// deletes their account.
impl Handles<PurgeProject> for ProjectActor {
    fn handle(state: Option<Project>, message: PurgeProject, turn: &TurnContext<'_>) -> Decided {
        let PurgeProject { user, trashed_before } = message;
        let project = of(state, user, Role::Owner, None, turn)?;
        let old = |since| trashed_before.is_none_or(|before| since < before);
        let change = match project.deleted_at() {
            Some(since) if old(since) => project.purge(turn.now()),
            _ => ProjectChange::Unchanged(project),
        };
        Ok(transition(change, user, turn))
    }
}

impl Handles<AddMember> for ProjectActor {
    fn handle(state: Option<Project>, message: AddMember, turn: &TurnContext<'_>) -> Decided {
        let AddMember { user, if_version, member } = message;
        let project = alive(state, user, Role::Owner, if_version, turn)?;
        let change = project.add_member(member, turn.now());
        let change = change.map_err(|violation| ProjectRefusal::Invalid { violations: violation.into() })?;
        Ok(transition(change, user, turn))
    }

    fn broken(rule: BrokenRule) -> Result<ProjectRefusal, BrokenRule> {
        too_many_projects(rule, "email")
    }
}

impl Handles<ChangeRole> for ProjectActor {
    fn handle(state: Option<Project>, message: ChangeRole, turn: &TurnContext<'_>) -> Decided {
        let ChangeRole { user, if_version, member, role } = message;
        let project = alive(state, user, Role::Owner, if_version, turn)?;
        let change = project.change_role(member, role, turn.now());
        Ok(transition(change.ok_or(ProjectRefusal::NoSuchMember)?, user, turn))
    }
}

impl Handles<RemoveMember> for ProjectActor {
    fn handle(state: Option<Project>, message: RemoveMember, turn: &TurnContext<'_>) -> Decided {
        let RemoveMember { user, if_version, member } = message;
        // Anybody may take themselves out.
        let needs = if member == user { Role::Viewer } else { Role::Owner };
        let project = alive(state, user, needs, if_version, turn)?;
        if member == project.owner() {
            return Err(ProjectRefusal::Invalid { violations: owner_stays().into() });
        }
        Ok(transition(project.remove_member(member, user, turn.now()), user, turn))
    }
}

impl Handles<TransferProject> for ProjectActor {
    fn handle(state: Option<Project>, message: TransferProject, turn: &TurnContext<'_>) -> Decided {
        let TransferProject { user, if_version, to } = message;
        let project = alive(state, user, Role::Owner, if_version, turn)?;
        Ok(transition(project.transfer(to, turn.now()).ok_or(ProjectRefusal::NoSuchMember)?, user, turn))
    }
}

/// The project, not in the trash, if the caller's role allows what is asked of the version they expect.
fn alive(
    state: Option<Project>,
    user: UserId,
    needs: Role,
    if_version: Option<i64>,
    turn: &TurnContext<'_>,
) -> Result<Project, ProjectRefusal> {
    let project = of(state, user, needs, if_version, turn)?;
    if project.is_deleted() { Err(ProjectRefusal::Deleted) } else { Ok(project) }
}

/// The same, in the trash or not. In the trash it is there for its owner only; deleted for good, for nobody.
fn of(
    state: Option<Project>,
    user: UserId,
    needs: Role,
    if_version: Option<i64>,
    turn: &TurnContext<'_>,
) -> Result<Project, ProjectRefusal> {
    let project = state.filter(|project| !project.is_purged()).ok_or(ProjectRefusal::NotFound)?;
    match project.role_of(user) {
        Some(role) if role >= Role::Owner || !project.is_deleted() => {
            if role < needs {
                return Err(ProjectRefusal::NotAllowed { needs });
            }
        }
        _ => return Err(ProjectRefusal::NotFound),
    }
    match if_version {
        Some(expected) if expected != turn.version() => {
            Err(ProjectRefusal::VersionMismatch { current: turn.version() })
        }
        _ => Ok(project),
    }
}

fn owner_stays() -> domain::Violation {
    domain::Violation::new(
        "member",
        "owner_stays",
        "The owner stays, unless somebody else becomes the owner.",
    )
}
