//! Finding tasks: a search that is kept under a name, read page by page while the list changes.

use almanac_tests::{Person, Request, WholeAnswer};
use serde_json::{Value, json};
use xtask::Stack;

pub(crate) async fn a_saved_search_is_read_by_its_links_while_tasks_come_and_go(stack: &Stack) {
    let ada = Person::register(stack).await;
    let mut found = Vec::new();
    for title in ["Água for the roses", "Balcony", "Cut the hedge", "Dig", "Empty the rain barrel"] {
        let notes = if title.starts_with('Á') { "" } else { "with water, by agua.example" };
        found.push(ada.create(json!({"title": title, "notes": notes, "tags": ["Garden"]})).await);
    }
    ada.create(json!({"title": "Aguardiente", "tags": ["kitchen"]})).await;
    ada.create(json!({"title": "Fence", "tags": ["garden"]})).await;
    let said = ada.create(json!({"title": "Gravel", "tags": ["garden"]})).await;
    let comment = json!({"text": "**Agua** first, says Bob"});
    ada.act(ada.of_task("POST", &said, "/comments").json(comment)).await;
    found.push(said);

    let filter = json!({"name": "Water", "query": "q=AGUA&tag=garden&sort=title"});
    let filter = ada.act(ada.request("POST", "/filters").json(filter)).await;
    let listed = ada.request("GET", "/filters").until_answered().await;
    assert_eq!(listed.body["items"], json!([filter]));
    let id = filter["id"].as_str().expect("an id");

    let mut page = ada.request("GET", &format!("/tasks?filter={id}&limit=2")).whole().await;
    let mut titles = titles_of(&page);
    // Before what was read, within what was not, and one less: nothing of the rest is shown twice or missed.
    ada.create(json!({"title": "Agua again", "tags": ["garden"]})).await;
    ada.act(ada.of_task("DELETE", &found[3], "")).await;
    let later = json!({"title": "Can", "notes": "agua", "tags": ["garden"]});
    ada.create(later).await;
    let first = page.link("first").expect("a first page").to_owned();
    while let Some(next) = page.link("next") {
        page = follow(stack, &ada, next).await;
        titles.extend(titles_of(&page));
    }
    assert_eq!(
        titles,
        ["Água for the roses", "Balcony", "Can", "Cut the hedge", "Empty the rain barrel", "Gravel"]
    );
    assert_eq!(titles_of(&follow(stack, &ada, &first).await)[0], "Agua again");

    let gone = ada.request("DELETE", &format!("/filters/{id}"));
    ada.act(gone).await;
    let answer = ada.request("GET", &format!("/tasks?filter={id}")).send().await;
    let rule = &answer.body["errors"][0]["rule"];
    assert_eq!((answer.status, rule), (422, &json!("unknown_filter")), "{answer:?}");
}

async fn follow(stack: &Stack, person: &Person, link: &str) -> WholeAnswer {
    Request::new("GET", format!("{}{link}", stack.backend_url())).token(person.token()).whole().await
}

fn titles_of(page: &WholeAnswer) -> Vec<String> {
    assert_eq!(page.status, 200, "{page:?}");
    let page: Value = page.json();
    let tasks = page["items"].as_array().expect("items").iter();
    tasks.map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}
