//! The subscriber, with the actors' engines on a real database.

use serde_json::json;
use sqlx::PgPool;

use crate::fixture::{Replica, event, event_with, statuses};

#[sqlx::test(migrations = false)]
async fn what_closes_an_instance_plans_the_next_and_the_rest_does_not(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    for kind in ["task.created", "task.updated", "task.deleted", "task.restored", "task.reopened"] {
        assert_eq!(replica.deliver(&event(1, kind, 1)).await, "SUCCESS", "{kind}");
    }
    assert!(statuses(&pool).await.is_empty());
    for (n, kind) in [(1, "task.completed"), (2, "task.skipped")] {
        assert_eq!(replica.deliver(&event(n, kind, 5)).await, "SUCCESS");
    }
    assert_eq!(statuses(&pool).await, ["planned", "planned"]);
}

#[sqlx::test(migrations = false)]
async fn a_task_that_does_not_recur_is_nobodys_business(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    assert_eq!(replica.deliver(&event_with(1, "task.completed", 2, None)).await, "SUCCESS");
    let series: i64 = sqlx::query_scalar("SELECT count(*) FROM recurrence").fetch_one(&pool).await.unwrap();
    assert_eq!(series, 0);
}

#[sqlx::test(migrations = false)]
async fn what_makes_no_sense_is_dropped(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    let mut broken = event(1, "task.completed", 2);
    broken["data"]["series"]["occurrence"] = json!("soon");
    assert_eq!(replica.deliver(&broken).await, "DROP");
    assert_eq!(replica.deliver(&json!("no event")).await, "DROP");
}

#[sqlx::test(migrations = false)]
async fn a_completion_of_a_lost_future_plans_nothing(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    let restored = "INSERT INTO actor_epoch (epoch, after_seq) VALUES (1790000000, 40)";
    sqlx::query(restored).execute(&pool).await.unwrap();
    let at = |version, position: &str, epoch: &str| {
        let mut event = event(1, "task.completed", version);
        event["position"] = json!(position);
        event["epoch"] = json!(epoch);
        event
    };
    assert_eq!(replica.deliver(&at(9, "41", "0")).await, "SUCCESS");
    assert!(statuses(&pool).await.is_empty());
    // Its version is lower than the lost one's, which therefore must not be known to the series.
    assert_eq!(replica.deliver(&at(5, "41", "1790000000")).await, "SUCCESS");
    assert_eq!(statuses(&pool).await, ["planned"]);
}
