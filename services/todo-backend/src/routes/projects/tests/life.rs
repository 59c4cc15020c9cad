use super::*;

#[sqlx::test(migrations = false)]
async fn a_project_is_created_once_under_its_key(pool: PgPool) {
    let world = World::new(pool).await;
    let create = async |body: Value| {
        let request = world.backend.request("POST", "/api/v1/projects").token(&world.ada.token);
        request.header("idempotency-key", "k").json(body).send().await
    };
    let first = create(json!({"name": " Garden ", "colour": "#1E90FF"})).await;
    assert_eq!((first.status, &first.headers["etag"]), (201, &"\"1\"".parse().unwrap()));
    assert_eq!((&first.body["name"], &first.body["colour"]), (&json!("Garden"), &json!("#1e90ff")));
    assert_eq!((&first.body["role"], &first.body["members"]), (&json!("owner"), &json!(1)));
    let path = first.headers["location"].to_str().unwrap();
    assert_eq!(world.get(&world.ada, path).await.body, first.body);
    assert_eq!(create(json!({"name": " Garden ", "colour": "#1E90FF"})).await.body, first.body);
    assert_eq!(create(json!({"name": "House"})).await.kind(), "/api/problems/idempotency-key-reused");
    // The same key names another thing elsewhere.
    let task = world.backend.request("POST", "/api/v1/tasks").token(&world.ada.token);
    let task = task.header("idempotency-key", "k").json(json!({"title": "Weed"})).send().await;
    assert_eq!(task.status, 201);
}

#[sqlx::test(migrations = false)]
async fn what_is_absent_stays_and_a_stale_version_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Garden").await;
    let patch = async |tag: &str, body: Value| {
        let request = world.backend.request("PATCH", &project).token(&world.ada.token);
        request.header("if-match", tag).json_as("application/merge-patch+json", body).send().await
    };
    let red = patch("\"1\"", json!({"colour": "#ff0000"})).await;
    assert_eq!((red.status, &red.body["version"], &red.body["name"]), (200, &json!(2), &json!("Garden")));
    let stale = patch("\"1\"", json!({"name": "House"})).await;
    assert_eq!((stale.status, &stale.headers["etag"]), (412, &"\"2\"".parse().unwrap()));
    let plain = patch("*", json!({"colour": null, "name": "House", "position": "5"})).await;
    assert_eq!((&plain.body["colour"], &plain.body["position"]), (&json!(null), &json!("5")));
    let same = patch("*", json!({"name": "House"})).await;
    assert_eq!(same.body["version"], plain.body["version"], "nothing changed");
    assert_eq!(world.get(&world.ada, &project).await.body, plain.body);
}

#[sqlx::test(migrations = false)]
async fn archived_and_deleted_projects_are_lists_of_their_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (garden, house) = (world.project("Garden").await, world.project("House").await);
    world.project("Boat").await;
    world.share(&house, &world.bob, "viewer").await;
    world.send(&world.ada, "PATCH", &garden, json!({"archived": true})).await;
    for _ in 0..2 {
        assert_eq!(world.send(&world.ada, "DELETE", &house, Value::Null).await.status, 204);
    }
    assert_eq!(world.names(&world.ada, "").await, ["Boat"]);
    assert_eq!(world.names(&world.ada, "?status=archived").await, ["Garden"]);
    assert_eq!(world.names(&world.ada, "?status=deleted").await, ["House"]);
    assert_eq!(world.names(&world.bob, "?status=deleted").await, [""; 0]);
    let gone = world.get(&world.ada, &house).await;
    assert_eq!((gone.status, gone.kind()), (404, "/api/problems/project-deleted"));
    let edit = world.send(&world.ada, "PATCH", &house, json!({"name": "x"})).await;
    assert_eq!((edit.status, edit.kind()), (404, "/api/problems/project-deleted"));
    assert_eq!(world.get(&world.bob, &house).await.kind(), "/api/problems/not-found");

    let restored = world.send(&world.ada, "POST", &format!("{house}/restore"), Value::Null).await;
    assert_eq!((restored.status, &restored.body["members"]), (200, &json!(2)));
    assert_eq!(world.get(&world.bob, &house).await.status, 200, "it is shared as before");
}

#[sqlx::test(migrations = false)]
async fn pages_hold_every_project_once_in_the_order_of_positions(pool: PgPool) {
    let world = World::new(pool).await;
    for (name, position) in [("d", "z"), ("b", "Z"), ("a", "5"), ("c", "a"), ("c2", "a")] {
        let body = json!({"name": name, "position": position});
        assert_eq!(world.send(&world.ada, "POST", "/api/v1/projects", body).await.status, 201);
    }
    let (mut positions, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&world.ada, &format!("/api/v1/projects?limit=2{cursor}")).await;
        let items = page.body["items"].as_array().unwrap();
        positions.extend(items.iter().map(|project| project["position"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(positions, ["5", "Z", "a", "a", "z"], "by their bytes");
    let bad = world.get(&world.ada, "/api/v1/projects?cursor=x&status=all&limit=0").await;
    assert_eq!((bad.status, bad.fields()), (422, ["status", "limit", "cursor"].map(str::to_owned).to_vec()));
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_a_project_is_named(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Garden").await;
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": null}), "name"),
        (json!({"name": "two\nlines"}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"name": "x", "colour": "red"}), "colour"),
        (json!({"name": "x", "colour": "#12345"}), "colour"),
        (json!({"name": "x", "colour": "#12345é"}), "colour"),
        (json!({"name": "x", "colour": 7}), "colour"),
        (json!({"name": "x", "position": "a0"}), "position"),
        (json!({"name": "x", "position": "ä"}), "position"),
        (json!({"name": "x", "owner_id": "me"}), "owner_id"),
        (json!({"name": "x", "color": "#ffffff"}), "color"),
    ] {
        for (method, path) in [("POST", "/api/v1/projects"), ("PATCH", project.as_str())] {
            let answer = world.send(&world.ada, method, path, body.clone()).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{method} {body}");
        }
    }
    let archived = world.send(&world.ada, "PATCH", &project, json!({"archived": "yes"})).await;
    assert_eq!(archived.fields(), ["archived"]);
    for (method, path) in [("GET", "/api/v1/projects/x"), ("DELETE", "/api/v1/projects/x/members/y")] {
        assert_eq!(world.send(&world.ada, method, path, Value::Null).await.status, 404, "{method} {path}");
    }
    assert_eq!(world.backend.request("GET", &project).send().await.status, 401);
}
