//! `GET /api/v1/me`: whose access token it is.

pub(super) mod sessions;

use contracts::api;
use platform::Json;

use crate::{
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
};

/// The account of the access token.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "account", security(("access_token" = [])),
    responses((status = 200, description = "The account", body = api::User), CallerProblems, PassingProblems),
)]
pub(crate) async fn get_me(caller: Caller) -> Json<api::User> {
    Json(caller.account.user())
}
