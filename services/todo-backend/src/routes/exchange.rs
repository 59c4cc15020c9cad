//! Tasks as files, in and out.

mod export;
mod import;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// 5,000 tasks of a kilobyte each.
const BODY_LIMIT: usize = 5 * 1024 * 1024;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import::import_tasks))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .routes(routes!(export::export_tasks))
}
