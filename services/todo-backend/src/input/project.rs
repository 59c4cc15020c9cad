//! Projects, and who shares them, as the API takes them.

use contracts::project::CreateProject;
use domain::{Colour, MemberRole, Position, ProjectName, ProjectPatch, Role, UserId, Violation, Violations};
use serde_json::Value;

use super::{Found, Object};
use crate::email::Email;

/// Members that a project shows but nobody sets.
const READ_ONLY: [&str; 7] = ["id", "version", "owner_id", "role", "members", "created_at", "updated_at"];

/// The body of `POST /projects`.
pub(crate) fn new_project(body: Value, owner: UserId) -> Result<CreateProject, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let name = found.required(&mut body, "name", ProjectName::parse);
    let colour = body.take("colour").and_then(|value| found.parsed("colour", value, Colour::parse));
    let position = position(&mut body, &mut found);
    found.unknown_members(body, &READ_ONLY);
    let name = found.finish(name)?;
    Ok(CreateProject { owner, name, colour, position })
}

/// The body of `PATCH /projects/{id}` (RFC 7396).
pub(crate) fn patch(body: Value) -> Result<ProjectPatch, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let name = match body.take_nullable("name") {
        Some(Some(value)) => found.parsed("name", value, ProjectName::parse),
        Some(None) => {
            found.report("name", "required", "A project has a name.");
            None
        }
        None => None,
    };
    let colour = match body.take_nullable("colour") {
        Some(Some(value)) => found.parsed("colour", value, Colour::parse).map(Some),
        other => other.map(|_| None),
    };
    let archived = body.take_nullable("archived").and_then(|value| match value {
        Some(Value::Bool(archived)) => Some(archived),
        None => Some(false),
        Some(_) => {
            found.report("archived", "invalid_type", "This must be true or false.");
            None
        }
    });
    let position = position(&mut body, &mut found);
    found.unknown_members(body, &READ_ONLY);
    found.finish(Some(ProjectPatch { name, colour, archived, position }))
}

fn position(body: &mut Object, found: &mut Found) -> Option<Position> {
    match body.take_nullable("position")? {
        Some(value) => found.parsed("position", value, Position::parse),
        None => {
            found.report("position", "required", "A project has a position.");
            None
        }
    }
}

/// The body of `POST /projects/{id}/members`.
pub(crate) fn new_member(body: Value) -> Result<(Email, MemberRole), Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let email = found.required(&mut body, "email", Email::parse);
    let role = found.required(&mut body, "role", member_role);
    found.unknown_members(body, &[]);
    found.finish(email.zip(role))
}

/// The body of `PATCH /projects/{id}/members/{user_id}`.
pub(crate) fn member_patch(body: Value) -> Result<Role, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let role = found.required(&mut body, "role", |text| {
        Role::from_name(text).ok_or_else(|| unknown_role("One of: viewer, editor, owner."))
    });
    found.unknown_members(body, &["user_id", "email"]);
    found.finish(role)
}

fn member_role(text: &str) -> Result<MemberRole, Violation> {
    match text {
        "viewer" => Ok(MemberRole::Viewer),
        "editor" => Ok(MemberRole::Editor),
        _ => Err(unknown_role("One of: viewer, editor.")),
    }
}

fn unknown_role(detail: &str) -> Violation {
    Violation::new("role", "unknown_value", detail)
}
