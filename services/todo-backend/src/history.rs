//! Histories, which the audit service keeps.

use contracts::api;
use domain::{ProjectId, TaskId};
use platform::{InvokeError, Problem};
use serde::Serialize;

use crate::{app::App, query};

const AUDIT_SERVICE: &str = "audit-service";

/// Whose history it is.
pub(crate) enum Of {
    Task(TaskId),
    Project(ProjectId),
}

/// The audit service's `GET /entries`.
#[derive(Serialize)]
struct Entries {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<ProjectId>,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A page of what happened, oldest first.
pub(crate) async fn read(
    app: &App,
    of: Of,
    limit: usize,
    cursor: Option<String>,
) -> Result<api::Page<api::HistoryEntry>, Problem> {
    let (task_id, project_id) = match of {
        Of::Task(task) => (Some(task), None),
        Of::Project(project) => (None, Some(project)),
    };
    let entries = Entries { task_id, project_id, limit, cursor };
    let found = app.services.get(AUDIT_SERVICE, "/entries", &entries).await;
    let mut page: api::Page<api::HistoryEntry> = found.map_err(|error| match error {
        // Everything else in the request is this service's own, so it is the cursor.
        InvokeError::Invalid { .. } if entries.cursor.is_some() => query::invalid_cursor().into(),
        InvokeError::Unavailable { .. } => {
            tracing::warn!(%error, "no history");
            Problem::unavailable("The history does not answer right now.")
        }
        error => Problem::internal(error),
    })?;
    for entry in &mut page.items {
        // What events carry for the series' own actor.
        entry.more.remove("series");
    }
    Ok(page)
}
