//! `GET /api/v1/calendar/{token}.ics`: a person's open tasks for a calendar program. The address is the key.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use domain::{UserId, UserZone, Zone};
use exchange::ical::{self, Calendar};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use platform::{Problem, problem};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    app::App,
    openapi::{ParameterProblems, PassingProblems},
    secret::Secret,
    tasks,
};

/// The newest open tasks; a calendar program reads all of them each time.
const MOST: i64 = 5_000;

/// The open tasks as iCalendar, the newest 5,000. Programs ask again with `If-None-Match`.
#[utoipa::path(
    get, path = "/api/v1/calendar/{file}", tag = "tasks", operation_id = "calendar",
    params(
        ("file" = String, Path, description = "The address that `POST /me/calendar` told: a token and `.ics`"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the program has"),
    ),
    responses(
        (status = 200, description = "VTODOs of RFC 5545", body = String, content_type = "text/calendar", headers(
            ("ETag" = String, description = "Of this content"),
        )),
        (status = 304, description = "Nothing has changed"),
        (status = 404, description = "There is no such calendar", body = problem::Body, content_type = problem::MEDIA_TYPE),
        ParameterProblems, PassingProblems,
    ),
)]
pub(crate) async fn calendar(
    State(app): State<App>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(file) = file.map_err(|wrong| Problem::invalid("file", "invalid_path", wrong.body_text()))?;
    let no_such = || Problem::not_found("There is no calendar at this address.");
    let secret = file.strip_suffix(".ics").and_then(Secret::decode).ok_or_else(no_such)?;
    let find = "SELECT u.id, u.time_zone FROM calendar_feed f JOIN app_user u ON u.id = f.user_id WHERE f.token_hash = $1";
    let found: Option<(Uuid, String)> =
        sqlx::query_as(find).bind(secret.hash()).fetch_optional(&app.pool).await?;
    let (user, zone) = found.ok_or_else(no_such)?;
    let zone = Zone::parse(&zone).map_err(Problem::internal)?;
    let tasks = tasks::of_owner(&app.pool, UserId(user), Some(false), None, MOST).await?;
    let calendar = Calendar { name: "Almanac", tasks: &tasks, user: &UserZone::new(zone, 0) };
    let text = ical::write(calendar);
    let digest = Sha256::digest(text.as_bytes());
    let tag = format!("\"{}\"", crate::secret::encode(&digest[..16]));
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|given| given.to_str().ok());
    let mut tags = given.flat_map(|given| given.split(',')).map(|one| one.trim().trim_start_matches("W/"));
    let known = tags.any(|one| one == "*" || one == tag);
    let tag = HeaderValue::from_str(&tag).map_err(Problem::internal)?;
    let common =
        [(header::ETAG, tag), (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"))];
    Ok((common, kind, text).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn the_address_is_the_key_and_a_new_one_ends_it(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let me = async |method| backend.request(method, "/api/v1/me/calendar").token(&ada.token).send().await;
        assert_eq!(me("GET").await.body, json!({"enabled": false, "created_at": null}));
        let first = me("POST").await;
        assert_eq!(first.status, 201);
        let path = first.body["path"].as_str().unwrap();
        ada.create(&backend, "Water the plants").await;
        let read = backend.request("GET", path).send().await;
        assert_eq!(
            (read.status, &read.headers["content-type"]),
            (200, &"text/calendar; charset=utf-8".parse().unwrap())
        );
        assert!(read.text.contains("SUMMARY:Water the plants\r\n"), "{}", read.text);

        let second = me("POST").await;
        assert_eq!(backend.request("GET", path).send().await.status, 404);
        let path = second.body["path"].as_str().unwrap();
        assert_eq!(backend.request("GET", path).send().await.status, 200);
        assert_eq!(me("GET").await.body["enabled"], true);
        assert_eq!(me("DELETE").await.status, 204);
        for path in [path, "/api/v1/calendar/x.ics", "/api/v1/calendar/x", "/api/v1/calendar/%00.ics"] {
            let gone = backend.request("GET", path).send().await;
            assert_eq!((gone.status, gone.kind()), (404, "/api/problems/not-found"), "{path}");
        }
        assert_eq!(backend.request("GET", "/api/v1/calendar/%ff.ics").send().await.fields(), ["file"]);
    }

    #[sqlx::test(migrations = false)]
    async fn what_has_not_changed_is_not_sent_again(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let address = backend.request("POST", "/api/v1/me/calendar").token(&ada.token).send().await;
        let path = address.body["path"].as_str().unwrap();
        let task = ada.create(&backend, "Water the plants").await;
        let tag = backend.request("GET", path).send().await.headers["etag"].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let read = backend.request("GET", path).header("if-none-match", &known).send().await;
            assert_eq!((read.status, read.text.as_str()), (304, ""), "{known}");
        }
        let delete = backend.request("DELETE", &task).token(&ada.token).send().await;
        assert_eq!(delete.status, 204);
        let read = backend.request("GET", path).header("if-none-match", &tag).send().await;
        assert_eq!((read.status, read.text.contains("VTODO")), (200, false));
    }
}
