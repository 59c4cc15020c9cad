//! The service that makes instances is killed while it does.

use std::time::Duration;

use almanac_tests::{Person, eventually, unchanged_for};
use futures::future::join_all;
use serde_json::Value;
use xtask::{Process, Stack};

use crate::{REPLICAS, every_monday, open_instances};

const SERVICE: &str = "recurring-task-service";
/// Enough that some are in every stage whenever it dies.
const SERIES: usize = 40;

/// Completes one instance of each series while `kill` does its work; then there is one next instance each.
async fn complete_all_while(stack: &Stack, kill: impl AsyncFnOnce(&Stack)) {
    let ada = Person::register(stack).await;
    let firsts: Vec<Value> =
        join_all((0..SERIES).map(|n| ada.create(every_monday(&format!("Series {n}"))))).await;
    let complete = join_all(firsts.iter().map(async |task| {
        ada.act(ada.of_task("POST", task, "/complete")).await;
    }));
    let die = async {
        // When some of the instances are there and others are not.
        eventually("the first next instance", Duration::from_secs(30), async || {
            (!ada.all("/tasks?status=open").await.iter().all(is_first)).then_some(())
        })
        .await;
        kill(stack).await;
    };
    tokio::join!(complete, die);
    stack.until_ready().await.expect("it is ready again");

    // A lease of the dead runs out after half a minute.
    eventually("a next instance of each", Duration::from_secs(100), async || {
        let open = ada.all("/tasks").await;
        (open.len() >= SERIES && !open.iter().any(is_first)).then_some(())
    })
    .await;
    unchanged_for(Duration::from_secs(3), async || ada.all("/tasks").await.len()).await;
    for first in &firsts {
        let open = open_instances(&ada, &first["recurrence"]["series_id"]).await;
        let due: Vec<&Value> = open.iter().map(|task| &task["due"]["at"]).collect();
        assert_eq!(due, ["2030-01-14T09:00:00"], "one each");
    }
}

fn is_first(task: &Value) -> bool {
    task["due"]["at"] == "2030-01-07T09:00:00"
}

pub(crate) async fn one_next_instance_each_when_a_replica_is_killed(stack: &mut Stack) {
    complete_all_while(stack, async |stack| {
        stack.kill(SERVICE, 0, Process::App).await.expect("it ran");
    })
    .await;
}

pub(crate) async fn one_next_instance_each_when_all_replicas_and_sidecars_are_killed(stack: &mut Stack) {
    complete_all_while(stack, async |stack| {
        for replica in 0..REPLICAS.into() {
            let kill = |process| stack.kill(SERVICE, replica, process);
            tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
        }
    })
    .await;
}
