use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, User};

const PATH: &str = "/api/v1/filters";

async fn send(backend: &Backend, user: &User, method: &'static str, path: &str, body: Value) -> Answer {
    backend.request(method, path).token(&user.token).json(body).send().await
}

async fn get(backend: &Backend, user: &User, path: &str) -> Answer {
    backend.request("GET", path).token(&user.token).send().await
}

#[sqlx::test(migrations = false)]
async fn a_filter_is_kept_used_changed_and_deleted(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
    for title in ["water", "pay rent", "pay Bob"] {
        ada.create(&backend, title).await;
    }
    let made =
        send(&backend, &ada, "POST", PATH, json!({"name": " Pay ", "query": "?q=pay&sort=title"})).await;
    assert_eq!((made.status, &made.headers["etag"]), (201, &"\"1\"".parse().unwrap()));
    let path = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!((&made.body["name"], &made.body["query"]), (&json!("Pay"), &json!("q=pay&sort=title")));
    assert_eq!(get(&backend, &ada, PATH).await.body["items"], json!([made.body]));
    assert_eq!(get(&backend, &bob, PATH).await.body["items"], json!([]));

    let titles = async |user: &User, query: &str| {
        let id = made.body["id"].as_str().unwrap();
        let page = get(&backend, user, &format!("/api/v1/tasks?filter={id}{query}")).await;
        if page.status != 200 {
            return page.fields();
        }
        let items = page.body["items"].as_array().unwrap();
        items.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&ada, "").await, ["pay Bob", "pay rent"]);
    assert_eq!(
        titles(&ada, "&sort=-title").await,
        ["pay rent", "pay Bob"],
        "what is given beside it goes first"
    );
    assert_eq!(titles(&bob, "").await, ["filter"], "somebody else's is none at all");

    // A cursor is for what the filter said when it was given out.
    let id = made.body["id"].as_str().unwrap();
    let first = get(&backend, &ada, &format!("/api/v1/tasks?filter={id}&limit=1")).await;
    let cursor = format!("&cursor={}", first.body["next_cursor"].as_str().unwrap());
    assert_eq!(titles(&ada, &cursor).await, ["pay rent"]);
    let edited = send(&backend, &ada, "PATCH", &path, json!({"query": "q=water"})).await;
    assert_eq!((edited.status, &edited.headers["etag"]), (200, &"\"2\"".parse().unwrap()));
    assert_eq!(edited.body["name"], "Pay");
    assert_eq!(titles(&ada, &cursor).await, ["cursor"]);
    assert_eq!(titles(&ada, "").await, ["water"]);
    let same = send(&backend, &ada, "PATCH", &path, json!({"query": "q=water"})).await;
    assert_eq!(same.body["version"], 2);

    let stale = backend.request("DELETE", &path).token(&ada.token).header("if-match", "\"1\"").send().await;
    assert_eq!((stale.status, &stale.headers["etag"]), (412, &"\"2\"".parse().unwrap()));
    assert_eq!(send(&backend, &bob, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(send(&backend, &ada, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(get(&backend, &ada, &path).await.status, 404);
    assert_eq!(send(&backend, &ada, "PATCH", &path, json!({})).await.status, 404);
}

#[sqlx::test(migrations = false)]
async fn under_its_key_a_change_is_made_once(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let under = async |method: &'static str, path: &str, key: &str, body: Value| {
        backend.request(method, path).token(&ada.token).header("idempotency-key", key).json(body).send().await
    };
    let body = json!({"name": "a", "query": "tag=home"});
    let (first, again) =
        tokio::join!(under("POST", PATH, "k", body.clone()), under("POST", PATH, "k", body.clone()));
    assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
    let path = first.headers["location"].to_str().unwrap();
    let other = under("POST", PATH, "k", json!({"name": "b", "query": ""})).await;
    assert_eq!((other.status, other.kind()), (422, "/api/problems/idempotency-key-reused"));

    let edited = under("PATCH", path, "e", json!({"name": "b"})).await;
    assert_eq!(edited.body["version"], 2);
    under("PATCH", path, "f", json!({"name": "c"})).await;
    assert_eq!(
        under("PATCH", path, "e", json!({"name": "b"})).await.body,
        edited.body,
        "as it was answered then"
    );
    assert_eq!(under("DELETE", path, "d", Value::Null).await.status, 204);
    assert_eq!(under("DELETE", path, "d", Value::Null).await.status, 204);
    assert_eq!(under("DELETE", path, "g", Value::Null).await.status, 404);
}

#[sqlx::test(migrations = false)]
async fn what_no_list_would_take_is_not_kept(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for (body, fields) in [
        (json!({}), vec!["name", "query"]),
        (json!({"name": "", "query": ""}), vec!["name"]),
        (json!({"name": "x\ny", "query": 1}), vec!["name", "query"]),
        (json!({"name": null, "query": "x".repeat(2001)}), vec!["name", "query"]),
        (json!({"name": "x", "query": "sort=size&due_to=soon"}), vec!["query.due_to", "query.sort"]),
        (json!({"name": "x", "query": "limit=5"}), vec!["query.limit"]),
        (json!({"name": "x", "query": "filter=5&cursor=x"}), vec!["query.filter", "query.cursor"]),
        (json!({"name": "x", "query": "tag=a&tag=b"}), vec!["query.tag"]),
        (json!({"name": "x", "query": "q=%ff"}), vec!["query.q"]),
        (json!({"name": "x", "query": "q=é ü"}), vec![]),
        (json!({"name": "x", "query": "", "colour": "red"}), vec!["colour"]),
    ] {
        let answer = send(&backend, &ada, "POST", PATH, body.clone()).await;
        assert_eq!(answer.fields(), fields, "{body}");
        assert_eq!(answer.status, if fields.is_empty() { 201 } else { 422 }, "{body}");
    }
    for filter in ["x", "00000000-0000-7000-8000-000000000001"] {
        let answer = get(&backend, &ada, &format!("/api/v1/tasks?filter={filter}")).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["filter".to_owned()]));
    }
}
