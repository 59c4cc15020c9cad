//! A shared project.

use serde_json::json;
use sqlx::PgPool;

use super::{Backend, User};

/// Ada's project with a task of hers. Bob is a viewer there, Carl an editor; Eve has nothing to do with it.
pub(crate) struct Shared {
    pub(crate) backend: Backend,
    pub(crate) ada: User,
    pub(crate) bob: User,
    pub(crate) carl: User,
    pub(crate) eve: User,
    /// Its path.
    pub(crate) project: String,
    pub(crate) project_id: String,
    /// Its path.
    pub(crate) task: String,
}

impl Shared {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let backend = Backend::new(pool).await;
        let user = async |name: &str| backend.user(&format!("{name}@example.org")).await;
        let (ada, bob, carl, eve) =
            (user("ada").await, user("bob").await, user("carl").await, user("eve").await);
        let post = async |path: &str, body| {
            let answer = backend.request("POST", path).token(&ada.token).json(body).send().await;
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer
        };
        let created = post("/api/v1/projects", json!({"name": "Garden"})).await;
        let project = created.headers["location"].to_str().unwrap().to_owned();
        let project_id = created.body["id"].as_str().unwrap().to_owned();
        for (name, role) in [("bob", "viewer"), ("carl", "editor")] {
            let member = json!({"email": format!("{name}@example.org"), "role": role});
            post(&format!("{project}/members"), member).await;
        }
        let task = json!({"title": "Weed", "project_id": project_id, "due": {"date": "2026-12-01"}});
        let task = post("/api/v1/tasks", task).await.headers["location"].to_str().unwrap().to_owned();
        Self { backend, ada, bob, carl, eve, project, project_id, task }
    }
}
