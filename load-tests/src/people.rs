//! Who uses the system while it is measured.

use anyhow::Result;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;
use virtual_actors::{IdSource, System};

use crate::api::{self, Api};

/// Those who write; their reminders are the work of as many clocks.
const WRITERS: usize = 8;
/// Tasks of the one who reads.
const SHELF: usize = 1000;
const AT_ONCE: usize = 16;

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) token: String,
}

/// Those who write, and one who reads the same tasks all the time.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) writers: Vec<Person>,
    pub(crate) reader: Person,
    pub(crate) shelf: Vec<Uuid>,
}

#[derive(Deserialize)]
pub(crate) struct Created {
    pub(crate) id: Uuid,
}

impl People {
    pub(crate) async fn register(api: &Api) -> Result<Self> {
        let mut writers = Vec::with_capacity(WRITERS);
        for _ in 0..WRITERS {
            writers.push(Person::register(api).await?);
        }
        let reader = Person::register(api).await?;
        let (mut shelf, mut writing) = (Vec::with_capacity(SHELF), JoinSet::new());
        for number in 0..SHELF {
            if writing.len() == AT_ONCE
                && let Some(written) = writing.join_next().await
            {
                shelf.push(written??);
            }
            let (api, reader) = (api.clone(), reader.clone());
            writing.spawn(async move { reader.write(&api, number).await });
        }
        while let Some(written) = writing.join_next().await {
            shelf.push(written??);
        }
        Ok(Self { writers, reader, shelf })
    }
}

impl Person {
    async fn register(api: &Api) -> Result<Self> {
        #[derive(Deserialize)]
        struct Registered {
            access_token: String,
        }
        let email = format!("{}@example.org", System.next_id().simple());
        let account = json!({ "email": email, "password": "correct horse battery", "time_zone": "UTC" });
        let body = api::answer(api.post("/auth/register").json(&account), StatusCode::CREATED).await?;
        let Registered { access_token } = api::read(&body)?;
        Ok(Self { token: access_token })
    }

    async fn write(&self, api: &Api, number: usize) -> Result<Uuid> {
        let task = json!({ "title": format!("Book {number}"), "tags": ["shelf"], "priority": "low" });
        let request = api.post("/tasks").bearer_auth(&self.token).json(&task);
        Ok(api::read::<Created>(&api::answer(request, StatusCode::CREATED).await?)?.id)
    }
}
