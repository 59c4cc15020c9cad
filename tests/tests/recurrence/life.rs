//! What a person does with instances and series.

use std::time::Duration;

use almanac_tests::{Person, Request, eventually, unchanged_for};
use serde_json::{Value, json};
use xtask::Stack;

use crate::{every_monday, next_instance, open_instances};

const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn a_completed_instance_is_followed_by_one_like_it(stack: &Stack) {
    let ada = Person::register(stack).await;
    let first = ada.create(every_monday("Water the plants")).await;
    ada.act(ada.of_task("POST", &first, "/complete")).await;

    let next = next_instance(&ada, &first).await;
    for same in ["title", "notes", "priority", "tags"] {
        assert_eq!(next[same], first[same], "{same}");
    }
    assert_eq!(next["due"], json!({ "at": "2030-01-14T09:00:00", "zone": "Europe/Berlin" }));
    assert_eq!(next["reminders"][0]["before"], "PT15M");
    assert_eq!(next["reminders"][0]["fires_at"], "2030-01-14T07:45:00Z");
    assert_eq!(next["recurrence"]["occurrence"], "2030-01-14T09:00:00");
    ada.history_holds(&first, &[("task.completed", 1), ("recurrence.instance_created", 1)]).await;

    ada.act(ada.of_task("POST", &next, "/complete")).await;
    let third = next_instance(&ada, &next).await;
    assert_eq!(third["due"]["at"], "2030-01-21T09:00:00");
    let series = &first["recurrence"]["series_id"];
    unchanged_for(Duration::from_secs(3), async || open_instances(&ada, series).await.len()).await;

    // As another service asks for it, through its sidecar.
    let sidecar = stack.ports().apps["todo-backend"][0].sidecar.http;
    let path = format!("api/recurring/{}", next["id"].as_str().expect("an id"));
    let url = format!("http://127.0.0.1:{sidecar}/v1.0/invoke/recurring-task-service/method/{path}");
    let told = Request::new("GET", url).send().await;
    assert_eq!((told.status, &told.body["series_id"]), (200, series), "{told:?}");
    let chain: Vec<&Value> =
        told.body["instances"].as_array().expect("a list").iter().map(|one| &one["task_id"]).collect();
    assert_eq!(chain, [&first["id"], &next["id"], &third["id"]]);
}

pub(crate) async fn reopening_withdraws_the_next_instance_unless_it_was_touched(stack: &Stack) {
    let ada = Person::register(stack).await;
    let first = ada.create(every_monday("Done by mistake")).await;
    let series = &first["recurrence"]["series_id"];
    ada.act(ada.of_task("POST", &first, "/complete")).await;
    let next = next_instance(&ada, &first).await;
    ada.act(ada.of_task("POST", &first, "/reopen")).await;
    let open = eventually("the next one to be withdrawn", SOON, async || {
        let open = open_instances(&ada, series).await;
        (open.len() == 1).then_some(open)
    })
    .await;
    assert_eq!(open[0]["id"], first["id"]);

    ada.act(ada.of_task("POST", &first, "/complete")).await;
    let again = next_instance(&ada, &first).await;
    assert_eq!(again["id"], next["id"], "it is the same one");
    ada.act(ada.of_task("PATCH", &again, "").json(json!({ "notes": "Touched." }))).await;
    ada.act(ada.of_task("POST", &first, "/reopen")).await;
    ada.history_holds(&first, &[("recurrence.instance_kept", 1)]).await;
    assert_eq!(open_instances(&ada, series).await.len(), 2);
    ada.act(ada.of_task("POST", &first, "/complete")).await;
    unchanged_for(Duration::from_secs(3), async || {
        let open = open_instances(&ada, series).await;
        open.iter().map(|task| task["id"].clone()).collect::<Vec<Value>>()
    })
    .await;
    assert_eq!(open_instances(&ada, series).await[0]["id"], again["id"]);
}

pub(crate) async fn a_skipped_instance_is_followed_and_an_ended_series_is_not(stack: &Stack) {
    let ada = Person::register(stack).await;
    let first = ada.create(every_monday("Not this week")).await;
    let series = &first["recurrence"]["series_id"];
    ada.act(ada.of_task("POST", &first, "/skip")).await;
    let next = next_instance(&ada, &first).await;
    assert_eq!(next["due"]["at"], "2030-01-14T09:00:00");
    ada.act(ada.of_task("POST", &next, "/recurrence/end")).await;
    ada.act(ada.of_task("POST", &next, "/complete")).await;
    ada.history_holds(&next, &[("recurrence.over", 1)]).await;
    unchanged_for(Duration::from_secs(3), async || open_instances(&ada, series).await.len()).await;
    assert!(open_instances(&ada, series).await.is_empty());
}

pub(crate) async fn a_preview_needs_no_login(stack: &Stack) {
    let url = format!("{}/api/v1/recurrences/preview", stack.backend_url());
    let preview = json!({
        "start": { "at": "2012-07-01T02:30:00", "zone": "Africa/Casablanca" },
        "rrule": "FREQ=YEARLY;BYMONTH=7;BYDAY=1SU", "count": 2,
    });
    let answer = Request::new("POST", url).json(preview).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["text"], "every year on the first Sunday of July");
    assert_eq!(answer.body["occurrences"].as_array().map(Vec::len), Some(2));
}
