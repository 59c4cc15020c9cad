//! Events that are missing, doubled or made up, and versions that are missing.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    history::{DAILY, DAILY_SERIES, LETTER_REMINDER, PLANTS, PLANTS_REMINDER, firing, instance, task},
    world::{ADA, Row, World},
};

#[sqlx::test(migrations = false)]
async fn a_dropped_event(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql(format!("DELETE FROM audit.entry WHERE task_id = '{PLANTS}' AND version = 2")).await;
    assert_eq!(world.broken().await, [("event-lost", format!("{} version 2", task(PLANTS)))]);
}

#[sqlx::test(migrations = false)]
async fn a_doubled_event(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(format!(
            "INSERT INTO audit.entry SELECT gen_random_uuid(), topic, type, task_id, user_id, version, at, data
             FROM audit.entry WHERE task_id = '{PLANTS}' AND version = 2"
        ))
        .await;
    assert_eq!(world.broken().await, [("event-doubled", format!("{} version 2", task(PLANTS)))]);
}

#[sqlx::test(migrations = false)]
async fn an_event_of_a_version_that_never_was(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let data = json!({"task_id": PLANTS, "user_id": ADA, "version": 5, "title": "plants 3"});
    world.audit("task-events", "task.reopened", data).await;
    let found = world.broken().await;
    assert_eq!(found, [("event-unfounded", format!("{} version 5", task(PLANTS)))]);
}

#[sqlx::test(migrations = false)]
async fn a_version_gap(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(PLANTS, "plants 3");
    row.done = true;
    world.store(&row).await;
    row.title = "plants 4".into();
    world.commit("task.updated", &["title"], &row).await;
    world.accepted(checker::log::Operation::retitle(PLANTS, "plants 4"), Some(6), Some(row.shown()));
    assert_eq!(world.broken().await, [("version-gap", task(PLANTS))]);
}

#[sqlx::test(migrations = false)]
async fn a_firing_that_is_not_audited(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let sql = format!(
        "DELETE FROM audit.entry WHERE type = 'reminder.fired' AND data ->> 'reminder_id' = '{PLANTS_REMINDER}'"
    );
    world.sql(sql).await;
    assert_eq!(world.broken().await, [("event-lost", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_firing_of_what_was_cleared(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let data = json!({"reminder_id": LETTER_REMINDER, "generation": 1, "task_id": crate::history::LETTER});
    world.audit("audit-logs", "reminder.fired", data).await;
    assert_eq!(world.broken().await, [("event-unfounded", firing(LETTER_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_delivery_that_is_audited_as_something_else(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    world.audit("audit-logs", "notification.superseded", json!({"delivery_id": id})).await;
    assert_eq!(world.broken().await, [("event-unfounded", format!("delivery {id}"))]);
}

#[sqlx::test(migrations = false)]
async fn a_delivery_that_is_not_audited(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    world.sql(format!("DELETE FROM audit.entry WHERE data ->> 'delivery_id' = '{id}'")).await;
    assert_eq!(world.broken().await, [("event-lost", format!("delivery {id}"))]);
}

#[sqlx::test(migrations = false)]
async fn a_decision_that_is_not_audited(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql(format!("DELETE FROM audit.entry WHERE data ->> 'series_id' = '{DAILY_SERIES}'")).await;
    assert_eq!(world.broken().await, [("event-lost", instance(DAILY, DAILY_SERIES))]);
}
