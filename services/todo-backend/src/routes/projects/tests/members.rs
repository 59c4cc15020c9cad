use super::*;

#[sqlx::test(migrations = false)]
async fn a_project_is_shared_by_address(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Garden").await;
    assert_eq!(world.get(&world.bob, &project).await.status, 404);
    let under = async |key: &str, body: Value| {
        let request = world.backend.request("POST", &format!("{project}/members")).token(&world.ada.token);
        request.header("idempotency-key", key).json(body).send().await
    };
    let share = async |body: Value| under("k", body).await;
    let body = json!({"email": " BOB@example.org ", "role": "viewer"});
    let shared = share(body.clone()).await;
    assert_eq!(shared.status, 201, "{}", shared.body);
    let expected = json!({"user_id": world.bob.id, "email": "bob@example.org", "role": "viewer"});
    assert_eq!((&shared.body, &shared.headers["etag"]), (&expected, &"\"2\"".parse().unwrap()));
    assert_eq!(share(body).await.headers["etag"], "\"2\"", "once under its key");

    let seen = world.get(&world.bob, &project).await;
    assert_eq!((&seen.body["role"], &seen.body["members"]), (&json!("viewer"), &json!(2)));
    assert_eq!(world.names(&world.bob, "").await, ["Garden"]);
    let members = world.get(&world.bob, &format!("{project}/members")).await;
    let roles: Vec<_> =
        members.body["items"].as_array().unwrap().iter().map(|one| (&one["email"], &one["role"])).collect();
    let expected = [("ada@example.org", "owner"), ("bob@example.org", "viewer")];
    assert_eq!(
        roles,
        expected.map(|(email, role)| (json!(email), json!(role))).each_ref().map(|(a, b)| (a, b))
    );
    assert_eq!(members.headers["etag"], "\"2\"");

    let eve = json!({"email": "eve@example.org", "role": "viewer"});
    assert_eq!(share(eve.clone()).await.kind(), "/api/problems/idempotency-key-reused");
    let unknown = under("another", eve).await;
    assert_eq!((unknown.status, unknown.fields()), (422, vec!["email".to_owned()]));
    let again = json!({"email": "bob@example.org", "role": "editor"});
    let again = world.send(&world.ada, "POST", &format!("{project}/members"), again).await;
    assert_eq!(again.body["role"], "viewer", "who is there stays what they are");
    for (body, fields) in [
        (json!({}), vec!["email", "role"]),
        (json!({"email": "bob", "role": "owner"}), vec!["email", "role"]),
        (json!({"email": "bob@example.org", "role": "viewer", "name": "Bob"}), vec!["name"]),
    ] {
        assert_eq!(share(body).await.fields(), fields);
    }
}

#[sqlx::test(migrations = false)]
async fn roles_say_who_may_change_a_project(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Garden").await;
    let eve = world.backend.user("eve@example.org").await;
    let carl = world.backend.user("carl@example.org").await;
    world.share(&project, &world.bob, "viewer").await;
    world.share(&project, &carl, "editor").await;
    let bobs = format!("{project}/members/{}", world.bob.id);
    for (method, path, body) in [
        ("PATCH", project.clone(), json!({"name": "Mine"})),
        ("DELETE", project.clone(), Value::Null),
        ("POST", format!("{project}/restore"), Value::Null),
        ("POST", format!("{project}/members"), json!({"email": "eve@example.org", "role": "editor"})),
        ("PATCH", format!("{project}/members/{}", world.ada.id), json!({"role": "viewer"})),
        ("DELETE", format!("{project}/members/{}", world.ada.id), Value::Null),
    ] {
        for user in [&world.bob, &carl] {
            let answer = world.send(user, method, &path, body.clone()).await;
            assert_eq!((answer.status, answer.kind()), (403, "/api/problems/not-allowed"), "{method} {path}");
            assert_eq!(answer.body["errors"][0]["rule"], "needs_owner");
        }
        let answer = world.send(&eve, method, &path, body).await;
        assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{method} {path}");
    }
    for path in [&project, &format!("{project}/members")] {
        assert_eq!(world.get(&eve, path).await.status, 404);
    }
    assert_eq!(world.send(&carl, "DELETE", &bobs, Value::Null).await.status, 403);
    assert_eq!(world.send(&carl, "PATCH", &bobs, json!({"role": "editor"})).await.status, 403);
}

#[sqlx::test(migrations = false)]
async fn members_get_other_roles_leave_and_are_removed(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Garden").await;
    world.share(&project, &world.bob, "viewer").await;
    let bobs = format!("{project}/members/{}", world.bob.id);
    let role = async |role: &str| world.send(&world.ada, "PATCH", &bobs, json!({"role": role})).await;
    let editor = role("editor").await;
    assert_eq!((editor.status, &editor.body["role"]), (200, &json!("editor")));
    assert_eq!(role("editor").await.headers["etag"], editor.headers["etag"], "nothing changed");
    assert_eq!(role("admin").await.fields(), ["role"]);
    let nobody = format!("{project}/members/{}", uuid::Uuid::nil());
    assert_eq!(world.send(&world.ada, "PATCH", &nobody, json!({"role": "viewer"})).await.status, 404);
    assert_eq!(world.send(&world.ada, "DELETE", &nobody, Value::Null).await.status, 204);
    let own = format!("{project}/members/{}", world.ada.id);
    let stays = world.send(&world.ada, "DELETE", &own, Value::Null).await;
    assert_eq!((stays.status, stays.fields()), (422, vec!["member".to_owned()]));

    assert_eq!(world.send(&world.bob, "DELETE", &bobs, Value::Null).await.status, 204, "he leaves");
    assert_eq!(world.get(&world.bob, &project).await.status, 404);
    world.share(&project, &world.bob, "editor").await;
    assert_eq!(role("owner").await.body["role"], "owner");
    let handed = world.get(&world.ada, &project).await;
    assert_eq!((&handed.body["role"], &handed.body["owner_id"]), (&json!("editor"), &json!(world.bob.id)));
    assert_eq!(world.send(&world.ada, "PATCH", &project, json!({"name": "x"})).await.status, 403);
    assert_eq!(world.send(&world.bob, "DELETE", &own, Value::Null).await.status, 204, "he removes her");
    assert_eq!(world.get(&world.ada, &project).await.status, 404);
    assert_eq!(world.names(&world.ada, "").await, [""; 0]);
}

#[sqlx::test(migrations = false)]
async fn nobody_is_in_more_projects_than_there_may_be(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let garden = world.project("Garden").await;
    let join =
        "INSERT INTO project_member SELECT gen_random_uuid(), $1, 'viewer' FROM generate_series(1, 199)";
    sqlx::query(join).bind(world.bob.id).execute(&pool).await.unwrap();
    let add = async |project: &str| {
        let body = json!({"email": "bob@example.org", "role": "viewer"});
        world.send(&world.ada, "POST", &format!("{project}/members"), body).await
    };
    let create = async || world.send(&world.bob, "POST", "/api/v1/projects", json!({"name": "His"})).await;
    let refused = |answer: Answer, field: &str| {
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["rule"], "too_many_projects");
    };

    assert_eq!(add(&garden).await.status, 201, "the last there may be");
    assert_eq!(add(&garden).await.status, 201, "who is there stays");
    let kitchen = world.project("Kitchen").await;
    refused(add(&kitchen).await, "email");
    assert_eq!(world.get(&world.ada, &kitchen).await.body["members"], 1, "nothing was changed");
    refused(create().await, "project");
    assert_eq!(world.names(&world.bob, "").await, ["Garden"]);

    // The trash is not counted, so what comes out of it is.
    assert_eq!(world.send(&world.ada, "DELETE", &garden, Value::Null).await.status, 204);
    let his = create().await;
    assert_eq!(his.status, 201, "{}", his.body);
    refused(world.send(&world.ada, "POST", &format!("{garden}/restore"), Value::Null).await, "project");
    let his = his.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(world.send(&world.bob, "DELETE", &his, Value::Null).await.status, 204);
    let restored = world.send(&world.ada, "POST", &format!("{garden}/restore"), Value::Null).await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert_eq!(world.names(&world.bob, "").await, ["Garden"]);
}

/// Each would be the last there may be.
#[sqlx::test(migrations = false)]
async fn of_many_at_once_no_more_come_in_than_there_may_be(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let join =
        "INSERT INTO project_member SELECT gen_random_uuid(), $1, 'viewer' FROM generate_series(1, 197)";
    sqlx::query(join).bind(world.bob.id).execute(&pool).await.unwrap();
    let create = |n| world.send(&world.bob, "POST", "/api/v1/projects", json!({"name": format!("His {n}")}));
    let answers = futures::future::join_all((0..8).map(create)).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3);
    assert!(answers.iter().all(|answer| [201, 422].contains(&answer.status)));
}
