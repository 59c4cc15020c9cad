//! Accounts.

use std::time::Duration;

use anyhow::{Context, Result};
use checker::log::Writer;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) user: Uuid,
    pub(crate) token: String,
    pub(crate) backends: Vec<String>,
    pub(crate) log: Writer,
}

impl Person {
    pub(super) async fn register(
        backends: &[String],
        log: &Writer,
        seed: u64,
        number: usize,
    ) -> Result<Self> {
        const TRIES: usize = 30;
        let name = format!("person-{number}");
        let email = format!("{name}.{seed}@example.org");
        let account = json!({ "email": email, "password": "correct horse battery", "time_zone": "UTC" });
        let url = format!("{}/api/v1/auth/register", backends[number % backends.len()]);
        let http = super::client::http()?;
        let mut last = None;
        for _ in 0..TRIES {
            let request = http.post(&url).header("idempotency-key", &name).json(&account);
            match request.send().await.and_then(reqwest::Response::error_for_status) {
                Err(error) => last = Some(error),
                Ok(response) => {
                    let session: Value = response.json().await?;
                    let user = super::id_of(&session["user"]).context("a session without a user")?;
                    let token =
                        session["access_token"].as_str().context("a session without a token")?.to_owned();
                    log.registered(user, &email, &token)?;
                    return Ok(Self { name, user, token, backends: backends.to_owned(), log: log.clone() });
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
        Err(last.context("never tried")?).context("nobody can register")
    }
}
