//! Commands to `Project` actors, and their answers as HTTP.

use axum::response::{IntoResponse, Response};
use contracts::{
    api,
    project::{ProjectRefusal, ProjectSnapshot},
};
use domain::{ProjectId, Role, UserId};
use http::header;
use platform::{FieldError, Json, Problem};
use virtual_actors::{Command, Message};

use crate::{
    app::App,
    commands,
    created::created,
    precondition::entity_tag,
    problems,
    project_path::{no_such_member, no_such_project},
};

/// Sends a command to a project's actor, wherever it lives.
pub(crate) async fn send<M>(
    app: &App,
    project: ProjectId,
    command: impl Into<Command>,
    message: &M,
) -> Result<M::Reply, Problem>
where
    M: Message<Refusal = ProjectRefusal> + Sync,
{
    let id = project.to_string();
    let answer = app.actors.call(&id, message).command(command).timeout(app.patience).await;
    answer.map_err(|error| commands::problem(error, refused))
}

/// Carries out what a client asked of a project, as [`commands::carry_out`] does of a task.
pub(crate) async fn carry_out<M>(
    app: &App,
    project: ProjectId,
    command: Command,
    message: impl Future<Output = Result<M, Problem>>,
) -> Result<M::Reply, Problem>
where
    M: Message<Refusal = ProjectRefusal> + Sync,
{
    commands::answered_or_called(app, &project.to_string(), command, message, refused).await
}

/// A project, as somebody sees it, with its entity tag.
pub(crate) struct Answer {
    created: bool,
    project: api::Project,
}

impl Answer {
    pub(crate) fn ok(user: UserId, snapshot: &ProjectSnapshot) -> Self {
        Self { created: false, project: api::Project::seen_by(user, snapshot) }
    }

    pub(crate) fn created(user: UserId, snapshot: &ProjectSnapshot) -> Self {
        Self { created: true, ..Self::ok(user, snapshot) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let location = format!("/api/v1/projects/{}", self.project.id);
        let tag = [(header::ETAG, entity_tag(self.project.version))];
        let answer = (tag, Json(self.project));
        if self.created { created(&location, answer) } else { answer.into_response() }
    }
}

fn refused(refusal: ProjectRefusal) -> Problem {
    match refusal {
        ProjectRefusal::NotFound => no_such_project(),
        ProjectRefusal::Deleted => deleted(),
        ProjectRefusal::NotAllowed { needs } => not_allowed(needs),
        ProjectRefusal::VersionMismatch { current } => commands::version_mismatch(current),
        ProjectRefusal::NoSuchMember => no_such_member(),
        ProjectRefusal::Invalid { violations } => violations.into(),
    }
}

/// For a project in the trash.
pub(crate) fn deleted() -> Problem {
    Problem::new(&problems::PROJECT_DELETED, "The project is in the trash; `restore` takes it out.")
}

/// For somebody whose role is less than what is needed.
pub(crate) fn not_allowed(needs: Role) -> Problem {
    let detail = format!("This needs the role `{}` in the project.", needs.name());
    let rule = match needs {
        Role::Viewer => "needs_viewer",
        Role::Editor => "needs_editor",
        Role::Owner => "needs_owner",
    };
    Problem::new(&problems::NOT_ALLOWED, detail.clone()).with_errors([FieldError {
        field: "role".to_owned(),
        rule: rule.into(),
        detail,
    }])
}
