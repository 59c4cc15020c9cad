//! Reminders that fired early, twice, in vain, or not at all.

use checker::log::Operation;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    history::{LETTER, LETTER_REMINDER, PLANTS, PLANTS_REMINDER, ROOF, ROOF_REMINDER, firing},
    world::{Row, World, at},
};

#[sqlx::test(migrations = false)]
async fn an_early_reminder(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let sql = "UPDATE reminder SET fired_at = fires_at - interval '1 ms' WHERE reminder_id = ";
    world.sql(format!("{sql}'{PLANTS_REMINDER}'")).await;
    assert_eq!(world.broken().await, [("reminder-early", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_before_the_time_people_were_shown(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let shift = "fires_at = fires_at - interval '5 s', fired_at = fired_at - interval '5 s'";
    world.sql(format!("UPDATE reminder SET {shift} WHERE reminder_id = '{PLANTS_REMINDER}'")).await;
    let found = world.broken().await;
    let lost = format!("reminder {PLANTS_REMINDER} at {}", at(100));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], ("promised-reminder-lost", lost), "nothing fired at the time that was shown");
    assert_eq!(found[1], ("reminder-early", firing(PLANTS_REMINDER, 1)));
}

#[sqlx::test(migrations = false)]
async fn a_reminder_fired_twice(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let data = json!({"reminder_id": PLANTS_REMINDER, "generation": 1, "task_id": PLANTS});
    world.audit("audit-logs", "reminder.fired", data).await;
    assert_eq!(world.broken().await, [("reminder-fired-twice", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_never_fired(pool: PgPool) {
    let world = World::consistent(&pool).await;
    // Set, and its time came; nobody looked.
    world.forget_firing(LETTER_REMINDER).await;
    world.sql(format!("UPDATE reminder SET status = 'pending', fired_at = NULL WHERE reminder_id = '{LETTER_REMINDER}' AND generation = 2")).await;
    assert_eq!(world.broken().await, [("reminder-lost", firing(LETTER_REMINDER, 2))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_that_was_cleared_though_it_is_wanted(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql(format!("UPDATE reminder SET status = 'cleared' WHERE reminder_id = '{ROOF_REMINDER}'")).await;
    assert_eq!(world.broken().await, [("reminder-lost", firing(ROOF_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_without_a_row(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql(format!("DELETE FROM reminder WHERE reminder_id = '{ROOF_REMINDER}'")).await;
    assert_eq!(world.broken().await, [("reminder-lost", firing(ROOF_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_that_was_shown_and_forgotten_by_its_task(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.forget_firing(PLANTS_REMINDER).await;
    world.sql(format!("DELETE FROM reminder WHERE reminder_id = '{PLANTS_REMINDER}'")).await;
    let subject = format!("reminder {PLANTS_REMINDER} at {}", at(100));
    assert_eq!(world.broken().await, [("promised-reminder-lost", subject)]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_of_a_closed_task_that_stays_pending(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(ROOF, "roof 1");
    row.done = true;
    world.commit("task.completed", &[], &row).await;
    world.accepted(Operation::Complete { task: ROOF }, Some(4), Some(row.shown()));
    assert_eq!(world.broken().await, [("reminder-unwanted", firing(ROOF_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_reminder_that_fired_after_its_task_was_done(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let late = world.now() - chrono::TimeDelta::seconds(60);
    world
        .sql(format!("UPDATE reminder SET fired_at = '{late}' WHERE reminder_id = '{PLANTS_REMINDER}'"))
        .await;
    assert_eq!(world.broken().await, [("reminder-unwanted", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn the_first_time_of_a_moved_reminder_is_not_missed(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let row: String = sqlx::query_scalar("SELECT status FROM reminder WHERE task_id = $1 AND generation = 1")
        .bind(LETTER)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!((row.as_str(), world.broken().await), ("cleared", vec![]));
}
