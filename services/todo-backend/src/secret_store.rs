//! Secrets by their names, from Dapr's secret store. Each is read when it is first needed, and kept.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dapr::dapr::proto::runtime::v1::GetSecretRequest;
use platform::Problem;
use tokio::time::timeout;
use virtual_actors::DaprSidecar;

const STORE: &str = "secretstore";
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct SecretStore {
    /// None in tests, which know all there are.
    sidecar: Option<DaprSidecar>,
    known: Mutex<HashMap<String, String>>,
}

impl SecretStore {
    pub(crate) fn of(sidecar: DaprSidecar) -> Self {
        Self { sidecar: Some(sidecar), known: Mutex::default() }
    }

    #[cfg(test)]
    pub(crate) fn holding<const N: usize>(secrets: [(&str, &str); N]) -> Self {
        let known = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { sidecar: None, known: Mutex::new(HashMap::from(known)) }
    }

    pub(crate) async fn get(&self, name: &str) -> Result<String, Problem> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let value = self.read(name).await.map_err(|reason| {
            tracing::warn!(store = STORE, name, reason, "a secret cannot be read");
            Problem::unavailable("A secret that is needed for this cannot be read right now.")
        })?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.clone());
        Ok(value)
    }

    async fn read(&self, name: &str) -> Result<String, String> {
        let sidecar = self.sidecar.as_ref().ok_or("there is no sidecar")?;
        let request =
            GetSecretRequest { store_name: STORE.to_owned(), key: name.to_owned(), metadata: HashMap::new() };
        let mut client = sidecar.client();
        let response = timeout(PATIENCE, client.get_secret(request))
            .await
            .map_err(|_| "the sidecar does not answer".to_owned())?
            .map_err(|status| format!("{:?}: {}", status.code(), status.message()))?;
        let mut data = response.into_inner().data;
        // Most stores answer one value under the secret's name; some, one under a name of their own.
        let value = data.remove(name).or_else(|| data.into_values().next());
        value.ok_or_else(|| "the store has no such secret".to_owned())
    }
}
