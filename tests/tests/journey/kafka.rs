//! What holds on Kafka only.

use std::collections::{BTreeMap, BTreeSet};

use almanac_tests::Person;
use futures::future::join_all;
use rskafka::client::{ClientBuilder, partition::UnknownTopicHandling};
use serde_json::{Value, json};
use xtask::Stack;

/// Sent one by one or many at once, an event's key is the task it comes from.
pub(crate) async fn the_events_of_a_task_lie_in_one_partition(stack: &Stack) {
    const TASKS: usize = 12;
    const EDITS: usize = 5;
    let ada = Person::register(stack).await;
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    join_all(tasks.iter().map(async |task| {
        for n in 0..EDITS {
            ada.act(ada.of_task("PATCH", task, "").json(json!({ "title": format!("Edit {n}") }))).await;
        }
        ada.history_holds(task, &[("task.updated", EDITS)]).await;
    }))
    .await;

    let mut partitions: BTreeMap<&str, BTreeSet<i32>> =
        tasks.iter().map(|task| (task["id"].as_str().expect("an id"), BTreeSet::new())).collect();
    for partition in 0..12 {
        for (key, event) in records(stack, "task-events", partition).await {
            // Others publish, too.
            let Some(of_task) = event["subject"].as_str().and_then(|task| partitions.get_mut(task)) else {
                continue;
            };
            assert_eq!(key, event["subject"], "{event}");
            of_task.insert(partition);
        }
    }
    let of_tasks: Vec<_> = partitions.into_values().collect();
    assert!(of_tasks.iter().all(|partitions| partitions.len() == 1), "{of_tasks:?}");
    let used: BTreeSet<_> = of_tasks.into_iter().flatten().collect();
    assert!(used.len() > 1, "they spread: {used:?}");
}

/// Keys and events of a partition.
async fn records(stack: &Stack, topic: &str, partition: i32) -> Vec<(String, Value)> {
    let broker = format!("127.0.0.1:{}", stack.ports().kafka.broker);
    let client = ClientBuilder::new(vec![broker]).build().await.expect("it runs");
    let partition = client.partition_client(topic, partition, UnknownTopicHandling::Error).await;
    let partition = partition.expect("it is there");
    let (mut records, mut offset) = (Vec::new(), 0);
    loop {
        let (batch, end) = partition.fetch_records(offset, 1..1_000_000, 100).await.expect("records");
        offset = batch.last().map_or(end, |last| last.offset + 1);
        records.extend(batch.into_iter().map(|record| {
            let key = String::from_utf8(record.record.key.unwrap_or_default()).expect("a text");
            (key, serde_json::from_slice(&record.record.value.unwrap_or_default()).unwrap_or_default())
        }));
        if offset >= end {
            return records;
        }
    }
}
