//! Events find their way: through outages of the broker, and of relays.

use std::{collections::BTreeMap, time::Duration};

use almanac_tests::{ActorHosts, command, eventually};
use futures::future::join_all;
use tokio::time::timeout;
use uuid::Uuid;
use virtual_actors::{Message, Outcome, PARTITIONS, partition_of, testing::counter::Increment};

const SOON: Duration = Duration::from_secs(60);

/// What Prometheus would read as the outbox's backlog; nothing until relays have measured it once.
fn backlog_metric() -> Option<f64> {
    let families = prometheus::gather();
    let family = families.iter().find(|family| family.name() == "actor_outbox_backlog_entries")?;
    Some(family.get_metric().first()?.get_gauge().get_value())
}

/// One increment of each, half by each host.
async fn increment(system: &ActorHosts, actors: &[String]) {
    let calls = actors.iter().enumerate().map(|(n, actor)| async move {
        system.hosts[n % 2].call(actor, Increment::METHOD, &command(&Increment { by: 1 })).await
    });
    let outcomes =
        timeout(Duration::from_secs(20), join_all(calls)).await.expect("no turn waits for the broker");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done { .. })), "{outcomes:?}");
}

pub(crate) async fn a_broker_that_is_down_stops_no_actor(system: &mut ActorHosts) {
    let actors: Vec<String> = (0..40).map(|n| format!("outage-{n}")).collect();
    increment(system, &actors).await;
    eventually("an empty outbox", SOON, async || (system.backlog(&actors).await == 0).then_some(())).await;

    system.kill_redis();
    for _ in 0..3 {
        increment(system, &actors).await;
    }
    assert_eq!(system.backlog(&actors).await, 120, "all wait");
    eventually("the metric to tell", SOON, async || backlog_metric().filter(|entries| *entries >= 120.0))
        .await;
    assert!(actors.iter().all(|actor| system.subscriber.distinct(actor) <= 1));

    system.start_redis().await;
    eventually("all to be delivered", SOON, async || {
        actors.iter().all(|actor| system.subscriber.distinct(actor) == 4).then_some(())
    })
    .await;
    assert_eq!(system.backlog(&actors).await, 0);
    eventually("the metric to tell", SOON, async || backlog_metric().filter(|entries| *entries < 1.0)).await;
}

pub(crate) async fn the_share_of_a_dead_relay_is_taken_over(system: &mut ActorHosts) {
    let shares =
        "SELECT relay, count(*) FROM actor_outbox_share WHERE leased_until > clock_timestamp() GROUP BY 1";
    let shares = async |system: &ActorHosts| -> BTreeMap<Uuid, i64> {
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(shares).fetch_all(&system.pool).await.expect("shares");
        rows.into_iter().collect()
    };
    let (dead, alive) = (system.hosts[0].relay_id(), system.hosts[1].relay_id());
    let half = i64::from(PARTITIONS) / 2;
    let fair = BTreeMap::from([(dead, half), (alive, half)]);
    eventually("both to hold half", SOON, async || (shares(system).await == fair).then_some(())).await;

    system.hosts[0].kill_relay();
    let all = BTreeMap::from([(alive, i64::from(PARTITIONS))]);
    // A lease of ten seconds, and three between two looks.
    let limit = Duration::from_secs(20);
    eventually("the other to hold all", limit, async || (shares(system).await == all).then_some(())).await;

    // An actor in every partition.
    let mut actors: BTreeMap<i16, String> = BTreeMap::new();
    for n in 0.. {
        let actor = format!("shared-{n}");
        actors.entry(partition_of("Counter", &actor)).or_insert(actor);
        if actors.len() == usize::from(PARTITIONS.unsigned_abs()) {
            break;
        }
    }
    let actors: Vec<String> = actors.into_values().collect();
    increment(system, &actors).await;
    eventually("an empty outbox", SOON, async || (system.backlog(&actors).await == 0).then_some(())).await;
    eventually("all to be delivered", SOON, async || {
        actors.iter().all(|actor| system.subscriber.distinct(actor) == 1).then_some(())
    })
    .await;

    system.hosts[0].start_relay();
    let fair = BTreeMap::from([(system.hosts[0].relay_id(), half), (alive, half)]);
    eventually("the shares to be fair again", SOON, async || (shares(system).await == fair).then_some(()))
        .await;
}
