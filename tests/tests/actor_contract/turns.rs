//! Turns: one at a time, to their end, and none lost.

use std::time::Duration;

use almanac_tests::{ActorHosts, command, eventually};
use futures::future::join_all;
use sqlx::{PgPool, Postgres, Transaction};
use virtual_actors::{
    Message, Outcome,
    testing::counter::{Count, Explode, Increment},
};

const SOON: Duration = Duration::from_secs(30);

fn total(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Done { reply } => serde_json::from_value::<Count>(reply.clone()).expect("a count").total,
        other => panic!("not done: {other:?}"),
    }
}

/// Holds an actor's row, so that its commits wait.
async fn hold<'a>(pool: &PgPool, actor: &str) -> Transaction<'a, Postgres> {
    let mut transaction = pool.begin().await.expect("a transaction");
    let held = sqlx::query("SELECT FROM counter WHERE id = $1 FOR UPDATE").bind(actor);
    held.fetch_one(&mut *transaction).await.expect("the row is there");
    transaction
}

/// Waits until a commit waits for a held row.
async fn until_held_up(pool: &PgPool) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%counter%'";
    eventually("a turn that waits", SOON, async || {
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(pool).await.expect("it can be read");
        (count > 0).then_some(())
    })
    .await;
}

pub(crate) async fn a_thousand_concurrent_increments_are_a_thousand(system: &mut ActorHosts) {
    let (system, actor) = (&*system, "thousand");
    let increments = (0..1000).map(|n| async move {
        let call = command(&Increment { by: 1 });
        // Half through each host; of these, half by its sidecar and half past all placement.
        let (host, through_sidecar) = (&system.hosts[n % 2], n / 2 % 2 == 0);
        total(&host.until_answered(through_sidecar, actor, Increment::METHOD, &call).await)
    });
    let mut totals = join_all(increments).await;
    totals.sort_unstable();
    assert_eq!(totals, (1..=1000).collect::<Vec<_>>(), "each saw a total of its own");
    assert_eq!(system.stored(actor).await, (1000, 1000));
    system.delivered(actor).await;
    assert_eq!(system.subscriber.distinct(actor), 1000);
}

pub(crate) async fn a_turn_runs_to_its_end_though_its_caller_goes_away(system: &mut ActorHosts) {
    let (host, actor) = (&system.hosts[0], "deserted");
    host.call(actor, Increment::METHOD, &command(&Increment { by: 1 })).await;
    let held = hold(&system.pool, actor).await;

    let path = format!("/actors/Counter/{actor}/method/{}", Increment::METHOD);
    let body = serde_json::to_value(command(&Increment { by: 10 })).expect("JSON");
    let request = host.request("PUT", &path).json(body);
    let caller = tokio::spawn(async move { request.send().await });
    until_held_up(&system.pool).await;
    caller.abort();
    assert!(caller.await.is_err_and(|error| error.is_cancelled()), "it had no answer yet");

    held.commit().await.expect("the row is let go");
    eventually("the turn to end", SOON, async || (system.stored(actor).await == (2, 11)).then_some(())).await;
    system.delivered(actor).await;
    assert_eq!(system.subscriber.distinct(actor), 2);
}

pub(crate) async fn an_overloaded_actor_sheds_calls_and_loses_none_it_took(system: &mut ActorHosts) {
    let (host, actor) = (&system.hosts[0], "overloaded");
    host.call(actor, Increment::METHOD, &command(&Increment { by: 1 })).await;
    let held = hold(&system.pool, actor).await;

    let calls = join_all(
        (0..600).map(|_| async { host.call(actor, Increment::METHOD, &command(&Increment { by: 1 })).await }),
    );
    let release = async {
        until_held_up(&system.pool).await;
        held.commit().await.expect("the row is let go");
    };
    let (outcomes, ()) = tokio::join!(calls, release);

    let (done, shed): (Vec<_>, Vec<_>) =
        outcomes.iter().partition(|outcome| matches!(outcome, Outcome::Done { .. }));
    assert!(!shed.is_empty(), "the mailbox is bounded");
    assert!(done.len() >= 200, "it takes what it has room for: {}", done.len());
    assert!(shed.iter().all(|outcome| matches!(outcome, Outcome::Unavailable { .. })), "{shed:?}");
    let taken = 1 + done.len() as i64;
    assert_eq!(system.stored(actor).await, (taken, taken));
    let call = command(&Increment { by: 1 });
    assert_eq!(total(&host.call(actor, Increment::METHOD, &call).await), taken + 1, "it goes on");
}

pub(crate) async fn a_panic_is_an_answer_and_the_next_turn_runs(system: &mut ActorHosts) {
    let (host, actor) = (&system.hosts[0], "panicking");
    let increment = async || {
        total(&host.until_answered(true, actor, Increment::METHOD, &command(&Increment { by: 1 })).await)
    };
    assert_eq!(increment().await, 1);
    let answer = host.until_answered(true, actor, Explode::METHOD, &command(&Explode)).await;
    assert!(matches!(&answer, Outcome::Fault { detail } if detail.contains("asked to")), "{answer:?}");
    assert_eq!(increment().await, 2);
}
