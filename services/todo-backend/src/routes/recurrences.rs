//! Rules by which tasks recur.

mod preview;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// A rule, and as many dates as a series may have, twice.
const BODY_LIMIT: usize = 64 * 1024;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preview::preview_recurrence)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}
