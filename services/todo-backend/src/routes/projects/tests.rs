//! Projects and those who share them, through the API.

mod life;
mod members;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, User};

/// Ada, who has a project, and others.
struct World {
    backend: Backend,
    ada: User,
    bob: User,
}

impl World {
    async fn new(pool: PgPool) -> Self {
        let backend = Backend::new(pool).await;
        let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
        Self { backend, ada, bob }
    }

    async fn send(&self, user: &User, method: &'static str, path: &str, body: Value) -> Answer {
        self.backend.request(method, path).token(&user.token).json(body).send().await
    }

    async fn get(&self, user: &User, path: &str) -> Answer {
        self.send(user, "GET", path, Value::Null).await
    }

    /// The path of a new project of Ada's.
    async fn project(&self, name: &str) -> String {
        let created = self.send(&self.ada, "POST", "/api/v1/projects", json!({"name": name})).await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.headers["location"].to_str().unwrap().to_owned()
    }

    async fn share(&self, project: &str, user: &User, role: &str) {
        let email: String = sqlx::query_scalar("SELECT email FROM app_user WHERE id = $1")
            .bind(user.id)
            .fetch_one(&self.backend.app.pool)
            .await
            .unwrap();
        let body = json!({"email": email, "role": role});
        let shared = self.send(&self.ada, "POST", &format!("{project}/members"), body).await;
        assert_eq!(shared.status, 201, "{}", shared.body);
    }

    async fn names(&self, user: &User, query: &str) -> Vec<String> {
        let page = self.get(user, &format!("/api/v1/projects{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().unwrap();
        items.iter().map(|project| project["name"].as_str().unwrap().to_owned()).collect()
    }
}
