//! Whose it is, and that a request sent twice is one request.

use almanac_tests::{Person, Request};
use serde_json::json;
use xtask::Stack;

pub(crate) async fn a_retry_under_its_key_is_the_same_task(stack: &Stack) {
    let ada = Person::register(stack).await;
    let request = ada.request("POST", "/tasks").key("one").json(json!({ "title": "Once" }));
    // At the same time, and again.
    let (first, second) = tokio::join!(request.send(), request.send());
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first, second);
    let edit = ada.of_task("PATCH", &first.body, "").json(json!({ "title": "Twice" }));
    assert_eq!(ada.act(edit).await["version"], 2);
    assert_eq!(request.send().await, first, "the first answer stands");
    let other = ada.request("POST", "/tasks").key("one").json(json!({ "title": "Another" })).send().await;
    assert_eq!(other.status, 422, "{other:?}");
    assert_eq!(ada.all("/tasks").await.len(), 1);

    let bob = Person::register(stack).await;
    let his = bob.request("POST", "/tasks").key("one").json(json!({ "title": "Once" })).send().await;
    assert_eq!(his.status, 201);
    assert_ne!(his.body["id"], first.body["id"]);
}

pub(crate) async fn nobody_reaches_what_is_not_theirs(stack: &Stack) {
    let (ada, bob) = (Person::register(stack).await, Person::register(stack).await);
    let task = ada.create(json!({ "title": "Ada's" })).await;
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/complete"),
        ("POST", "/reopen"),
        ("POST", "/restore"),
        ("GET", "/history"),
    ] {
        assert_eq!(bob.of_task(method, &task, rest).send().await.status, 404, "{method} {rest}");
    }
    let edit = bob.of_task("PATCH", &task, "").json(json!({ "title": "Bob's" })).send().await;
    assert_eq!(edit.status, 404);
    assert!(bob.all("/tasks").await.is_empty());
    assert_eq!(ada.act(ada.of_task("GET", &task, "")).await, task);

    let path = format!("{}/api/v1/tasks/{}", stack.backend_url(), task["id"].as_str().expect("an id"));
    assert_eq!(Request::new("GET", path.clone()).send().await.status, 401);
    assert_eq!(Request::new("GET", path).token("not.a.token").send().await.status, 401);
}

pub(crate) async fn an_account_signs_in_again(stack: &Stack) {
    let ada = Person::register(stack).await;
    let login = async |email: &str, password: &str| {
        let request = Request::new("POST", format!("{}/api/v1/auth/login", stack.backend_url()));
        request.json(json!({ "email": email, "password": password })).until_answered().await
    };
    let signed_in = login(&ada.email.to_uppercase(), Person::PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let user = json!({ "id": ada.id, "email": ada.email, "email_verified": false, "totp": false, "time_zone": "UTC" });
    assert_eq!(signed_in.body["user"], user);
    let token = signed_in.body["access_token"].as_str().expect("a token");
    let tasks = Request::new("GET", format!("{}/api/v1/tasks", stack.backend_url())).token(token);
    assert_eq!(tasks.send().await.status, 200);
    assert_eq!(login(&ada.email, "wrong").await.status, 401);
    assert_eq!(login("nobody@example.org", Person::PASSWORD).await.status, 401);
}
