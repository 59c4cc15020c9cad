//! Projects, and who shares them.

mod create;
mod delete;
mod edit;
mod get;
mod history;
mod list;
mod members;
mod restore;
#[cfg(test)]
mod tests;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_project, list::list_projects))
        .routes(routes!(get::get_project, edit::edit_project, delete::delete_project))
        .routes(routes!(restore::restore_project))
        .routes(routes!(history::project_history))
        .routes(routes!(members::list::list_members, members::add::add_member))
        .routes(routes!(members::change::change_member, members::remove::remove_member))
}
