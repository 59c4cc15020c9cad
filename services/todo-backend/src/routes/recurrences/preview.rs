//! `POST /api/v1/recurrences/preview`: what a rule means, for anybody.

use axum::extract::State;
use chrono::NaiveTime;
use contracts::api;
use domain::{UserZone, Zone};
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    input::recurrence::{self, PreviewOf},
    openapi::{BodyProblems, PassingProblems},
};

/// Lists occurrences of a rule, and tells it in words. No access token is needed.
///
/// A time that the zone skips is later by the gap and `shifted`; one that it repeats is its first occurrence.
#[utoipa::path(
    post, path = "/api/v1/recurrences/preview", tag = "recurrences", request_body = api::PreviewInput,
    responses(
        (status = 200, description = "A part of the series", body = api::Preview), BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn preview_recurrence(
    State(app): State<App>,
    Json(body): Json<Value>,
) -> Result<Json<api::Preview>, Problem> {
    let preview = app.previews.run(move || {
        let PreviewOf { series, skip, count } = recurrence::preview(body)?;
        // Whose days they are is not known, so a date is told by its midnight in UTC.
        let nobody = UserZone { day_start: NaiveTime::MIN, ..UserZone::new(Zone::UTC, 0) };
        Ok(api::Preview::of(&series, &series.preview(&nobody, skip, count)))
    });
    preview.await?.map(Json)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend};

    async fn preview(backend: &Backend, body: Value) -> Answer {
        backend.post("/api/v1/recurrences/preview", body).await
    }

    #[sqlx::test(migrations = false)]
    async fn shifts_are_flagged_and_the_rule_is_told_in_words(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let answer = preview(
            &backend,
            json!({
                "start": {"at": "2026-03-27T02:30:00", "zone": "Europe/Berlin"}, "rrule": "FREQ=DAILY;COUNT=5",
                "exdates": ["2026-03-28T02:30:00"], "skip": 1, "count": 3,
            }),
        )
        .await;
        let expected = json!({
            "occurrences": [
                {"at": "2026-03-29T03:30:00+02:00", "shifted": true},
                {"at": "2026-03-30T02:30:00+02:00", "shifted": false},
                {"at": "2026-03-31T02:30:00+02:00", "shifted": false},
            ],
            "ends": true, "text": "every day, 5 times",
        });
        assert_eq!((answer.status, answer.body), (200, expected));
    }

    #[sqlx::test(migrations = false)]
    async fn an_all_day_series_is_told_by_its_dates(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let body = json!({"start": {"date": "2026-01-31"}, "rrule": "FREQ=MONTHLY", "count": 2});
        let answer = preview(&backend, body).await;
        let occurrences = json!([
            {"at": "2026-01-31T00:00:00+00:00", "date": "2026-01-31", "shifted": false},
            {"at": "2026-03-31T00:00:00+00:00", "date": "2026-03-31", "shifted": false},
        ]);
        assert_eq!((&answer.body["occurrences"], &answer.body["ends"]), (&occurrences, &json!(false)));
        let body = json!({"start": {"date": "2026-01-31"}, "rrule": "FREQ=DAILY", "rdates": ["2025-12-24"]});
        let answer = preview(&backend, body).await;
        assert_eq!(answer.body["occurrences"].as_array().unwrap().len(), 5);
        assert_eq!(answer.body["occurrences"][0]["date"], "2025-12-24");
    }

    /// The cases that the domain is held to, through the API.
    #[sqlx::test(migrations = false)]
    async fn every_vector_is_answered_as_five_engines_do(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let vectors: Vec<Value> = serde_json::from_str(include_str!(
            "../../../../../crates/domain/tests/data/recurrence-vectors.json"
        ))
        .unwrap();
        let mut answered = 0;
        for vector in &vectors {
            let answer = preview(
                &backend,
                json!({
                    "start": {"at": vector["dtstart_local"], "zone": vector["tz"]}, "rrule": vector["rrule"],
                    "exdates": vector["exdates"], "skip": vector["skip"], "count": vector["n"],
                }),
            )
            .await;
            let rule = vector["rrule"].as_str().unwrap();
            if rule.contains("MINUTELY") || rule.contains("SECONDLY") {
                assert_eq!(answer.status, 422, "{rule}");
                continue;
            }
            assert_eq!(answer.status, 200, "{}: {}", vector["id"], answer.body);
            let occurrences = answer.body["occurrences"].as_array().unwrap();
            let instants: Vec<_> = occurrences.iter().map(|occurrence| occurrence["at"].clone()).collect();
            assert_eq!(Value::from(instants), vector["expected"], "{}", vector["id"]);
            let fewer = vector["expected"].as_array().unwrap().len() < vector["n"].as_u64().unwrap() as usize;
            assert!(!fewer || answer.body["ends"] == true, "{}", vector["id"]);
            answered += 1;
        }
        assert!(answered > 100, "only {answered} of {} were answered", vectors.len());
    }

    #[sqlx::test(migrations = false)]
    async fn what_is_wrong_is_named(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let good = json!({"start": {"at": "2026-01-01T09:00:00", "zone": "UTC"}, "rrule": "FREQ=DAILY"});
        let many: Vec<_> = (0..1001).map(|_| "2026-01-01T09:00:00").collect();
        for (member, value, field) in [
            ("start", Value::Null, "start"),
            ("start", json!("2026-01-01"), "start"),
            ("start", json!({"at": "2026-01-01T09:00:00"}), "start"),
            ("start", json!({"at": "2026-01-01T09:00:00", "zone": "Mars"}), "start.zone"),
            ("start", json!({"at": "2026-01-01T09:00:00Z", "zone": "UTC"}), "start.at"),
            ("start", json!({"date": "2026-02-30"}), "start.date"),
            ("start", json!({"date": "2026-01-01", "day": 1}), "start.day"),
            ("rrule", Value::Null, "rrule"),
            ("rrule", json!(""), "rrule"),
            ("rrule", json!(7), "rrule"),
            ("rrule", json!("nonsense\u{0}"), "rrule"),
            ("exdates", json!("2026-01-01T09:00:00"), "exdates"),
            ("exdates", json!(["2026-01-01T09:00:00", "2026-01-01"]), "exdates[1]"),
            ("exdates", json!(["2026-01-01T09:00:00", null]), "exdates[1]"),
            ("rdates", json!(["x"]), "rdates[0]"),
            ("rdates", json!(many), "rdates"),
            ("skip", json!(-1), "skip"),
            ("skip", json!(50_001), "skip"),
            ("skip", json!("1"), "skip"),
            ("count", json!(501), "count"),
            ("count", json!(1.5), "count"),
            ("count", json!(u64::MAX), "count"),
            ("dtstart", json!("x"), "dtstart"),
        ] {
            let mut body = good.clone();
            body[member] = value;
            let answer = preview(&backend, body.clone()).await;
            assert_eq!((answer.status, answer.kind()), (422, "/api/problems/invalid"), "{body}");
            assert_eq!(answer.fields(), [field], "{body}");
        }
        let both = preview(&backend, json!({"start": {}, "rrule": "FREQ=FORTNIGHTLY"})).await;
        assert_eq!(both.fields(), ["start", "rrule"]);
        let large = json!({"rrule": "x".repeat(64 * 1024)});
        assert_eq!(preview(&backend, large).await.status, 413);
        assert_eq!(preview(&backend, json!([])).await.status, 422);
        assert_eq!(backend.request("GET", "/api/v1/recurrences/preview").send().await.status, 405);
    }

    #[sqlx::test(migrations = false)]
    async fn a_rule_that_would_cost_too_much_is_refused_at_once_and_its_part_is_named(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let numbers = |to: u32| (0..to).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let times = format!("BYHOUR={};BYMINUTE={};BYSECOND={}", numbers(24), numbers(60), numbers(60));
        for (rule, part) in [
            ("FREQ=SECONDLY".to_owned(), "FREQ"),
            ("FREQ=MINUTELY;INTERVAL=30".to_owned(), "FREQ"),
            ("FREQ=DAILY;INTERVAL=0".to_owned(), "INTERVAL"),
            ("FREQ=DAILY;COUNT=4294967295".to_owned(), "COUNT"),
            ("FREQ=DAILY;BYMONTH=13".to_owned(), "BYMONTH"),
            (format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;{times}"), "BYHOUR"),
            (format!("FREQ=HOURLY;BYMINUTE={}", numbers(60)), "BYMINUTE"),
        ] {
            let start = json!({"at": "2016-01-01T00:00:00", "zone": "Europe/London"});
            let begun = Instant::now();
            let answer = preview(&backend, json!({"start": start, "rrule": rule})).await;
            let took = begun.elapsed();
            assert_eq!((answer.status, answer.fields()), (422, vec!["rrule".to_owned()]), "{rule}");
            let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(part), "{detail}");
            assert!(took.as_millis() < 50, "{rule}: {took:?}");
        }
    }
}
