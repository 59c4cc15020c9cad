//! What every actor runtime promises, as tests that run against any: this test runtime, and real
//! daprd processes with PostgreSQL.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fault,
    counter::{Count, Explode, Increment, OverLimit, Read, RemindMe, SetLimit, TOPIC},
};
use crate::{Call, CommandId, Message, Outcome};

/// A runtime with two hosts of `Counter` actors.
#[async_trait(?Send)]
pub trait Runtime {
    /// A call as Dapr delivers it.
    async fn invoke(&self, actor_id: &str, method: &str, call: &Call) -> Outcome;

    /// A call to one of the two hosts, whoever owns the actor.
    async fn call_host(&self, host: usize, actor_id: &str, method: &str, call: &Call) -> Outcome;

    /// The next commit of this host goes wrong here.
    fn fail_next_commit(&self, host: usize, fault: Fault);

    /// Everything published to `topic` about this actor, once the outbox is empty.
    async fn published(&self, actor_id: &str, topic: &str) -> Vec<Value>;

    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// Lets time pass.
    async fn sleep(&self, time: Duration);
}

/// Runs every case; each uses actors of its own, named after `prefix`.
pub async fn run_all(runtime: &dyn Runtime, prefix: &str) {
    let id = |case: &str| format!("{prefix}-{case}");
    an_answer_no_is_committed_like_any_other(runtime, &id("no")).await;
    a_stale_owner_does_not_answer_from_what_it_remembers(runtime, &id("stale")).await;
    a_read_sees_what_another_owner_committed(runtime, &id("read")).await;
    the_same_command_gets_its_first_answer(runtime, &id("same")).await;
    a_refusal_is_repeated_even_if_it_would_be_allowed_now(runtime, &id("refusal")).await;
    a_command_id_cannot_be_used_for_something_else(runtime, &id("reuse")).await;
    two_owners_lose_no_update(runtime, &id("owners")).await;
    a_crash_before_the_commit_leaves_nothing(runtime, &id("before")).await;
    a_crash_after_the_commit_leaves_the_event_to_be_published(runtime, &id("after")).await;
    a_panic_costs_one_turn_and_nothing_else(runtime, &id("panic")).await;
    a_command_past_its_deadline_is_dropped(runtime, &id("late")).await;
    an_unknown_method_and_a_wrong_message_are_malformed(runtime, &id("wrong")).await;
    every_version_has_one_event_with_one_id(runtime, &id("events")).await;
    a_reminder_fires_once_and_not_early(runtime, &id("reminder")).await;
}

fn command<M: Message>(message: &M, id: u128) -> Call {
    let namespace = Uuid::from_u128(id);
    Call {
        command_id: Some(CommandId(namespace)),
        message: serde_json::to_value(message).expect("a message has a JSON form"),
        ..Call::default()
    }
}

async fn on<M: Message>(runtime: &dyn Runtime, host: usize, actor: &str, message: &M, id: u128) -> Outcome {
    runtime.call_host(host, actor, M::METHOD, &command(message, id)).await
}

fn count(outcome: Outcome) -> Count {
    match outcome {
        Outcome::Done { reply } => serde_json::from_value(reply).expect("a count"),
        other => panic!("not done: {other:?}"),
    }
}

async fn total(runtime: &dyn Runtime, host: usize, actor: &str) -> i64 {
    let call = Call { message: serde_json::to_value(Read).expect("JSON"), ..Call::default() };
    count(runtime.call_host(host, actor, Read::METHOD, &call).await).total
}

async fn an_answer_no_is_committed_like_any_other(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 0, actor, &SetLimit { limit: Some(5) }, 1).await;
    // Host 1 remembers the limit of 5; host 0 lifts it behind its back.
    let refused = on(runtime, 1, actor, &Increment { by: 6 }, 2).await;
    assert!(matches!(refused, Outcome::Refused { .. }), "{refused:?}");
    on(runtime, 0, actor, &SetLimit { limit: Some(10) }, 3).await;
    assert_eq!(count(on(runtime, 1, actor, &Increment { by: 6 }, 4).await).total, 6, "a stale refusal");
}

async fn a_stale_owner_does_not_answer_from_what_it_remembers(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 1, actor, &Increment { by: 1 }, 1).await;
    on(runtime, 0, actor, &Increment { by: 10 }, 2).await;
    // A no-op for host 1, whose memory says 1.
    assert_eq!(count(on(runtime, 1, actor, &Increment { by: 0 }, 3).await).total, 11, "a stale no-op");
}

async fn a_read_sees_what_another_owner_committed(runtime: &dyn Runtime, actor: &str) {
    assert_eq!(total(runtime, 1, actor).await, 0);
    on(runtime, 0, actor, &Increment { by: 3 }, 1).await;
    assert_eq!(total(runtime, 1, actor).await, 3);
}

async fn the_same_command_gets_its_first_answer(runtime: &dyn Runtime, actor: &str) {
    let first = on(runtime, 0, actor, &Increment { by: 2 }, 1).await;
    on(runtime, 0, actor, &Increment { by: 5 }, 2).await;
    assert_eq!(on(runtime, 0, actor, &Increment { by: 2 }, 1).await, first, "from the same owner");
    assert_eq!(on(runtime, 1, actor, &Increment { by: 2 }, 1).await, first, "from another owner");
    assert_eq!(total(runtime, 0, actor).await, 7);
    // An owner that has the state in memory, but did not give the answer.
    let other = on(runtime, 1, actor, &Increment { by: 1 }, 3).await;
    assert_eq!(count(other.clone()).total, 8);
    on(runtime, 0, actor, &Increment { by: 0 }, 4).await;
    assert_eq!(on(runtime, 0, actor, &Increment { by: 1 }, 3).await, other);
    assert_eq!(total(runtime, 1, actor).await, 8);
}

async fn a_refusal_is_repeated_even_if_it_would_be_allowed_now(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 0, actor, &SetLimit { limit: Some(1) }, 1).await;
    let refused = on(runtime, 0, actor, &Increment { by: 2 }, 2).await;
    let refusal = serde_json::to_value(OverLimit { limit: 1 }).expect("JSON");
    assert_eq!(refused, Outcome::Refused { refusal });
    on(runtime, 0, actor, &SetLimit { limit: None }, 3).await;
    assert_eq!(on(runtime, 1, actor, &Increment { by: 2 }, 2).await, refused);
    assert_eq!(total(runtime, 0, actor).await, 0);
}

async fn a_command_id_cannot_be_used_for_something_else(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 0, actor, &Increment { by: 2 }, 1).await;
    assert_eq!(on(runtime, 0, actor, &Increment { by: 3 }, 1).await, Outcome::CommandIdReused);
    assert_eq!(on(runtime, 1, actor, &SetLimit { limit: None }, 1).await, Outcome::CommandIdReused);
    assert_eq!(total(runtime, 0, actor).await, 2);
}

async fn two_owners_lose_no_update(runtime: &dyn Runtime, actor: &str) {
    let increments = (1..=40).map(|n: u128| async move {
        let call = command(&Increment { by: 1 }, n);
        loop {
            let outcome = runtime.call_host((n % 2) as usize, actor, Increment::METHOD, &call).await;
            match outcome {
                Outcome::Done { .. } => return,
                Outcome::Unavailable { .. } => runtime.sleep(Duration::from_millis(20)).await,
                other => panic!("{other:?}"),
            }
        }
    });
    join_all(increments).await;
    assert_eq!(total(runtime, 0, actor).await, 40);
    assert_eq!(total(runtime, 1, actor).await, 40);
}

async fn a_crash_before_the_commit_leaves_nothing(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 0, actor, &Increment { by: 1 }, 1).await;
    runtime.fail_next_commit(0, Fault::BeforeCommit);
    let lost = on(runtime, 0, actor, &Increment { by: 10 }, 2).await;
    assert!(matches!(lost, Outcome::Unavailable { .. }), "{lost:?}");
    assert_eq!(total(runtime, 1, actor).await, 1);
    assert_eq!(runtime.published(actor, TOPIC).await.len(), 1, "no event either");
    assert_eq!(
        count(on(runtime, 1, actor, &Increment { by: 10 }, 2).await).total,
        11,
        "the retry is decided"
    );
}

async fn a_crash_after_the_commit_leaves_the_event_to_be_published(runtime: &dyn Runtime, actor: &str) {
    runtime.fail_next_commit(0, Fault::AfterCommit);
    let unknown = on(runtime, 0, actor, &Increment { by: 4 }, 1).await;
    assert!(matches!(unknown, Outcome::Unavailable { .. }), "{unknown:?}");
    let events = runtime.published(actor, TOPIC).await;
    assert!(!events.is_empty(), "the event waits in the outbox for any relay");
    assert_eq!(
        count(on(runtime, 1, actor, &Increment { by: 4 }, 1).await).total,
        4,
        "the retry finds the answer"
    );
    assert_eq!(total(runtime, 0, actor).await, 4);
}

async fn a_panic_costs_one_turn_and_nothing_else(runtime: &dyn Runtime, actor: &str) {
    on(runtime, 0, actor, &Increment { by: 1 }, 1).await;
    let explosion = command(&Explode, 2);
    let next = command(&Increment { by: 1 }, 3);
    // Queued behind the one that panics, on the same activation.
    let (panicked, following) = futures::join!(
        runtime.call_host(0, actor, Explode::METHOD, &explosion),
        runtime.call_host(0, actor, Increment::METHOD, &next),
    );
    assert!(matches!(panicked, Outcome::Fault { .. }), "{panicked:?}");
    assert_eq!(count(following).total, 2);
}

async fn a_command_past_its_deadline_is_dropped(runtime: &dyn Runtime, actor: &str) {
    let call = Call { timeout_ms: Some(0), ..command(&Increment { by: 1 }, 1) };
    let dropped = runtime.call_host(0, actor, Increment::METHOD, &call).await;
    assert!(matches!(dropped, Outcome::Unavailable { .. }), "{dropped:?}");
    assert_eq!(total(runtime, 0, actor).await, 0);
}

async fn an_unknown_method_and_a_wrong_message_are_malformed(runtime: &dyn Runtime, actor: &str) {
    let unknown = runtime.call_host(0, actor, "fly", &Call::default()).await;
    assert!(matches!(unknown, Outcome::Malformed { .. }), "{unknown:?}");
    let wrong = Call { message: serde_json::json!({ "by": "much" }), ..Call::default() };
    let wrong = runtime.call_host(0, actor, Increment::METHOD, &wrong).await;
    assert!(matches!(wrong, Outcome::Malformed { .. }), "{wrong:?}");
}

async fn every_version_has_one_event_with_one_id(runtime: &dyn Runtime, actor: &str) {
    for n in 1..=5 {
        let outcome = runtime.invoke(actor, Increment::METHOD, &command(&Increment { by: 1 }, n)).await;
        assert_eq!(count(outcome).total, n as i64);
    }
    let mut seen = std::collections::BTreeMap::new();
    for event in runtime.published(actor, TOPIC).await {
        let sequence: i64 = event["sequence"].as_str().expect("a sequence").parse().expect("a number");
        let id = event["id"].as_str().expect("an id").to_owned();
        assert_eq!(event["data"][0], sequence, "the event tells its own version");
        assert_eq!(seen.entry(sequence).or_insert_with(|| id.clone()), &id, "a double has the same id");
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

async fn a_reminder_fires_once_and_not_early(runtime: &dyn Runtime, actor: &str) {
    let at = runtime.now() + Duration::from_secs(2);
    let set = runtime.invoke(actor, RemindMe::METHOD, &command(&RemindMe { at }, 1)).await;
    assert_eq!(count(set).reminded, 0);
    let read = Call { message: serde_json::to_value(Read).expect("JSON"), ..Call::default() };
    loop {
        let now = runtime.now();
        let count = count(runtime.invoke(actor, Read::METHOD, &read).await);
        if count.reminded == 1 {
            assert!(runtime.now() >= at, "it fired early");
            break;
        }
        assert!(now < at + Duration::from_secs(20), "the reminder never came");
        runtime.sleep(Duration::from_millis(100)).await;
    }
    runtime.sleep(Duration::from_secs(2)).await;
    assert_eq!(count(runtime.invoke(actor, Read::METHOD, &read).await).reminded, 1, "it fired twice");
}
