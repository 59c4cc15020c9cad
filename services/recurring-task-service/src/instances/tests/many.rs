//! Ten thousand series: one instance of each is completed.

use std::{collections::HashSet, time::Instant};

use futures::{StreamExt, future::join_all, stream};
use sqlx::PgPool;

use crate::fixture::{Replica, event, live_tasks, next_of};

#[sqlx::test(migrations = false)]
async fn ten_thousand_series_get_ten_thousand_next_instances(pool: PgPool) {
    const SERIES: u128 = 10_000;
    let replicas = [Replica::new(&pool).await, Replica::new(&pool).await];
    let started = Instant::now();
    // Every tenth event comes twice, to the other replica.
    let deliveries = (0..SERIES).flat_map(|n| {
        let places = if n % 10 == 0 { vec![0, 1] } else { vec![(n % 2) as usize] };
        let replicas = &replicas;
        places.into_iter().map(move |place| async move {
            assert_eq!(replicas[place].deliver(&event(n, "task.completed", 2)).await, "SUCCESS");
        })
    });
    stream::iter(deliveries).buffer_unordered(32).collect::<()>().await;
    let told = started.elapsed();
    let made: usize = join_all(replicas.iter().map(Replica::work)).await.into_iter().sum();
    println!("{SERIES} series: told in {told:.1?}, made in {:.1?}", started.elapsed() - told);

    assert_eq!(made as u128, SERIES);
    let tasks: HashSet<_> = live_tasks(&pool).await.into_iter().collect();
    assert_eq!(tasks.len() as u128, SERIES, "and no more");
    assert!((0..SERIES).all(|n| tasks.contains(&next_of(n))));
    let created: i64 = sqlx::query_scalar("SELECT count(*) FROM recurrence_ledger WHERE status = 'created'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(created as u128, SERIES);
}
