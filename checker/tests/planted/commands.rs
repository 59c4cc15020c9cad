//! Commands that were lost, doubled, or answered out of order.

use checker::log::Operation;
use sqlx::PgPool;

use crate::{
    history::{LETTER, PLANTS, ROOF, ROOF_REMINDER, operation, task},
    world::{Row, World},
};

#[sqlx::test(migrations = false)]
async fn a_lost_update(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    // Two owners answered version 2; the other one's is stored.
    let lost = world.accepted(Operation::retitle(LETTER, "letter 9"), Some(3), None);
    assert_eq!(world.broken().await, [("accepted-command-lost", operation(lost, "edit"))]);
}

#[sqlx::test(migrations = false)]
async fn an_update_that_the_database_forgot(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let lost = world.accepted(Operation::retitle(LETTER, "letter 9"), Some(4), None);
    assert_eq!(world.broken().await, [("accepted-command-lost", operation(lost, "edit"))]);
}

#[sqlx::test(migrations = false)]
async fn an_accepted_creation_that_is_missing(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let id = world.id();
    let lost = world.accepted(Operation::create("boat 1"), Some(1), Some(Row::new(id, "boat 1").shown()));
    assert_eq!(world.broken().await, [("accepted-command-lost", operation(lost, "create"))]);
}

#[sqlx::test(migrations = false)]
async fn a_deletion_that_never_happened(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let lost = world.accepted(Operation::Delete { task: LETTER }, None, None);
    assert_eq!(world.broken().await, [("accepted-command-lost", operation(lost, "delete"))]);
}

#[sqlx::test(migrations = false)]
async fn an_edit_carried_out_again_after_the_next(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(PLANTS, "plants 2");
    row.done = true;
    world.commit("task.updated", &["title"], &row).await;
    let edit = format!("{} of {}", operation(2, "edit"), task(PLANTS));
    assert_eq!(world.broken().await, [("applied-twice", edit)]);
}

#[sqlx::test(migrations = false)]
async fn a_timeout_carried_out_twice(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(LETTER, "letter 3");
    row.armed =
        vec![(crate::history::LETTER_REMINDER, 2, world.fires_at(crate::history::LETTER_REMINDER, 2).await)];
    world.commit("task.updated", &["title"], &row).await;
    assert_eq!(world.broken().await, [], "a timeout may have been carried out");
    row.title = "letter 2".into();
    world.commit("task.updated", &["title"], &row).await;
    let found = world.broken().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "applied-twice");
    assert!(found[0].1.ends_with(&task(LETTER)), "{found:?}");
}

#[sqlx::test(migrations = false)]
async fn a_completion_carried_out_again_after_reopening(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(PLANTS, "plants 3");
    world.commit("task.reopened", &[], &row).await;
    world.accepted(Operation::Reopen { task: PLANTS }, Some(5), Some(row.shown()));
    row.done = true;
    world.commit("task.completed", &[], &row).await;
    let found = world.broken().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "applied-twice");
}

#[sqlx::test(migrations = false)]
async fn a_refusal_that_was_carried_out(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(ROOF, "roof 2");
    row.armed = vec![(ROOF_REMINDER, 1, crate::history::in_years())];
    world.commit("task.updated", &["title"], &row).await;
    let found = world.broken().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "refused-command-applied");
}

#[sqlx::test(migrations = false)]
async fn a_change_nobody_asked_for(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let mut row = Row::new(PLANTS, "stones");
    row.done = true;
    world.commit("task.updated", &["title"], &row).await;
    assert_eq!(world.broken().await, [("change-unasked", task(PLANTS))]);
}

#[sqlx::test(migrations = false)]
async fn a_state_that_is_not_what_its_events_made(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(format!(
            "UPDATE task SET state = jsonb_set(state, '{{title}}', '\"plants 2\"') WHERE id = '{PLANTS}'"
        ))
        .await;
    assert_eq!(world.broken().await, [("state-differs", task(PLANTS))]);
}

#[sqlx::test(migrations = false)]
async fn a_read_that_went_back(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let read = world.accepted(Operation::Read { task: PLANTS }, Some(3), None);
    let subject = format!("{} of {}", operation(read, "read"), task(PLANTS));
    assert_eq!(world.broken().await, [("went-back", subject)]);
}

#[sqlx::test(migrations = false)]
async fn a_read_that_finds_nothing(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let read = world.refused(Operation::Read { task: PLANTS }, 404, "not-found", None);
    let subject = format!("{} of {}", operation(read, "read"), task(PLANTS));
    assert_eq!(world.broken().await, [("went-back", subject)]);
}

#[sqlx::test(migrations = false)]
async fn a_read_that_finds_the_trash_where_the_task_never_was(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let read = world.refused(Operation::Read { task: PLANTS }, 404, "task-deleted", None);
    let subject = format!("{} of {}", operation(read, "read"), task(PLANTS));
    assert_eq!(world.broken().await, [("went-back", subject)]);
}

#[sqlx::test(migrations = false)]
async fn a_read_that_was_under_way_meanwhile_may_be_older(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let read = world.send(Operation::Read { task: LETTER });
    let mut row = Row::new(LETTER, "letter 4");
    row.armed =
        vec![(crate::history::LETTER_REMINDER, 2, world.fires_at(crate::history::LETTER_REMINDER, 2).await)];
    world.commit("task.updated", &["title"], &row).await;
    world.accepted(Operation::retitle(LETTER, "letter 4"), Some(4), None);
    world.answer(read, 3);
    assert_eq!(world.broken().await, []);
}
