//! Live events, through the front door.

use std::time::Duration;

use almanac_tests::{BUSY, LiveEvents, Person};
use serde_json::json;
use tokio::time::Instant;
use xtask::Stack;

pub(crate) async fn a_change_is_told_to_connected_clients_within_a_second(stack: &Stack) {
    let (ada, bob) = (Person::register(stack).await, Person::register(stack).await);
    let (mut phone, mut laptop) = (LiveEvents::of(&ada).await, LiveEvents::of(&ada).await);
    let mut his = LiveEvents::of(&bob).await;
    let task = ada.create(json!({ "title": "Water the plants" })).await;
    let mut version = 1;
    for (kind, method, rest) in [
        ("task.created", "", ""),
        ("task.completed", "POST", "/complete"),
        ("task.reopened", "POST", "/reopen"),
        ("task.deleted", "DELETE", ""),
        ("task.restored", "POST", "/restore"),
    ] {
        if kind != "task.created" {
            ada.act(ada.of_task(method, &task, rest)).await;
            version += 1;
        }
        let answered = Instant::now();
        for client in [&mut phone, &mut laptop] {
            let event = client.next().await.expect("an event");
            let about = (&event.data["task_id"], &event.data["version"]);
            assert_eq!((event.kind.as_str(), about), (kind, (&task["id"], &json!(version))));
        }
        let took = answered.elapsed();
        println!("{kind} was told {} ms after the answer", took.as_millis());
        assert!(took < Duration::from_secs(1) + BUSY, "{kind} took {took:?}");
    }
    let his_task = bob.create(json!({ "title": "His own" })).await;
    assert_eq!(
        his.next().await.expect("an event").data["task_id"],
        his_task["id"],
        "he hears of nothing of hers"
    );
}
