//! Asking the backend for instances.

use std::future::Future;

use contracts::recurrence::{INSTANCES_PATH, InstanceAnswer, MakeInstance};
use platform::{InvokeError, ServiceClient};

use super::claim::{Claimed, Work};

const BACKEND: &str = "todo-backend";

/// Where instances are made and withdrawn.
pub(crate) trait Instances: Send + Sync + 'static {
    /// Does what the entry asks for; any number of times is the same as once.
    fn carry_out(
        &self,
        claimed: &Claimed,
    ) -> impl Future<Output = Result<InstanceAnswer, InstanceError>> + Send;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InstanceError {
    /// It may have been carried out, or still be.
    #[error("{0}")]
    Unknown(String),
    /// It was not carried out.
    #[error("refused: {0}")]
    Refused(String),
}

/// The backend, by Dapr service invocation.
pub(crate) struct Backend {
    services: ServiceClient,
}

impl Backend {
    pub(crate) fn new(services: ServiceClient) -> Self {
        Self { services }
    }
}

impl Instances for Backend {
    async fn carry_out(&self, claimed: &Claimed) -> Result<InstanceAnswer, InstanceError> {
        let Claimed { series_id, predecessor, next_id, .. } = *claimed;
        let answer = match claimed.work {
            Work::Make => {
                let body = MakeInstance { series_id, predecessor, next_id };
                self.services.post(BACKEND, INSTANCES_PATH, &body).await
            }
            Work::Withdraw => self.services.delete(BACKEND, &format!("{INSTANCES_PATH}/{next_id}")).await,
        };
        answer.map_err(|error| match error {
            InvokeError::Invalid { .. } => InstanceError::Refused(error.to_string()),
            InvokeError::Unavailable { .. } | InvokeError::Unexpected { .. } => {
                InstanceError::Unknown(error.to_string())
            }
        })
    }
}
