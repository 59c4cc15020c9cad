//! What is deleted for good, and what is undone.

use chrono::TimeDelta;
use contracts::task::{
    AddComment, CompleteTask, DeleteTask, FollowZone, GetTask, PurgeTask, ReopenTask, RestoreTask,
    TaskRefusal, UndoTask,
};
use domain::{CommentId, CommentText, Due, TaskId, TaskPatch, Title, UserId, UserZone, Zone};
use sqlx::PgPool;
use virtual_actors::{Clock, IdSource, System};

use crate::support::{Task, World, before, in_minutes, zone};

fn purge(task: &Task) -> PurgeTask {
    PurgeTask { user: task.user, trashed_before: None }
}

fn delete(task: &Task) -> DeleteTask {
    DeleteTask { user: task.user, via: None, if_version: None }
}

fn undo(task: &Task) -> UndoTask {
    UndoTask { user: task.user, via: None, if_version: None, zone: zone() }
}

#[sqlx::test(migrations = false)]
async fn what_is_deleted_for_good_leaves_nothing_and_cannot_be_revived(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(Some(in_minutes(60)), vec![before("PT10M")]).await;
    sqlx::query(
        "INSERT INTO task_comment (id, task_id, author, text, created_at) VALUES ($1, $1, $1, 'x', now())",
    )
    .bind(task.id)
    .execute(&world.pool)
    .await
    .expect("comments");
    assert!(!task.send(&purge(&task)).await.expect("answers").task.is_purged(), "it is not in the trash");
    let message = delete(&task);
    let deleted = task.send(&message).await.expect("deletes").task.deleted_at().expect("a time");
    let early = PurgeTask { trashed_before: Some(deleted), ..purge(&task) };
    assert!(!task.send(&early).await.expect("answers").task.is_purged(), "not that long ago");
    let late = PurgeTask { trashed_before: Some(deleted + TimeDelta::seconds(1)), ..purge(&task) };
    assert!(task.send(&late).await.expect("purges").task.is_purged());

    assert_eq!(world.rows(&task).await, []);
    let comments: i64 =
        sqlx::query_scalar("SELECT count(*) FROM task_comment").fetch_one(&world.pool).await.expect("counts");
    assert_eq!((comments, world.events_of(&task, "task.purged").await), (0, 1));
    let user = task.user;
    let restored = task.send(&RestoreTask { user, via: None, if_version: None, zone: zone() }).await;
    let undone = task.send(&undo(&task)).await;
    let created = task.try_create().await;
    let again = task.send(&purge(&task)).await;
    for answer in [restored, undone, created, again, task.read(&GetTask { user }).await] {
        assert_eq!(answer, Err(TaskRefusal::NotFound));
    }
}

#[sqlx::test(migrations = false)]
async fn what_was_said_on_it_goes_even_if_it_never_had_a_reminder(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut task, mut other) = (world.task(), world.task());
    for task in [&mut task, &mut other] {
        task.create(None, vec![]).await;
        let (id, text) =
            (CommentId(System.next_id()), CommentText::parse("The blue one leaks.").expect("a text"));
        task.send(&AddComment { user: task.user, via: None, id, text }).await.expect("says");
    }
    let message = delete(&task);
    task.send(&message).await.expect("deletes");
    let message = purge(&task);
    assert!(task.send(&message).await.expect("purges").task.is_purged());
    let left: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT task_id FROM task_comment").fetch_all(&world.pool).await.expect("reads");
    assert_eq!(left, [other.id]);
}

/// The zone is not the task's, so its following is no change by a person.
#[sqlx::test(migrations = false)]
async fn what_was_done_before_a_zone_change_can_still_be_undone(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    let due = Due::parse(Some("2050-12-01"), None, None).expect("a day");
    task.create(Some(due), vec![before("PT10M")]).await;
    let title = Some(Title::parse("Feed the cat").expect("a title"));
    task.edit(TaskPatch { title, ..Default::default() }).await.expect("edits");
    let zone = UserZone::new(Zone::parse("America/New_York").expect("a zone"), 2);
    let moved = task.send(&FollowZone { user: task.user, zone }).await.expect("follows");
    assert_eq!((moved.version, world.rows(&task).await), (3, vec![(1, "cleared"), (2, "pending")]));
    let again = task.send(&FollowZone { user: task.user, zone }).await.expect("is there");
    assert_eq!(again.version, 3);
    let by: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT body -> 'data' ->> 'by' FROM actor_outbox WHERE body ->> 'type' = 'task.updated' ORDER BY seq",
    )
    .fetch_all(&world.pool)
    .await
    .expect("reads");
    assert_eq!(by, [Some(task.user.to_string()), None]);
    let message = UndoTask { zone, ..undo(&task) };
    let back = task.send(&message).await.expect("undoes");
    assert_eq!((back.version, back.task.title().as_str()), (4, "Water the plants"));
    let stranger = FollowZone { user: UserId(System.next_id()), zone };
    assert_eq!(task.send(&stranger).await, Err(TaskRefusal::NotFound));
}

#[sqlx::test(migrations = false)]
async fn subtasks_that_went_along_go_for_good_and_others_are_on_their_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut parent, mut along, mut earlier) = (world.task(), world.task(), world.task());
    parent.create(None, vec![]).await;
    for child in [&mut along, &mut earlier] {
        child.create(None, vec![]).await;
        child
            .edit(TaskPatch { parent: Some(Some(TaskId(parent.id))), ..Default::default() })
            .await
            .expect("under");
    }
    let message = delete(&earlier);
    earlier.send(&message).await.expect("deletes");
    let message = delete(&parent);
    parent.send(&message).await.expect("deletes");
    world.relay().await;
    let message = purge(&parent);
    parent.send(&message).await.expect("purges");
    world.relay().await;
    assert!(world.state(&along).await.is_purged());
    let message = RestoreTask { user: earlier.user, via: None, if_version: None, zone: zone() };
    assert_eq!(earlier.send(&message).await.expect("comes back").task.parent(), None);
}

#[sqlx::test(migrations = false)]
async fn undoing_takes_the_reminders_back_too(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(Some(in_minutes(60)), vec![before("PT10M")]).await;
    let message = undo(&task);
    assert_eq!(task.send(&message).await, Err(TaskRefusal::NothingToUndo));
    let title = Some(Title::parse("Feed the cat").expect("a title"));
    task.edit(TaskPatch { title, reminders: Some(vec![]), ..Default::default() }).await.expect("edits");
    assert_eq!(world.rows(&task).await, [(1, "cleared")]);
    let stale = UndoTask { if_version: Some(1), ..undo(&task) };
    assert_eq!(task.send(&stale).await, Err(TaskRefusal::VersionMismatch { current: 2 }));
    let back = task.send(&message).await.expect("undoes");
    assert_eq!((back.version, back.task.title().as_str()), (3, "Water the plants"));
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "pending")]);
    assert_eq!(task.send(&message).await.expect("again").task.title().as_str(), "Feed the cat");
    assert_eq!(world.rows(&task).await, [(1, "cleared"), (2, "cleared")]);
}

#[sqlx::test(migrations = false)]
async fn undoing_a_deletion_brings_the_subtasks_back(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut parent, mut child) = (world.task(), world.task());
    parent.create(None, vec![]).await;
    child.create(None, vec![]).await;
    child
        .edit(TaskPatch { parent: Some(Some(TaskId(parent.id))), ..Default::default() })
        .await
        .expect("under");
    let message = delete(&parent);
    parent.send(&message).await.expect("deletes");
    world.relay().await;
    let message = undo(&child);
    assert_eq!(
        child.send(&message).await,
        Err(TaskRefusal::NothingToUndo),
        "it was not a person who deleted it"
    );
    let message = undo(&parent);
    parent.send(&message).await.expect("undoes");
    world.relay().await;
    assert!(!world.state(&child).await.is_deleted());
}

#[sqlx::test(migrations = false)]
async fn undoing_is_told_like_what_a_person_would_have_done(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.create(None, vec![]).await;
    let user = task.user;
    task.send(&CompleteTask { user, via: None, if_version: None }).await.expect("completes");
    let message = undo(&task);
    task.send(&message).await.expect("opens");
    task.send(&message).await.expect("completes");
    task.send(&ReopenTask { user, via: None, if_version: None, zone: zone() }).await.expect("reopens");
    let expected = ["task.created", "task.completed", "task.reopened", "task.completed", "task.reopened"];
    assert_eq!(world.outbox().await, expected);
    assert!(task.send(&message).await.expect("completes").task.completed_at() < Some(System.now()));
}
