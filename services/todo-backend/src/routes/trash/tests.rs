//! What was deleted, and how it goes for good.

use chrono::TimeDelta;
use contracts::task::FollowProject;
use domain::{ProjectId, UserId};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    test_support::{Answer, Backend, User},
    trash,
};

struct World {
    backend: Backend,
    ada: User,
}

impl World {
    async fn new(pool: PgPool) -> Self {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        Self { backend, ada }
    }

    async fn send(&self, method: &'static str, path: &str) -> Answer {
        self.backend.request(method, path).token(&self.ada.token).send().await
    }

    /// The path of a new task that lies in the trash.
    async fn trashed(&self, title: &str) -> String {
        let task = self.ada.create(&self.backend, title).await;
        self.backend.clock.advance(TimeDelta::minutes(1));
        assert_eq!(self.send("DELETE", &task).await.status, 204);
        task
    }

    async fn titles(&self, query: &str) -> (Vec<Value>, Value) {
        let page = self.send("GET", &format!("/api/v1/trash{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().unwrap();
        (items.iter().map(|task| task["title"].clone()).collect(), page.body["next_cursor"].clone())
    }
}

fn in_trash(task: &str) -> String {
    task.replace("/tasks/", "/trash/")
}

#[sqlx::test(migrations = false)]
async fn the_trash_is_listed_the_latest_first(pool: PgPool) {
    let world = World::new(pool).await;
    world.ada.create(&world.backend, "open").await;
    for title in ["a", "b", "c"] {
        world.trashed(title).await;
    }
    let (titles, cursor) = world.titles("?limit=2").await;
    assert_eq!(titles, ["c", "b"]);
    let (titles, cursor) = world.titles(&format!("?cursor={}", cursor.as_str().unwrap())).await;
    assert_eq!((titles, cursor), (vec![json!("a")], Value::Null));
    let page = world.send("GET", "/api/v1/trash?limit=1").await;
    let first = &page.body["items"][0];
    assert_eq!(
        (&first["deleted_at"], &first["kept_until"]),
        (&json!("2026-07-01T08:03:00Z"), &json!("2026-07-31T08:03:00Z"))
    );
    let bob = world.backend.user("bob@example.org").await;
    let his = world.backend.request("GET", "/api/v1/trash").token(&bob.token).send().await;
    assert_eq!(his.body["items"], json!([]));
}

#[sqlx::test(migrations = false)]
async fn one_task_is_deleted_for_good(pool: PgPool) {
    let world = World::new(pool).await;
    let open = world.ada.create(&world.backend, "open").await;
    assert_eq!(world.send("DELETE", &in_trash(&open)).await.status, 404, "it is not in the trash");
    let task = world.trashed("gone").await;
    let bob = world.backend.user("bob@example.org").await;
    let foreign = world.backend.request("DELETE", &in_trash(&task)).token(&bob.token).send().await;
    assert_eq!(foreign.status, 404);
    let delete = async || {
        let request = world.backend.request("DELETE", &in_trash(&task)).token(&world.ada.token);
        request.header("idempotency-key", "k").send().await.status
    };
    assert_eq!((delete().await, delete().await), (204, 204));
    assert_eq!(world.titles("").await.0, [] as [Value; 0]);
    for (method, path) in [("GET", ""), ("POST", "/restore"), ("POST", "/undo"), ("DELETE", "")] {
        let answer = world.send(method, &format!("{task}{path}")).await;
        assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{method} {path}");
    }
}

#[sqlx::test(migrations = false)]
async fn the_trash_is_emptied(pool: PgPool) {
    let world = World::new(pool).await;
    for title in ["a", "b", "c"] {
        world.trashed(title).await;
    }
    let kept = world.ada.create(&world.backend, "open").await;
    world.backend.actors.go_down();
    assert_eq!(world.send("DELETE", "/api/v1/trash").await.status, 503);
    world.backend.actors.come_back();
    assert_eq!(world.send("DELETE", "/api/v1/trash").await.status, 204);
    assert_eq!(world.send("DELETE", "/api/v1/trash").await.status, 204, "it is empty already");
    assert_eq!(world.titles("").await.0, [] as [Value; 0]);
    assert_eq!(world.send("GET", &kept).await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn after_thirty_days_the_clean_up_empties_it(pool: PgPool) {
    let world = World::new(pool).await;
    world.trashed("old").await;
    world.trashed("newer").await;
    let cleanup =
        async || world.backend.post("/api/jobs/daily-cleanup", json!({})).await.body["tasks"].clone();
    assert_eq!(cleanup().await, 0);
    // They came a minute one after the other.
    world.backend.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(30));
    world.backend.actors.go_down();
    assert_eq!(cleanup().await, 0, "they do not answer");
    world.backend.actors.come_back();
    assert_eq!((cleanup().await, cleanup().await), (json!(1), json!(0)));
    let left = trash::list(&world.backend.app.pool, UserId(world.ada.id), None, 10).await.unwrap();
    let titles: Vec<_> = left.iter().map(|snapshot| snapshot.task.title().as_str()).collect();
    assert_eq!(titles, ["newer"]);
}

#[sqlx::test(migrations = false)]
async fn a_project_goes_for_good_when_its_tasks_are_gone(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let new = async |path: &str, body: Value| {
        let made = world.backend.request("POST", path).token(&world.ada.token).json(body).send().await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.headers["location"].to_str().unwrap().to_owned()
    };
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let old = new("/api/v1/projects", json!({"name": "Old"})).await;
    let task = new("/api/v1/tasks", json!({"title": "Weed", "project_id": id(&old)})).await;
    let newer = new("/api/v1/projects", json!({"name": "Newer"})).await;
    assert_eq!(world.send("DELETE", &old).await.status, 204);
    // As its sweep tells the task, late.
    world.backend.clock.advance(TimeDelta::minutes(2));
    let follow = FollowProject { project: ProjectId(id(&old).parse().unwrap()), deleted: true, zone: None };
    world.backend.app.actors.call(&id(&task), &follow).await.unwrap();
    world.backend.clock.advance(TimeDelta::minutes(1));
    assert_eq!(world.send("DELETE", &newer).await.status, 204);

    let cleanup = async || {
        let done = world.backend.post("/api/jobs/daily-cleanup", json!({})).await.body;
        (done["tasks"].as_u64().unwrap(), done["projects"].as_u64().unwrap())
    };
    let deleted = async || {
        let page = world.send("GET", "/api/v1/projects?status=deleted").await;
        page.body["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    // 30 days after the project went, not yet after its task did.
    world.backend.clock.advance(TimeDelta::days(30) - TimeDelta::minutes(2));
    assert_eq!(cleanup().await, (0, 0), "the task can still be restored, and then it is the project's");
    assert_eq!(deleted().await, ["Old", "Newer"]);
    world.backend.clock.advance(TimeDelta::seconds(90));
    world.backend.actors.go_down();
    assert_eq!(cleanup().await, (0, 0), "they do not answer");
    world.backend.actors.come_back();
    assert_eq!((cleanup().await, cleanup().await), ((1, 1), (0, 0)));
    assert_eq!(deleted().await, ["Newer"]);
    for (method, path) in [("GET", old.clone()), ("DELETE", old.clone()), ("POST", format!("{old}/restore"))]
    {
        let answer = world.send(method, &path).await;
        assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{method} {path}");
    }
}
