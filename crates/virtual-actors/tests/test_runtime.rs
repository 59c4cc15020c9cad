//! The test runtime keeps the contract, and the promise holds in it whatever goes wrong.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{
    BrokenRule, Call, CommandId, Outcome,
    testing::{
        Fault, Faults, TestRuntime, World,
        contract::{self, Runtime},
        counter::{Counter, Increment, TOPIC},
    },
};

/// For an outbox to be emptied, in virtual time.
const PATIENCE: Duration = Duration::from_secs(60);

struct InMemory(World);

#[async_trait(?Send)]
impl Runtime for InMemory {
    async fn invoke(&self, actor_id: &str, method: &str, call: &Call) -> Outcome {
        self.0.call("Counter", actor_id, method, call).await
    }

    async fn call_host(&self, host: usize, actor_id: &str, method: &str, call: &Call) -> Outcome {
        self.0.call_host(host, "Counter", actor_id, method, call).await
    }

    fn fail_next_commit(&self, host: usize, fault: Fault) {
        self.0.fail_next_commit(host, fault);
    }

    async fn published(&self, actor_id: &str, topic: &str) -> Vec<Value> {
        self.0.relay_for(PATIENCE).await;
        self.0.published(topic).into_iter().filter(|event| event["subject"] == actor_id).collect()
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleep(time).await;
    }
}

#[test]
fn the_test_runtime_keeps_the_contract_in_every_order() {
    for seed in 0..50 {
        TestRuntime::new(seed).host("a").host("b").actor::<Counter>().run(|world| async move {
            contract::run_all(&InMemory(world), "contract").await;
        });
    }
}

#[test]
fn nothing_is_lost_or_doubled_whatever_goes_wrong() {
    const COMMANDS: u128 = 30;
    for seed in 0..300 {
        let runtime = TestRuntime::new(seed).faults(Faults::HARSH).host("a").host("b").host("c");
        runtime.actor::<Counter>().run(move |world| async move {
            let commands = (1..=COMMANDS)
                .map(|n| {
                    let world = world.clone();
                    async move { world.command_until_answered("c", &Increment { by: 1 }, n).await.total }
                })
                .collect::<Vec<_>>();
            let mut answers = join_all(commands).await;
            answers.sort_unstable();
            let expected: Vec<i64> = (1..=COMMANDS as i64).collect();
            assert_eq!(answers, expected, "seed {seed}: each command was applied once");

            world.relay_for(PATIENCE).await;
            let mut by_version = BTreeMap::<String, Vec<String>>::new();
            for event in world.published(TOPIC) {
                let version = event["sequence"].as_str().expect("a version").to_owned();
                by_version.entry(version).or_default().push(event["id"].to_string());
            }
            assert_eq!(by_version.len(), COMMANDS as usize, "seed {seed}: every change was published");
            for ids in by_version.values() {
                assert!(ids.iter().all(|id| id == &ids[0]), "seed {seed}: a double has the same id");
            }
        });
    }
}

/// The rule: all counters together count to three. The tenth attempt breaks nothing any more.
#[test]
fn what_a_rule_refused_stays_refused() {
    for seed in 0..50 {
        TestRuntime::new(seed).host("a").host("b").actor::<Counter>().run(|world| async move {
            let left = AtomicI64::new(3);
            world.store().rule_double("Counter", move |_, _| {
                let left = left.fetch_sub(1, Ordering::Relaxed);
                if (-6..=0).contains(&left) { Err(BrokenRule(json!({ "limit": 3 }))) } else { Ok(()) }
            });
            let increment = async |n: u128| {
                let call = Call {
                    command_id: Some(CommandId(Uuid::from_u128(n))),
                    message: json!({ "by": 1 }),
                    ..Call::default()
                };
                InMemory(world.clone()).invoke(&format!("c{n}"), "increment", &call).await
            };
            let first: Vec<Outcome> = join_all((0..5).map(increment)).await;
            let done = |outcome: &Outcome| matches!(outcome, Outcome::Done { .. });
            assert_eq!(first.iter().filter(|outcome| done(outcome)).count(), 3, "seed {seed}: {first:?}");
            let refused = Outcome::Refused { refusal: json!({ "limit": 3 }) };
            assert_eq!(first.iter().filter(|outcome| **outcome == refused).count(), 2, "seed {seed}");
            for n in 5..10 {
                increment(n).await;
            }
            assert!(done(&increment(11).await), "seed {seed}: the rule would let it through by now");
            for (n, outcome) in (0..).zip(&first) {
                assert_eq!(increment(n).await, *outcome, "seed {seed}: but an answer is an answer");
            }
        });
    }
}

#[test]
fn a_broker_outage_delays_events_and_stops_no_turn() {
    TestRuntime::new(7).host("a").actor::<Counter>().run(|world| async move {
        world.set_broker_down(true);
        for n in 1..=5 {
            world.command_until_answered("c", &Increment { by: 1 }, n).await;
        }
        world.relay_for(PATIENCE).await;
        assert!(world.published(TOPIC).is_empty());
        world.set_broker_down(false);
        world.relay_for(PATIENCE).await;
        assert_eq!(world.published(TOPIC).len(), 5);
    });
}

#[test]
fn a_run_is_decided_by_its_seed() {
    let run = |seed| {
        TestRuntime::new(seed).faults(Faults::HARSH).host("a").host("b").actor::<Counter>().run(
            |world| async move {
                let totals = (1..=10).map(|n| {
                    let world = world.clone();
                    async move { world.command_until_answered("c", &Increment { by: 1 }, n).await.total }
                });
                (join_all(totals).await, world.now())
            },
        )
    };
    assert_eq!(run(3), run(3));
    assert!((0..20).any(|seed| run(seed) != run(3)), "seeds make a difference");
}

#[test]
fn the_store_in_memory_keeps_the_contract_of_stores() {
    TestRuntime::new(1).run(|world| async move {
        world.store().rule_double("Ruled", |_, rows| match rows.get("breaks") {
            Some(rule) => Err(BrokenRule(rule.clone())),
            None => Ok(()),
        });
        virtual_actors::testing::store_contract::run_all(world.store()).await;
    });
}

#[test]
fn relays_share_the_outbox_in_memory_as_in_postgresql() {
    TestRuntime::new(1).run(|world| async move {
        let elapse = async |time| world.sleep(time).await;
        virtual_actors::testing::store_contract::relays_take_over(world.store(), elapse).await;
    });
}
