//! `PATCH /api/v1/me`: another time zone.

use axum::extract::State;
use contracts::api;
use domain::{Violations, Zone};
use platform::{Json, Problem};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    accounts,
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input::Found,
    once::{Change, once},
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    tokens, zone_moves,
};

/// Members that an account shows but that are changed elsewhere.
const READ_ONLY: [&str; 4] = ["id", "email", "email_verified", "totp"];

/// Changes the account's time zone, by a JSON merge patch (RFC 7396).
///
/// All-day tasks and their reminders follow, within seconds and each once; `POST /me/zone/preview` says which. Times
/// with a zone of their own stay where they are.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "account", security(("access_token" = [])),
    request_body(content(
        (api::UserPatch = "application/merge-patch+json"),
        (api::UserPatch = "application/json"),
    )),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "The account", body = api::User),
        CallerProblems, BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn edit_me(
    State(app): State<App>,
    caller: Caller,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Json<api::User>, Problem> {
    let zone = read(body)?;
    let command = idempotency.key.is_some().then(|| idempotency.command_id(caller.id, app.ids.as_ref()));
    let change = Change { kind: "account", owner: caller.id.to_string(), command };
    let name = zone.map(Zone::name);
    let user = once(&app.pool, change, &name, async |db: &mut PgConnection| {
        change_zone(db, caller.account.id, name).await
    });
    let user = user.await?.ok_or_else(|| tokens::invalid("The account of this access token is gone."))?;
    // It may have moved; who finds nothing to do rests again.
    app.zone_moves.wake();
    Ok(Json(user))
}

/// None if the account is gone.
async fn change_zone(
    db: &mut PgConnection,
    user: Uuid,
    zone: Option<&str>,
) -> Result<Option<api::User>, sqlx::Error> {
    let Some(mut account) = accounts::lock(db, user).await? else { return Ok(None) };
    if let Some(zone) = zone.filter(|zone| *zone != account.time_zone) {
        account.time_zone = zone.to_owned();
        account.zone_version += 1;
        sqlx::query("UPDATE app_user SET time_zone = $2, zone_version = $3 WHERE id = $1")
            .bind(account.id)
            .bind(&account.time_zone)
            .bind(account.zone_version)
            .execute(&mut *db)
            .await?;
        zone_moves::begin(db, account.id, account.zone_version).await?;
    }
    Ok(Some(account.user()))
}

fn read(body: Value) -> Result<Option<Zone>, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let zone = match body.take_nullable("time_zone") {
        Some(Some(value)) => found.parsed("time_zone", value, Zone::parse),
        Some(None) => {
            found.report("time_zone", "required", "An account has a time zone.");
            None
        }
        None => None,
    };
    found.unknown_members(body, &READ_ONLY);
    found.finish(Some(zone))
}

#[cfg(test)]
mod tests;
