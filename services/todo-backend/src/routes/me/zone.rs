//! `POST /api/v1/me/zone/preview`: what another time zone would move.

use axum::extract::State;
use contracts::api;
use domain::{Due, Task, Transition, UserZone, Violations, Zone};
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    input::Found,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    zone_moves,
};

/// As many moves are listed; the others are counted.
const LISTED: usize = 100;

/// Says what moves if the account's time zone is changed to this one. It changes nothing.
#[utoipa::path(
    post, path = "/api/v1/me/zone/preview", tag = "account", security(("access_token" = [])),
    request_body = api::ZoneInput,
    responses(
        (status = 200, description = "What moves", body = api::ZonePreview),
        CallerProblems, BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn preview_zone(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Json<api::ZonePreview>, Problem> {
    let zone = read(body)?;
    let next = UserZone { zone, version: caller.zone.version + 1, ..caller.zone };
    let now = app.clock.now();
    let (mut tasks, mut moves) = (0, Vec::new());
    zone_moves::following(&app.pool, caller.id, |task| {
        let moved = moved(&task, next, now);
        tasks += u32::from(!moved.is_empty());
        moves.extend(moved);
    })
    .await?;
    moves.sort_by_key(|moved| (moved.after, moved.reminder_id));
    let reminders = u32::try_from(moves.len()).unwrap_or(u32::MAX);
    moves.truncate(LISTED);
    let today = Due::AllDay { date: zone.local(now).date() };
    Ok(Json(api::ZonePreview {
        from: caller.account.time_zone.clone(),
        to: zone.name().to_owned(),
        today_begins: api::BeforeAfter { before: today.instant(&caller.zone), after: today.instant(&next) },
        tasks,
        reminders,
        moves,
    }))
}

/// What the task's own turn would do: the reminders that fire at another instant then.
fn moved(task: &Task, zone: UserZone, now: chrono::DateTime<chrono::Utc>) -> Vec<api::ZoneMove> {
    let Ok(Transition::Changed { task: next, .. }) = task.clone().follow_zone(zone, now) else {
        return Vec::new();
    };
    let pairs = task.reminders().iter().zip(next.reminders());
    let moved = pairs.filter_map(|(before, after)| {
        Some((before.fires_at?, after)).filter(|(at, after)| Some(*at) != after.fires_at)
    });
    moved
        .filter_map(|(before, after)| {
            Some(api::ZoneMove {
                task_id: task.id().0,
                title: task.title().to_string(),
                reminder_id: after.id.0,
                before,
                after: after.fires_at?,
            })
        })
        .collect()
}

fn read(body: Value) -> Result<Zone, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let zone = found.required(&mut body, "time_zone", Zone::parse);
    found.unknown_members(body, &[]);
    found.finish(zone)
}
