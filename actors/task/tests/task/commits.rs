//! What a task's commands leave in the database: state, events, reminder rows, and pokes of the clock.

use chrono::Duration;
use contracts::task::{
    CompleteTask, DeleteTask, GetTask, ReopenTask, RestoreTask, TaskRefusal, TaskSnapshot,
};
use domain::{Priority, TaskPatch, Title, UserId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Task, World, at, before, in_minutes, zone};

fn patch(change: impl FnOnce(&mut TaskPatch)) -> TaskPatch {
    let mut patch = TaskPatch::default();
    change(&mut patch);
    patch
}

#[sqlx::test(migrations = false)]
async fn creating_commits_state_event_rows_and_poke_together(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    let snapshot = task.create(Some(in_minutes(60)), vec![before("PT10M"), before("PT0S")]).await;
    assert_eq!((snapshot.version, snapshot.task.title().as_str()), (1, "Water the plants"));
    assert_eq!(world.rows(&task).await, [(1, "pending"), (1, "pending")]);
    assert_eq!(world.outbox().await, ["task.created", "check"]);
}

#[sqlx::test(migrations = false)]
async fn a_task_without_reminders_pokes_nobody(pool: PgPool) {
    let world = World::new(pool).await;
    world.task().create(None, vec![]).await;
    assert_eq!(world.outbox().await, ["task.created"]);
}

#[sqlx::test(migrations = false)]
async fn moving_the_due_time_starts_a_new_generation(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(Some(in_minutes(60)), vec![before("PT10M")]).await;
    task.edit(patch(|patch| patch.due = Some(Some(in_minutes(90))))).await.expect("moves");
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "pending")]);
    assert_eq!(world.outbox().await, ["task.created", "check", "task.updated", "check"]);
}

#[sqlx::test(migrations = false)]
async fn a_new_title_reaches_the_pending_row_and_pokes_nobody(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(Some(in_minutes(60)), vec![before("PT10M")]).await;
    let title = Title::parse("Feed the cat").expect("a title");
    task.edit(patch(|patch| patch.title = Some(title))).await.expect("edits");
    assert_eq!(world.rows(&task).await, [(1, "pending")]);
    let row: String =
        sqlx::query_scalar("SELECT title FROM reminder").fetch_one(&world.pool).await.expect("reads");
    assert_eq!(row, "Feed the cat");
    assert_eq!(world.outbox().await, ["task.created", "check", "task.updated"]);
}

#[sqlx::test(migrations = false)]
async fn completing_and_deleting_clear_and_reopening_and_restoring_arm_again(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(Some(in_minutes(60)), vec![before("PT10M")]).await;
    let user = world.user;
    task.send(&CompleteTask { user, via: None, if_version: None }).await.expect("completes");
    assert_eq!(world.rows(&task).await, [(1, "cleared")]);
    task.send(&ReopenTask { user, via: None, if_version: None, zone: zone() }).await.expect("reopens");
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "pending")]);
    task.send(&DeleteTask { user, via: None, if_version: None }).await.expect("deletes");
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "cleared")]);
    task.send(&RestoreTask { user, via: None, if_version: None, zone: zone() }).await.expect("restores");
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "cleared"), (3, "pending")]);
}

#[sqlx::test(migrations = false)]
async fn a_row_that_has_fired_does_not_come_back(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(None, vec![at(chrono::TimeDelta::seconds(-1))]).await;
    assert_eq!(world.check().await, 1);
    let priority = patch(|patch| patch.priority = Some(Priority::High));
    task.edit(priority).await.expect("edits");
    assert_eq!(world.rows(&task).await, [(1, "fired")]);
    assert_eq!(world.check().await, 0);
}

#[sqlx::test(migrations = false)]
async fn what_changes_nothing_commits_nothing_but_its_answer(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(None, vec![]).await;
    let user = world.user;
    let done = task.send(&CompleteTask { user, via: None, if_version: None }).await.expect("completes");
    let again =
        task.send(&CompleteTask { user, via: None, if_version: None }).await.expect("is done already");
    assert_eq!((done.version, again.version), (2, 2));
    assert_eq!(world.outbox().await, ["task.created", "task.completed"]);
}

#[sqlx::test(migrations = false)]
async fn commands_are_refused_with_a_reason(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    let user = world.user;
    let missing = task.send(&CompleteTask { user, via: None, if_version: None }).await;
    assert_eq!(missing, Err(TaskRefusal::NotFound), "nothing was created yet");
    task.create(None, vec![]).await;
    let stranger = UserId(Uuid::from_u128(99));
    let foreign = task.send(&CompleteTask { user: stranger, via: None, if_version: None }).await;
    assert_eq!(foreign, Err(TaskRefusal::NotFound), "a stranger cannot tell it exists");
    let stale = task.send(&CompleteTask { user, via: None, if_version: Some(7) }).await;
    assert_eq!(stale, Err(TaskRefusal::VersionMismatch { current: 1 }));
    task.send(&DeleteTask { user, via: None, if_version: Some(1) }).await.expect("deletes");
    let deleted = task.send(&CompleteTask { user, via: None, if_version: None }).await;
    assert_eq!(deleted, Err(TaskRefusal::Deleted));
    assert_eq!(task.read(&GetTask { user }).await, Err(TaskRefusal::Deleted));
}

#[sqlx::test(migrations = false)]
async fn a_creation_that_is_no_longer_remembered_still_makes_one_task(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    let first = task.create(None, vec![]).await;
    sqlx::query("DELETE FROM actor_command").execute(&world.pool).await.expect("forgets");
    let again: TaskSnapshot = task.create(None, vec![]).await;
    assert_eq!(first, again);
    assert_eq!(world.outbox().await, ["task.created"]);
}

/// Completing a task and its reminder's firing meet: either comes first, and each row and its
/// events agree about which.
#[sqlx::test(migrations = false)]
async fn a_task_and_its_clock_may_race(pool: PgPool) {
    let world = World::new(pool).await;
    for _ in 0..20 {
        let mut task: Task = world.task();
        task.create(None, vec![at(Duration::milliseconds(-5)), at(Duration::milliseconds(-3))]).await;
        let user = world.user;
        let complete = CompleteTask { user, via: None, if_version: None };
        let (completed, _) = tokio::join!(task.send(&complete), world.check());
        completed.expect("completes");
        let statuses: Vec<_> = world.rows(&task).await.into_iter().map(|(_, status)| status).collect();
        assert!(statuses.iter().all(|status| *status != "pending"), "{statuses:?}");
        let fired = statuses.iter().filter(|status| **status == "fired").count();
        assert_eq!(world.events_of(&task, "reminder.due").await, fired);
    }
}
