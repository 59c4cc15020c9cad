//! A process dies between each two steps; another one finishes the work.

use platform::worker::Work;
use sqlx::PgPool;
use virtual_actors::testing::Fault;

use crate::fixture::{
    Replica, Trouble, audit_events, event, let_time_pass, live_tasks, next_of, statuses, touch,
};

#[sqlx::test(migrations = false)]
async fn a_completed_instance_is_followed_by_one(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    replica.deliver(&event(1, "task.completed", 2)).await;
    assert_eq!(replica.work().await, 1);
    assert_eq!(live_tasks(&pool).await, [next_of(1)]);
    assert_eq!(replica.work().await, 0);
    let events = audit_events(&pool).await;
    let [(kind, data)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(kind, "recurrence.instance_created");
    assert_eq!(data["next_id"], next_of(1).to_string());
    assert_eq!(data["occurrence"], "2026-03-03T09:00:00");
    let outcome: contracts::events::SeriesOutcome = serde_json::from_value(data.clone()).unwrap();
    assert_eq!(outcome.task_id, crate::fixture::task(1));
}

#[sqlx::test(migrations = false)]
async fn around_the_actors_commit(pool: PgPool) {
    for (n, fault) in [(1, Fault::BeforeCommit), (2, Fault::AfterCommit)] {
        let first = Replica::new(&pool).await;
        first.fail_next_commit(fault);
        // The client tries again by itself; another replica gets the event too.
        assert_eq!(first.deliver(&event(n, "task.completed", 2)).await, "SUCCESS");
        let second = Replica::new(&pool).await;
        assert_eq!(second.deliver(&event(n, "task.completed", 2)).await, "SUCCESS");
        second.work().await;
    }
    let mut expected = [next_of(1), next_of(2)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(live_tasks(&pool).await, expected);
}

/// After the claim, after asking, after the backend did it, before recording.
#[sqlx::test(migrations = false)]
async fn around_the_backends_work(pool: PgPool) {
    let troubles = [Trouble::DiesBefore, Trouble::DiesAfter, Trouble::AnswerLost, Trouble::Away];
    for (n, trouble) in troubles.into_iter().enumerate() {
        let n = n as u128;
        let (first, second) = (Replica::new(&pool).await, Replica::new(&pool).await);
        first.deliver(&event(n, "task.completed", 2)).await;
        first.tasks.next_goes_wrong(trouble);
        first.worker.work_once().await.unwrap();
        assert_eq!(second.worker.work_once().await.unwrap(), 0, "{trouble:?}: the lease or the pause lasts");
        let_time_pass(&pool).await;
        assert_eq!(second.work().await, 1, "{trouble:?}");
        assert_eq!(live_tasks(&pool).await.len() as u128, n + 1, "{trouble:?}");
        assert!(live_tasks(&pool).await.contains(&next_of(n)));
    }
    assert_eq!(statuses(&pool).await, ["created"; 4]);
    assert_eq!(audit_events(&pool).await.len(), 4, "each is told once");
}

#[sqlx::test(migrations = false)]
async fn around_a_withdrawal(pool: PgPool) {
    let troubles = [Trouble::DiesBefore, Trouble::DiesAfter, Trouble::AnswerLost, Trouble::Away];
    for (n, trouble) in troubles.into_iter().enumerate() {
        let n = n as u128;
        let (first, second) = (Replica::new(&pool).await, Replica::new(&pool).await);
        first.deliver(&event(n, "task.completed", 2)).await;
        first.work().await;
        first.deliver(&event(n, "task.reopened", 3)).await;
        first.tasks.next_goes_wrong(trouble);
        first.worker.work_once().await.unwrap();
        let_time_pass(&pool).await;
        second.work().await;
        assert!(live_tasks(&pool).await.is_empty(), "{trouble:?}");
    }
    assert_eq!(statuses(&pool).await, ["withdrawn"; 4]);
}

#[sqlx::test(migrations = false)]
async fn a_touched_successor_stays_and_stays_the_only_one(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    replica.deliver(&event(1, "task.completed", 2)).await;
    replica.work().await;
    touch(&pool, next_of(1)).await;
    for (kind, version) in [("task.reopened", 3), ("task.completed", 4)] {
        replica.deliver(&event(1, kind, version)).await;
        replica.work().await;
        assert_eq!(live_tasks(&pool).await, [next_of(1)]);
        assert_eq!(statuses(&pool).await, ["kept"]);
    }
}
