//! A project's tasks follow it to the trash and back.

use std::time::Duration;

use contracts::{
    project::{ProjectRefusal, PurgeProject, RestoreProject},
    task::{DeleteTask, RestoreTask, TaskRefusal},
};
use domain::{TaskId, UserZone, Zone};
use sqlx::PgPool;
use virtual_actors::{IdSource, System};

use crate::support::World;

fn refused(refusal: TaskRefusal) -> (String, String) {
    let TaskRefusal::Invalid { violations } = refusal else { panic!("{refusal:?}") };
    let first = violations.into_iter().next().expect("a violation");
    (first.field, first.rule.into_owned())
}

#[sqlx::test(migrations = false)]
async fn what_went_to_the_trash_with_a_project_comes_back_with_it(pool: PgPool) {
    let world = World::new(pool).await;
    let (along, before, moved) = (world.new_task().await, world.new_task().await, world.new_task().await);
    world.task(before, &DeleteTask { user: world.user, via: None, if_version: None }).await.expect("deletes");
    world.delete().await;
    world.relay().await;
    for task in [along, before, moved] {
        assert!(world.in_trash(task).await);
    }
    let restore =
        RestoreTask { user: world.user, via: None, if_version: None, zone: UserZone::new(Zone::UTC, 1) };
    let alone = world.task(moved, &restore).await.expect_err("its project is in the trash");
    assert_eq!(refused(alone).0, "project_id");

    world.restore().await;
    world.relay().await;
    assert!(!world.in_trash(along).await);
    assert!(!world.in_trash(moved).await);
    assert!(world.in_trash(before).await, "it had been deleted by itself");
    world.task(before, &restore).await.expect("restores");
}

#[sqlx::test(migrations = false)]
async fn what_is_deleted_for_good_is_a_tombstone_that_nothing_revives(pool: PgPool) {
    let world = World::new(pool).await;
    let purge = |trashed_before| PurgeProject { user: world.user, trashed_before };
    let unchanged = world.project(&purge(None)).await.expect("answers");
    assert!(!unchanged.project.is_purged(), "it is not in the trash");
    let since = world.delete().await.project.deleted_at().expect("in the trash");
    let early = world.project(&purge(Some(since))).await.expect("answers");
    assert!(!early.project.is_purged(), "not that long ago");
    let purged = world.project(&purge(Some(since + Duration::from_secs(1)))).await.expect("purges");
    assert!(purged.project.is_purged());

    assert_eq!(world.project(&purge(None)).await, Err(ProjectRefusal::NotFound), "once");
    let restore = RestoreProject { user: world.user, if_version: None };
    assert_eq!(world.project(&restore).await, Err(ProjectRefusal::NotFound));
    assert_eq!(
        world.project(&world.creation()).await,
        Err(ProjectRefusal::NotFound),
        "a creation that comes late"
    );
    let (name, told): (String, i64) = sqlx::query_as(
        "SELECT state ->> 'name', (SELECT count(*) FROM actor_outbox WHERE body ->> 'type' = 'project.purged')
         FROM project",
    )
    .fetch_one(&world.pool)
    .await
    .expect("reads");
    assert_eq!((name.as_str(), told), ("Deleted", 1));
}

#[sqlx::test(migrations = false)]
async fn what_is_told_late_or_twice_changes_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.new_task().await;
    world.delete().await;
    world.follow(task, true).await.expect("goes along");
    let version = world.follow(task, true).await.expect("is there already").version;
    world.restore().await;
    let stale = world.follow(task, true).await.map(|_| ());
    assert_eq!(stale, Ok(()), "it is in the trash already, so there is nothing to refuse");
    assert_eq!(world.follow(task, false).await.expect("comes back").version, version + 1);
    let stale = world.follow(task, true).await.expect_err("the project is out of the trash");
    assert_eq!(refused(stale).1, "stale");
    assert!(!world.in_trash(task).await);
}

#[sqlx::test(migrations = false)]
async fn a_crash_before_the_sweep_delays_it_only(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.new_task().await;
    world.delete().await;
    let left = world.take("Project").await;
    assert_eq!(left.len(), 1, "the message is committed with the deletion");
    assert!(!world.in_trash(task).await);
    // As any relay does later, perhaps twice.
    for _ in 0..2 {
        world.project(&contracts::project::SweepTasks::default()).await.expect("sweeps");
    }
    world.relay().await;
    assert!(world.in_trash(task).await);
}

#[sqlx::test(migrations = false)]
async fn a_large_project_is_swept_page_by_page(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.new_task().await;
    sqlx::query(
        "INSERT INTO task (id, version, state)
         SELECT id, 1, state || jsonb_build_object('id', id)
         FROM (SELECT gen_random_uuid()::text AS id, t.state FROM task AS t, generate_series(1, 1200)) AS copies",
    )
    .execute(&world.pool)
    .await
    .expect("copies");
    world.delete().await;
    for page in [500, 500, 201] {
        world.sweep().await;
        assert_eq!(world.take("Task").await.len(), page);
    }
    world.sweep().await;
    assert_eq!(world.take("Task").await.len(), 0);
    assert!(!world.in_trash(task).await, "nobody was told");
}

#[sqlx::test(migrations = false)]
async fn a_task_comes_back_in_the_zone_its_owner_has_moved_to_meanwhile(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.new_task().await;
    world.moves_to("UTC", 1).await;
    world.delete().await;
    world.relay().await;
    world.moves_to("America/New_York", 2).await;
    assert_eq!(world.zone_of(task).await, "UTC");
    world.restore().await;
    world.relay().await;
    assert_eq!((world.in_trash(task).await, world.zone_of(task).await), (false, "America/New_York".into()));
}

/// However a creation and a deletion fall, no open task is left in a project that is in the trash.
#[sqlx::test(migrations = false)]
async fn a_task_and_its_projects_deletion_may_race(pool: PgPool) {
    let world = World::new(pool).await;
    for round in 0..15 {
        let tasks: Vec<TaskId> = (0..4).map(|_| TaskId(System.next_id())).collect();
        let created = async {
            let all = futures::future::join_all(tasks.iter().map(|task| world.create(*task)));
            all.await.into_iter().map(|one| one.is_ok()).collect::<Vec<_>>()
        };
        let (created, _) = tokio::join!(created, world.delete());
        world.relay().await;
        for (task, created) in tasks.into_iter().zip(created) {
            if created {
                assert!(world.in_trash(task).await, "round {round}");
            }
        }
        world.restore().await;
        world.relay().await;
    }
}
