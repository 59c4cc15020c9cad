//! What tasks have to do with each other: rules that no turn alone can keep, checked in the commit.

use contracts::task::{DeleteTask, FollowParent, PurgeTask, RestoreTask, TaskRefusal, TaskSnapshot};
use domain::{Blockers, ParentIs, Priority, ProjectId, TaskId, TaskPatch, UserId};
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{IdSource, System};

use crate::support::{Task, World, zone};

fn under(parent: &Task) -> TaskPatch {
    TaskPatch { parent: Some(Some(TaskId(parent.id))), ..TaskPatch::default() }
}

fn waits_for(blockers: &[&Task]) -> TaskPatch {
    let blocked_by = Blockers::parse(blockers.iter().map(|task| TaskId(task.id)).collect()).expect("sound");
    TaskPatch { blocked_by: Some(blocked_by), ..TaskPatch::default() }
}

fn moved_to(project: ProjectId) -> TaskPatch {
    TaskPatch { project: Some(Some(project)), ..TaskPatch::default() }
}

/// Where the refusal points, and by which rule.
fn broken(answer: Result<TaskSnapshot, TaskRefusal>) -> String {
    let Err(TaskRefusal::Invalid { violations }) = answer else { panic!("not refused: {answer:?}") };
    let all: Vec<_> = violations.iter().map(|broken| format!("{} {}", broken.field, broken.rule)).collect();
    all.join(", ")
}

async fn new(world: &World) -> Task {
    let mut task = world.task();
    task.create(None, vec![]).await;
    task
}

/// A chain in which each is a subtask of the one before.
async fn chain(world: &World, length: usize) -> Vec<Task> {
    let mut chain = vec![new(world).await];
    for _ in 1..length {
        let mut task = new(world).await;
        task.edit(under(&chain[chain.len() - 1])).await.expect("deeper");
        chain.push(task);
    }
    chain
}

async fn delete(task: &mut Task) {
    task.send(&DeleteTask { user: task.user, via: None, if_version: None }).await.expect("deletes");
}

async fn restore(task: &mut Task) -> Result<TaskSnapshot, TaskRefusal> {
    task.send(&RestoreTask { user: task.user, via: None, if_version: None, zone: zone() }).await
}

#[sqlx::test(migrations = false)]
async fn parents_and_blockers_are_there_and_ones_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut task, other) = (new(&world).await, new(&world).await);
    task.edit(under(&other)).await.expect("a subtask");
    task.edit(waits_for(&[&other])).await.expect("it waits");

    let mut foreign = world.task();
    foreign.user = UserId(Uuid::from_u128(99));
    foreign.create(None, vec![]).await;
    assert_eq!(broken(task.edit(under(&foreign)).await), "parent_id not_found");
    assert_eq!(broken(task.edit(under(&world.task())).await), "parent_id not_found");
    assert_eq!(broken(task.edit(waits_for(&[&other, &foreign])).await), "blocked_by[1] not_found");
    let mut trashed = new(&world).await;
    delete(&mut trashed).await;
    assert_eq!(broken(task.edit(under(&trashed)).await), "parent_id in_trash");
    assert_eq!(broken(task.edit(waits_for(&[&trashed])).await), "blocked_by[0] not_found");
    assert_eq!(world.outbox().await.iter().filter(|sent| *sent == "task.updated").count(), 2);
}

#[sqlx::test(migrations = false)]
async fn of_two_turns_that_together_make_a_circle_one_wins(pool: PgPool) {
    let world = World::new(pool).await;
    for patch in [under as fn(&Task) -> TaskPatch, |task| waits_for(&[task])] {
        for _ in 0..10 {
            let (mut a, mut b) = (new(&world).await, new(&world).await);
            let (to_b, to_a) = (patch(&b), patch(&a));
            let (first, second) = tokio::join!(a.edit(to_b), b.edit(to_a));
            let refused = match (first, second) {
                (Ok(_), refused) | (refused, Ok(_)) => broken(refused),
                both => panic!("{both:?}"),
            };
            assert!(["parent_id cycle", "blocked_by cycle"].contains(&refused.as_str()), "{refused}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_circle_is_seen_however_long_it_is(pool: PgPool) {
    let world = World::new(pool).await;
    let mut chain = chain(&world, 5).await;
    let refused = {
        let patch = under(&chain[4]);
        chain[0].edit(patch).await
    };
    assert_eq!(broken(refused), "parent_id cycle");
    for n in 1..5 {
        let patch = waits_for(&[&chain[n]]);
        chain[n - 1].edit(patch).await.expect("it waits");
    }
    let patch = waits_for(&[&chain[0]]);
    assert_eq!(broken(chain[4].edit(patch).await), "blocked_by cycle");
    let patch = waits_for(&[]);
    chain[0].edit(patch).await.expect("waits no more");
    let patch = waits_for(&[&chain[0]]);
    chain[4].edit(patch).await.expect("now it may");
}

#[sqlx::test(migrations = false)]
async fn subtasks_go_eight_levels_deep_and_are_five_hundred_at_most(pool: PgPool) {
    let world = World::new(pool).await;
    let mut deep = chain(&world, 8).await;
    let mut ninth = new(&world).await;
    assert_eq!(broken(ninth.edit(under(&deep[7])).await), "parent_id too_deep");
    assert_eq!(broken(deep[0].edit(under(&ninth)).await), "parent_id too_deep", "with all that is below it");

    let wide = new(&world).await;
    sqlx::query(
        "INSERT INTO task (id, version, state)
         SELECT gen_random_uuid(), 1, state || jsonb_build_object('parent', id) FROM task, generate_series(1, 499)
         WHERE id = $1",
    )
    .bind(wide.id.to_string())
    .execute(&world.pool)
    .await
    .expect("many");
    let mut last = new(&world).await;
    last.edit(under(&wide)).await.expect("the 500th");
    assert_eq!(broken(new(&world).await.edit(under(&wide)).await), "parent_id too_many");
    delete(&mut last).await;
    new(&world).await.edit(under(&wide)).await.expect("one in the trash does not count");
}

#[sqlx::test(migrations = false)]
async fn only_what_concerns_other_tasks_waits_for_them(pool: PgPool) {
    let world = World::new(pool).await;
    let (mut task, parent) = (new(&world).await, new(&world).await);
    let mut busy = world.pool.begin().await.expect("begins");
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tasks of ' || $1, 0))")
        .bind(world.user.to_string())
        .execute(&mut *busy)
        .await
        .expect("locks");
    task.edit(TaskPatch { priority: Some(Priority::High), ..TaskPatch::default() }).await.expect("edits");
    let patch = under(&parent);
    let mut waiting = std::pin::pin!(task.edit(patch));
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "another change has its turn");
    busy.commit().await.expect("commits");
    waiting.await.expect("now it is its turn");
}

#[sqlx::test(migrations = false)]
async fn subtasks_go_to_the_trash_along_and_come_back(pool: PgPool) {
    let world = World::new(pool).await;
    let mut family = chain(&world, 3).await;
    let mut before = new(&world).await;
    before.edit(under(&family[0])).await.expect("a subtask");
    delete(&mut before).await;

    delete(&mut family[0]).await;
    world.relay().await;
    for task in &family {
        assert!(world.state(task).await.is_deleted());
    }
    assert_eq!(broken(restore(&mut family[1]).await), "parent_id in_trash");
    restore(&mut family[0]).await.expect("comes back");
    world.relay().await;
    for task in &family {
        assert!(!world.state(task).await.is_deleted());
    }
    assert!(world.state(&before).await.is_deleted(), "it was in the trash before");
    restore(&mut before).await.expect("its parent is there");
}

#[sqlx::test(migrations = false)]
async fn subtasks_come_back_in_the_zone_their_own_owner_has_by_then(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("owner").await;
    let other = UserId(Uuid::from_u128(99));
    let (mut parent, mut child, mut foreign) = (new(&world).await, new(&world).await, world.task());
    foreign.user = other;
    foreign.create(None, vec![]).await;
    sqlx::query("INSERT INTO project_member (project_id, user_id, role) VALUES ($1, $2, 'editor')")
        .bind(project.0)
        .bind(other.0)
        .execute(&world.pool)
        .await
        .expect("joins");
    parent.edit(moved_to(project)).await.expect("moves");
    for child in [&mut child, &mut foreign] {
        let patch = TaskPatch { project: Some(Some(project)), ..under(&parent) };
        child.edit(patch).await.expect("a subtask");
    }
    delete(&mut parent).await;
    world.relay().await;
    world.lives_in(world.user, "America/New_York", 3).await;
    world.lives_in(other, "Asia/Tokyo", 2).await;
    restore(&mut parent).await.expect("comes back");
    world.relay().await;
    for (task, zone) in [(&child, "America/New_York"), (&foreign, "Asia/Tokyo")] {
        let task = world.state(task).await;
        assert_eq!((task.is_deleted(), task.zone().zone.name()), (false, zone));
    }
}

/// The parent is deleted for good before the subtask has heard that it is in the trash.
#[sqlx::test(migrations = false)]
async fn a_subtask_does_not_stay_open_when_its_parent_goes_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    for late in [false, true] {
        let mut family = chain(&world, 3).await;
        delete(&mut family[0]).await;
        let purge = PurgeTask { user: world.user, trashed_before: None };
        family[0].send(&purge).await.expect("purges");
        let mut told = world.take_told().await;
        assert_eq!(told.len(), 2);
        if late {
            told.reverse();
        }
        for (child, message) in told {
            world.tell(child, System.next_id(), message).await;
        }
        world.relay().await;
        let (child, grandchild) = (world.state(&family[1]).await, world.state(&family[2]).await);
        assert!(child.is_deleted() && grandchild.is_deleted());
        assert_eq!((child.is_purged(), child.parent()), (false, None));
        restore(&mut family[1]).await.expect("by itself");
        world.relay().await;
        assert!(!world.state(&family[2]).await.is_deleted(), "it went along");
    }
}

#[sqlx::test(migrations = false)]
async fn what_subtasks_are_told_may_come_late_twice_and_in_any_order(pool: PgPool) {
    let world = World::new(pool).await;
    let mut family = chain(&world, 2).await;
    delete(&mut family[0]).await;
    restore(&mut family[0]).await.expect("comes back");
    delete(&mut family[0]).await;
    let mut told = world.take_told().await;
    assert_eq!(told.len(), 3);
    told.reverse();
    told.extend(told.clone());
    for (child, message) in told {
        world.tell(child, System.next_id(), message).await;
    }
    assert!(world.state(&family[1]).await.is_deleted(), "as its parent is by now");
    restore(&mut family[0]).await.expect("comes back");
    world.relay().await;
    assert!(!world.state(&family[1]).await.is_deleted());

    let stranger =
        FollowParent { parent: TaskId(Uuid::nil()), is: ParentIs::Gone, project: None, zone: zone() };
    assert_eq!(family[1].send(&stranger).await, Err(TaskRefusal::NotFound), "somebody else's parent");
}

#[sqlx::test(migrations = false)]
async fn no_subtask_is_left_behind_that_came_as_its_parent_went(pool: PgPool) {
    let world = World::new(pool).await;
    for _ in 0..10 {
        let (mut parent, mut child) = (new(&world).await, new(&world).await);
        let patch = under(&parent);
        let (came, ()) = tokio::join!(child.edit(patch), delete(&mut parent));
        world.relay().await;
        match came {
            Ok(_) => assert!(world.state(&child).await.is_deleted()),
            refused => assert_eq!(broken(refused), "parent_id in_trash"),
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_subtask_is_in_the_project_of_its_parent(pool: PgPool) {
    let world = World::new(pool).await;
    let (home, foreign) = (world.project("editor").await, ProjectId(Uuid::from_u128(77)));
    let viewed = world.project("viewer").await;
    let mut family = chain(&world, 3).await;
    for project in [foreign, viewed] {
        assert_eq!(broken(family[0].edit(moved_to(project)).await), "project_id not_found");
    }
    assert_eq!(broken(family[1].edit(moved_to(home)).await), "project_id not_of_parent");
    family[0].edit(moved_to(home)).await.expect("moves");
    world.relay().await;
    for task in &family {
        assert_eq!(world.state(task).await.project(), Some(home));
    }
    let mut late = new(&world).await;
    assert_eq!(broken(late.edit(under(&family[0])).await), "project_id not_of_parent");
    late.edit(TaskPatch { project: Some(Some(home)), ..under(&family[0]) }).await.expect("both at once");
}

#[sqlx::test(migrations = false)]
async fn a_task_that_leaves_a_project_says_which(pool: PgPool) {
    let world = World::new(pool).await;
    let (home, away) = (world.project("editor").await, world.project("editor").await);
    let mut family = chain(&world, 2).await;
    for to in [Some(home), Some(away), None] {
        family[0].edit(TaskPatch { project: Some(to), ..TaskPatch::default() }).await.expect("moves");
        world.relay().await;
    }
    family[0]
        .edit(TaskPatch { priority: Some(Priority::High), ..TaskPatch::default() })
        .await
        .expect("stays");
    for task in &family {
        let mut left = world.left_projects(task).await;
        left.retain(Option::is_some);
        assert_eq!(left, [Some(home.0), Some(away.0)]);
    }
    let last = world.left_projects(&family[0]).await.pop();
    assert_eq!(last, Some(None), "what stays where it is leaves nothing");

    let mut trashed = new(&world).await;
    trashed.edit(moved_to(home)).await.expect("moves");
    delete(&mut trashed).await;
    assert_eq!(
        world.left_projects(&trashed).await.pop(),
        Some(None),
        "in the trash it is still the project's"
    );
    let purge = PurgeTask { user: trashed.user, trashed_before: None };
    trashed.send(&purge).await.expect("purges");
    assert_eq!(world.left_projects(&trashed).await.pop(), Some(Some(home.0)));
}

/// The commits that pass something on are found by the relay like any other message.
#[sqlx::test(migrations = false)]
async fn what_is_passed_on_lies_in_the_share_of_its_sender(pool: PgPool) {
    let world = World::new(pool).await;
    let mut family = chain(&world, 2).await;
    delete(&mut family[0]).await;
    let shares: Vec<i16> =
        sqlx::query_scalar("SELECT partition FROM actor_outbox WHERE method = 'follow_parent'")
            .fetch_all(&world.pool)
            .await
            .expect("reads");
    assert_eq!(shares, [virtual_actors::partition_of("Task", &family[0].id.to_string())]);
}
