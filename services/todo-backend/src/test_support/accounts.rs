//! People who register, and what is mailed to them.

use serde_json::{Value, json};

use super::{Backend, User};
use crate::secret::Secret;

pub(crate) const PASSWORD: &str = "correct horse";

/// A mail about an account, as its reader gets it.
pub(crate) struct Mailed {
    pub(crate) kind: String,
    pub(crate) token: String,
}

impl Mailed {
    /// What was mailed to nobody.
    pub(crate) fn some_token() -> String {
        Secret::random().encode()
    }
}

impl Backend {
    /// Registers an account in Europe/Berlin with [`PASSWORD`].
    pub(crate) async fn register(&self, email: &str) -> User {
        let body = json!({"email": email, "password": PASSWORD, "time_zone": "Europe/Berlin"});
        self.signed_in_by("/api/v1/auth/register", body, 201).await
    }

    pub(crate) async fn signed_in(&self, email: &str, password: &str) -> User {
        self.signed_in_by("/api/v1/auth/login", json!({"email": email, "password": password}), 200).await
    }

    async fn signed_in_by(&self, path: &str, body: Value, status: u16) -> User {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, status, "{:?}", answer.body);
        let id = answer.body["user"]["id"].as_str().unwrap().parse().unwrap();
        User { id, token: answer.body["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn me(&self, user: &User) -> Value {
        let answer = self.request("GET", "/api/v1/me").token(&user.token).send().await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    /// The latest mail to an address, with a token made as the worker that sends it makes one.
    pub(crate) async fn mailed(&self, email: &str) -> Mailed {
        let token = Secret::random();
        let kind = sqlx::query_scalar(
            "WITH latest AS (
                 SELECT id, kind FROM account_mail WHERE email = $1 ORDER BY created_at DESC, id DESC LIMIT 1
             ), minted AS (
                 INSERT INTO account_mail_token (hash, mail_id) SELECT $2, id FROM latest
             )
             SELECT kind FROM latest",
        )
        .bind(email)
        .bind(token.hash())
        .fetch_one(&self.app.pool)
        .await
        .unwrap();
        Mailed { kind, token: token.encode() }
    }
}
