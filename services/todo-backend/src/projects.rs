//! Projects, read from the rows that their actors' turns commit.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{api, project::ProjectSnapshot};
use domain::{Position, Project, ProjectId, UserId};
use platform::Problem;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::{project_commands::deleted, project_path::no_such_project};

#[derive(FromRow)]
struct Row {
    version: i64,
    state: Json<Project>,
}

impl From<Row> for ProjectSnapshot {
    fn from(row: Row) -> Self {
        Self { version: row.version, project: row.state.0 }
    }
}

/// Which projects a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Active,
    Archived,
    /// In the trash, where they are their owner's only.
    Deleted,
}

/// The sort key of a list of projects.
pub(crate) struct Place {
    position: Position,
    id: Uuid,
}

impl Place {
    pub(crate) fn of(snapshot: &ProjectSnapshot) -> Self {
        Self { position: snapshot.project.position().clone(), id: snapshot.project.id().0 }
    }

    /// Opaque to clients.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.position, self.id))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (position, id) = text.split_once(' ')?;
        Some(Self { position: Position::parse(position).ok()?, id: id.parse().ok()? })
    }
}

/// A project that is shared with this user, or theirs.
pub(crate) async fn find(pool: &PgPool, user: UserId, id: ProjectId) -> Result<ProjectSnapshot, Problem> {
    let row: Option<Row> = sqlx::query_as("SELECT version, state FROM project WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await?;
    let sees = |project: &Project| project.role_of(user).is_some() && !project.is_purged();
    let snapshot = row.map(ProjectSnapshot::from).filter(|found| sees(&found.project));
    let snapshot = snapshot.ok_or_else(no_such_project)?;
    match snapshot.project.is_deleted() {
        false => Ok(snapshot),
        true if snapshot.project.owner() == user => Err(deleted()),
        true => Err(no_such_project()),
    }
}

/// This user's projects after a place, in their order, at most `count`.
pub(crate) async fn list(
    pool: &PgPool,
    user: UserId,
    which: Which,
    after: Option<Place>,
    count: i64,
) -> Result<Vec<ProjectSnapshot>, Problem> {
    let (position, id) = after.map(|place| (place.position.to_string(), place.id.to_string())).unzip();
    let rows: Vec<Row> = sqlx::query_as(
        r#"SELECT p.version, p.state FROM project AS p
           WHERE CASE $2
               WHEN 'deleted' THEN p.owner = $1 AND p.deleted AND NOT p.state ? 'purged_at'
               ELSE p.id IN (SELECT project_id::text FROM project_member WHERE user_id = $1)
                   AND p.archived = ($2 = 'archived')
           END
           AND ($3::text IS NULL OR (p.state ->> 'position' COLLATE "C", p.id COLLATE "C") > ($3, $4))
           ORDER BY p.state ->> 'position' COLLATE "C", p.id COLLATE "C" LIMIT $5"#,
    )
    .bind(user.0)
    .bind(match which {
        Which::Active => "active",
        Which::Archived => "archived",
        Which::Deleted => "deleted",
    })
    .bind(position)
    .bind(id)
    .bind(count)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(ProjectSnapshot::from).collect())
}

/// Who shares a project, the owner first.
pub(crate) async fn members(pool: &PgPool, project: &Project) -> Result<Vec<api::Member>, Problem> {
    let ids: Vec<Uuid> = project.people().map(|(user, _)| user.0).collect();
    let emails: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT id, email FROM app_user WHERE id = ANY($1) AND deleted_at IS NULL")
            .bind(&ids)
            .fetch_all(pool)
            .await?;
    let emails: std::collections::HashMap<Uuid, String> = emails.into_iter().collect();
    let member = |(user, role): (UserId, domain::Role)| api::Member {
        user_id: user.0,
        email: emails.get(&user.0).cloned(),
        role: role.into(),
    };
    Ok(project.people().map(member).collect())
}
