//! A series turns while the worker has its entry in hand: making and withdrawing never overlap.

use contracts::recurrence::InstanceAnswer;
use platform::worker::Work;
use sqlx::PgPool;

use super::super::{
    claim::claim,
    outcome::{Outcome, Recorded, record},
};
use crate::fixture::{Replica, Trouble, audit_events, event, let_time_pass, live_tasks, next_of, statuses};

#[sqlx::test(migrations = false)]
async fn reopened_while_the_next_one_is_being_made(pool: PgPool) {
    let (slow, other) = (Replica::new(&pool).await, Replica::new(&pool).await);
    slow.deliver(&event(1, "task.completed", 2)).await;
    slow.tasks.next_goes_wrong(Trouble::Slow);
    let working = slow.worker.work_once();
    tokio::pin!(working);
    tokio::select! {
        _ = &mut working => panic!("it hangs"),
        () = slow.tasks.entered() => {}
    }
    slow.deliver(&event(1, "task.reopened", 3)).await;
    assert_eq!(statuses(&pool).await, ["withdraw"]);
    assert_eq!(other.work().await, 0, "what is under way is waited for");
    let_time_pass(&pool).await;
    assert_eq!(other.work().await, 1);
    assert_eq!(statuses(&pool).await, ["withdrawn"]);
    assert!(live_tasks(&pool).await.is_empty());
}

/// The same, but the answer comes: the entry is free at once.
#[sqlx::test(migrations = false)]
async fn reopened_and_the_answer_comes_late(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    replica.deliver(&event(1, "task.completed", 2)).await;
    // The actor turns between claim and record.
    let claimed = claim(&pool, 8).await.unwrap().remove(0);
    replica.deliver(&event(1, "task.reopened", 3)).await;
    assert_eq!(replica.work().await, 0);
    let answer = Ok(InstanceAnswer::Created);
    let outcome = Outcome::of(&claimed, answer);
    let recorded = record(&pool, &claimed, &outcome).await.unwrap();
    assert_eq!(recorded, Recorded::Lost);
    assert_eq!(replica.work().await, 1);
    assert_eq!(statuses(&pool).await, ["withdrawn"]);
}

#[sqlx::test(migrations = false)]
async fn completed_again_before_the_withdrawal(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    for (kind, version) in [("task.completed", 2), ("task.reopened", 3), ("task.completed", 4)] {
        replica.deliver(&event(1, kind, version)).await;
    }
    replica.work().await;
    assert_eq!(live_tasks(&pool).await, [next_of(1)]);
    for (kind, version) in [("task.reopened", 5), ("task.completed", 6)] {
        replica.deliver(&event(1, kind, version)).await;
    }
    replica.work().await;
    assert_eq!(live_tasks(&pool).await, [next_of(1)]);
    assert_eq!(statuses(&pool).await, ["created"]);
}

/// An outcome that was recorded, but whose confirmation was lost, is recorded once.
#[sqlx::test(migrations = false)]
async fn recording_twice_tells_once(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    replica.deliver(&event(1, "task.completed", 2)).await;
    let claimed = claim(&pool, 8).await.unwrap().remove(0);
    let answer = Ok(InstanceAnswer::Created);
    let outcome = Outcome::of(&claimed, answer);
    for _ in 0..2 {
        record(&pool, &claimed, &outcome).await.unwrap();
    }
    assert_eq!(statuses(&pool).await, ["created"]);
    assert_eq!(audit_events(&pool).await.len(), 1);
}

/// A backend that says no is asked again, later each time, and never given up.
#[sqlx::test(migrations = false)]
async fn failures_are_counted_and_forgotten(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    replica.deliver(&event(1, "task.completed", 2)).await;
    let failures = async || -> (i32, bool) {
        let sql = "SELECT failures, last_error IS NOT NULL FROM recurrence_ledger";
        sqlx::query_as(sql).fetch_one(&pool).await.unwrap()
    };
    for failed in 1..=3 {
        replica.tasks.next_goes_wrong(Trouble::Away);
        replica.worker.work_once().await.unwrap();
        assert_eq!(failures().await, (failed, true));
        let_time_pass(&pool).await;
    }
    replica.work().await;
    assert_eq!(failures().await, (0, false));
    assert_eq!(statuses(&pool).await, ["created"]);
}
