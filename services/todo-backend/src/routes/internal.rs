//! What other services of Almanac ask, by Dapr service invocation. Not in the API's document.

mod instances;

use axum::{
    Router,
    routing::{delete, post},
};
use contracts::recurrence::INSTANCES_PATH;

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(INSTANCES_PATH, post(instances::make_instance))
        .route(&format!("{INSTANCES_PATH}/{{next_id}}"), delete(instances::withdraw_instance))
}
