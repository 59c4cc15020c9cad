//! Many changes in one request, each by itself.

use almanac_tests::{Person, Request};
use serde_json::{Value, json};
use xtask::Stack;

pub(crate) async fn of_many_changes_each_has_its_own_result_and_is_made_once(stack: &Stack) {
    let ada = Person::register(stack).await;
    let bob = Person::register(stack).await;
    let [mow, weed, rake] = ["Mow", "Weed", "Rake"].map(|title| json!({"title": title}));
    let (mow, weed, rake) = (ada.create(mow).await, ada.create(weed).await, ada.create(rake).await);
    let his = bob.create(json!({"title": "Bob's"})).await;
    let operations = json!([
        {"op": "create", "body": {"title": "Sow"}},
        {"op": "update", "id": mow["id"], "if_match": "\"1\"", "body": {"priority": "high"}},
        {"op": "update", "id": mow["id"], "if_match": "\"1\"", "body": {"priority": "low"}},
        {"op": "complete", "id": weed["id"]},
        {"op": "reopen", "id": weed["id"]},
        {"op": "complete", "id": weed["id"]},
        {"op": "delete", "id": rake["id"]},
        {"op": "complete", "id": his["id"]},
        {"op": "create", "body": {"title": "", "priority": "huge"}},
    ]);
    let bulk = ada.request("POST", "/tasks/bulk").key("spring").json(json!({"operations": operations}));
    // At once, and again: each change is made once, and told as before.
    let (results, again) = tokio::join!(results_of(&bulk), results_of(&bulk));
    assert_eq!(results, again);
    assert_eq!(results, results_of(&bulk).await);
    let statuses: Vec<u64> = results.iter().filter_map(|result| result["status"].as_u64()).collect();
    assert_eq!(statuses, [201, 200, 412, 200, 200, 200, 204, 404, 422], "{results:?}");
    assert_eq!((&results[1]["task"]["priority"], &results[1]["etag"]), (&json!("high"), &json!("\"2\"")));
    let fields = results[8]["problem"]["errors"].as_array().expect("errors").iter();
    assert_eq!(fields.map(|error| &error["field"]).collect::<Vec<_>>(), ["title", "priority"]);

    let listed = ada.all("/tasks?status=all&sort=title").await;
    let seen = listed.iter().map(|task| (&task["title"], &task["status"], &task["version"]));
    let expected = [("Mow", "open", 2), ("Sow", "open", 1), ("Weed", "done", 4)];
    let expected = expected.map(|(title, status, version)| (json!(title), json!(status), json!(version)));
    assert!(seen.eq(expected.iter().map(|(title, status, version)| (title, status, version))), "{listed:?}");
    assert_eq!(ada.all("/trash").await.len(), 1);
    let kinds = [("task.created", 1), ("task.completed", 2), ("task.reopened", 1)];
    let history: Vec<Value> = ada.history_holds(&weed, &kinds).await;
    assert_eq!(history.len(), 4, "{history:?}");
    assert_eq!(bob.all("/tasks").await[0], his);
}

async fn results_of(bulk: &Request) -> Vec<Value> {
    let mut answer = bulk.until_answered().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let Value::Array(mut results) = answer.body["results"].take() else { panic!("no results: {answer:?}") };
    for problem in results.iter_mut().filter_map(|result| result.get_mut("problem")?.as_object_mut()) {
        // Of each try its own.
        problem.remove("instance");
    }
    results
}
