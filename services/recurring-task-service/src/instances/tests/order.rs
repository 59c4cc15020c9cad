//! Events three times, in any order, to two replicas that both believe to own the series.

use futures::future::join_all;
use platform::worker::Work;
use sqlx::PgPool;

use crate::fixture::{Replica, event, let_time_pass, live_tasks, next_of, statuses};

const TOLD: [(&str, i64); 4] =
    [("task.updated", 2), ("task.completed", 3), ("task.reopened", 4), ("task.completed", 5)];

/// Every order of the four events, told apart by `n`.
fn order(n: u128) -> Vec<(&'static str, i64)> {
    let mut left = TOLD.to_vec();
    let mut n = n as usize;
    (1..=TOLD.len())
        .rev()
        .map(|choices| {
            let told = left.remove(n % choices);
            n /= choices;
            told
        })
        .collect()
}

#[sqlx::test(migrations = false)]
async fn each_event_three_times_in_any_order(pool: PgPool) {
    let replica = Replica::new(&pool).await;
    const ORDERS: u128 = 24;
    for n in 0..ORDERS {
        for (round, (kind, version)) in order(n).into_iter().cycle().take(3 * TOLD.len()).enumerate() {
            assert_eq!(replica.deliver(&event(n, kind, version)).await, "SUCCESS");
            if round % 5 == 0 {
                replica.work().await;
            }
        }
    }
    replica.work().await;
    let mut expected: Vec<_> = (0..ORDERS).map(next_of).collect();
    expected.sort_by_key(ToString::to_string);
    assert_eq!(live_tasks(&pool).await, expected);
    assert_eq!(statuses(&pool).await, ["created"; ORDERS as usize]);
}

#[sqlx::test(migrations = false)]
async fn two_replicas_at_once(pool: PgPool) {
    let replicas = [Replica::new(&pool).await, Replica::new(&pool).await];
    const SERIES: u128 = 100;
    let deliveries = (0..SERIES).flat_map(|n| {
        let replicas = &replicas;
        (0..3).flat_map(move |round| {
            replicas.iter().enumerate().map(move |(place, replica)| async move {
                let (kind, version) = order(n + round)[(place + round as usize) % TOLD.len()];
                replica.deliver(&event(n, kind, version)).await;
                // The last word comes to both.
                assert_eq!(replica.deliver(&event(n, "task.completed", 5)).await, "SUCCESS");
            })
        })
    });
    let working = replicas.iter().map(|replica| async {
        for _ in 0..200 {
            replica.worker.work_once().await.unwrap();
        }
    });
    tokio::join!(join_all(deliveries), join_all(working));
    // An attempt whose entry turned twice while it ran is made again after a pause.
    let_time_pass(&pool).await;
    join_all(replicas.iter().map(Replica::work)).await;
    assert_eq!(statuses(&pool).await, ["created"; SERIES as usize]);
    let mut expected: Vec<_> = (0..SERIES).map(next_of).collect();
    expected.sort_by_key(ToString::to_string);
    assert_eq!(live_tasks(&pool).await, expected);
}
