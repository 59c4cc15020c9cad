//! `GET /api/v1/me`: whose access token it is; and below it, what they change about their account.

mod calendar;
mod delete;
mod edit;
mod email;
mod export;
mod password;
mod sessions;
mod tokens;
mod totp;
mod verification;
mod zone;

use contracts::api;
use platform::Json;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    scope::ReadAccount,
};

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_me, edit::edit_me, delete::delete_me))
        .routes(routes!(export::export_me))
        .routes(routes!(zone::preview_zone))
        .routes(routes!(password::change_password))
        .routes(routes!(email::change_email))
        .routes(routes!(verification::send_verification))
        .routes(routes!(calendar::get_calendar, calendar::renew_calendar, calendar::end_calendar))
        .merge(totp::endpoints())
        .routes(routes!(sessions::list_sessions, sessions::end_other_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
}

/// The account of the access token.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "account", security(("access_token" = []), ("api_token" = ["account:read"])),
    responses((status = 200, description = "The account", body = api::User), CallerProblems, PassingProblems),
)]
pub(crate) async fn get_me(caller: Caller<ReadAccount>) -> Json<api::User> {
    Json(caller.account.user())
}
