//! Recurring tasks: a next instance missing, doubled, too early, or still there.

use checker::log::Operation;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    history::{
        AGAIN, AGAIN_NEXT, AGAIN_SERIES, DAILY, DAILY_NEXT, DAILY_SERIES, ONCE, ONCE_SERIES, instance,
    },
    world::{Row, World},
};

async fn forget_task(world: &World, task: Uuid) {
    world.sql(format!("DELETE FROM task WHERE id = '{task}'")).await;
    world.sql(format!("DELETE FROM audit.entry WHERE task_id = '{task}'")).await;
}

#[sqlx::test(migrations = false)]
async fn a_missing_next_instance(pool: PgPool) {
    let world = World::consistent(&pool).await;
    forget_task(&world, DAILY_NEXT).await;
    assert_eq!(world.broken().await, [("next-instance-missing", instance(DAILY, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_completion_nobody_decided_on(pool: PgPool) {
    let world = World::consistent(&pool).await;
    forget_task(&world, DAILY_NEXT).await;
    world.sql(format!("DELETE FROM recurrence_ledger WHERE series_id = '{DAILY_SERIES}'")).await;
    world.sql(format!("DELETE FROM audit.entry WHERE data ->> 'series_id' = '{DAILY_SERIES}'")).await;
    assert_eq!(world.broken().await, [("next-instance-missing", instance(DAILY, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_next_instance_that_went_to_the_trash_by_itself(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut next = Row::new(DAILY_NEXT, "daily 1");
    next.series = Some((DAILY_SERIES, 2));
    next.deleted = true;
    world.commit("task.deleted", &[], &next).await;
    assert_eq!(world.broken().await, [("next-instance-missing", instance(DAILY, DAILY_SERIES))]);
    world.accepted(Operation::Delete { task: DAILY_NEXT }, None, None);
    assert_eq!(world.broken().await, [], "a person may put it there");
}

#[sqlx::test(migrations = false)]
async fn two_next_instances(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut other = Row::new(world.id(), "daily 1");
    other.series = Some((DAILY_SERIES, 2));
    world.commit("task.created", &[], &other).await;
    assert_eq!(world.broken().await, [("next-instance-doubled", instance(other.id, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_next_instance_that_is_another_occurrence_than_planned(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let sql = "UPDATE recurrence_ledger SET occurrence = '2026-01-03 09:00' WHERE next_id = ";
    world.sql(format!("{sql}'{DAILY_NEXT}'")).await;
    assert_eq!(world.broken().await, [("ledger-differs", instance(DAILY_NEXT, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_next_instance_of_an_open_one(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let following =
        Row { id: world.id(), series: Some((DAILY_SERIES, 2)), ..Row::new(DAILY_NEXT, "daily 1") };
    world.commit("task.created", &[], &following).await;
    world.decide(DAILY_SERIES, DAILY_NEXT, following.id, "created").await;
    assert_eq!(world.broken().await, [("next-instance-unasked", instance(DAILY_NEXT, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_withdrawn_instance_that_is_still_there(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut next = Row::new(AGAIN_NEXT, "again 1");
    next.series = Some((AGAIN_SERIES, 2));
    world.commit("task.restored", &[], &next).await;
    assert_eq!(world.broken().await, [("instance-not-withdrawn", instance(AGAIN, AGAIN_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_series_beyond_its_count(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let next: Uuid = sqlx::query_scalar("SELECT next_id FROM recurrence_ledger WHERE predecessor = $1")
        .bind(ONCE)
        .fetch_one(&pool)
        .await
        .unwrap();
    let row = Row { series: Some((ONCE_SERIES, 2)), ..Row::new(next, "once 1") };
    world.commit("task.created", &[], &row).await;
    world.sql(format!("DELETE FROM recurrence_ledger WHERE series_id = '{ONCE_SERIES}'")).await;
    world.decide(ONCE_SERIES, ONCE, next, "created").await;
    assert_eq!(world.broken().await, [("series-overran", format!("series {ONCE_SERIES}"))]);
}

#[sqlx::test(migrations = false)]
async fn a_series_that_ended_without_reason(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut task = Row::new(AGAIN, "again 1");
    task.series = Some((AGAIN_SERIES, 1));
    task.done = true;
    world.commit("task.completed", &[], &task).await;
    world.accepted(Operation::Complete { task: AGAIN }, Some(4), Some(task.shown()));
    world.sql(format!("DELETE FROM recurrence_ledger WHERE series_id = '{AGAIN_SERIES}'")).await;
    world.decide(AGAIN_SERIES, AGAIN, AGAIN_NEXT, "over").await;
    assert_eq!(world.broken().await, [("series-ended-early", format!("series {AGAIN_SERIES}"))]);
}
