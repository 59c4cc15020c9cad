//! The trash of tasks.

mod empty;
mod list;
mod purge;
#[cfg(test)]
mod tests;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_trash, empty::empty_trash))
        .routes(routes!(purge::purge_task))
}
